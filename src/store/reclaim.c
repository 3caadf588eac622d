/*
 * reclaim.c -- giving back the space of what was expunged.
 *
 *      mostly dead pack ─ scan ─► records ─ live? ─► moved, some a batch
 *                                                     │
 *              removed ◄── forgotten (its row says: all dead) ◄──┘
 *
 * The moves are batches like any other: until one is committed the index
 * names the old place, afterwards the new one, and a blob that was dropped
 * or moved meanwhile is left alone. A pack is forgotten only when its row
 * says that nothing in it is alive, so a live record that the scan could not
 * find keeps the pack; such a pack is not tried again while it is open.
 *
 * The pack with the highest number is being written and never chosen.
 *
 * References are in a pack's row as dead, since no row says where they are.
 * Here they are asked for one by one: a reference is true while the index
 * has that message in that mailbox (or that mailbox by that name). Those
 * that are true move along, the others go with the pack. A pack is first
 * looked through for them, and left alone when they take so much of it that
 * it is not mostly dead; that is remembered while the partition is open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/internal.h"

/* What one batch moves, about: others wait behind it. */
enum { MOVE_RECORDS = 256, MOVE_BYTES = 1 << 20 };

/* Per cent dead from where on a pack is worth emptying. */
enum { MOSTLY = 50 };

struct found {
	struct store_key key; /* of the row that it lives by */
	struct content_hash hash;
	uint64_t offset;
	uint32_t mailbox;
	bool is_reference;
	uint32_t size; /* of a reference, with its padding */
};

struct mover {
	struct partition *partition;
	uint32_t pack;
	struct pack_scan scan;
	struct found found[MOVE_RECORDS];
	size_t n;
	uint64_t references; /* octets of those that are true */
	struct err e;
};

/* -- which one -- */

/* NULL: it hasn't been looked through. */
static struct looked *find_looked(const struct partition *p, uint32_t pack)
{
	for (size_t i = 0; i < p->n_looked; i++)
		if (p->looked[i].pack == pack)
			return &p->looked[i];
	return NULL;
}

static uint64_t known_references(const struct partition *p, uint32_t pack)
{
	const struct looked *looked = find_looked(p, pack);

	return looked != NULL ? looked->references : 0;
}

static void note_references(struct partition *p, uint32_t pack,
                            uint64_t references)
{
	struct looked *looked = find_looked(p, pack);

	if (looked == NULL) {
		p->looked = mem_resize(p->looked, p->n_looked + 1,
		                       sizeof *p->looked);
		looked = &p->looked[p->n_looked++];
	}
	*looked = (struct looked){ pack, references };
}

static uint64_t dead_share(const struct pack_row *row, uint64_t references)
{
	if (row->total == 0 || references > row->dead)
		return 0;
	return (row->dead - references) * 100 / row->total;
}

/* 0: none is worth it. */
static struct err choose(struct partition *p, uint32_t *out,
                         struct pack_row *chosen)
{
	struct store_key prefix = key_table(0, T_PACK);
	struct store_cursor c =
		store_cursor(p, store_key_slice(&prefix), S(""));
	struct cursor_row row;
	struct pack_row best_row = { 0 };
	uint32_t best = 0;
	uint64_t most = MOSTLY;

	*out = 0;
	while (store_cursor_next(&c, &row)) {
		uint32_t number = key_uid(row.key);
		struct pack_row pack;
		uint64_t share;

		*out = best; /* of all but the last row */
		*chosen = best_row;
		if (!is_ok(pack_row_parse(row.value, &pack)) ||
		    uidset_has(&p->stuck, number))
			continue;
		share = dead_share(&pack, known_references(p, number));
		if (share > most) {
			best = number;
			most = share;
			best_row = pack;
		}
	}
	return c.e;
}

/* -- records -- */

static struct store_key key_of_record(const struct pack_record *r)
{
	const struct blob_origin *o = &r->origin;

	if (!r->is_reference)
		return key_blob(&r->hash);
	if (hash_is_none(&r->hash))
		return key_name(o->account, T_NAME, o->mailbox_name);
	return key_message(o->account, T_DIGEST, o->mailbox, o->uid);
}

/* On a worker: some records' names, and their bytes into memory. */
static void find_some(void *arg)
{
	struct mover *m = arg;
	struct pack_scan *s = &m->scan;
	uint64_t from = s->next;

	m->n = 0;
	while (m->n < MOVE_RECORDS && s->next - from < MOVE_BYTES &&
	       pack_scan_next(s))
		m->found[m->n++] = (struct found){
			.key = key_of_record(&s->record),
			.hash = s->record.hash,
			.offset = s->at,
			.mailbox = s->record.origin.mailbox,
			.is_reference = s->record.is_reference,
			.size = (uint32_t)(s->next - s->at),
		};
	m->e = s->e;
	(void)posix_fadvise(s->fd, (off_t)from, (off_t)(s->next - from),
	                    POSIX_FADV_WILLNEED);
}

