/*
 * pack_write.c -- appending to the one pack that grows.
 *
 *      ... committed records | dead | this group's records   |
 *                                   ^start   written  ^out   ^end
 *
 * 1. Octets before `start` are never touched again: readers may be there.
 * 2. Nothing in the index refers to anything from `start` on until the
 *    group's transaction is committed, which is after pack_sync().
 * 3. A group that fails leaves a gap: its octets are lost, the next group
 *    begins behind them. The gap is counted in T_PACK with the next commit
 *    (or at the next open), and its space is given back at once by punching
 *    a hole, so that a full disk isn't filled further by what failed.
 * 4. After a failed fdatasync nobody knows what the disk holds, and asking
 *    again proves nothing. The pack is closed and never appended to again
 *    by this process; what was committed in it was synced before.
 * 5. References are counted dead from the start: no row of the index knows
 *    where they are. reclaim.c tells those that are still true.
 * 6. Numbers only grow, so a reader's pack is never another pack.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "store/internal.h"

enum { WRITE_BUFFER = 256 * 1024, PACK_MODE = 0600 };

void pack_name(uint32_t number, char out[9])
{
	snprintf(out, 9, "%08x", number);
}

bool pack_number(const char *name, uint32_t *out)
{
	uint32_t n = 0;

	if (strlen(name) != 8)
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (ascii_hex(*p) < 0 || ascii_is_upper(*p))
			return false;
		n = n << 4 | (uint32_t)ascii_hex(*p);
	}
	*out = n;
	return true;
}

struct err pack_writer_init(struct pack_writer *w, int dir, uint32_t number,
                            uint64_t end, uint64_t limit)
{
	char name[9];

	*w = (struct pack_writer){ .dir = dir,
		                   .fd = -1,
		                   .number = number,
		                   .limit = limit,
		                   .start = end,
		                   .end = end };
	if (number == 0 || end >= limit) {
		w->start = w->end = 0;
		return OK;
	}
	pack_name(number, name);
	w->fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	return w->fd < 0 ? err_errno(errno) : OK;
}

static void leave_pack(struct pack_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->start = w->end = w->lost = w->references = 0;
	w->out.len = 0;
}

void pack_writer_fini(struct pack_writer *w)
{
	leave_pack(w);
	buf_free(&w->out);
}

/* The directory entry is durable before anything can refer to the pack. */
static struct err begin_pack(struct pack_writer *w)
{
	struct err e = OK;
	char name[9];

	if (w->number == UINT32_MAX)
		return err(ERR_LIMIT, "no more pack numbers");
	pack_name(w->number + 1, name);
	w->fd = openat(w->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	               PACK_MODE);
	if (w->fd < 0)
		return err_errno(errno);
	w->number++;
	if (fsync(w->dir) != 0) {
		e = err_errno(errno);
		unlinkat(w->dir, name, 0);
		leave_pack(w);
	}
	return e;
}

static struct err write_out(struct pack_writer *w)
{
	uint64_t at = w->end - w->out.len;
	size_t done = 0;

