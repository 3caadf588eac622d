/*
 * sort.c -- see sort.h.
 *
 * One key after the other, the last first: the sort is stable, so what an
 * earlier key leaves equal stays in the order of the later ones, and at last
 * in that of UIDs.
 *
 * A number is its entry's key. Of a text the first 8 octets are, and HELD
 * more are kept, with a hash of the rest: those with one key are sorted by
 * what is held. Messages whose texts agree in all but the hash are sorted by
 * the next PIECE octets of them, and so on. So a message costs bounded memory,
 * whatever is in it, and time in proportion to its text.
 *
 * What sorting by a text has found is remembered (ranks.h), and is a number
 * the next time.
 */
#include "mailbox/sort.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "mailbox/content.h"
#include "mailbox/order.h"
#include "mailbox/ranks.h"

enum {
	PREFIX = 8, /* octets of a text in its entry's key */
	HELD = 118, /* octets behind those */
	PIECE = PREFIX + HELD,
	CUT = 0xff, /* in place of their number: there are more, */
	REST = 8,   /* octets, a hash of all that is behind the prefix */
	SLICE = 64, /* messages between two looks at the clock */
	MANY = 4,   /* of how many one is worth a walk */
};

/* What is held of each is found by 32 bits, twice over (break_ties). */
static const uint64_t most_messages = UINT32_MAX / 2 / (1 + HELD + REST);

struct sorter {
	struct mailbox *mailbox;
	const struct uidset *uids;
	uint32_t *uid; /* of those that were there, in order */
	struct order_entry *v;
	struct order_entry *spare;
	size_t n;
	size_t at; /* while one key is read: the next */
	const struct sort_key *key;
	enum digest_field text; /* the key's, if it is a text */
	struct buf texts;       /* number or CUT, octets, REST; more is where */
	struct err e;
};

/* -- reading keys -- */

/* The entry of a message; keys are read in the order of UIDs. NULL for one
 * that is not among those to be sorted. */
static struct order_entry *entry_of(struct sorter *s, uint32_t uid)
{
	while (s->at < s->n && s->uid[s->at] < uid)
		s->at++;
	if (s->at == s->n || s->uid[s->at] != uid)
		return NULL;
	return &s->spare[s->at];
}

/* Time for others, now and then. False: there is an error. */
static bool go_on(struct sorter *s, size_t n)
{
	if (n % SLICE == 0 && is_ok(s->e))
		s->e = task_go_on();
	return is_ok(s->e);
}

/* What sorts in the order that is wanted. */
static uint64_t turned(const struct sorter *s, uint64_t key)
{
	return s->key->reverse ? ~key : key;
}

static void put_number(struct sorter *s, uint32_t uid, uint64_t key)
{
	struct order_entry *entry = entry_of(s, uid);

	if (entry != NULL)
		entry->key = turned(s, key);
}

static uint64_t number_of(enum sort_field field, const struct record *r)
{
	if (field == SORT_SIZE)
		return r->size;
	return order_key(field == SORT_DATE ? r->sent : r->internaldate);
}

static void read_records(struct sorter *s)
{
	struct record_walk w = mailbox_walk(s->mailbox, s->uids);
	struct record r;
	size_t n = 0;

	while (go_on(s, n++) && record_walk_next(&w, &r))
		put_number(s, r.uid, number_of(s->key->field, &r));
	if (is_ok(s->e))
		s->e = w.e;
}

static void read_given(struct sorter *s)
{
	for (size_t i = 0; i < s->n && go_on(s, i); i++)
		s->spare[i].key = turned(s, s->key->given[i]);
}

static uint64_t prefix_of(struct slice text)
{
	char octets[PREFIX] = { 0 };

	if (text.len != 0)
		memcpy(octets, text.ptr, text.len < PREFIX ? text.len : PREFIX);
	return get_be64(octets);
}

