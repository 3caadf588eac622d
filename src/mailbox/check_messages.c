/*
 * check_messages.c -- a mailbox's records, digests and expunge log, and what
 * visitors have seen of it.
 *
 * Records and digests are walked side by side: each UID must be in both.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "mailbox/check_internal.h"
#include "mailbox/content.h"
#include "mailbox/seen.h"
#include "mailbox/vanished.h"

struct side {
	struct check *check;
	const struct mailbox_meta *meta;
	size_t keywords;
	struct store_cursor digests;
	struct cursor_row row; /* the next digest's, if has_row */
	bool has_row;
	uint32_t last; /* UID of the record before */
	uint32_t last_key;
	struct uidset uids;
};

static struct store_cursor rows_of(struct check *k, enum table table,
                                   uint32_t id)
{
	struct store_key prefix = key_messages(k->account, table, id);

	return store_cursor(k->partition, store_key_slice(&prefix),
	                    (struct slice){ NULL, 0 });
}

/* -- digests -- */

static void check_blob(struct check *k, const struct content_hash *blob,
                       uint32_t uid)
{
	struct store_key key = key_blob(blob);
	struct slice value;
	struct err e = store_get(k->partition, store_key_slice(&key), &value);

	if (e.code == ERR_ABSENT)
		check_problem(k, "UID %u: its blob is not there", uid);
	else if (!is_ok(e))
		k->e = e;
}

static void check_digest(struct check *k, struct slice row,
                         const struct record *r)
{
	struct content content;
	struct digest digest;
	struct err e = content_open(row, &content);

	if (is_ok(e))
		e = digest_open(content.digest, &digest);
	if (!is_ok(e)) {
		check_problem(k, "UID %u: the digest is damaged", r->uid);
		return;
	}
	if (digest.size != r->size)
		check_problem(k, "UID %u: %u octets, its digest says %u",
		              r->uid, r->size, digest.size);
	if (digest_date(&digest, r->internaldate) != r->sent)
		check_problem(k, "UID %u: its digest has another date", r->uid);
	if (content.ids.thread == 0)
		check_problem(k, "UID %u: it has no thread", r->uid);
	check_blob(k, &content.ids.blob, r->uid);
}

static bool peek_digest(struct side *s)
{
	if (!s->has_row && store_cursor_next(&s->digests, &s->row)) {
		s->has_row = true;
		s->check->rows[T_DIGEST]++;
	}
	return s->has_row;
}

/* Digests below `uid` have no record. */
static void pass_digests(struct side *s, uint64_t uid)
{
	while (peek_digest(s) && key_uid(s->row.key) < uid) {
		check_problem(s->check, "UID %u: a digest without a record",
		              key_uid(s->row.key));
		s->has_row = false;
	}
	if (!is_ok(s->digests.e))
		s->check->e = s->digests.e;
}

static void match_digest(struct side *s, const struct record *r)
{
	pass_digests(s, r->uid);
	if (!s->has_row || key_uid(s->row.key) != r->uid) {
		check_problem(s->check, "UID %u: no digest", r->uid);
		return;
	}
	check_digest(s->check, s->row.value, r);
	s->has_row = false;
}

/* -- records -- */

static void check_record(struct side *s, const struct record *r)
{
	struct check *k = s->check;

	if (r->uid <= s->last)
		check_problem(k, "UID %u comes after UID %u", r->uid, s->last);
	if (r->uid >= s->meta->uidnext)
		check_problem(k, "UID %u is not below UIDNEXT %u", r->uid,
		              s->meta->uidnext);
	if (r->modseq == 0 || r->modseq > s->meta->highestmodseq)
		check_problem(k, "UID %u: its modseq is above the mailbox's",
		              r->uid);
	for (size_t i = s->keywords; i < LIMIT_KEYWORDS; i++) {
		if (keyword_bits_has(&r->keywords, i))
			check_problem(k, "UID %u: keyword %zu has no name",
			              r->uid, i);
	}
	s->last = r->uid;
	mailbox_meta_count(&k->found, r, 1);
	uidset_add(&s->uids, r->uid);
	match_digest(s, r);
}

