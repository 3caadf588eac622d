/*
 * search.c -- SEARCH and UID SEARCH. RFC 9051 section 6.4.4; ESEARCH:
 * section 7.3.4; "$": section 6.4.4.1
 */
#include "imap/search.h"
#include "task/task.h"

/* What the answer is about: of MIN and MAX alone only these, else all. What
 * "$" stands for, too. RFC 9051 section 6.4.4.1 */
static void keep_answered(unsigned returns, const struct uidset *found,
                          struct uidset *out)
{
	uidset_clear(out);
	if (!(returns & (SEARCH_MIN | SEARCH_MAX)) ||
	    returns & (SEARCH_RETURN_ALL | SEARCH_COUNT)) {
		uidset_copy(out, found);
		return;
	}
	if (uidset_is_empty(found))
		return;
	if (returns & SEARCH_MIN)
		uidset_add(out, found->v[0].first);
	if (returns & SEARCH_MAX)
		uidset_add(out, found->v[found->n - 1].last);
}

/* The highest modification sequence of what the answer is about: of the
 * first and the last if these alone are. RFC 4731 section 3.2 */
static struct err highest_modseq(struct session *s, unsigned returns,
                                 const struct uidset *found, uint64_t *highest)
{
	struct record_walk w;
	struct uidset about = { 0 };
	struct record r;

	*highest = 0;
	keep_answered(returns, found, &about);
	w = mailbox_walk(view_mailbox(s->view), &about);
	while (record_walk_next(&w, &r)) {
		if (r.modseq > *highest)
			*highest = r.modseq;
		task_pause();
	}
	uidset_free(&about);
	return w.e;
}

static void reply_search(struct session *s, const struct uidset *found,
                         uint64_t modseq)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* SEARCH"));
	for (uint32_t n = 0; uidset_next(found, &n);) {
		buf_byte(out, ' ');
		buf_number(out, n);
		out_drain(&s->out);
	}
	if (modseq != 0) {
		buf_add(out, S(" (MODSEQ "));
		buf_number(out, modseq);
		buf_byte(out, ')');
	}
	buf_add(out, S("\r\n"));
}

static void reply_item(struct buf *out, struct slice name, uint64_t n)
{
	buf_add(out, name);
	buf_number(out, n);
}

static void reply_esearch(struct session *s, unsigned returns,
                          const struct uidset *found, uint64_t modseq)
{
	struct buf *out = session_out(s);
	bool any = !uidset_is_empty(found);

	buf_add(out, S("* ESEARCH (TAG \""));
	buf_add(out, s->tag);
	buf_add(out, S("\")"));
	if (s->uid)
		buf_add(out, S(" UID"));
	if (any && returns & SEARCH_MIN)
		reply_item(out, S(" MIN "), found->v[0].first);
	if (any && returns & SEARCH_MAX)
		reply_item(out, S(" MAX "), found->v[found->n - 1].last);
	if (returns & SEARCH_COUNT)
		reply_item(out, S(" COUNT "), uidset_count(found));
	if (any && returns & SEARCH_RETURN_ALL) {
		buf_add(out, S(" ALL "));
		uidset_write(found, out);
	}
	if (modseq != 0)
		reply_item(out, S(" MODSEQ "), modseq);
	buf_add(out, S("\r\n"));
}

static struct err reply_found(struct session *s, const struct search_request *r,
                              const struct uidset *uids)
{
	unsigned returns = r->extended ? r->returns : SEARCH_RETURN_ALL;
	struct uidset seqs = { 0 };
	uint64_t modseq = 0;
	struct err e = OK;

	if (r->modseq)
		e = highest_modseq(s, returns, uids, &modseq);
	if (!is_ok(e))
		return e;
	if (!s->uid)
		session_to_seqs(s, uids, &seqs);
	if (r->extended || is_rev2(s)) {
		/* RETURN (SAVE) alone asks for no answer */
		if (returns != SEARCH_SAVE)
			reply_esearch(s, returns, s->uid ? uids : &seqs,
			              modseq);
	} else {
		reply_search(s, s->uid ? uids : &seqs, modseq);
	}
	uidset_free(&seqs);
	return OK;
}

struct err cmd_search(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct search_request r;
	struct uidset found = { 0 };
	struct err e = parse_search(&c, &r);

	if (is_ok(e) && r.modseq)
		session_enable_condstore(s);
	if (is_ok(e))
		e = search_run(s, r.root, &found);
	if (is_ok(e))
		e = reply_found(s, &r, &found);
	if (is_ok(e)) {
		if (r.returns & SEARCH_SAVE)
			keep_answered(r.returns, &found, &s->saved);
	} else if (r.returns & SEARCH_SAVE && !is_bad(e)) {
		uidset_clear(&s->saved);
	}
	uidset_free(&found);
	return e;
}