/* Where the octets behind the prefix are kept; 0: there are none. */
static uint32_t hold(struct sorter *s, struct slice text)
{
	struct slice more = slice_from(text, PREFIX);
	size_t at = s->texts.len;

	if (more.len == 0)
		return 0;
	assert(at + 1 + HELD + REST <= UINT32_MAX);
	buf_byte(&s->texts, (char)(more.len > HELD ? CUT : more.len));
	buf_add(&s->texts, slice_first(more, HELD));
	if (more.len > HELD)
		buf_u64(&s->texts, hash_keyed(more));
	return (uint32_t)at;
}

static void put_text(struct sorter *s, struct order_entry *entry,
                     struct slice text)
{
	entry->key = turned(s, prefix_of(text));
	entry->more = hold(s, text);
}

static void read_texts(struct sorter *s)
{
	struct digest_walk w = mailbox_digest_walk(s->mailbox, s->uids);
	struct digest d;
	uint32_t uid;
	size_t n = 0;

	s->texts.len = 0;
	buf_byte(&s->texts, 0); /* so that no text is held at 0 */
	while (go_on(s, n++) && digest_walk_next(&w, &uid, &d)) {
		struct order_entry *entry = entry_of(s, uid);

		if (entry != NULL)
			put_text(s, entry, digest_field(&d, s->text));
	}
	if (is_ok(s->e))
		s->e = w.e;
}

/* -- comparing -- */

/* What is held of a text behind its prefix. */
static struct slice held(const struct sorter *s, uint32_t more, bool *cut)
{
	const char *p = s->texts.data + more;
	uint8_t len = (uint8_t)*p;

	*cut = more != 0 && len == CUT;
	if (more == 0)
		return S("");
	return slice_of(p + 1, *cut ? (size_t)HELD : len);
}

static int by_held(void *context, const struct order_entry *a,
                   const struct order_entry *b)
{
	const struct sorter *s = context;
	bool cut_a, cut_b;
	int order =
		slice_cmp(held(s, a->more, &cut_a), held(s, b->more, &cut_b));

	if (order == 0)
		order = (int)cut_a - (int)cut_b;
	return s->key->reverse ? -order : order;
}

static bool are_equal(struct sorter *s, const struct order_entry *a,
                      const struct order_entry *b)
{
	return a->key == b->key && by_held(s, a, b) == 0;
}

/* -- texts that agree for long -- */

/* Entries in a row whose texts agree up to `from`, and go on. */
struct tie {
	size_t first;
	size_t end;
	size_t from;
};

struct ties {
	struct tie *v;
	size_t n;
	size_t cap;
};

static void add_tie(struct ties *t, size_t first, size_t end, size_t from)
{
	if (t->n == t->cap) {
		t->cap = t->cap * 2 + 16;
		t->v = mem_resize(t->v, t->cap, sizeof *t->v);
	}
	t->v[t->n++] = (struct tie){ first, end, from };
}

/* Are these two, which have been CUT, the same to their ends? */
static bool is_same(const struct sorter *s, const struct order_entry *a,
                    const struct order_entry *b)
{
	const char *texts = s->texts.data + 1 + HELD;

	return memcmp(texts + a->more, texts + b->more, REST) == 0;
}

static void find_ties(struct sorter *s, struct tie in, struct ties *out)
{
	size_t next;
	bool cut;

	for (size_t i = in.first; i < in.end && go_on(s, i); i = next) {
		bool same = true;

		held(s, s->v[i].more, &cut);
		for (next = i + 1; cut && next < in.end &&
		                   are_equal(s, &s->v[i], &s->v[next]);
		     next++)
			same = same && is_same(s, &s->v[i], &s->v[next]);
		if (!same)
			add_tie(out, i, next, in.from + PIECE);
	}
}