/* The head, compared with what the records say. */
static void check_head(struct check *k, const struct chunk *c)
{
	struct chunk sum = { .all = UINT8_MAX };
	struct record r;

	for (size_t i = 0; i < c->count; i++) {
		chunk_record(c, i, &r);
		sum.unseen = (uint16_t)(sum.unseen + !(r.flags & FLAG_SEEN));
		sum.deleted =
			(uint16_t)(sum.deleted + !!(r.flags & FLAG_DELETED));
		sum.any |= r.flags;
		sum.all &= r.flags;
		sum.last = r.uid;
		sum.modseq = r.modseq > sum.modseq ? r.modseq : sum.modseq;
	}
	if (sum.unseen != c->unseen || sum.deleted != c->deleted ||
	    sum.any != c->any || sum.all != c->all || sum.last != c->last ||
	    sum.modseq != c->modseq)
		check_problem(k, "records from UID %u: the head is wrong",
		              c->first);
}

/* The head that stands alone, compared with the chunk's. */
static void check_copy(struct side *s, const struct cursor_row *chunk)
{
	struct check *k = s->check;
	struct store_key key = key_message(k->account, T_HEADS, s->meta->id,
	                                   key_uid(chunk->key));
	struct slice head;
	struct err e = store_get(k->partition, store_key_slice(&key), &head);

	k->rows[T_HEADS] += is_ok(e);
	if (is_ok(e) ? !slice_eq(head, slice_first(chunk->value, CHUNK_HEAD))
	             : e.code == ERR_ABSENT)
		check_problem(k,
		              "records from UID %u: their head is not "
		              "the one that is looked at",
		              key_uid(chunk->key));
	else if (!is_ok(e))
		k->e = e;
}

static void check_chunk(struct side *s, const struct cursor_row *row)
{
	struct check *k = s->check;
	struct chunk c;
	struct record r;

	k->rows[T_RECORDS]++;
	s->last_key = key_uid(row->key);
	if (!is_ok(chunk_open(row->value, &c))) {
		check_problem(k, "records from UID %u are damaged",
		              s->last_key);
		return;
	}
	if (c.first != s->last_key)
		check_problem(k, "records from UID %u begin with UID %u",
		              s->last_key, c.first);
	check_head(k, &c);
	check_copy(s, row);
	for (size_t i = 0; i < c.count; i++) {
		chunk_record(&c, i, &r);
		check_record(s, &r);
	}
}

/* -- the expunge log -- */

static bool is_any_there(const struct side *s, const struct uidrange *v,
                         size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = uidset_find(&s->uids, v[i].first);

		if (at < s->uids.n && s->uids.v[at].first <= v[i].last)
			return true;
	}
	return false;
}

static void check_log_row(struct side *s, const struct cursor_row *row)
{
	struct check *k = s->check;
	uint64_t modseq = key_modseq(row->key);
	struct uidrange *v =
		mem_new(row->value.len / RANGE_BYTES + 1, sizeof *v);
	size_t n;

	if (modseq > s->meta->highestmodseq || modseq <= s->meta->log_floor)
		check_problem(k, "an expunge is not between its log's floor "
		                 "and the mailbox's modseq");
	if (!is_ok(vanished_open(row->value, v, &n)))
		check_problem(k, "the expunge log is damaged");
	else if (is_any_there(s, v, n))
		check_problem(k, "a UID is there and expunged");
	else if (v[n - 1].last >= s->meta->uidnext)
		check_problem(k, "a UID is expunged and above UIDNEXT");
	k->found.log_ranges += (uint32_t)n;
	free(v);
}

