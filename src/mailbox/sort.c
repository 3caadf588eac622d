/*
 * sort.c -- see sort.h.
 *
 * One key after the other, the last first: the sort is stable, so what an
 * earlier key leaves equal stays in the order of the later ones, and at last
 * in that of UIDs.
 *
 * A number is its entry's key. Of a text the first 8 octets are, and HELD
 * more are kept, with a hash of the rest. Messages whose texts agree in all
 * but the hash are sorted by the next PIECE octets of them, and so on. So a
 * message costs bounded memory, whatever is in it, and time in proportion to
 * its text.
 */
#include "mailbox/sort.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "mailbox/order.h"

enum {
	PREFIX = 8, /* octets of a text in its entry's key */
	HELD = 118, /* octets behind those */
	PIECE = PREFIX + HELD,
	CUT = 0xff, /* in place of their number: there are more, */
	REST = 8,   /* octets, a hash of all that is behind the prefix */
	SLICE = 64, /* messages between two looks at the clock */
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

static void put_number(struct sorter *s, uint32_t uid, uint64_t key)
{
	struct order_entry *entry = entry_of(s, uid);

	if (entry != NULL)
		entry->key = key;
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
	entry->key = prefix_of(text);
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

static int by_number(void *context, const struct order_entry *a,
                     const struct order_entry *b)
{
	const struct sorter *s = context;
	int order = order_by_key(NULL, a, b);

	return s->key->reverse ? -order : order;
}

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

static int compare_held(const struct sorter *s, const struct order_entry *a,
                        const struct order_entry *b)
{
	bool cut_a, cut_b;
	int order =
		slice_cmp(held(s, a->more, &cut_a), held(s, b->more, &cut_b));

	return order != 0 ? order : (int)cut_a - (int)cut_b;
}

static int by_text(void *context, const struct order_entry *a,
                   const struct order_entry *b)
{
	const struct sorter *s = context;
	int order = order_by_key(NULL, a, b);

	if (order == 0)
		order = compare_held(s, a, b);
	return s->key->reverse ? -order : order;
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
		                   by_text(s, &s->v[i], &s->v[next]) == 0;
		     next++)
			same = same && is_same(s, &s->v[i], &s->v[next]);
		if (!same)
			add_tie(out, i, next, in.from + PIECE);
	}
}

/* The next piece of the text of each. */
static void read_pieces(struct sorter *s, struct tie in)
{
	for (size_t i = in.first; i < in.end && is_ok(s->e); i++) {
		struct order_entry *entry = &s->v[i];
		struct slice text = S("");
		struct digest d;
		struct err e =
			mailbox_digest(s->mailbox, s->uid[entry->at], &d);

		if (is_ok(e))
			text = digest_field(&d, s->text);
		else if (e.code != ERR_ABSENT)
			s->e = e;
		put_text(s, entry, slice_from(text, in.from));
		go_on(s, 0);
	}
}

/* Sorts a few of the entries where they are. */
static void sort_some(struct sorter *s, struct tie in)
{
	struct order_entry *from = s->v + in.first;
	struct order_entry *v = from;
	struct order_entry *spare = s->spare + in.first;

	if (!is_ok(s->e))
		return;
	s->e = order_sort(&v, &spare, in.end - in.first, by_text, s);
	if (v != from)
		memcpy(from, v, (in.end - in.first) * sizeof *v);
}

static void break_ties(struct sorter *s)
{
	struct ties ties = { 0 };

	find_ties(s, (struct tie){ 0, s->n, 0 }, &ties);
	while (ties.n != 0 && is_ok(s->e)) {
		struct tie tie = ties.v[--ties.n];
		size_t before = s->texts.len;

		read_pieces(s, tie);
		sort_some(s, tie);
		find_ties(s, tie, &ties);
		s->texts.len = before;
	}
	free(ties.v);
}

/* -- sorting -- */

static const struct way {
	void (*read)(struct sorter *);
	order_compare *compare;
	enum digest_field text;
} ways[SORT_FIELDS] = {
	[SORT_ARRIVAL] = { read_records, by_number },
	[SORT_CC] = { read_texts, by_text, DIGEST_CC_MAILBOX },
	[SORT_DATE] = { read_records, by_number },
	[SORT_DISPLAYFROM] = { read_texts, by_text, DIGEST_FROM_NAME },
	[SORT_DISPLAYTO] = { read_texts, by_text, DIGEST_TO_NAME },
	[SORT_FROM] = { read_texts, by_text, DIGEST_FROM_MAILBOX },
	[SORT_SIZE] = { read_records, by_number },
	[SORT_SUBJECT] = { read_texts, by_text, DIGEST_BASE_SUBJECT },
	[SORT_TO] = { read_texts, by_text, DIGEST_TO_MAILBOX },
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

static void sort_by(struct sorter *s, const struct sort_key *key)
{
	const struct way *way = &ways[key->field];

	s->key = key;
	s->text = way->text;
	s->at = 0;
	way->read(s);
	if (!is_ok(s->e))
		return;
	deal(s);
	if (is_ok(s->e))
		s->e = order_sort(&s->v, &s->spare, s->n, way->compare, s);
	if (is_ok(s->e) && way->read == read_texts)
		break_ties(s);
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
