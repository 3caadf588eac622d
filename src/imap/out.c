/* out.c -- chunks to the session's io. */
#include "imap/out.h"

#include "base/counter.h"
#include "imap/compress.h"

static void give(struct out *o, bool fence)
{
	struct slice all = buf_slice(&o->bytes);

	if (all.len != 0 && o->io.tap != NULL)
		o->io.tap(o->io.ctx, false, all);
	if (o->compress != NULL && is_ok(o->e))
		o->e = compress_write(o->compress, &o->io, all, fence);
	else if (all.len != 0 && is_ok(o->e))
		o->e = o->io.write(o->io.ctx, all);
	if (is_ok(o->e)) {
		o->total += all.len;
		counter_add(COUNTER_SENT, all.len);
	}
	o->bytes.len = 0;
}

/* The client is to see it now, so it is a fence. */
void out_push(struct out *o)
{
	give(o, true);
}

bool out_is_full(const struct out *o)
{
	return is_ok(o->e) && o->io.is_full != NULL && o->io.is_full(o->io.ctx);
}

static void wait_if_full(struct out *o)
{
	if (!out_is_full(o))
		return;
	buf_free(&o->bytes);
	o->e = o->io.wait(o->io.ctx);
}

void out_flush(struct out *o)
{
	give(o, false);
	wait_if_full(o);
}

void out_drain(struct out *o)
{
	if (o->bytes.len >= OUT_CHUNK)
		out_flush(o);
}

void out_fence(struct out *o)
{
	if (o->compress == NULL)
		return;
	give(o, true);
	wait_if_full(o);
}

void out_rest(struct out *o)
{
	give(o, true);
	wait_if_full(o);
	if (o->compress != NULL)
		compress_rest(o->compress);
	buf_free(&o->bytes);
}
