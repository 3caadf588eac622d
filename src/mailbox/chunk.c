/* chunk.c -- packing and unpacking message records. Layout: record.h. */
#include "mailbox/chunk.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

/* Offsets in the head. */
enum {
	AT_VERSION = 0,
	AT_WORDS = 1,
	AT_COUNT = 2,
	AT_UNSEEN = 4,
	AT_DELETED = 6,
	AT_LAST = 8,
	AT_ANY = 12,
	AT_ALL = 13,
	AT_MODSEQ = 16,
};

/* Offsets in a record. */
enum {
	R_UID = 0,
	R_SIZE = 4,
	R_MODSEQ = 8,
	R_INTERNALDATE = 16,
	R_SAVEDATE = 24,
	R_ZONE = 28,
	R_FLAGS = 30,
	R_SENT = 32,
	R_KEYWORDS = RECORD_FIXED,
};

/* The chunk is damaged; the caller stops, nothing is rewritten from it. */
static struct err damaged(void)
{
	return err(ERR_CORRUPT, "the mailbox's message records are damaged");
}

static struct err open_head(const uint8_t *raw, uint32_t first,
                            struct chunk *out)
{
	if (raw[AT_VERSION] != CHUNK_VERSION || raw[AT_WORDS] > KEYWORD_WORDS)
		return damaged();
	*out = (struct chunk){
		.stride = record_stride(raw[AT_WORDS]),
		.modseq = get_le64(raw + AT_MODSEQ),
		.first = first,
		.last = get_le32(raw + AT_LAST),
		.count = get_le16(raw + AT_COUNT),
		.unseen = get_le16(raw + AT_UNSEEN),
		.deleted = get_le16(raw + AT_DELETED),
		.words = raw[AT_WORDS],
		.any = raw[AT_ANY],
		.all = raw[AT_ALL],
	};
	if (out->count == 0 || out->first == 0 || out->last < out->first)
		return damaged();
	return OK;
}

struct err chunk_open_head(uint32_t first, struct slice row, struct chunk *out)
{
	if (row.len != CHUNK_HEAD)
		return damaged();
	return open_head((const uint8_t *)row.ptr, first, out);
}

struct err chunk_open(struct slice value, struct chunk *out)
{
	const uint8_t *raw = (const uint8_t *)value.ptr;
	struct err e;

	if (value.len < CHUNK_HEAD + RECORD_FIXED)
		return damaged();
	e = open_head(raw, get_le32(raw + CHUNK_HEAD + R_UID), out);
	if (is_ok(e) && value.len != CHUNK_HEAD + out->count * out->stride)
		return damaged();
	out->records = raw + CHUNK_HEAD;
	return e;
}

uint32_t chunk_uid(const struct chunk *c, size_t at)
{
	assert(at < c->count);
	return get_le32(c->records + at * c->stride + R_UID);
}

uint8_t chunk_flags(const struct chunk *c, size_t at)
{
	assert(at < c->count);
	return c->records[at * c->stride + R_FLAGS];
}

uint64_t chunk_modseq(const struct chunk *c, size_t at)
{
	assert(at < c->count);
	return get_le64(c->records + at * c->stride + R_MODSEQ);
}

