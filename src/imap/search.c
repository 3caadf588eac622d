/*
 * search.c -- SEARCH and UID SEARCH. RFC 9051 section 6.4.4; ESEARCH:
 * section 7.3.4; "$": section 6.4.4.1
 */
#include "imap/search.h"
#include "task/task.h"

/* UIDs as message numbers. A range of UIDs, all of them in the view, is a
 * range of numbers. */
static void to_seqs(struct session *s, const struct uidset *uids,
                    struct uidset *seqs)
{
	for (size_t i = 0; i < uids->n; i++)
		uidset_add_range(seqs, view_seq(s->view, uids->v[i].first),
		                 view_seq(s->view, uids->v[i].last));
}

static void reply_search(struct session *s, const struct uidset *found)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* SEARCH"));
	for (uint32_t n = 0; uidset_next(found, &n);) {
		buf_byte(out, ' ');
		buf_number(out, n);
		out_drain(&s->out);
	}
	buf_add(out, S("\r\n"));
}

static void reply_item(struct buf *out, struct slice name, uint64_t n)
{
	buf_add(out, name);
	buf_number(out, n);
}

static void reply_esearch(struct session *s, unsigned returns,
                          const struct uidset *found)
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
	buf_add(out, S("\r\n"));
}

/* Of MIN and MAX alone only these are saved. RFC 9051 section 6.4.4.1 */
static void save(struct session *s, unsigned returns,
                 const struct uidset *found)
{
	uidset_clear(&s->saved);
	if (!(returns & (SEARCH_MIN | SEARCH_MAX)) ||
	    returns & (SEARCH_RETURN_ALL | SEARCH_COUNT)) {
		uidset_copy(&s->saved, found);
		return;
	}
	if (uidset_is_empty(found))
		return;
	if (returns & SEARCH_MIN)
		uidset_add(&s->saved, found->v[0].first);
	if (returns & SEARCH_MAX)
		uidset_add(&s->saved, found->v[found->n - 1].last);
}

static void reply_found(struct session *s, const struct search_request *r,
                        const struct uidset *uids)
{
	unsigned returns = r->extended ? r->returns : SEARCH_RETURN_ALL;
	struct uidset seqs = { 0 };

	if (!s->uid)
		to_seqs(s, uids, &seqs);
	if (r->extended || is_rev2(s)) {
		/* RETURN (SAVE) alone asks for no answer */
		if (returns != SEARCH_SAVE)
			reply_esearch(s, returns, s->uid ? uids : &seqs);
	} else {
		reply_search(s, s->uid ? uids : &seqs);
	}
	uidset_free(&seqs);
}

struct err cmd_search(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct search_request r;
	struct uidset found = { 0 };
	struct err e = parse_search(&c, &r);

	if (is_ok(e))
		e = search_run(s, r.root, &found);
	if (is_ok(e)) {
		reply_found(s, &r, &found);
		if (r.returns & SEARCH_SAVE)
			save(s, r.returns, &found);
	} else if (r.returns & SEARCH_SAVE && !is_bad(e)) {
		uidset_clear(&s->saved);
	}
	uidset_free(&found);
	return e;
}
