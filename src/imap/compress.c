/* compress.c -- see compress.h. */
#include "imap/compress.h"

#include <assert.h>
#include <stdlib.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"

enum {
	RAW_BITS = -15, /* no zlib header, a window of 32 KiB */
	OUT_BITS = -13, /* of ours: what is sent at once is short */
	OUT_MEMORY = 6,
	WINDOW = 32768,
	CHUNK = 8192,
	AT_BLOCK = 128, /* of data_type, zlib.h: behind the end of a block */
	BITS_LEFT = 63,
};

struct compress {
	z_stream *deflater; /* NULL at rest */
	z_stream *inflater; /* NULL at rest */
	struct buf window;  /* what the inflater had seen, then */
	struct buf raw;     /* read, and not yet inflated */
	bool has_ended;     /* the client's last block has come */
};

struct compress *compress_new(struct slice input)
{
	struct compress *c = mem_new(1, sizeof *c);

	buf_add(&c->raw, input);
	return c;
}

static void stop_deflater(struct compress *c)
{
	if (c->deflater != NULL)
		deflateEnd(c->deflater);
	free(c->deflater);
	c->deflater = NULL;
}

static void stop_inflater(struct compress *c)
{
	if (c->inflater != NULL)
		inflateEnd(c->inflater);
	free(c->inflater);
	c->inflater = NULL;
}

void compress_free(struct compress *c)
{
	if (c == NULL)
		return;
	stop_deflater(c);
	stop_inflater(c);
	buf_free(&c->window);
	buf_wipe(&c->raw); /* may have what is said behind UNAUTHENTICATE */
	free(c);
}

static struct err no_memory(void)
{
	return err(ERR_UNAVAILABLE, "no memory to compress with");
}

/* -- what comes -- */

static struct err start_inflater(struct compress *c)
{
	struct slice window = buf_slice(&c->window);
	z_stream *z = mem_new(1, sizeof *z);

	c->inflater = z;
	if (inflateInit2(z, RAW_BITS) != Z_OK) {
		free(z);
		c->inflater = NULL;
		return no_memory();
	}
	if (window.len != 0 &&
	    inflateSetDictionary(z, (const Bytef *)window.ptr,
	                         (uInt)window.len) != Z_OK)
		return no_memory();
	buf_free(&c->window);
	return OK;
}

/* Also without input there may be some left to give. It stops where a block
 * ends: only there the client can stop compressing (compress_end). */
static struct err inflate_some(struct compress *c, void *to, size_t size,
                               size_t *got)
{
	struct err e = c->inflater == NULL ? start_inflater(c) : OK;
	z_stream *z = c->inflater;
	int rc;

	if (!is_ok(e))
		return e;
	z->next_in = (Bytef *)c->raw.data;
	z->avail_in = (uInt)c->raw.len;
	z->next_out = to;
	z->avail_out = (uInt)size;
	rc = inflate(z, Z_BLOCK);
	*got = size - z->avail_out;
	buf_drop(&c->raw, c->raw.len - z->avail_in);
	c->has_ended = rc == Z_STREAM_END;
	/* BUF_ERROR: nothing could be done; the end of the stream: nor now */
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return OK;
	return err(ERR_CORRUPT, "what came was not compressed as it should be");
}

/* Until something comes out, whatever blocks hold nothing. */
static struct err inflate_raw(struct compress *c, void *to, size_t size,
                              size_t *got)
{
	struct err e = OK;
	size_t before;

	if (c->raw.len == 0 && c->inflater == NULL)
		return OK;
	do {
		before = c->raw.len;
		e = inflate_some(c, to, size, got);
	} while (is_ok(e) && *got == 0 && c->raw.len != before);
	return e;
}

struct err compress_read(struct compress *c, const struct session_io *io,
                         void *to, size_t size, size_t *got)
{
	struct err e;
	size_t n = 0;

	*got = 0;
	do {
		e = inflate_raw(c, to, size, got);
		if (!is_ok(e) || *got != 0)
			return e;
		e = io->read(io->ctx, buf_room(&c->raw, CHUNK), CHUNK, &n);
		c->raw.len += n;
	} while (is_ok(e) && n != 0);
	return e;
}

/* Between two blocks, and in the next octet. */
static bool is_at_block(const struct compress *c)
{
	return c->inflater->data_type & AT_BLOCK;
}

/* A client that has stopped has ended its stream, or flushed it: with one more
 * block, which holds nothing. */
static bool skip_flush(struct compress *c)
{
	char none;
	size_t got = 0;
	struct err e = inflate_some(c, &none, sizeof none, &got);

	if (c->has_ended)
		return true;
	return is_ok(e) && got == 0 && (is_at_block(c) || c->raw.len == 0);
}

bool compress_end(struct compress *c, struct buf *rest)
{
	bool is_good = c->inflater != NULL && is_at_block(c) && skip_flush(c);

	rest->len = 0;
	if (is_good)
		buf_add(rest, buf_slice(&c->raw));
	compress_free(c);
	return is_good;
}

/* -- what goes -- */

static struct err start_deflater(struct compress *c)
{
	c->deflater = mem_new(1, sizeof *c->deflater);
	if (deflateInit2(c->deflater, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
	                 OUT_BITS, OUT_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK)
		return OK;
	free(c->deflater);
	c->deflater = NULL;
	return no_memory();
}

struct err compress_write(struct compress *c, const struct session_io *io,
                          struct slice bytes, bool fence)
{
	struct err e = OK;
	char out[CHUNK];
	z_stream *z;

	if (c->deflater == NULL && bytes.len != 0)
		e = start_deflater(c);
	z = c->deflater;
	if (!is_ok(e) || z == NULL)
		return e;
	z->next_in = (Bytef *)(uintptr_t)bytes.ptr;
	z->avail_in = (uInt)bytes.len;
	do {
		z->next_out = (Bytef *)out;
		z->avail_out = sizeof out;
		/* BUF_ERROR: there was nothing to do */
		deflate(z, fence ? Z_FULL_FLUSH : Z_NO_FLUSH);
		if (z->avail_out != sizeof out)
			e = io->write(io->ctx,
			              slice_of(out, sizeof out - z->avail_out));
	} while (z->avail_out == 0 && is_ok(e));
	return e;
}

/* -- nothing -- */

/* Only between two blocks, and between two octets, is what has been seen all
 * that there is to remember: which is where a client that waits has flushed. */
static void rest_inflater(struct compress *c)
{
	z_stream *z = c->inflater;
	uInt len = 0;

	if (z == NULL || !is_at_block(c) || z->data_type & BITS_LEFT ||
	    c->raw.len != 0)
		return;
	inflateGetDictionary(z, NULL, &len);
	assert(len <= WINDOW);
	if (len != 0) {
		buf_fit(&c->window, len);
		inflateGetDictionary(z, (Bytef *)c->window.data, &len);
	}
	c->window.len = len;
	stop_inflater(c);
}

void compress_rest(struct compress *c)
{
	stop_deflater(c);
	rest_inflater(c);
	if (c->raw.len == 0)
		buf_free(&c->raw);
}
