/*
 * check.c -- the index against itself and against the packs.
 *
 *   1. every T_DIGEST row names a blob that is there, and a blob's count is
 *      how many do;
 *   2. every blob's record is where T_BLOB says, by header (deep: by hash);
 *   3. no two records of a pack overlap, and what they leave of the pack's
 *      total is what T_PACK says is dead.
 *
 * All from one snapshot of the index. A pack that is gone because a server
 * has reclaimed it meanwhile is told from one that is lost by asking the
 * index as it is by then.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/encode.h"
#include "base/mem.h"
#include "store/internal.h"

struct blob {
	struct content_hash hash;
	struct blob_place place;
	uint64_t found; /* references */
};

struct check {
	struct partition *partition;
	struct check_report *report;
	bool deep;
	struct blob *blobs; /* by hash; later by place */
	size_t n_blobs;
	ZSTD_DCtx *z;
	struct buf message;
};

static void problem(struct check *c, const char *what, struct slice which)
{
	struct buf hex = { 0 };

	hex_encode(which, &hex);
	buf_printf(&c->report->text, "%s: %.*s\n", what, (int)hex.len,
	           hex.data);
	buf_free(&hex);
	c->report->problems++;
}

static void blob_problem(struct check *c, const char *what,
                         const struct blob *b)
{
	problem(c, what, slice_of(b->hash.bytes, sizeof b->hash.bytes));
}

/* -- references -- */

static void add_blob(struct check *c, struct cursor_row *row)
{
	struct blob *b;

	if (c->n_blobs % 4096 == 0)
		c->blobs = mem_resize(c->blobs, c->n_blobs + 4096,
		                      sizeof *c->blobs);
	b = &c->blobs[c->n_blobs];
	*b = (struct blob){ .found = 0 };
	if (row->key.len != 9 + CONTENT_HASH_SIZE ||
	    !is_ok(blob_row_parse(row->value, &b->place))) {
		problem(c, "damaged blob row", row->key);
		return;
	}
	memcpy(b->hash.bytes, row->key.ptr + 9, CONTENT_HASH_SIZE);
	c->n_blobs++;
}

static struct err load_blobs(struct check *c)
{
	struct store_key prefix = key_table(0, T_BLOB);
	struct store_cursor cursor =
		store_cursor(c->partition, store_key_slice(&prefix), S(""));
	struct cursor_row row;

	while (store_cursor_next(&cursor, &row))
		add_blob(c, &row);
	c->report->blobs = c->n_blobs;
	return cursor.e;
}

static int by_hash(const void *a, const void *b)
{
	const struct blob *x = a;
	const struct blob *y = b;

	return memcmp(x->hash.bytes, y->hash.bytes, CONTENT_HASH_SIZE);
}

static void count_reference(struct check *c, struct cursor_row *row)
{
	struct blob key = { .found = 0 };
	struct blob *b = NULL;

	if (row->value.len >= CONTENT_HASH_SIZE) {
		memcpy(key.hash.bytes, row->value.ptr, CONTENT_HASH_SIZE);
		if (c->n_blobs > 0)
			b = bsearch(&key, c->blobs, c->n_blobs, sizeof *b,
			            by_hash);
	}
	if (b == NULL)
		problem(c, "message without its bytes", row->key);
	else
		b->found++;
}

/* The account of the first key from `from` on; false at the end. */
static bool next_account(struct check *c, uint64_t from, uint64_t *out,
                         struct err *e)
{
	struct store_key first = key_of_account(from);
	struct store_cursor cursor =
		store_cursor(c->partition, S(""), store_key_slice(&first));
	struct cursor_row row;
	bool found = store_cursor_next(&cursor, &row) && row.key.len >= 8;

	*e = cursor.e;
	if (found)
		*out = get_be64(row.key.ptr);
	return found;
}

static uint64_t count_table(struct check *c, uint64_t account, enum table table,
                            void (*each)(struct check *, struct cursor_row *),
                            struct err *e)
{
	struct store_key prefix = key_table(account, table);
	struct store_cursor cursor =
		store_cursor(c->partition, store_key_slice(&prefix), S(""));
	struct cursor_row row;
	uint64_t n = 0;

	while (is_ok(*e) && store_cursor_next(&cursor, &row)) {
		n++;
		if (each != NULL)
			each(c, &row);
	}
	if (is_ok(*e))
		*e = cursor.e;
	return n;
}

static struct err count_accounts(struct check *c)
{
	struct check_report *r = c->report;
	struct err e = OK;
	uint64_t account = 0;

	while (account < UINT64_MAX &&
	       next_account(c, account + 1, &account, &e)) {
		r->accounts += count_table(c, account, T_ACCOUNT, NULL, &e);
		r->mailboxes += count_table(c, account, T_MAILBOX, NULL, &e);
		r->messages +=
			count_table(c, account, T_DIGEST, count_reference, &e);
		if (!is_ok(e))
			break;
	}
	return e;
}

static void compare_references(struct check *c)
{
	for (size_t i = 0; i < c->n_blobs; i++)
		if (c->blobs[i].found != c->blobs[i].place.refs)
			blob_problem(c, "wrong reference count", &c->blobs[i]);
}

/* -- packs -- */

