/* store.c -- STORE and UID STORE. RFC 9051 section 6.4.6 */
#include "imap/internal.h"

struct store_request {
	struct seq_set set;
	enum store_mode mode;
	bool silent;
	struct flag_list flags;
};

/*
 * store           = "STORE" SP sequence-set SP store-att-flags
 * store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP
 *                   (flag-list / (flag *(SP flag)))
 */
static struct err parse_store(struct cursor *c, struct store_request *out)
{
	*out = (struct store_request){ 0 };
	expect(c, ' ', "expected a message set");
	out->set = parse_sequence_set(c);
	expect(c, ' ', "expected a space behind the message set");
	out->mode = take(c, '+')   ? STORE_ADD
	            : take(c, '-') ? STORE_REMOVE
	                           : STORE_REPLACE;
	if (!take_word(c, S("FLAGS")))
		fail(c, "expected FLAGS");
	out->silent = take_word(c, S(".SILENT"));
	expect(c, ' ', "expected a space behind FLAGS");
	out->flags = take(c, '(') ? parse_flag_list(c) : parse_flags(c);
	expect_end(c);
	return c->e;
}

static struct err store_run(struct session *s, const struct store_request *r,
                            const struct uidset *uids)
{
	struct flag_change change = {
		.mode = r->mode,
		.flags = r->flags.flags,
		.keywords = r->flags.keywords,
		.n_keywords = r->flags.n_keywords,
		.by = s->view,
	};
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	uint64_t modseq;
	struct err e;

	e = mailbox_store(view_mailbox(s->view), uids, &change, &changed,
	                  &failed, &modseq);
	if (is_ok(e))
		session_tell_keywords(s);
	if (is_ok(e) && !r->silent)
		e = session_tell_flags(s, uids);
	if (is_ok(e))
		e = session_all_there(s, uids);
	uidset_free(&changed);
	uidset_free(&failed);
	return e;
}

struct err cmd_store(struct session *s, struct slice args)
{
	struct store_request request;
	struct uidset uids = { 0 };
	struct cursor c = args_cursor(s, args);
	struct err e = parse_store(&c, &request);

	if (!is_ok(e))
		return e;
	e = session_resolve(s, &request.set, session_set_kind(s), &uids);
	if (is_ok(e) && view_is_readonly(s->view))
		e = err(ERR_READONLY, "mailbox is selected read-only");
	if (is_ok(e))
		e = store_run(s, &request, &uids);
	uidset_free(&uids);
	return e;
}