/* The same of many: in the order of UIDs, in which that costs half. */
static void read_many_pieces(struct sorter *s, struct tie in)
{
	struct digest_walk w = mailbox_digest_walk(s->mailbox, s->uids);
	struct order_entry **entries = mem_new(s->n, sizeof *entries);
	struct digest d;
	uint32_t uid;

	for (size_t i = in.first; i < in.end && go_on(s, i); i++) {
		entries[s->v[i].at] = &s->v[i];
		put_text(s, &s->v[i], S(""));
	}
	s->at = 0;
	for (size_t n = 0; go_on(s, n) && digest_walk_next(&w, &uid, &d); n++) {
		const struct order_entry *here = entry_of(s, uid);
		struct slice text = digest_field(&d, s->text);

		if (here != NULL && entries[here - s->spare] != NULL)
			put_text(s, entries[here - s->spare],
			         slice_from(text, in.from));
	}
	if (is_ok(s->e))
		s->e = w.e;
	free(entries);
}

/* The next piece of the text of each. */
static void read_pieces(struct sorter *s, struct tie in)
{
	for (size_t i = in.first; i < in.end && is_ok(s->e); i++) {
		struct order_entry *entry = &s->v[i];
		struct slice text = S("");
		struct digest d;
		struct err e =
			content_fields(s->mailbox, s->uid[entry->at], &d);

		if (is_ok(e))
			text = digest_field(&d, s->text);
		else if (e.code != ERR_ABSENT)
			s->e = e;
		put_text(s, entry, slice_from(text, in.from));
		go_on(s, 0);
	}
}

/* Sorts a few of the entries where they are: by key, or what is held. */
static void sort_some(struct sorter *s, size_t first, size_t end, bool by_key)
{
	struct order_entry *from = s->v + first;
	struct order_entry *v = from;
	struct order_entry *spare = s->spare + first;

	if (by_key)
		s->e = order_sort(&v, &spare, end - first);
	else
		s->e = order_sort_by(&v, &spare, end - first, by_held, s);
	if (v != from)
		memcpy(from, v, (end - first) * sizeof *v);
}

/* Those with one key are in a row. */
static void sort_held(struct sorter *s, struct tie in)
{
	size_t end;

	for (size_t i = in.first; i < in.end && go_on(s, i); i = end) {
		for (end = i + 1; end < in.end && s->v[i].key == s->v[end].key;)
			end++;
		if (end - i > 1)
			sort_some(s, i, end, false);
	}
}

static void break_tie(struct sorter *s, struct tie tie, struct ties *more)
{
	size_t before = s->texts.len;

	if (tie.end - tie.first > s->n / MANY)
		read_many_pieces(s, tie);
	else
		read_pieces(s, tie);
	if (is_ok(s->e))
		sort_some(s, tie.first, tie.end, true);
	sort_held(s, tie);
	find_ties(s, tie, more);
	s->texts.len = before;
}

/* -- what is remembered -- */

/* Is there a number for each text? Then these are the keys. */
static bool read_ranks(struct sorter *s)
{
	struct ranks *ranks =
		s->n >= RANKS_LEAST ? ranks_take(s->mailbox, s->text) : NULL;
	const struct rank *found = NULL;
	size_t at = 0;

	if (ranks == NULL)
		return false;
	for (size_t i = 0; i < s->n && go_on(s, i); i++) {
		found = ranks_find(ranks, s->uid[i], &at);
		if (found == NULL)
			break;
		s->spare[i].key = turned(s, found->rank);
	}
	ranks_give(s->mailbox, ranks);
	return found != NULL || !is_ok(s->e);
}

/* All are in order, and what is held of each is all that tells it apart. */
static void remember(struct sorter *s)
{
	struct ranks *ranks = ranks_new(s->text, s->n);
	uint32_t rank = s->key->reverse ? UINT32_MAX : 0;

	for (size_t i = 0; i < s->n && go_on(s, i); i++) {
		uint32_t at = s->v[i].at;

		if (i != 0 && !are_equal(s, &s->v[i - 1], &s->v[i]))
			rank += s->key->reverse ? UINT32_MAX : 1;
		ranks->v[at] = (struct rank){ s->uid[at], rank };
	}
	if (is_ok(s->e))
		ranks_give(s->mailbox, ranks);
	else
		ranks_free(ranks);
}

