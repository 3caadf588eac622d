/*
 * chunk.c -- records packed into chunks and found again; accounts' and
 * mailboxes' records; keyword names.
 * behaviour 98
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "mailbox/internal.h"
#include "rig.h"

static struct record record_with(uint32_t uid, size_t keyword)
{
	struct record r = {
		.uid = uid,
		.size = uid * 3,
		.modseq = 1000u + uid,
		.internaldate = -5,
		.sent = -((int64_t)uid << 33),
		.savedate = 77,
		.zone = -330,
		.flags = uid % 2 ? FLAG_SEEN : FLAG_DELETED | FLAG_DRAFT,
	};

	if (keyword < LIMIT_KEYWORDS)
		keyword_bits_set(&r.keywords, keyword);
	return r;
}

/* Every record of the mailbox is as record_with() makes it. */
static size_t read_back(struct rig *r, uint32_t mailbox,
                        size_t (*keyword_of)(uint32_t))
{
	struct store_key prefix = key_messages(RIG_ACCOUNT, T_RECORDS, mailbox);
	struct store_cursor c =
		store_cursor(r->partition, store_key_slice(&prefix),
	                     (struct slice){ NULL, 0 });
	struct cursor_row row;
	size_t n = 0;

	while (store_cursor_next(&c, &row)) {
		struct chunk chunk;

		assert_true(row.value.len <= CHUNK_BYTES);
		assert_int_equal(chunk_open(row.value, &chunk).code, ERR_OK);
		assert_int_equal(chunk.first, key_uid(row.key));
		for (size_t i = 0; i < chunk.count; i++, n++) {
			struct record got, want;

			chunk_record(&chunk, i, &got);
			want = record_with(got.uid, keyword_of(got.uid));
			assert_memory_equal(&got, &want, sizeof got);
			assert_int_equal(chunk_find(&chunk, got.uid), i);
		}
	}
	return n;
}

static size_t no_keyword(uint32_t uid)
{
	(void)uid;
	return LIMIT_KEYWORDS;
}

static size_t some_keyword(uint32_t uid)
{
	return uid % 20 == 0 ? uid % LIMIT_KEYWORDS : LIMIT_KEYWORDS;
}

