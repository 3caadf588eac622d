/*
 * pack_scan.c -- the records of a pack, one after the other, from its bytes
 * alone.
 *
 * Records begin at multiples of RECORD_ALIGN. Where no sound header is, the
 * scan goes on at the next multiple: a torn tail or a rotten stretch costs
 * what it covers and nothing else. Zeros (a punched hole, padding) are not
 * counted as damage.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "store/internal.h"

struct err pack_scan_open(struct pack_scan *s, int dir, uint32_t number)
{
	struct stat st;
	char name[9];

	*s = (struct pack_scan){ .fd = -1, .number = number };
	pack_name(number, name);
	s->fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		return errno == ENOENT ? err(ERR_ABSENT, "no such pack")
		                       : err_errno(errno);
	if (fstat(s->fd, &st) != 0) {
		struct err e = err_errno(errno);

		pack_scan_close(s);
		return e;
	}
	s->size = (uint64_t)st.st_size;
	return OK;
}

void pack_scan_close(struct pack_scan *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	buf_free(&s->header);
	buf_free(&s->window);
	buf_free(&s->stored);
}

/* The octets [at, at + n) of the pack, from the window; NULL: not there. */
static const char *peek(struct pack_scan *s, uint64_t at, size_t n)
{
	enum { WINDOW = 64 * 1024 };
	uint64_t left = s->size - at;
	size_t want = left < WINDOW ? (size_t)left : WINDOW;

	if (at > s->size || n > left)
		return NULL;
	if (at >= s->window_at && at + n <= s->window_at + s->window.len)
		return s->window.data + (at - s->window_at);
	s->window.len = 0;
	s->e = read_fully(s->fd, buf_room(&s->window, want), want, at);
	if (!is_ok(s->e))
		return NULL;
	s->window.len = want;
	s->window_at = at;
	return s->window.data;
}

static bool read_header(struct pack_scan *s, uint32_t length)
{
	if (s->size - s->at < length)
		return false;
	s->header.len = 0;
	s->e = read_fully(s->fd, buf_room(&s->header, length), length, s->at);
	s->header.len = length;
	return is_ok(s->e) &&
	       record_header_parse(buf_slice(&s->header), &s->record) &&
	       s->record.stored <= s->size - s->at - length;
}

static bool is_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* Damage is counted once a stretch, not once a step through it. */
static void pass_over(struct pack_scan *s, const char *p, size_t n)
{
	bool zero = is_zero(p, n);

	if (!zero && !s->in_damage)
		s->broken++;
	if (!zero)
		s->in_damage = true;
	s->next += RECORD_ALIGN;
}

bool pack_scan_next(struct pack_scan *s)
{
	while (is_ok(s->e) && s->next < s->size) {
		uint64_t left = s->size - s->next;
		const char *p =
			peek(s, s->next,
		             left < RECORD_FIXED ? (size_t)left : RECORD_FIXED);
		uint32_t length = 0;

		if (p == NULL)
			break;
		s->at = s->next;
		if (left >= RECORD_FIXED)
			length = record_header_length(p);
		if (length != 0 && read_header(s, length)) {
			s->next += record_size(length, s->record.stored);
			s->in_damage = false;
			return true;
		}
		pass_over(s, p,
		          left < RECORD_ALIGN ? (size_t)left : RECORD_ALIGN);
	}
	return false;
}

/* One block, unpacked to the end of out. */
static bool add_block(struct pack_scan *s, ZSTD_DCtx *z, uint64_t at,
                      uint32_t n, struct buf *out)
{
	struct pack_block block = record_block(s->record.table, n);
	size_t raw = block_raw(s->record.raw, n);
	char *stored = buf_room(&s->stored, BLOB_BLOCK);

	s->e = read_fully(s->fd, stored, block.len, at);
	if (!is_ok(s->e) || !block_unpack(z, slice_of(stored, block.len),
	                                  block.check, buf_room(out, raw), raw))
		return false;
	out->len += raw;
	return true;
}

static struct content_hash hash_of(struct slice s)
{
	struct content_hasher *h = content_hasher_new();

	content_hasher_add(h, s);
	return content_hasher_end(h);
}

bool pack_scan_message(struct pack_scan *s, ZSTD_DCtx *z, struct buf *out)
{
	uint64_t at = s->at + s->record.header;
	struct content_hash hash;

	out->len = 0;
	for (uint32_t n = 0; n < blocks_of(s->record.raw); n++) {
		if (!add_block(s, z, at, n, out))
			return false;
		at += record_block(s->record.table, n).len;
	}
	hash = hash_of(buf_slice(out));
	return slice_eq(slice_of(hash.bytes, sizeof hash.bytes),
	                slice_of(s->record.hash.bytes, sizeof hash.bytes));
}
