/* search_answer.c -- see search_answer.h. */
#include "imap/search_answer.h"

#include <stdlib.h>

#include "base/mem.h"
#include "mailbox/order.h"
#include "task/task.h"

/* -- what was found, by position -- */

static struct positions all_positions(const struct search_found *found)
{
	return (struct positions){ 0, found->n };
}

static uint32_t number_of(const struct search_found *found, uint32_t uid)
{
	return found->uid ? uid : view_seq(found->view, uid);
}

static uint32_t first_uid(const struct search_found *found)
{
	return found->order != NULL ? found->order[0] : found->uids.v[0].first;
}

static uint32_t last_uid(const struct search_found *found)
{
	return found->order != NULL ? found->order[found->n - 1]
	                            : found->uids.v[found->uids.n - 1].last;
}

/* Of an order: sorted first, so that each is added at the end. */
static struct err set_of_ordered(const uint32_t *order, size_t n,
                                 struct uidset *out)
{
	struct order_entry *v = mem_new(n, sizeof *v);
	struct order_entry *spare = mem_new(n, sizeof *spare);
	struct err e;

	for (size_t i = 0; i < n; i++)
		v[i].key = order[i];
	e = order_sort(&v, &spare, n);
	uidset_clear(out);
	for (size_t i = 0; i < n && is_ok(e); i++)
		uidset_add(out, (uint32_t)v[i].key);
	free(v);
	free(spare);
	return e;
}

/* The UIDs at these positions. */
static struct err set_of(const struct search_found *found, struct positions at,
                         struct uidset *out)
{
	if (found->order != NULL)
		return set_of_ordered(found->order + at.first,
		                      (size_t)(at.end - at.first), out);
	positions_take(at, &found->uids, out);
	return OK;
}

/* What the answer is about: if it is neither about all nor about their
 * number, those that it names. What "$" stands for, too. */
static struct err keep_answered(const struct search_request *r,
                                const struct search_found *found,
                                struct uidset *out)
{
	unsigned few = SEARCH_MIN | SEARCH_MAX | SEARCH_PARTIAL;
	struct err e = OK;

	uidset_clear(out);
	if (!(r->returns & few) ||
	    r->returns & (SEARCH_RETURN_ALL | SEARCH_COUNT)) {
		uidset_copy(out, &found->uids);
		return OK;
	}
	if (r->returns & SEARCH_PARTIAL)
		e = set_of(found, partial_positions(r->partial, found->n), out);
	if (found->n != 0 && r->returns & SEARCH_MIN)
		uidset_add(out, first_uid(found));
	if (found->n != 0 && r->returns & SEARCH_MAX)
		uidset_add(out, last_uid(found));
	return e;
}

/* The highest modification sequence of what the answer is about.
 * RFC 4731 section 3.2 */
static struct err highest_modseq(const struct search_request *r,
                                 const struct search_found *found,
                                 uint64_t *highest)
{
	struct record_walk w;
	struct uidset about = { 0 };
	struct record record;
	struct err e = keep_answered(r, found, &about);

	w = mailbox_walk(view_mailbox(found->view), &about);
	while (is_ok(e) && record_walk_next(&w, &record)) {
		if (record.modseq > *highest)
			*highest = record.modseq;
		e = task_go_on();
	}
	uidset_free(&about);
	return is_ok(e) ? w.e : e;
}

/* -- sets -- */

static void reply_range(struct session *s, bool first, uint32_t from,
                        uint32_t to)
{
	struct buf *out = session_out(s);

	if (!first)
		buf_byte(out, ',');
	buf_number(out, from);
	if (to != from) {
		buf_byte(out, ':');
		buf_number(out, to);
	}
	out_drain(&s->out);
}

/* In order: only what rises by one is a range. RFC 5267 section 3.2 */
static void reply_ordered(struct session *s, const struct search_found *found,
                          struct positions at)
{
	uint64_t next;

	for (uint64_t i = at.first; i < at.end; i = next) {
		uint32_t from = number_of(found, found->order[i]);
		uint32_t to = from;

		for (next = i + 1; next < at.end; next++, to++)
			if (number_of(found, found->order[next]) != to + 1)
				break;
		reply_range(s, i == at.first, from, to);
	}
}

static void reply_set(struct session *s, const struct search_found *found,
                      struct positions at)
{
	struct uidset uids = { 0 };
	struct uidset seqs = { 0 };
	const struct uidset *told = found->uid ? &uids : &seqs;

	if (found->order != NULL) {
		reply_ordered(s, found, at);
		return;
	}
	positions_take(at, &found->uids, &uids);
	if (!found->uid)
		session_to_seqs(s, &uids, &seqs);
	for (size_t i = 0; i < told->n; i++)
		reply_range(s, i == 0, told->v[i].first, told->v[i].last);
	uidset_free(&uids);
	uidset_free(&seqs);
}

/* -- ESEARCH -- */

static void reply_item(struct session *s, struct slice name, uint64_t n)
{
	buf_add(session_out(s), name);
	buf_number(session_out(s), n);
}