static void forget(struct rig *r, uint32_t mailbox)
{
	static const enum table tables[] = { T_RECORDS, T_HEADS };
	struct batch *b = batch_new(r->partition, RIG_ACCOUNT);

	for (size_t i = 0; i < 2; i++) {
		struct store_key prefix =
			key_messages(RIG_ACCOUNT, tables[i], mailbox);

		batch_delete_prefix(b, store_key_slice(&prefix));
	}
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

/* Each chunk is put anew, in two pieces that are kept as they are. */
static void keep_all(struct rig *r, uint32_t mailbox)
{
	struct store_key prefix = key_messages(RIG_ACCOUNT, T_RECORDS, mailbox);
	struct store_cursor c =
		store_cursor(r->partition, store_key_slice(&prefix),
	                     (struct slice){ NULL, 0 });
	struct batch *b = batch_new(r->partition, RIG_ACCOUNT);
	struct cursor_row row;
	struct chunk_writer w;

	chunk_writer_init(&w, b, RIG_ACCOUNT, mailbox);
	while (store_cursor_next(&c, &row)) {
		struct chunk chunk;

		assert_int_equal(chunk_open(row.value, &chunk).code, ERR_OK);
		chunk_writer_keep(&w, &chunk, 0, chunk.count / 3);
		chunk_writer_keep(&w, &chunk, chunk.count / 3, chunk.count);
		chunk_writer_flush(&w);
		assert_int_equal(w.last_chunk, chunk.first);
	}
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

static void write_and_read(struct rig *r, uint32_t mailbox, uint32_t step,
                           size_t (*keyword_of)(uint32_t))
{
	struct batch *b = batch_new(r->partition, RIG_ACCOUNT);
	struct chunk_writer w;

	chunk_writer_init(&w, b, RIG_ACCOUNT, mailbox);
	for (uint32_t i = 1; i <= 1000; i++) {
		struct record rec = record_with(i * step, keyword_of(i * step));

		chunk_writer_add(&w, &rec);
	}
	chunk_writer_flush(&w);
	assert_int_equal(batch_commit(b).code, ERR_OK);
	assert_int_equal(read_back(r, mailbox, keyword_of), 1000);
	keep_all(r, mailbox);
	assert_int_equal(read_back(r, mailbox, keyword_of), 1000);
	forget(r, mailbox);
}

static void pack(struct rig *r)
{
	write_and_read(r, 901, 1, no_keyword);
	write_and_read(r, 902, 7, no_keyword);
	write_and_read(r, 903, 1, some_keyword);
	write_and_read(r, 904, 3, some_keyword);
}

static void test_pack(void **state)
{
	(void)state;
	rig_run(pack);
}

static uint64_t index_bytes(struct rig *r, uint32_t mailbox)
{
	struct partition_stats stats;

	read_back(r, mailbox, no_keyword);
	partition_stats(r->partition, &stats);
	return stats.index_bytes;
}

/* Put one after another, before what is there already, they fill pages. */
static void fill_pages(struct rig *r)
{
	enum { RECORDS = 10000, FILL = RECORDS * RECORD_FIXED };
	struct batch *b = batch_new(r->partition, RIG_ACCOUNT);
	uint64_t before = index_bytes(r, 901);
	uint64_t grown;
	struct chunk_writer w;

	chunk_writer_init(&w, b, RIG_ACCOUNT, 901);
	for (uint32_t uid = 1; uid <= RECORDS; uid++) {
		struct record rec = record_with(uid, LIMIT_KEYWORDS);

		chunk_writer_add(&w, &rec);
	}
	chunk_writer_flush(&w);
	assert_int_equal(batch_commit(b).code, ERR_OK);
	grown = index_bytes(r, 901) - before;
	assert_in_range(grown, FILL, FILL + FILL / 4);
	forget(r, 901);
}

static void test_fill_pages(void **state)
{
	(void)state;
	rig_run(fill_pages);
}

/* The first and the last that Date: can say, which copies keep. */
static void sent(struct rig *r)
{
	static const struct {
		const char *text;
		int64_t sent;
	} rows[] = {
		{ "Date: 1 Jan 2026 01:00:00 +0100\n\nx\n", 1767225600 },
		{ "Date: 31 Dec 9999 23:59:59 +0000\n\nx\n", 253402300799 },
		{ "Date: 1 Jan 1900 00:00:00 +0000\n\nx\n", -2208988800 },
		{ "Date: soon\n\nx\n", 1700000000 },
	};
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset uids = rig_set("1:4"), from = { 0 }, to = { 0 };

	for (uint32_t i = 0; i < 4; i++)
		rig_append(r, m, rows[i].text, 0);
	assert_int_equal(mailbox_copy(m, &uids, m, false, &from, &to).code,
	                 ERR_OK);
	for (uint32_t uid = 1; uid <= 8; uid++) {
		struct record record;

		assert_int_equal(mailbox_record(m, uid, &record).code, ERR_OK);
		assert_int_equal(record.sent, rows[(uid - 1) % 4].sent);
	}
	uidset_free(&uids);
	uidset_free(&from);
	uidset_free(&to);
	mailbox_close(m);
}

static void test_sent(void **state)
{
	(void)state;
	rig_run(sent);
}

/* The chunk that begins with UID 1, with another date in its only record. */
static void put_chunk(struct rig *r, int64_t from, int64_t to)
{
	struct store_key key = key_message(RIG_ACCOUNT, T_RECORDS, 1, 1);
	struct batch *b = batch_new(r->partition, RIG_ACCOUNT);
	struct slice row;
	uint8_t raw[8];
	uint8_t *copy;
	uint8_t *at;

	assert_int_equal(
		store_get(r->partition, store_key_slice(&key), &row).code,
		ERR_OK);
	copy = malloc(row.len);
	memcpy(copy, row.ptr, row.len);
	put_le64(raw, (uint64_t)from);
	at = memmem(copy, row.len, raw, sizeof raw);
	assert_non_null(at);
	put_le64(at, (uint64_t)to);
	batch_put(b, store_key_slice(&key), slice_of(copy, row.len));
	assert_int_equal(batch_commit(b).code, ERR_OK);
	free(copy);
}

/* The check compares it with what the message itself says. */
static void wrong_sent(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");

	rig_append(r, m, "Date: 1 Jan 2026 01:00:00 +0100\n\nx\n", 0);
	mailbox_close(m);
	assert_int_equal(rig_problems(r), 0);
	put_chunk(r, 1767225600, 1767225601);
	assert_int_equal(rig_problems(r), 1);
	put_chunk(r, 1767225601, 1767225600);
	assert_int_equal(rig_problems(r), 0);
}

static void test_wrong_sent(void **state)
{
	(void)state;
	rig_run(wrong_sent);
}

/* Puts, or (nothing) deletes, the head of the chunk that begins with uid. */
static void put_head(struct rig *r, uint32_t uid, struct slice head)
{
	struct batch *b = batch_new(r->partition, RIG_ACCOUNT);
	struct store_key key = key_message(RIG_ACCOUNT, T_HEADS, 1, uid);

	if (head.len != 0)
		batch_put(b, store_key_slice(&key), head);
	else
		batch_delete(b, store_key_slice(&key));
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

static enum err_code find_all(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset found = { 0 };
	struct err e = mailbox_find(m, FLAG_SEEN, FLAG_SEEN, 0, &found);

	uidset_free(&found);
	mailbox_close(m);
	return e.code;
}

/* A head that isn't its chunk's, none, and one of no chunk. */
static void heads(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct store_key key = key_message(RIG_ACCOUNT, T_HEADS, 1, 1);
	uint8_t right[CHUNK_HEAD], wrong[CHUNK_HEAD];
	struct slice head;

	rig_append(r, m, "a: b\n\n", FLAG_SEEN);
	rig_append(r, m, "a: b\n\n", 0);
	mailbox_close(m);
	assert_int_equal(
		store_get(r->partition, store_key_slice(&key), &head).code,
		ERR_OK);
	assert_int_equal(head.len, sizeof right);
	memcpy(right, head.ptr, sizeof right);
	memcpy(wrong, right, sizeof wrong);
	wrong[16]++; /* highest modseq */
	assert_int_equal(rig_problems(r), 0);
	put_head(r, 1, slice_of(wrong, sizeof wrong));
	assert_int_equal(rig_problems(r), 1);
	put_head(r, 1, slice_of(right, sizeof right - 1));
	assert_int_equal(rig_problems(r), 1);
	assert_int_equal(find_all(r), ERR_CORRUPT);
	put_head(r, 1, (struct slice){ NULL, 0 });
	assert_int_equal(rig_problems(r), 1);
	put_head(r, 1, slice_of(right, sizeof right));
	wrong[8] = 5; /* last */
	put_head(r, 5, slice_of(wrong, sizeof wrong));
	assert_int_equal(rig_problems(r), 1);
	assert_int_equal(find_all(r), ERR_CORRUPT);
	put_head(r, 5, (struct slice){ NULL, 0 });
}

static void test_heads(void **state)
{
	(void)state;
	rig_run(heads);
}

static void damaged_chunks(void **state)
{
	uint8_t raw[CHUNK_HEAD + RECORD_FIXED] = { CHUNK_VERSION };
	struct chunk c;

	(void)state;
	raw[2] = 1;          /* count */
	raw[8] = 9;          /* last */
	raw[CHUNK_HEAD] = 9; /* uid */
	assert_int_equal(chunk_open(slice_of(raw, sizeof raw), &c).code,
	                 ERR_OK);
	for (size_t len = 0; len < sizeof raw; len++) {
		uint8_t *cut = malloc(len + 1);

		memcpy(cut, raw, len);
		assert_int_equal(chunk_open(slice_of(cut, len), &c).code,
		                 ERR_CORRUPT);
		free(cut);
	}
	raw[0] = CHUNK_VERSION + 1;
	assert_int_equal(chunk_open(slice_of(raw, sizeof raw), &c).code,
	                 ERR_CORRUPT);
	raw[0] = CHUNK_VERSION;
	raw[1] = KEYWORD_WORDS + 1;
	assert_int_equal(chunk_open(slice_of(raw, sizeof raw), &c).code,
	                 ERR_CORRUPT);
}

static void meta_rows(void **state)
{
	struct mailbox_meta m = {
		.id = 1,
		.uidvalidity = 2,
		.uidnext = 3,
		.messages = 4,
		.unseen = 5,
		.deleted = 6,
		.special_use = USE_SENT,
		.last_chunk = 7,
		.highestmodseq = 1u << 31,
		.size = UINT64_C(1) << 40,
		.deleted_size = 9,
		.noselect = true,
	};
	struct mailbox_meta back = { 0 };
	struct slice keywords[2] = { S("$Junk"), S("") };
	struct slice got[LIMIT_KEYWORDS];
	struct slice name;
	struct buf raw = { 0 };
	size_t n;

	(void)state;
	mailbox_meta_write(&m, S("a/b"), keywords, 2, &raw);
	assert_int_equal(
		mailbox_meta_read(buf_slice(&raw), &back, &name, got, &n).code,
		ERR_OK);
	assert_memory_equal(&m, &back, sizeof m);
	assert_true(slice_eq(name, S("a/b")));
	assert_int_equal(n, 2);
	assert_true(slice_eq(got[0], S("$Junk")));
	for (size_t len = 0; len < raw.len; len++) {
		char *cut = malloc(len + 1);

		memcpy(cut, raw.data, len);
		assert_int_equal(mailbox_meta_read(slice_of(cut, len), &back,
		                                   &name, got, &n)
		                         .code,
		                 ERR_CORRUPT);
		free(cut);
	}
	buf_free(&raw);
}

static void keyword_names(void **state)
{
	struct keywords k = { 0 };
	struct keyword_bits bits;
	struct slice two[] = { S("$Junk"), S("work") };
	struct slice other = S("$JUNK");
	struct slice bad[] = { S("a b"),    S(""),         S("x*"),
		               S("\\Seen"), S("\xc3\xa4"), S("a]") };

	(void)state;
	assert_int_equal(keywords_resolve(&k, two, 2, true, &bits).code,
	                 ERR_OK);
	assert_int_equal(bits.word[0], 3);
	assert_int_equal(keywords_resolve(&k, &other, 1, true, &bits).code,
	                 ERR_OK);
	assert_int_equal(bits.word[0], 1);
	assert_int_equal(k.n, 2);
	assert_true(slice_eq(k.v[0], S("$Junk")));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
			keywords_resolve(&k, &bad[i], 1, true, &bits).code,
			ERR_CANNOT);
	assert_int_equal(keywords_resolve(&k, bad, 1, false, &bits).code,
	                 ERR_OK);
	assert_int_equal(bits.word[0], 0);
	for (size_t i = k.n; i < LIMIT_KEYWORDS; i++) {
		char text[16];
		struct slice name = { text,
			              (size_t)snprintf(text, 16, "k%zu", i) };

		assert_int_equal(
			keywords_resolve(&k, &name, 1, true, &bits).code,
			ERR_OK);
		assert_true(keyword_bits_has(&bits, i));
	}
	other = S("one-more");
	assert_int_equal(keywords_resolve(&k, &other, 1, true, &bits).code,
	                 ERR_LIMIT);
	keywords_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pack),
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_wrong_sent),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(damaged_chunks),
		cmocka_unit_test(meta_rows),
		cmocka_unit_test(keyword_names),
		cmocka_unit_test(test_fill_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