static void check_log(struct side *s)
{
	struct check *k = s->check;
	struct store_cursor c = rows_of(k, T_EXPUNGED, s->meta->id);
	struct cursor_row row;

	while (store_cursor_next(&c, &row)) {
		k->rows[T_EXPUNGED]++;
		check_log_row(s, &row);
	}
	if (!is_ok(c.e))
		k->e = c.e;
	if (s->meta->log_ranges > LIMIT_EXPUNGE_LOG)
		check_problem(k, "the expunge log is longer than it may be");
}

/* -- what visitors have seen -- */

/* Is the row what its messages make? */
static bool is_packed(const struct side *s, const struct seen_row *row)
{
	struct uidset said = { 0 };
	struct uidset exact = { 0 };
	struct uidset packed = { 0 };
	bool same;

	for (size_t i = 0; i < row->n; i++)
		uidset_add_range(&said, row->v[i].first, row->v[i].last);
	uidset_intersect(&said, &s->uids, &exact);
	seen_pack(&exact, &s->uids, &packed);
	same = uidset_eq(&said, &packed) && uidset_count(&exact) == row->count;
	uidset_free(&said);
	uidset_free(&exact);
	uidset_free(&packed);
	return same;
}

static void check_seen_row(struct side *s, const struct cursor_row *row)
{
	struct check *k = s->check;
	uint64_t user = key_user(row->key);
	struct uidrange *v =
		mem_new(row->value.len / RANGE_BYTES + 1, sizeof *v);
	struct seen_row seen = { .v = v };

	if (!is_ok(seen_open(row->value, &seen)))
		check_problem(k, "what %llu has seen is damaged",
		              (unsigned long long)user);
	else if (!is_packed(s, &seen))
		check_problem(k, "what %llu has seen differs from a recount",
		              (unsigned long long)user);
	else if (seen.modseq == 0 || seen.modseq > s->meta->highestmodseq)
		check_problem(k,
		              "what %llu has seen is above the mailbox's "
		              "modseq",
		              (unsigned long long)user);
	if (user == 0 || user == k->account)
		check_problem(k, "what the owner has seen is not in the "
		                 "records");
	free(v);
}

static void check_seen(struct side *s)
{
	struct check *k = s->check;
	struct store_cursor c = rows_of(k, T_SEEN, s->meta->id);
	struct cursor_row row;

	while (store_cursor_next(&c, &row)) {
		k->rows[T_SEEN]++;
		check_seen_row(s, &row);
	}
	if (!is_ok(c.e))
		k->e = c.e;
}

static void compare(struct check *k, const struct mailbox_meta *meta)
{
	const struct mailbox_meta *found = &k->found;
	const struct {
		const char *what;
		uint64_t said, found;
	} counters[] = {
		{ "messages", meta->messages, found->messages },
		{ "unseen", meta->unseen, found->unseen },
		{ "deleted", meta->deleted, found->deleted },
		{ "size", meta->size, found->size },
		{ "deleted size", meta->deleted_size, found->deleted_size },
		{ "expunge log", meta->log_ranges, found->log_ranges },
	};

	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
		if (counters[i].said != counters[i].found)
			check_problem(k, "%s: %llu, a recount finds %llu",
			              counters[i].what,
			              (unsigned long long)counters[i].said,
			              (unsigned long long)counters[i].found);
	}
}

void check_messages(struct check *k, const struct mailbox_meta *meta,
                    size_t n_keywords)
{
	struct side s = { .check = k, .meta = meta, .keywords = n_keywords };
	struct store_cursor c = rows_of(k, T_RECORDS, meta->id);
	struct cursor_row row;

	k->found = (struct mailbox_meta){ 0 };
	s.digests = rows_of(k, T_DIGEST, meta->id);
	while (store_cursor_next(&c, &row))
		check_chunk(&s, &row);
	if (!is_ok(c.e))
		k->e = c.e;
	pass_digests(&s, UINT64_MAX);
	check_log(&s);
	check_seen(&s);
	compare(k, meta);
	if (meta->last_chunk != 0 && meta->last_chunk != s.last_key)
		check_problem(k, "its last records are not where it says");
	uidset_free(&s.uids);
}