size_t chunk_find(const struct chunk *c, uint32_t uid)
{
	size_t low = 0;
	size_t high = c->count;

	if (uid >= c->first && chunk_is_dense(c))
		return uid <= c->last ? uid - c->first : c->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (chunk_uid(c, mid) < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void record_unpack(const void *packed, uint8_t words, struct record *r)
{
	const uint8_t *p = packed;

	*r = (struct record){
		.uid = get_le32(p + R_UID),
		.size = get_le32(p + R_SIZE),
		.modseq = get_le64(p + R_MODSEQ),
		.internaldate = (int64_t)get_le64(p + R_INTERNALDATE),
		.sent = (int64_t)get_le64(p + R_SENT),
		.savedate = get_le32(p + R_SAVEDATE),
		.zone = (int16_t)get_le16(p + R_ZONE),
		.flags = p[R_FLAGS],
	};
	memcpy(r->keywords.word, p + R_KEYWORDS, 8u * words);
}

static void pack(uint8_t *p, uint8_t words, const struct record *r)
{
	put_le32(p + R_UID, r->uid);
	put_le32(p + R_SIZE, r->size);
	put_le64(p + R_MODSEQ, r->modseq);
	put_le64(p + R_INTERNALDATE, (uint64_t)r->internaldate);
	put_le32(p + R_SAVEDATE, r->savedate);
	put_le16(p + R_ZONE, (uint16_t)r->zone);
	p[R_FLAGS] = r->flags;
	p[R_FLAGS + 1] = 0;
	put_le64(p + R_SENT, (uint64_t)r->sent);
	memcpy(p + R_KEYWORDS, r->keywords.word, 8u * words);
}

void chunk_record(const struct chunk *c, size_t at, struct record *out)
{
	assert(at < c->count);
	record_unpack(c->records + at * c->stride, c->words, out);
}

bool chunk_is_full(const struct chunk *c)
{
	return CHUNK_HEAD + (c->count + 1u) * c->stride > CHUNK_BYTES;
}

/* Keyword words that this record needs. */
static uint8_t record_words(const struct record *r)
{
	uint8_t n = KEYWORD_WORDS;

	while (n > 0 && r->keywords.word[n - 1] == 0)
		n--;
	return n;
}

/* -- writing -- */

void chunk_writer_init(struct chunk_writer *w, struct batch *batch,
                       uint64_t account, uint32_t mailbox)
{
	w->batch = batch;
	w->account = account;
	w->mailbox = mailbox;
	w->last_chunk = 0;
	w->count = 0;
	w->words = 0;
}

static uint8_t *record_at(struct chunk_writer *w, size_t at)
{
	return w->raw + CHUNK_HEAD + at * record_stride(w->words);
}

static bool fits(size_t count, uint8_t words)
{
	return CHUNK_HEAD + count * record_stride(words) <= CHUNK_BYTES;
}

bool chunk_writer_has_room(const struct chunk_writer *w, const struct chunk *c)
{
	uint8_t words = c->words > w->words ? c->words : w->words;

	return fits((size_t)w->count + c->count, words);
}

/* From the last record to the first, so that none is overwritten unread. */
static void widen(struct chunk_writer *w, uint8_t words)
{
	uint8_t old_words = w->words;

	w->words = words;
	for (size_t i = w->count; i-- > 0;) {
		struct record r;

		record_unpack(w->raw + CHUNK_HEAD +
		                      i * record_stride(old_words),
		              old_words, &r);
		pack(record_at(w, i), words, &r);
	}
}

void chunk_writer_add(struct chunk_writer *w, const struct record *r)
{
	uint8_t need = record_words(r);
	uint8_t words = need > w->words ? need : w->words;

	if (!fits(w->count + 1u, words)) {
		chunk_writer_flush(w);
		words = need;
	}
	if (words > w->words)
		widen(w, words);
	assert(w->count == 0 || get_le32(record_at(w, w->count - 1u)) < r->uid);
	pack(record_at(w, w->count), w->words, r);
	w->count++;
}

void chunk_writer_keep(struct chunk_writer *w, const struct chunk *c,
                       size_t from, size_t to)
{
	struct record r;

	assert(from <= to && to <= c->count);
	if (c->words == 0 && w->words == 0 && fits(w->count + to - from, 0)) {
		memcpy(record_at(w, w->count), c->records + from * RECORD_FIXED,
		       (to - from) * RECORD_FIXED);
		w->count = (uint16_t)(w->count + to - from);
		return;
	}
	for (size_t i = from; i < to; i++) {
		chunk_record(c, i, &r);
		chunk_writer_add(w, &r);
	}
}

/* The head is what one pass over the records finds. */
static void write_head(struct chunk_writer *w)
{
	uint16_t unseen = 0;
	uint16_t deleted = 0;
	uint8_t any = 0;
	uint8_t all = UINT8_MAX;
	uint64_t modseq = 0;

	for (size_t i = 0; i < w->count; i++) {
		const uint8_t *p = record_at(w, i);
		uint8_t flags = p[R_FLAGS];
		uint64_t m = get_le64(p + R_MODSEQ);

		unseen = (uint16_t)(unseen + !(flags & FLAG_SEEN));
		deleted = (uint16_t)(deleted + !!(flags & FLAG_DELETED));
		any |= flags;
		all &= flags;
		modseq = m > modseq ? m : modseq;
	}
	memset(w->raw, 0, CHUNK_HEAD);
	w->raw[AT_VERSION] = CHUNK_VERSION;
	w->raw[AT_WORDS] = w->words;
	w->raw[AT_ANY] = any;
	w->raw[AT_ALL] = all;
	put_le16(w->raw + AT_COUNT, w->count);
	put_le16(w->raw + AT_UNSEEN, unseen);
	put_le16(w->raw + AT_DELETED, deleted);
	put_le32(w->raw + AT_LAST, get_le32(record_at(w, w->count - 1u)));
	put_le64(w->raw + AT_MODSEQ, modseq);
}

static void put(struct chunk_writer *w, enum table table, size_t len)
{
	struct store_key key =
		key_message(w->account, table, w->mailbox, w->last_chunk);

	memcpy(batch_put_room(w->batch, store_key_slice(&key), len), w->raw,
	       len);
}

void chunk_writer_flush(struct chunk_writer *w)
{
	if (w->count == 0)
		return;
	write_head(w);
	w->last_chunk = get_le32(record_at(w, 0));
	put(w, T_RECORDS, CHUNK_HEAD + w->count * record_stride(w->words));
	put(w, T_HEADS, CHUNK_HEAD);
	w->count = 0;
	w->words = 0;
}

void chunk_delete(struct batch *b, uint64_t account, uint32_t mailbox,
                  uint32_t first)
{
	static const enum table tables[] = { T_RECORDS, T_HEADS };

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		struct store_key key =
			key_message(account, tables[i], mailbox, first);

		batch_delete(b, store_key_slice(&key));
	}
}