/* By what is behind the prefix. */
static void sort_texts(struct sorter *s)
{
	struct tie all = { 0, s->n, 0 };
	struct ties ties = { 0 };

	sort_held(s, all);
	find_ties(s, all, &ties);
	if (ties.n == 0 && s->n >= RANKS_LEAST)
		remember(s);
	while (ties.n != 0 && is_ok(s->e))
		break_tie(s, ties.v[--ties.n], &ties);
	free(ties.v);
}

/* -- sorting -- */

static const struct way {
	void (*read)(struct sorter *);
	enum digest_field text;
} ways[SORT_FIELDS] = {
	[SORT_ARRIVAL] = { read_records },
	[SORT_CC] = { read_texts, DIGEST_CC_MAILBOX },
	[SORT_DATE] = { read_records },
	[SORT_DISPLAYFROM] = { read_texts, DIGEST_FROM_NAME },
	[SORT_DISPLAYTO] = { read_texts, DIGEST_TO_NAME },
	[SORT_FROM] = { read_texts, DIGEST_FROM_MAILBOX },
	[SORT_GIVEN] = { read_given },
	[SORT_SIZE] = { read_records },
	[SORT_SUBJECT] = { read_texts, DIGEST_BASE_SUBJECT },
	[SORT_TO] = { read_texts, DIGEST_TO_MAILBOX },
};

/* The keys that were read, in the order of UIDs, to the entries in theirs. */
static void deal(struct sorter *s)
{
	for (size_t i = 0; i < s->n && go_on(s, i); i++) {
		uint32_t at = s->v[i].at;

		s->v[i].key = s->spare[at].key;
		s->v[i].more = s->spare[at].more;
	}
}

/* For who has gone meanwhile: what an entry had for another key is of no use,
 * and its `more` may be anywhere in other texts. */
static void forget_keys(struct sorter *s)
{
	for (size_t i = 0; i < s->n && go_on(s, i); i++)
		s->spare[i] = (struct order_entry){ .key = turned(s, 0) };
}

static void sort_by(struct sorter *s, const struct sort_key *key)
{
	const struct way *way = &ways[key->field];
	bool by_text = way->read == read_texts;

	s->key = key;
	s->text = way->text;
	s->at = 0;
	if (by_text && read_ranks(s)) {
		by_text = false;
	} else {
		forget_keys(s);
		way->read(s);
	}
	if (is_ok(s->e))
		deal(s);
	if (is_ok(s->e))
		s->e = order_sort(&s->v, &s->spare, s->n);
	if (is_ok(s->e) && by_text)
		sort_texts(s);
}

static struct sorter *sorter_new(struct mailbox *m, const struct uidset *uids)
{
	struct sorter *s = mem_new(1, sizeof *s);
	size_t n = (size_t)uidset_count(uids);
	uint32_t uid = 0;

	*s = (struct sorter){ .mailbox = m, .uids = uids };
	s->uid = mem_new(n, sizeof *s->uid);
	s->v = mem_new(n, sizeof *s->v);
	s->spare = mem_new(n, sizeof *s->spare);
	while (uidset_next(uids, &uid)) {
		s->v[s->n].at = (uint32_t)s->n;
		s->uid[s->n++] = uid;
	}
	return s;
}

static void sorter_free(struct sorter *s)
{
	buf_free(&s->texts);
	free(s->uid);
	free(s->v);
	free(s->spare);
	free(s);
}

struct err mailbox_sort(struct mailbox *m, const struct uidset *uids,
                        const struct sort_key *keys, size_t n_keys,
                        uint32_t *out)
{
	struct sorter *s;
	struct err e;

	if (uidset_count(uids) > most_messages)
		return err(ERR_LIMIT, "too many messages to sort");
	s = sorter_new(m, uids);
	for (size_t i = n_keys; i-- != 0 && is_ok(s->e);)
		sort_by(s, &keys[i]);
	for (size_t i = 0; i < s->n && is_ok(s->e); i++)
		out[i] = s->uid[s->v[i].at];
	e = s->e;
	sorter_free(s);
	return e;
}
