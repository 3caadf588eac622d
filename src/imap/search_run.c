/*
 * search_run.c -- from keys and a set of UIDs to the UIDs that match.
 *
 * Each key filters a set. AND hands its children, cheapest first, what the
 * one before left over; OR hands each what none before it has taken. The
 * recursion is as deep as the tree, which the parser has bounded.
 *
 * A full-text index would answer in filter_digest() and filter_message(): it
 * narrows `among` to candidates (docs/decisions/16-searching.md).
 */
#include "imap/messagelimit.h"
#include "imap/mimepart.h"
#include "imap/objectid.h"
#include "imap/progress.h"
#include "imap/search.h"
#include "imap/search_match.h"
#include "task/task.h"

struct search {
	struct session *s;
	struct view *view;
	struct mailbox *mailbox;
	uint64_t looked_at;          /* messages, by all keys */
	struct relevancy *relevancy; /* NULL: nobody wants to know */
	struct err e;
};

/* What a leaf is about, and all it needs to be decided. */
typedef void filter(struct search *, const struct search_key *,
                    const struct uidset *among, struct uidset *out);

static void run_key(struct search *, const struct search_key *,
                    const struct uidset *among, struct uidset *out);

enum { LOOK_EVERY = 64 }; /* messages between two looks at the clock */

/* One more message has been looked at: gives way when it is time to. False
 * when the client has gone, or a key has failed. */
static bool go_on(struct search *x)
{
	if (++x->looked_at % LOOK_EVERY == 0 && is_ok(x->e))
		x->e = session_progress(x->s, x->looked_at);
	return is_ok(x->e);
}

/* A message that matches so well; 0: not at all. */
static void add_scored(struct search *x, uint32_t uid, unsigned score,
                       struct uidset *out)
{
	if (score == 0)
		return;
	uidset_add(out, uid);
	if (x->relevancy != NULL)
		relevancy_note(x->relevancy, uid, score);
}

/* -- sets -- */

static void filter_all(struct search *x, const struct search_key *k,
                       const struct uidset *among, struct uidset *out)
{
	(void)x;
	(void)k;
	uidset_copy(out, among);
}

static void filter_none(struct search *x, const struct search_key *k,
                        const struct uidset *among, struct uidset *out)
{
	(void)x;
	(void)k;
	(void)among;
	uidset_clear(out);
}

static void filter_set(struct search *x, const struct search_key *k,
                       const struct uidset *among, struct uidset *out)
{
	struct uidset named = { 0 };

	x->e = session_resolve_in(x->s, x->view, &k->set,
	                          k->uid ? SET_UIDS : SET_SEARCHED, &named);
	if (is_ok(x->e))
		uidset_intersect(&named, among, out);
	uidset_free(&named);
}

/* -- records -- */

static void walk_records(struct search *x, const struct search_key *k,
                         record_test *test, const struct uidset *among,
                         struct uidset *out)
{
	struct record_walk w = view_walk(x->view, among);
	struct record r;

	while (go_on(x) && record_walk_next(&w, &r)) {
		if (test(k, &r))
			uidset_add(out, r.uid);
	}
	if (is_ok(x->e))
		x->e = w.e;
}

static void filter_record(struct search *x, const struct search_key *k,
                          const struct uidset *among, struct uidset *out)
{
	walk_records(x, k, search_record_test(k->kind), among, out);
}

static void filter_within(struct search *x, const struct search_key *k,
                          const struct uidset *among, struct uidset *out)
{
	const struct clock *clock = x->s->config->clock;
	struct search_key then = *k;

	then.seconds = clock->wall_s(clock) - k->seconds;
	filter_record(x, &then, among, out);
}

enum { FEW = 256 };

/* Whole chunks of records can be passed over by their heads, unless only a
 * few are looked at. */
static void filter_flag(struct search *x, const struct search_key *k,
                        const struct uidset *among, struct uidset *out)
{
	struct uidset all = { 0 };

	if (uidset_count(among) <= FEW) {
		filter_record(x, k, among, out);
		return;
	}
	x->e = view_find(x->view, k->mask, k->want, 0, &all);
	uidset_intersect(&all, among, out);
	uidset_free(&all);
}

static bool is_newer(const struct search_key *k, const struct record *r)
{
	return r->modseq >= k->modseq;
}

static void filter_modseq(struct search *x, const struct search_key *k,
                          const struct uidset *among, struct uidset *out)
{
	struct uidset all = { 0 };

	if (uidset_count(among) <= FEW) {
		walk_records(x, k, is_newer, among, out);
		return;
	}
	x->e = mailbox_find(x->mailbox, 0, 0,
	                    k->modseq == 0 ? 0 : k->modseq - 1, &all);
	uidset_intersect(&all, among, out);
	uidset_free(&all);
}

/* size is which of the mailbox's keywords: filter_keyword() has put it there */
static bool has_keyword(const struct search_key *k, const struct record *r)
{
	return r->keywords.word[k->size / 64] >> (k->size % 64) & 1;
}

