/*
 * copy.c -- COPY and MOVE: new records, the same blobs.
 *
 * A move is the copy and the removal of the originals together, so at no
 * time is a message in none of the two mailboxes, or in both. Very many
 * messages are moved piece by piece.
 */
#include <assert.h>

#include "mailbox/change.h"
#include "mailbox/content.h"
#include "mailbox/seen.h"

struct copying {
	struct change *change;
	struct mailbox *source;
	struct edit *to; /* the destination */
	struct appender appender;
	size_t *place; /* of the source's keywords in the destination */
	struct uidset *from_uids;
	struct uidset *to_uids;
	struct flag_rights may;
	bool move;
};

const struct flag_rights every_flag = { UINT8_MAX, true, 0 };

enum { NOT_PLACED = KEYWORD_WORDS * 64 };

/* A keyword gets its place in the destination when a message needs it. */
static struct err place_keyword(struct copying *k, size_t bit,
                                struct keyword_bits *out)
{
	struct slice name = k->source->keywords.v[bit];
	struct keyword_bits one;
	struct err e;

	if (k->place[bit] == NOT_PLACED) {
		e = edit_keywords(k->to, &name, 1, &one);
		if (!is_ok(e))
			return e;
		k->place[bit] = keywords_find(edit_all_keywords(k->to), name);
	}
	keyword_bits_set(out, k->place[bit]);
	return OK;
}

static struct err translate_keywords(struct copying *k, struct record *r)
{
	struct keyword_bits out = { 0 };
	struct err e = OK;

	for (size_t i = 0; i < KEYWORD_WORDS; i++) {
		uint64_t word = r->keywords.word[i];

		for (; word != 0 && is_ok(e); word &= word - 1) {
			size_t bit = i * 64 + (size_t)__builtin_ctzll(word);

			if (bit >= k->source->keywords.n)
				return err(ERR_CORRUPT,
				           "a message has an unknown keyword");
			e = place_keyword(k, bit, &out);
		}
	}
	r->keywords = out;
	return e;
}

static struct err copy_content(struct copying *k, uint32_t from,
                               const struct record *to)
{
	struct batch *b = k->change->batch;
	struct blob_origin origin = origin_of(k->to->mailbox, to);
	struct content content;
	struct err e = content_get(k->source, from, &content);

	/* its record is there, so this is damage, not an expunge */
	if (e.code == ERR_ABSENT)
		return err(ERR_CORRUPT, "a message's digest is missing");
	if (!is_ok(e))
		return e;
	content_put(b, k->to->mailbox, to->uid, &content);
	if (!k->move) {
		batch_keep_blob(b, &content.ids.blob, origin);
		return OK;
	}
	/* the original's count becomes the copy's */
	origin.from_mailbox = k->source->meta.id;
	origin.from_uid = from;
	batch_refer(b, &content.ids.blob, origin);
	return OK;
}

/* What of the records' flags comes along: \Seen is the owner's. */
static uint8_t may_set(const struct copying *k)
{
	bool apart = seen_is_apart(k->change->account, k->may.user);

	return k->may.flags | (apart ? FLAG_SEEN : 0);
}

static struct err copy_record(struct copying *k, const struct record *original)
{
	const struct clock *clock = account_clock(k->change->account);
	struct record r = *original;
	struct err e;

	r.flags &= may_set(k);
	if (!k->may.keywords)
		r.keywords = (struct keyword_bits){ 0 };
	e = translate_keywords(k, &r);
	r.savedate = (uint32_t)clock->wall_s(clock);
	if (is_ok(e) && k->move)
		change_add_room(k->change, r.size, 1);
	else if (is_ok(e))
		e = change_take_room(k->change, r.size, 1);
	if (is_ok(e))
		e = appender_add(&k->appender, k->change, &r);
	if (is_ok(e))
		e = copy_content(k, original->uid, &r);
	if (!is_ok(e))
		return e;
	uidset_add(k->from_uids, original->uid);
	uidset_add(k->to_uids, r.uid);
	return OK;
}

static struct err copy_chunk(struct copying *k, const struct chunk *c,
                             struct uid_scan *scan)
{
	struct err e = OK;

	for (size_t i = 0; is_ok(e) && i < c->count; i++) {
		struct record r;

		chunk_record(c, i, &r);
		if (uid_scan_has(scan, r.uid))
			e = copy_record(k, &r);
	}
	return e;
}

static struct err copy_all(struct copying *k, const struct uidset *uids)
{
	struct chunk_walk w = chunk_walk(k->source);
	struct uid_scan scan = { uids, 0 };
	uint32_t wanted = uid_scan_next(&scan, 1);
	struct chunk c;

	while (wanted != 0 && chunk_walk_next(&w, wanted, &c)) {
		struct err e = copy_chunk(k, &c, &scan);

		if (!is_ok(e))
			return e;
		wanted = uid_scan_next(&scan, c.last + 1);
	}
	return w.e;
}

