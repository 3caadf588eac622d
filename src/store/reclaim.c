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
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/internal.h"

/* What one batch moves, about: others wait behind it. */
enum { MOVE_RECORDS = 256, MOVE_BYTES = 1 << 20 };

struct found {
	struct content_hash hash;
	uint64_t offset;
};

struct mover {
	struct partition *partition;
	uint32_t pack;
	struct pack_scan scan;
	struct found found[MOVE_RECORDS];
	size_t n;
	struct err e;
};

/* -- which one -- */

static uint64_t dead_share(const struct pack_row *row)
{
	return row->total != 0 ? row->dead * 100 / row->total : 0;
}

/* 0: none is worth it. */
static struct err choose(struct partition *p, uint32_t *out)
{
	struct store_key prefix = key_table(0, T_PACK);
	struct store_cursor c =
		store_cursor(p, store_key_slice(&prefix), S(""));
	struct cursor_row row;
	uint32_t best = 0;
	uint64_t most = 50;

	*out = 0;
	while (store_cursor_next(&c, &row)) {
		struct pack_row pack;

		*out = best; /* of all but the last row */
		if (is_ok(pack_row_parse(row.value, &pack)) &&
		    dead_share(&pack) > most &&
		    !uidset_has(&p->stuck, key_uid(row.key))) {
			best = key_uid(row.key);
			most = dead_share(&pack);
		}
	}
	return c.e;
}

/* -- moving -- */

/* On a worker: some records' names, and their bytes into memory. */
static void find_some(void *arg)
{
	struct mover *m = arg;
	struct pack_scan *s = &m->scan;
	uint64_t from = s->next;

	m->n = 0;
	while (m->n < MOVE_RECORDS && s->next - from < MOVE_BYTES &&
	       pack_scan_next(s))
		m->found[m->n++] = (struct found){ s->record.hash, s->at };
	m->e = s->e;
	(void)posix_fadvise(s->fd, (off_t)from, (off_t)(s->next - from),
	                    POSIX_FADV_WILLNEED);
}

static struct err move_if_live(struct mover *m, struct batch *b,
                               const struct found *found)
{
	struct store_key key = key_blob(&found->hash);
	struct blob_place place;
	struct slice value;
	struct err e = store_get(m->partition, store_key_slice(&key), &value);

	if (e.code == ERR_ABSENT)
		return OK;
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

static struct err move_live(struct mover *m)
{
	struct err e;

	do {
		task_offload(find_some, m);
		e = m->e;
		if (is_ok(e))
			e = move_found(m);
	} while (is_ok(e) && m->n > 0);
	return e;
}

static struct err move_out_of(struct partition *p, uint32_t pack)
{
	struct mover *m = mem_new(1, sizeof *m);
	struct err e = pack_scan_open(&m->scan, p->pack_fd, pack);

	m->partition = p;
	m->pack = pack;
	if (is_ok(e)) {
		e = move_live(m);
		pack_scan_close(&m->scan);
	}
	if (e.code == ERR_ABSENT) /* no file: nothing in it can be alive */
		e = OK;
	free(m);
	return e;
}

/* -- removing -- */

static struct err forget(struct partition *p, uint32_t pack)
{
	struct batch *b = batch_new(p, 0);

	batch_forget_pack(b, pack);
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

struct err partition_reclaim(struct partition *p, bool *did)
{
	struct removal removal = { p->pack_fd, 0 };
	struct err e = choose(p, &removal.pack);

	forget_dead_readers(p);
	*did = is_ok(e) && removal.pack != 0;
	if (!*did)
		return e;
	e = move_out_of(p, removal.pack);
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