static void filter_keyword(struct search *x, const struct search_key *k,
                           const struct uidset *among, struct uidset *out)
{
	struct search_key bit = *k;
	size_t n;
	const struct slice *names = mailbox_keywords(x->mailbox, &n);

	for (bit.size = 0; bit.size < n; bit.size++) {
		if (!slice_ieq(names[bit.size], k->name))
			continue;
		walk_records(x, &bit, has_keyword, among, out);
		return;
	}
}

/* -- digests -- */

static void filter_digest(struct search *x, const struct search_key *k,
                          const struct uidset *among, struct uidset *out)
{
	struct digest_walk w = mailbox_digest_walk(x->mailbox, among);
	digest_test *test = search_digest_test(k->kind);
	struct digest d;
	uint32_t uid;

	while (go_on(x) && digest_walk_next(&w, &uid, &d)) {
		if (test(k, &d))
			uidset_add(out, uid);
	}
	if (is_ok(x->e))
		x->e = w.e;
}

static void filter_fuzzy(struct search *x, const struct search_key *k,
                         const struct uidset *among, struct uidset *out)
{
	struct digest_walk w = mailbox_digest_walk(x->mailbox, among);
	struct digest d;
	uint32_t uid;

	while (go_on(x) && digest_walk_next(&w, &uid, &d)) {
		struct slice field =
			digest_field(&d, (enum digest_field)k->field);

		add_scored(x, uid, fuzzy_score_text(k->fuzzy, field), out);
	}
	if (is_ok(x->e))
		x->e = w.e;
}

static void filter_field(struct search *x, const struct search_key *k,
                         const struct uidset *among, struct uidset *out)
{
	if (k->fuzzy != NULL)
		filter_fuzzy(x, k, among, out);
	else
		filter_digest(x, k, among, out);
}

/* RFC 8474 section 6 */
static void filter_objectid(struct search *x, const struct search_key *k,
                            const struct uidset *among, struct uidset *out)
{
	struct digest_walk w = mailbox_digest_walk(x->mailbox, among);
	struct digest d;
	uint32_t uid;

	while (go_on(x) && digest_walk_next(&w, &uid, &d)) {
		bool is = false;
		struct err e = OK;

		if (k->kind == SEARCH_THREADID)
			is = threadid_is(&w.ids, k->name);
		else
			e = emailid_is(x->mailbox, uid, &w.ids, k->name, &is);
		if (is)
			uidset_add(out, uid);
		if (!is_ok(e) && e.code != ERR_ABSENT)
			x->e = e;
	}
	if (is_ok(x->e))
		x->e = w.e;
}

static void filter_mimepart(struct search *x, const struct search_key *k,
                            const struct uidset *among, struct uidset *out)
{
	struct digest_walk w = mailbox_digest_walk(x->mailbox, among);
	struct digest d;
	uint32_t uid;

	while (go_on(x) && digest_walk_next(&w, &uid, &d)) {
		bool is = false;
		struct err e = search_mimepart(x->s, x->mailbox, uid, &d, k,
		                               &x->looked_at, &is);

		if (is)
			uidset_add(out, uid);
		/* expunged by another session: it matches nothing */
		if (!is_ok(e) && e.code != ERR_ABSENT)
			x->e = e;
	}
	if (is_ok(x->e))
		x->e = w.e;
}

/* -- messages -- */

static void filter_message(struct search *x, const struct search_key *k,
                           const struct uidset *among, struct uidset *out)
{
	for (uint32_t uid = 0; is_ok(x->e) && uidset_next(among, &uid);) {
		unsigned score = 0;
		struct err e = search_message(x->s, x->mailbox, uid, k, &score);

		add_scored(x, uid, score, out);
		/* expunged by another session: it matches nothing */
		if (!is_ok(e) && e.code != ERR_ABSENT)
			x->e = e;
		if (is_ok(x->e))
			x->e = session_progress(x->s, ++x->looked_at);
	}
}

/* -- combinations -- */

/* Children in the order of their cost, equal ones as they were written. */
static void run_and(struct search *x, const struct search_key *k,
                    const struct uidset *among, struct uidset *out)
{
	struct uidset left = { 0 };

	uidset_copy(out, among);
	for (int cost = 0; cost < SEARCH_KINDS; cost++) {
		for (const struct search_key *i = k->child; i != NULL;
		     i = i->next) {
			if ((int)i->cost != cost || !is_ok(x->e))
				continue;
			uidset_clear(&left);
			run_key(x, i, out, &left);
			uidset_copy(out, &left);
		}
	}
	uidset_free(&left);
}

static void run_or(struct search *x, const struct search_key *k,
                   const struct uidset *among, struct uidset *out)
{
	struct uidset rest = { 0 };
	struct uidset found = { 0 };

	uidset_copy(&rest, among);
	for (const struct search_key *i = k->child; i != NULL && is_ok(x->e);
	     i = i->next) {
		uidset_clear(&found);
		run_key(x, i, &rest, &found);
		uidset_union(out, &found);
		uidset_subtract(&rest, &found);
	}
	uidset_free(&rest);
	uidset_free(&found);
}

