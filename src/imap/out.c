/* out.c -- chunks to the session's io. */
#include "imap/out.h"

void out_push(struct out *o)
{
	struct slice all = buf_slice(&o->bytes);

	if (all.len != 0 && is_ok(o->e)) {
		o->e = o->io.write(o->io.ctx, all);
		o->total += all.len;
	}
	o->bytes.len = 0;
}

bool out_is_full(const struct out *o)
{
	return is_ok(o->e) && o->io.is_full != NULL && o->io.is_full(o->io.ctx);
}

void out_flush(struct out *o)
{
	out_push(o);
	if (!out_is_full(o))
		return;
	buf_free(&o->bytes);
	o->e = o->io.wait(o->io.ctx);
}

void out_drain(struct out *o)
{
	if (o->bytes.len >= OUT_CHUNK)
		out_flush(o);
}

void out_rest(struct out *o)
{
	out_flush(o);
	buf_free(&o->bytes);
}