static struct err copy_records(struct copying *k, const struct uidset *uids)
{
	size_t place[LIMIT_KEYWORDS];
	bool same = k->source == k->to->mailbox;
	struct err e;

	for (size_t i = 0; i < LIMIT_KEYWORDS; i++)
		place[i] = NOT_PLACED;
	k->place = place;
	/* the last chunk may lose records in the same batch: begin another */
	e = appender_begin(&k->appender, k->change, k->to, same);
	if (is_ok(e))
		e = copy_all(k, uids);
	if (is_ok(e))
		appender_end(&k->appender);
	return e;
}

struct err transfer_records(struct change *c, struct edit *source,
                            const struct uidset *uids, struct edit *destination,
                            bool move, struct copied *out)
{
	struct copying k = {
		.change = c,
		.source = source->mailbox,
		.to = destination,
		.move = move,
		.from_uids = out->from,
		.to_uids = out->to,
		.may = out->may,
	};
	struct uidset expunged = { 0 };
	struct err e;

	uidset_clear(out->from);
	uidset_clear(out->to);
	e = copy_records(&k, uids);
	if (!is_ok(e) || uidset_is_empty(out->from))
		return e;
	e = seen_copy(source, destination, out);
	if (is_ok(e) && move)
		e = expunge_records(c, source, out->from, EXPUNGE_MOVED,
		                    &expunged);
	uidset_free(&expunged);
	if (!is_ok(e))
		return e;
	edit_put(destination, c);
	if (move && source != destination)
		edit_put(source, c);
	return OK;
}

void transfer_committed(struct mailbox *source, struct mailbox *destination,
                        bool move, const struct copied *out)
{
	append_committed(destination, out->to);
	if (move)
		expunge_committed(source, out->from);
}

struct copy {
	struct change change;
	struct edit source;
	struct edit other;        /* the destination's, if it is another one */
	struct edit *destination; /* one of the two */
	bool move;
};

static struct err copy_locked(struct copy *k, const struct uidset *uids,
                              struct copied *out)
{
	struct err e;

	if (k->source.mailbox->gone)
		return err(ERR_NONEXISTENT, "the mailbox has been deleted");
	if (k->destination->mailbox->gone)
		return err(ERR_TRYCREATE, "the mailbox has been deleted");
	e = transfer_records(&k->change, &k->source, uids, k->destination,
	                     k->move, out);
	if (!is_ok(e) || uidset_is_empty(out->from))
		return e;
	return change_commit(&k->change);
}

static struct err copy_piece(struct mailbox *source, const struct uidset *uids,
                             struct mailbox *destination, bool move,
                             struct copied *out)
{
	struct copy k = { .move = move };
	bool done;
	struct err e;

	uidset_clear(out->from);
	uidset_clear(out->to);
	change_begin(&k.change, source->account);
	edit_begin(&k.source, source);
	edit_begin(&k.other, destination);
	k.destination = source == destination ? &k.source : &k.other;
	e = copy_locked(&k, uids, out);
	done = is_ok(e) && !uidset_is_empty(out->from);
	if (k.destination == &k.other)
		edit_end(&k.other, done);
	edit_end(&k.source, done);
	if (done) {
		transfer_committed(source, destination, move, out);
	} else {
		uidset_clear(out->from);
		uidset_clear(out->to);
	}
	change_end(&k.change);
	return e;
}

/* Only what is there now: the copies may get UIDs that were asked for. */
static struct err move_pieces(struct mailbox *source, const struct uidset *uids,
                              struct mailbox *destination, struct copied *out)
{
	struct uidset left = { 0 };
	struct uidset piece = { 0 };
	struct uidset from = { 0 };
	struct uidset to = { 0 };
	struct copied moved = { &from, &to, out->may };
	struct err e;

	uidset_intersect(uids, mailbox_uids(source), &left);
	do {
		uidset_take(&left, MOVE_PIECE, &piece);
		e = copy_piece(source, &piece, destination, true, &moved);
		uidset_union(out->from, &from);
		uidset_union(out->to, &to);
	} while (is_ok(e) && !uidset_is_empty(&left));
	uidset_free(&left);
	uidset_free(&piece);
	uidset_free(&from);
	uidset_free(&to);
	return e;
}

struct err mailbox_copy_allowed(struct mailbox *source,
                                const struct uidset *uids,
                                struct mailbox *destination, bool move,
                                struct flag_rights may, struct uidset *from,
                                struct uidset *to)
{
	struct copied out = { from, to, may };

	assert(source->account == destination->account);
	uidset_clear(from);
	uidset_clear(to);
	if (!move)
		return copy_piece(source, uids, destination, false, &out);
	return move_pieces(source, uids, destination, &out);
}

struct err mailbox_copy(struct mailbox *source, const struct uidset *uids,
                        struct mailbox *destination, bool move,
                        struct uidset *from, struct uidset *to)
{
	return mailbox_copy_allowed(source, uids, destination, move, every_flag,
	                            from, to);
}
