/*
 * incoming.c -- a message on its way in: each chunk goes through the line
 * ends into the spool and the digest builder at once.
 */
#include "mailbox/incoming.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mime/crlf.h"
#include "store/blob.h"

struct incoming {
	struct spool *spool;
	struct crlf crlf;
	struct buf lines; /* scratch: a chunk with its lines ended */
	struct digest_builder *builder; /* NULL once finished */
	struct buf digest;
};

struct incoming *incoming_new(struct model *model)
{
	struct incoming *in = mem_new(1, sizeof *in);

	in->spool = spool_new(model_partition(model));
	in->builder = digest_builder_new();
	return in;
}

struct err incoming_write(struct incoming *in, struct slice bytes)
{
	assert(in->builder != NULL);
	in->lines.len = 0;
	crlf_feed(&in->crlf, bytes, &in->lines);
	/* RFC822.SIZE and all offsets are 32 bits wide */
	if (in->lines.len > UINT32_MAX - spool_size(in->spool))
		return err(ERR_TOOBIG, "the message is too big");
	digest_builder_feed(in->builder, buf_slice(&in->lines));
	return spool_write(in->spool, buf_slice(&in->lines));
}

struct err incoming_finish(struct incoming *in)
{
	struct err e;

	assert(in->builder != NULL);
	if (spool_size(in->spool) == 0)
		return err(ERR_NO, "a message can't be empty");
	e = spool_finish(in->spool);
	if (!is_ok(e))
		return e;
	digest_builder_finish(in->builder, &in->digest);
	in->builder = NULL;
	buf_free(&in->lines);
	return OK;
}

void incoming_free(struct incoming *in)
{
	if (in == NULL)
		return;
	if (in->builder != NULL)
		digest_builder_free(in->builder);
	spool_free(in->spool);
	buf_free(&in->lines);
	buf_free(&in->digest);
	free(in);
}

uint64_t incoming_size(const struct incoming *in)
{
	return spool_size(in->spool);
}

struct spool *incoming_spool(const struct incoming *in)
{
	assert(in->builder == NULL);
	return in->spool;
}

struct slice incoming_digest(const struct incoming *in)
{
	assert(in->builder == NULL);
	return buf_slice(&in->digest);
}