static int by_place(const void *a, const void *b)
{
	const struct blob_place *x = &((const struct blob *)a)->place;
	const struct blob_place *y = &((const struct blob *)b)->place;

	if (x->pack != y->pack)
		return x->pack < y->pack ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_same(const struct pack_record *r, const struct blob *b)
{
	uint64_t check = blocks_of(r->raw) == 1
	                         ? record_block(r->table, 0).check
	                         : r->check;

	return !memcmp(&r->hash, &b->hash, sizeof b->hash) &&
	       r->raw == b->place.raw && r->stored == b->place.stored &&
	       r->header == b->place.header && check == b->place.check;
}

static void check_blob(struct check *c, struct pack_scan *s,
                       const struct blob *b)
{
	s->next = b->place.offset;
	if (!pack_scan_next(s) || s->at != b->place.offset ||
	    s->record.is_reference || !is_same(&s->record, b))
		blob_problem(c, "message bytes are not where they should be",
		             b);
	else if (c->deep && !pack_scan_message(s, c->z, &c->message))
		blob_problem(c, "message bytes are damaged", b);
	s->e = OK;
}

/* Blobs [from, to) are the pack's, by offset. */
static void check_blobs(struct check *c, uint32_t pack, struct pack_scan *s,
                        size_t from, size_t to)
{
	struct pack_row row;
	uint64_t live = 0;
	uint64_t end = 0;

	for (size_t i = from; i < to; i++) {
		struct blob_place *p = &c->blobs[i].place;

		if (p->offset < end)
			blob_problem(c, "message bytes overlap", &c->blobs[i]);
		end = p->offset + record_size(p->header, p->stored);
		live += record_size(p->header, p->stored);
		check_blob(c, s, &c->blobs[i]);
	}
	if (!is_ok(pack_row_get(&c->partition->index,
	                        c->partition->snapshot.txn, pack, &row)) ||
	    end > row.total || s->size < row.total ||
	    live + row.dead != row.total)
		buf_printf(&c->report->text,
		           "pack %08x: %llu octets live, %llu dead, %llu in "
		           "all, %llu in the file\n",
		           pack, (unsigned long long)live,
		           (unsigned long long)row.dead,
		           (unsigned long long)row.total,
		           (unsigned long long)s->size),
			c->report->problems++;
}

/* Is there still such a pack in the index as it is now? */
static bool is_listed_now(struct check *c, uint32_t pack)
{
	struct pack_row row = { 0 };
	MDB_txn *txn;
	bool listed = true;

	if (mdb_txn_begin(c->partition->index.env, NULL, MDB_RDONLY, &txn))
		return listed;
	if (is_ok(pack_row_get(&c->partition->index, txn, pack, &row)))
		listed = row.total != 0;
	mdb_txn_abort(txn);
	return listed;
}

static struct err check_pack(struct check *c, uint32_t pack, size_t from,
                             size_t to)
{
	struct pack_scan s;
	struct err e = pack_scan_open(&s, c->partition->pack_fd, pack);

	if (e.code == ERR_ABSENT && !is_listed_now(c, pack))
		return OK;
	if (e.code == ERR_ABSENT) {
		buf_printf(&c->report->text, "pack %08x: missing\n", pack);
		c->report->problems++;
		return OK;
	}
	if (!is_ok(e))
		return e;
	c->report->packs++;
	check_blobs(c, pack, &s, from, to);
	pack_scan_close(&s);
	return OK;
}

/* Every pack with a row, and every pack that a blob is said to be in. */
static struct err check_packs(struct check *c)
{
	struct store_key prefix = key_table(0, T_PACK);
	struct store_cursor cursor =
		store_cursor(c->partition, store_key_slice(&prefix), S(""));
	struct cursor_row row;
	struct err e = OK;
	size_t i = 0;

	if (c->n_blobs > 1)
		qsort(c->blobs, c->n_blobs, sizeof *c->blobs, by_place);
	while (is_ok(e) && store_cursor_next(&cursor, &row)) {
		uint32_t pack = key_uid(row.key);
		size_t from = i;

		while (i < c->n_blobs && c->blobs[i].place.pack < pack)
			blob_problem(c, "pack is not listed", &c->blobs[i++]);
		from = i;
		while (i < c->n_blobs && c->blobs[i].place.pack == pack)
			i++;
		e = check_pack(c, pack, from, i);
	}
	while (is_ok(e) && i < c->n_blobs)
		blob_problem(c, "pack is not listed", &c->blobs[i++]);
	return is_ok(e) ? cursor.e : e;
}

struct err store_look(const char *dir)
{
	return index_look(dir);
}

struct err store_check(const char *dir, bool deep, struct check_report *out)
{
	struct check c = { .report = out, .deep = deep };
	struct err e = partition_open_to_read(dir, &c.partition);

	if (!is_ok(e))
		return e;
	c.z = ZSTD_createDCtx();
	e = load_blobs(&c);
	if (is_ok(e))
		e = count_accounts(&c);
	if (is_ok(e)) {
		compare_references(&c);
		e = check_packs(&c);
	}
	ZSTD_freeDCtx(c.z);
	buf_free(&c.message);
	free(c.blobs);
	partition_close(c.partition);
	return e;
}