	while (done < w->out.len) {
		ssize_t n = pwrite(w->fd, w->out.data + done, w->out.len - done,
		                   (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(n < 0 ? errno : EIO);
		done += (size_t)n;
	}
	w->out.len = 0;
	return OK;
}

/* Where the next n octets go, which are then at `end`. */
static struct err room(struct pack_writer *w, size_t n, char **out)
{
	struct err e = OK;

	if (w->out.len + n > WRITE_BUFFER)
		e = write_out(w);
	*out = buf_room(&w->out, n);
	return e;
}

static void took(struct pack_writer *w, size_t n)
{
	w->out.len += n;
	w->end += n;
}

static struct err pad(struct pack_writer *w)
{
	size_t n = (size_t)(-w->end & (RECORD_ALIGN - 1));
	struct err e;
	char *to;

	e = room(w, n, &to);
	if (!is_ok(e))
		return e;
	memset(to, 0, n);
	took(w, n);
	return OK;
}

static struct err append_header(struct pack_writer *w, struct pack_record *r)
{
	size_t before = w->out.len;

	record_header_write(&w->out, r);
	w->end += w->out.len - before;
	return w->out.len > WRITE_BUFFER ? write_out(w) : OK;
}

static struct err append_blocks(struct pack_writer *w, const struct spool *s,
                                uint64_t stored)
{
	for (uint64_t at = 0; at < stored;) {
		uint64_t left = stored - at;
		size_t n = left < BLOB_BLOCK ? (size_t)left : BLOB_BLOCK;
		char *to;
		struct err e = room(w, n, &to);

		if (is_ok(e))
			e = spool_read(s, at, to, n);
		if (!is_ok(e))
			return e;
		took(w, n);
		at += n;
	}
	return OK;
}

struct err pack_append(struct pack_writer *w, const struct spool *s,
                       const struct blob_origin *origin, struct blob_place *out)
{
	struct pack_record r = spool_record(s);
	struct err e = w->fd < 0 ? begin_pack(w) : OK;
	uint64_t at = w->end;

	if (!is_ok(e))
		return e;
	r.origin = *origin;
	e = append_header(w, &r);
	if (is_ok(e))
		e = append_blocks(w, s, r.stored);
	if (is_ok(e))
		e = pad(w);
	*out = (struct blob_place){
		.pack = w->number,
		.offset = at,
		.header = r.header,
		.raw = r.raw,
		.stored = r.stored,
		.check = blocks_of(r.raw) == 1 ? record_block(r.table, 0).check
		                               : r.check,
	};
	assert(!is_ok(e) || w->end - at == record_size(r.header, r.stored));
	return e;
}

struct err pack_append_reference(struct pack_writer *w,
                                 const struct content_hash *hash,
                                 const struct blob_origin *origin)
{
	struct pack_record r = { .is_reference = true,
		                 .hash = *hash,
		                 .origin = *origin };
	struct err e = w->fd < 0 ? begin_pack(w) : OK;
	uint64_t at = w->end;

	if (is_ok(e))
		e = append_header(w, &r);
	if (is_ok(e))
		e = pad(w);
	w->references += w->end - at;
	return e;
}

static struct err append_octets(struct pack_writer *w, int from,
                                uint64_t offset, uint64_t size)
{
	struct err e = OK;

	for (uint64_t done = 0; is_ok(e) && done < size;) {
		uint64_t left = size - done;
		size_t n = left < BLOB_BLOCK ? (size_t)left : BLOB_BLOCK;
		char *to;

		e = room(w, n, &to);
		if (is_ok(e))
			e = read_fully(from, to, n, offset + done);
		if (is_ok(e))
			took(w, n);
		done += n;
	}
	return e;
}

struct err pack_append_copy(struct pack_writer *w, int from,
                            struct blob_place *place)
{
	uint64_t size = record_size(place->header, place->stored);
	struct err e = w->fd < 0 ? begin_pack(w) : OK;
	uint64_t at = w->end;

	if (is_ok(e))
		e = append_octets(w, from, place->offset, size);
	place->pack = w->number;
	place->offset = at;
	return e;
}

struct err pack_append_reference_copy(struct pack_writer *w, int from,
                                      uint64_t offset, uint32_t size)
{
	struct err e = w->fd < 0 ? begin_pack(w) : OK;

	if (is_ok(e))
		e = append_octets(w, from, offset, size);
	w->references += size;
	return e;
}

struct err pack_sync(struct pack_writer *w, uint64_t *syncs)
{
	struct err e;

	if (w->end == w->start)
		return OK;
	e = write_out(w);
	if (!is_ok(e))
		return e;
	++*syncs;
	if (fdatasync(w->fd) == 0)
		return OK;
	e = err_errno(errno);
	leave_pack(w);
	return e;
}

void pack_group_begin(struct pack_writer *w)
{
	assert(w->start == w->end && w->out.len == 0);
	if (w->fd >= 0 && w->end >= w->limit && w->lost == 0)
		leave_pack(w);
}

struct err pack_group_row(const struct pack_writer *w, const struct index *i,
                          MDB_txn *txn)
{
	struct pack_row row;
	struct err e;

	if (w->end == w->start)
		return OK;
	e = pack_row_get(i, txn, w->number, &row);
	if (!is_ok(e))
		return e;
	row.total = w->end;
	row.dead += w->lost + w->references;
	return pack_row_put(i, txn, w->number, &row);
}

void pack_group_done(struct pack_writer *w)
{
	if (w->end != w->start)
		w->lost = 0;
	w->references = 0;
	w->start = w->end;
}

void pack_group_undo(struct pack_writer *w, bool punch)
{
	w->out.len = 0;
	w->references = 0;
	if (w->fd < 0 || w->end == w->start)
		return;
	if (punch)
		(void)fallocate(w->fd,
		                FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		                (off_t)w->start, (off_t)(w->end - w->start));
	w->end = record_size(0, w->end); /* it may end within a record */
	w->lost += w->end - w->start;
	w->start = w->end;
}
