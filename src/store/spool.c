/*
 * spool.c -- a message on its way in, already in the form of its record.
 *
 * Octets gather in `raw`; a full block is hashed, compressed and added to
 * `stored`, which moves to an unlinked file when it passes SPOOL_MEMORY. So
 * the commit thread only copies, and a message in memory costs what it will
 * cost on disk.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/internal.h"

enum { SPOOL_MODE = 0600 };

struct spool {
	struct partition *partition;
	struct content_hasher *hasher; /* NULL: finished */
	struct buf raw;                /* less than a block */
	struct buf stored;             /* behind what is in the file */
	struct buf table;
	struct buf back; /* a block as it was, for spool_bytes() */
	int fd;          /* -1: all in memory */
	uint64_t in_file;
	uint64_t size;
	struct content_hash hash;
	bool failed;
};

struct spool *spool_new(struct partition *p)
{
	struct spool *s = mem_new(1, sizeof *s);

	s->partition = p;
	s->fd = -1;
	s->hasher = content_hasher_new();
	return s;
}

void spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->hasher != NULL)
		(void)content_hasher_end(s->hasher);
	if (s->fd >= 0)
		close(s->fd);
	buf_free(&s->raw);
	buf_free(&s->stored);
	buf_free(&s->table);
	buf_free(&s->back);
	free(s);
}

/* For file systems without O_TMPFILE. */
static int open_unlinked(int dir)
{
	char name[32];
	int fd;

	snprintf(name, sizeof name, "%016llx",
	         (unsigned long long)random_u64());
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
	            SPOOL_MODE);
	if (fd >= 0)
		unlinkat(dir, name, 0);
	return fd;
}

static struct err open_file(struct spool *s)
{
	int dir = s->partition->tmp_fd;

	s->fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, SPOOL_MODE);
	if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		s->fd = open_unlinked(dir);
	return s->fd < 0 ? err_errno(errno) : OK;
}

static struct err move_to_file(struct spool *s)
{
	struct err e = s->fd < 0 ? open_file(s) : OK;
	size_t done = 0;

	while (is_ok(e) && done < s->stored.len) {
		ssize_t n = pwrite(s->fd, s->stored.data + done,
		                   s->stored.len - done, (off_t)s->in_file);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(n < 0 ? errno : EIO);
		done += (size_t)n;
		s->in_file += (uint64_t)n;
	}
	s->stored.len = 0;
	return e;
}

static struct err finish_block(struct spool *s)
{
	struct slice raw = buf_slice(&s->raw);

	content_hasher_add(s->hasher, raw);
	block_pack(s->partition->compressor, raw, &s->stored, &s->table);
	s->raw.len = 0;
	return s->stored.len > SPOOL_MEMORY ? move_to_file(s) : OK;
}

struct err spool_write(struct spool *s, struct slice data)
{
	struct err e = OK;

	assert(s->hasher != NULL && !s->failed);
	if (data.len > (uint64_t)RECORD_BLOCKS * BLOB_BLOCK - s->size)
		e = err(ERR_TOOBIG, "message is too large");
	while (is_ok(e) && data.len > 0) {
		struct slice part = slice_first(data, BLOB_BLOCK - s->raw.len);

		buf_add(&s->raw, part);
		s->size += part.len;
		data = slice_from(data, part.len);
		if (s->raw.len == BLOB_BLOCK)
			e = finish_block(s);
	}
	s->failed = !is_ok(e);
	return e;
}

struct err spool_finish(struct spool *s)
{
	struct err e = OK;

	assert(s->hasher != NULL && !s->failed);
	if (s->raw.len > 0)
		e = finish_block(s);
	s->failed = !is_ok(e);
	s->hash = content_hasher_end(s->hasher);
	s->hasher = NULL;
	buf_free(&s->raw);
	return e;
}

uint64_t spool_size(const struct spool *s)
{
	return s->size;
}

const struct content_hash *spool_hash(const struct spool *s)
{
	assert(s->hasher == NULL && !s->failed);
	return &s->hash;
}

struct pack_record spool_record(const struct spool *s)
{
	assert(s->hasher == NULL && !s->failed);
	return (struct pack_record){
		.hash = s->hash,
		.raw = s->size,
		.stored = s->in_file + s->stored.len,
		.table = buf_slice(&s->table),
	};
}

struct err spool_read(const struct spool *s, uint64_t offset, void *to,
                      size_t size)
{
	uint64_t left = s->in_file > offset ? s->in_file - offset : 0;
	size_t n = left < size ? (size_t)left : size;
	struct err e = n > 0 ? read_fully(s->fd, to, n, offset) : OK;

	if (is_ok(e) && n < size)
		memcpy((char *)to + n,
		       s->stored.data + (offset + n - s->in_file), size - n);
	return e;
}

/* -- back again -- */

/* Where block n lies in what is stored. */
static uint64_t block_at(const struct spool *s, uint32_t n)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < n; i++)
		at += record_block(buf_slice(&s->table), i).len;
	return at;
}

static struct err read_stored(const struct spool *s, char *to, size_t size,
                              uint64_t at)
{
	if (at < s->in_file)
		return read_in_task(s->fd, to, size, at);
	memcpy(to, s->stored.data + (at - s->in_file), size);
	return OK;
}

/* A block is in the file or in memory, never in both: they move together. */
static struct err unpack(struct spool *s, uint32_t n, size_t raw_len)
{
	struct pack_block block = record_block(buf_slice(&s->table), n);
	char *stored = mem_resize(NULL, block.len, 1);
	struct err e = read_stored(s, stored, block.len, block_at(s, n));

	s->back.len = 0;
	if (is_ok(e) && !block_unpack(s->partition->decompressor,
	                              slice_of(stored, block.len), block.check,
	                              buf_room(&s->back, raw_len), raw_len))
		e = err(ERR_CORRUPT, "the message is damaged on disk");
	if (is_ok(e))
		s->back.len = raw_len;
	free(stored);
	return e;
}

struct err spool_bytes(struct spool *s, uint64_t offset, struct slice *out)
{
	uint32_t n = (uint32_t)(offset / BLOB_BLOCK);
	size_t within = (size_t)(offset % BLOB_BLOCK);
	struct err e = OK;

	assert(offset < s->size && !s->failed);
	if (offset >= s->size - s->raw.len) {
		*out = slice_from(buf_slice(&s->raw), within);
		return OK;
	}
	e = unpack(s, n, block_raw(s->size, n));
	*out = is_ok(e) ? slice_from(buf_slice(&s->back), within) : S("");
	return e;
}