static void run_not(struct search *x, const struct search_key *k,
                    const struct uidset *among, struct uidset *out)
{
	struct uidset found = { 0 };

	run_key(x, k->child, among, &found);
	uidset_copy(out, among);
	uidset_subtract(out, &found);
	uidset_free(&found);
}

static filter *const filters[SEARCH_KINDS] = {
	[SEARCH_AND] = run_and,
	[SEARCH_OR] = run_or,
	[SEARCH_NOT] = run_not,
	[SEARCH_ALL] = filter_all,
	[SEARCH_NONE] = filter_none,
	[SEARCH_SET] = filter_set,
	[SEARCH_FLAG] = filter_flag,
	[SEARCH_KEYWORD] = filter_keyword,
	[SEARCH_MODSEQ] = filter_modseq,
	[SEARCH_BEFORE] = filter_record,
	[SEARCH_ON] = filter_record,
	[SEARCH_SINCE] = filter_record,
	[SEARCH_OLDER] = filter_within,
	[SEARCH_YOUNGER] = filter_within,
	[SEARCH_SAVEDBEFORE] = filter_record,
	[SEARCH_SAVEDON] = filter_record,
	[SEARCH_SAVEDSINCE] = filter_record,
	[SEARCH_LARGER] = filter_record,
	[SEARCH_SMALLER] = filter_record,
	[SEARCH_SENTBEFORE] = filter_digest,
	[SEARCH_SENTON] = filter_digest,
	[SEARCH_SENTSINCE] = filter_digest,
	[SEARCH_EMAILID] = filter_objectid,
	[SEARCH_THREADID] = filter_objectid,
	[SEARCH_FIELD] = filter_field,
	[SEARCH_MIMEPART] = filter_mimepart,
	[SEARCH_HEADER] = filter_message,
	[SEARCH_BODY] = filter_message,
	[SEARCH_TEXT] = filter_message,
};

static void run_key(struct search *x, const struct search_key *k,
                    const struct uidset *among, struct uidset *out)
{
	uint8_t *then;

	if (is_ok(x->e))
		x->e = session_progress(x->s, x->looked_at);
	if (!is_ok(x->e))
		return;
	if (k->child == NULL || x->relevancy == NULL) {
		filters[k->kind](x, k, among, out);
		return;
	}
	/* what only some of its children match, it doesn't */
	then = relevancy_now(x->relevancy);
	filters[k->kind](x, k, among, out);
	relevancy_undo(x->relevancy, then, among, out);
}

/* The messages that the sets of the program leave, as far as a command may look
 * at them. RFC 9738 section 3.1 */
static struct err limit_search(struct search *x, const struct search_request *r,
                               struct uidset *among)
{
	struct search_key *k = r->root->child;
	struct uidset left = { 0 };
	uint64_t most = session_messages_most(x->s);

	for (; uidset_count(among) > most && k != NULL; k = k->next) {
		if (k->kind != SEARCH_SET)
			continue;
		filter_set(x, k, among, &left);
		uidset_copy(among, &left);
	}
	uidset_free(&left);
	if (is_ok(x->e) && r->whole)
		return session_check_messages(x->s, uidset_count(among));
	session_limit_messages(x->s, among);
	return x->e;
}

struct err search_allowed(const struct session *s,
                          const struct search_request *r)
{
	if (r->numbers && is_uidonly(s))
		return err(ERR_UIDREQUIRED, "UIDONLY is enabled");
	/* RFC 9755 section 3: it is UTF-8 */
	if (r->has_charset && s->enabled & ENABLED_UTF8)
		return err(ERR_SYNTAX, "no CHARSET with UTF8=ACCEPT");
	return OK;
}

struct err search_run(struct session *s, struct view *view,
                      const struct search_request *r, struct uidset *out,
                      struct relevancy *relevancy)
{
	struct search x = { .s = s,
		            .view = view,
		            .mailbox = view_mailbox(view),
		            .relevancy = r->scored ? relevancy : NULL };
	struct uidset among = { 0 };
	struct err e = search_allowed(s, r);

	s->by_number = r->numbers;
	if (!is_ok(e))
		return e;
	if (r->modseq)
		session_enable_condstore(s);
	if (r->scored)
		relevancy_start(relevancy, view);
	uidset_copy(&among, view_uids(view));
	x.e = limit_search(&x, r, &among);
	run_key(&x, r->root, &among, out);
	uidset_free(&among);
	return x.e;
}

struct err search_among(struct session *s, const struct search_request *r,
                        const struct uidset *among, struct uidset *out)
{
	struct search x = { .s = s,
		            .view = s->view,
		            .mailbox = view_mailbox(s->view) };

	run_key(&x, r->root, among, out);
	return x.e;
}

struct err search_end(struct session *s, const struct search_request *r,
                      struct err e)
{
	if (!is_ok(e) && !is_bad(e) && r->returns & SEARCH_SAVE)
		uidset_clear(&s->saved);
	return e;
}