/* Is that what the row says? `value` is a digest's, or a name's. */
static bool is_true(const struct found *found, struct slice value)
{
	if (hash_is_none(&found->hash))
		return value.len == 4 && get_le32(value.ptr) == found->mailbox;
	return slice_starts(
		value, slice_of(found->hash.bytes, sizeof found->hash.bytes));
}

/* Adds up all that is true. */
static struct err count_found(struct mover *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct found *found = &m->found[i];
		struct slice value;
		struct err e;

		if (!found->is_reference)
			continue;
		e = store_get(m->partition, store_key_slice(&found->key),
		              &value);
		if (is_ok(e) && is_true(found, value))
			m->references += found->size;
		if (!is_ok(e) && e.code != ERR_ABSENT)
			return e;
	}
	return OK;
}

/* -- moving -- */

static struct err move_if_live(struct mover *m, struct batch *b,
                               const struct found *found)
{
	struct blob_place place;
	struct slice value;
	struct err e =
		store_get(m->partition, store_key_slice(&found->key), &value);

	if (e.code == ERR_ABSENT)
		return OK;
	if (is_ok(e) && found->is_reference) {
		if (is_true(found, value))
			batch_move_reference(b, found->offset, found->size,
			                     m->scan.fd);
		return OK;
	}
	if (is_ok(e))
		e = blob_row_parse(value, &place);
	if (is_ok(e) && place.pack == m->pack && place.offset == found->offset)
		batch_move_blob(b, &found->hash, &place, m->scan.fd);
	return e;
}

static struct err move_found(struct mover *m)
{
	struct batch *b = batch_new(m->partition, 0);
	struct err e = OK;

	for (size_t i = 0; is_ok(e) && i < m->n; i++)
		e = move_if_live(m, b, &m->found[i]);
	if (is_ok(e))
		return batch_commit(b);
	batch_drop(b);
	return e;
}

static struct err each_found(struct mover *m, struct err (*fn)(struct mover *))
{
	struct err e;

	do {
		task_offload(find_some, m);
		e = m->e;
		if (is_ok(e))
			e = fn(m);
	} while (is_ok(e) && m->n > 0);
	return e;
}

static struct err through_pack(struct mover *m,
                               struct err (*fn)(struct mover *))
{
	struct err e = pack_scan_open(&m->scan, m->partition->pack_fd, m->pack);

	if (e.code == ERR_ABSENT) /* no file: nothing in it can be alive */
		return OK;
	if (is_ok(e)) {
		e = each_found(m, fn);
		pack_scan_close(&m->scan);
	}
	return e;
}

/* Until one is worth it also when its references are counted; 0: none. */
static struct err choose_for(struct mover *m)
{
	struct partition *p = m->partition;

	for (;;) {
		struct pack_row row;
		struct err e = choose(p, &m->pack, &row);

		if (!is_ok(e))
			m->pack = 0;
		m->references = 0;
		if (m->pack != 0)
			e = through_pack(m, count_found);
		if (!is_ok(e) || m->pack == 0 ||
		    dead_share(&row, m->references) > MOSTLY)
			return e;
		note_references(p, m->pack, m->references);
	}
}

/* -- removing -- */

static struct err forget(struct partition *p, uint32_t pack)
{
	struct batch *b = batch_new(p, 0);

	batch_forget_pack(b, pack);
	batch_frees(b);
	return batch_commit(b);
}

struct removal {
	int dir;
	uint32_t pack;
};

static void unlink_pack(void *arg)
{
	struct removal *r = arg;
	char name[9];

	pack_name(r->pack, name);
	if (unlinkat(r->dir, name, 0) != 0)
		log_note(LOG_LEVEL_WARN, "store_reclaim",
		         err_errno(errno).text);
}

static void note_stuck(struct partition *p, uint32_t pack, struct err e)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "store_reclaim");

	log_number(&l, "pack", pack);
	log_text(&l, "error", slice_cstr(e.text));
	log_close(&l);
	uidset_add(&p->stuck, pack);
}

/* A check that was killed would keep the index's old pages for ever. */
static void forget_dead_readers(struct partition *p)
{
	int n;

	if (p->index.env != NULL)
		(void)mdb_reader_check(p->index.env, &n);
}

static struct err empty_one(struct partition *p, uint32_t *pack)
{
	struct mover *m = mem_new(1, sizeof *m);
	struct err e;

	m->partition = p;
	e = choose_for(m);
	if (is_ok(e) && m->pack != 0)
		e = through_pack(m, move_found);
	*pack = m->pack;
	free(m);
	return e;
}

struct err partition_reclaim(struct partition *p, bool *did)
{
	struct removal removal = { p->pack_fd, 0 };
	struct err e = empty_one(p, &removal.pack);

	forget_dead_readers(p);
	*did = removal.pack != 0;
	if (!*did)
		return e;
	if (is_ok(e))
		e = forget(p, removal.pack);
	if (e.code == ERR_CORRUPT || e.code == ERR_IO)
		note_stuck(p, removal.pack, e);
	if (!is_ok(e))
		return e;
	pack_file_removed(&p->packs, removal.pack);
	task_offload(unlink_pack, &removal);
	return OK;
}
