/*
 * incoming.c -- a message on its way in: each chunk goes through the line
 * ends into the spool, and what there is to know of it becomes a digest.
 *
 * Without a digester the digest is made while the message arrives. With one
 * it is begun when the message is whole, from what is spooled: so that a
 * sender who takes his time keeps no parser waiting, and a second try is as
 * good as the first.
 */
#include "mailbox/incoming.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "mailbox/internal.h"
#include "mime/crlf.h"
#include "store/blob.h"

struct incoming {
	struct spool *spool;
	struct crlf crlf;
	struct buf lines; /* scratch: a chunk with its lines ended */
	const struct digester *digester; /* NULL: */
	struct digest_builder *builder;  /* in its place; NULL once finished */
	struct digest_job *job;          /* NULL unless begun and not settled */
	bool finished;
	struct buf digest;
};

struct incoming *incoming_new(struct model *model)
{
	struct incoming *in = mem_new(1, sizeof *in);

	in->spool = spool_new(model_partition(model));
	in->digester = model_digester(model);
	if (in->digester == NULL)
		in->builder = digest_builder_new();
	return in;
}

struct err incoming_write_binary(struct incoming *in, struct slice bytes)
{
	assert(!in->finished);
	/* RFC822.SIZE and all offsets are 32 bits wide */
	if (bytes.len > UINT32_MAX - spool_size(in->spool))
		return err(ERR_TOOBIG, "the message is too big");
	if (bytes.len != 0)
		in->crlf.after_cr = bytes.ptr[bytes.len - 1] == '\r';
	if (in->builder != NULL)
		digest_builder_feed(in->builder, bytes);
	return spool_write(in->spool, bytes);
}

struct err incoming_write(struct incoming *in, struct slice bytes)
{
	in->lines.len = 0;
	crlf_feed(&in->crlf, bytes, &in->lines);
	return incoming_write_binary(in, buf_slice(&in->lines));
}

static struct err read_spool(void *arg, uint64_t offset, struct slice *out)
{
	return spool_bytes(arg, offset, out);
}

static void begin_digest(struct incoming *in)
{
	const struct digest_source source = {
		.bytes = read_spool,
		.arg = in->spool,
		.size = spool_size(in->spool),
	};

	in->job = in->digester->begin(in->digester->ctx, &source);
}

struct err incoming_finish(struct incoming *in)
{
	assert(!in->finished);
	if (spool_size(in->spool) == 0)
		return err(ERR_NO, "a message can't be empty");
	/* before the rest is compressed: others can work meanwhile */
	if (in->digester != NULL)
		begin_digest(in);
	else
		digest_builder_finish(in->builder, &in->digest);
	in->builder = NULL;
	in->finished = true;
	buf_free(&in->lines);
	return spool_finish(in->spool);
}

struct err incoming_settle(struct incoming *in)
{
	struct digest_job *job = in->job;

	assert(in->finished);
	in->job = NULL;
	return job != NULL ? in->digester->finish(job, &in->digest) : OK;
}

void incoming_free(struct incoming *in)
{
	if (in == NULL)
		return;
	if (in->job != NULL)
		in->digester->cancel(in->job);
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
	assert(in->finished);
	return in->spool;
}

struct slice incoming_digest(const struct incoming *in)
{
	assert(in->digest.len != 0);
	return buf_slice(&in->digest);
}