static void reply_partial(struct session *s, const struct search_request *r,
                          const struct search_found *found)
{
	struct positions at = partial_positions(r->partial, found->n);
	struct buf *out = session_out(s);

	buf_add(out, S(" PARTIAL ("));
	buf_add(out, r->partial.text);
	buf_byte(out, ' ');
	if (at.first == at.end)
		buf_add(out, S("NIL"));
	else
		reply_set(s, found, at);
	buf_byte(out, ')');
}

/* Of those that the answer names, in that order, or of all. RFC 6203 section 4
 */
static void reply_relevancy(struct session *s, const struct search_request *r,
                            const struct search_found *found)
{
	struct positions at = r->returns & SEARCH_PARTIAL
	                              ? partial_positions(r->partial, found->n)
	                              : all_positions(found);
	struct buf *out = session_out(s);
	struct uidset uids = { 0 };
	uint32_t uid = 0;

	if (found->order == NULL)
		positions_take(at, &found->uids, &uids);
	buf_add(out, S(" RELEVANCY ("));
	for (uint64_t i = at.first; i < at.end; i++) {
		if (found->order != NULL)
			uid = found->order[i];
		else
			uidset_next(&uids, &uid);
		if (i != at.first)
			buf_byte(out, ' ');
		buf_number(out, relevancy_of(&found->relevancy, uid));
		out_drain(&s->out);
	}
	buf_byte(out, ')');
	uidset_free(&uids);
}

/* Which mailbox the answer is about. RFC 7377 section 2.1 */
static void reply_mailbox_named(struct session *s, struct mailbox *mailbox)
{
	struct mailbox_status status;

	mailbox_get_status(mailbox, &status);
	buf_add(session_out(s), S(" MAILBOX "));
	session_reply_name(s, mailbox_name(mailbox));
	reply_item(s, S(" UIDVALIDITY "), status.uidvalidity);
}

static void reply_esearch(struct session *s, const struct search_request *r,
                          unsigned returns, const struct search_found *found,
                          uint64_t modseq)
{
	struct buf *out = session_out(s);
	bool any = found->n != 0;

	buf_add(out, S("* ESEARCH (TAG \""));
	buf_add(out, s->tag);
	buf_byte(out, '"');
	if (found->named)
		reply_mailbox_named(s, view_mailbox(found->view));
	buf_add(out, found->uid ? S(") UID") : S(")"));
	if (any && returns & SEARCH_MIN)
		reply_item(s, S(" MIN "), number_of(found, first_uid(found)));
	if (any && returns & SEARCH_MAX)
		reply_item(s, S(" MAX "), number_of(found, last_uid(found)));
	if (returns & SEARCH_COUNT)
		reply_item(s, S(" COUNT "), found->n);
	if (any && returns & SEARCH_RETURN_ALL) {
		buf_add(out, S(" ALL "));
		reply_set(s, found, all_positions(found));
	}
	if (returns & SEARCH_PARTIAL)
		reply_partial(s, r, found);
	if (any && returns & SEARCH_RELEVANCY)
		reply_relevancy(s, r, found);
	if (modseq != 0)
		reply_item(s, S(" MODSEQ "), modseq);
	buf_add(out, S("\r\n"));
}

/* -- SEARCH, SORT -- */

static void reply_number(struct session *s, uint32_t number)
{
	buf_byte(session_out(s), ' ');
	buf_number(session_out(s), number);
	out_drain(&s->out);
}

static void reply_numbers(struct session *s, const struct search_found *found,
                          struct slice word, uint64_t modseq)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* "));
	buf_add(out, word);
	if (found->order != NULL) {
		for (uint64_t i = 0; i < found->n; i++)
			reply_number(s, number_of(found, found->order[i]));
	} else {
		for (uint32_t uid = 0; uidset_next(&found->uids, &uid);)
			reply_number(s, number_of(found, uid));
	}
	if (modseq != 0) {
		reply_item(s, S(" (MODSEQ "), modseq);
		buf_byte(out, ')');
	}
	buf_add(out, S("\r\n"));
}

struct search_found search_found_of(struct session *s)
{
	return (struct search_found){ .view = s->view, .uid = s->uid };
}

void search_found_free(struct search_found *found)
{
	uidset_free(&found->uids);
	relevancy_free(&found->relevancy);
}

struct err search_answer(struct session *s, const struct search_request *r,
                         const struct search_found *found, struct slice word)
{
	unsigned returns = r->extended ? r->returns : SEARCH_RETURN_ALL;
	uint64_t modseq = 0;
	struct err e = OK;

	if (r->modseq)
		e = highest_modseq(r, found, &modseq);
	if (!is_ok(e))
		return e;
	/* RETURN (SAVE) alone asks for no answer */
	if (r->extended && (returns & SEARCH_RESULTS) != SEARCH_SAVE)
		reply_esearch(s, r, returns, found, modseq);
	else if (!r->extended && is_rev2(s) && found->order == NULL)
		reply_esearch(s, r, returns, found, modseq);
	else if (!r->extended)
		reply_numbers(s, found, word, modseq);
	if (returns & SEARCH_SAVE)
		e = keep_answered(r, found, &s->saved);
	return e;
}
