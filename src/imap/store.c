/*
 * store.c -- STORE and UID STORE. RFC 9051 section 6.4.6; UNCHANGEDSINCE:
 * RFC 7162 section 3.1.3
 */
#include "imap/door.h"
#include "imap/messagelimit.h"

struct store_request {
	struct seq_set set;
	enum store_mode mode;
	bool silent;
	bool conditional;
	uint64_t unchangedsince;
	struct flag_list flags;
};

/*
 * store-modifiers = "(" store-modifier *(SP store-modifier) ")" SP
 * store-modifier  = "UNCHANGEDSINCE" SP mod-sequence-valzer
 */
static void parse_store_modifiers(struct cursor *c, struct store_request *out)
{
	if (!take(c, '('))
		return;
	do {
		if (!slice_ieq(parse_atom(c), S("UNCHANGEDSINCE")))
			fail(c, "there is no such STORE modifier");
		expect(c, ' ', "expected a modification sequence");
		out->conditional = true;
		out->unchangedsince = parse_number64(c);
	} while (take(c, ' '));
	expect(c, ')', "list of modifiers does not end");
	expect(c, ' ', "expected a space behind the modifiers");
}

/*
 * store           = "STORE" SP sequence-set SP [store-modifiers]
 *                   store-att-flags
 * store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP
 *                   (flag-list / (flag *(SP flag)))
 */
static struct err parse_store(struct cursor *c, struct store_request *out)
{
	*out = (struct store_request){ 0 };
	expect(c, ' ', "expected a message set");
	out->set = parse_sequence_set(c);
	expect(c, ' ', "expected a space behind the message set");
	parse_store_modifiers(c, out);
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

/* "MODIFIED 7,9": the numbers, or UIDs, of those that were kept out. */
static struct slice modified(struct session *s, const struct uidset *failed)
{
	struct buf text = { 0 };
	struct uidset seqs = { 0 };
	struct slice code;

	if (!s->uid)
		session_to_seqs(s, failed, &seqs);
	buf_add(&text, S("MODIFIED "));
	uidset_write(s->uid ? failed : &seqs, &text);
	code = arena_copy(s->arena, buf_slice(&text));
	uidset_free(&seqs);
	buf_free(&text);
	return code;
}

/*
 * Every message that was stored is told of, unless .SILENT; then still its
 * MODSEQ, which is what the next condition will be about.
 */
static struct err tell_stored(struct session *s, const struct store_request *r,
                              const struct uidset *stored,
                              const struct uidset *changed)
{
	session_tell_keywords(s);
	if (!r->silent)
		return session_tell_flags(s, stored);
	if (!has_condstore(s))
		return OK;
	return session_tell_modseqs(s, r->conditional ? stored : changed);
}

/* A number whose message has been expunged meets no condition either. */
static void fail_expunged(struct session *s, const struct uidset *uids,
                          struct uidset *failed)
{
	struct uidset gone = { 0 };

	uidset_copy(&gone, uids);
	uidset_subtract(&gone, mailbox_uids(view_mailbox(s->view)));
	uidset_union(failed, &gone);
	uidset_free(&gone);
}

static struct err settle(struct session *s, const struct store_request *r,
                         const struct uidset *uids, struct uidset *failed)
{
	if (!r->conditional)
		return session_all_there(s, uids);
	if (!s->uid)
		fail_expunged(s, uids, failed);
	if (!uidset_is_empty(failed))
		s->code = modified(s, failed);
	return OK;
}

/* At least one of those asked for, RFC 4314 section 4; what else is asked
 * for stays as it is. */
static bool may_store(const struct store_request *r, struct flag_rights may)
{
	bool wants_any = r->flags.flags != 0 || r->flags.n_keywords != 0;

	return r->mode == STORE_REPLACE || !wants_any ||
	       r->flags.flags & may.flags ||
	       (may.keywords && r->flags.n_keywords != 0);
}

static struct err store_run(struct session *s, const struct store_request *r,
                            struct uidset *uids)
{
	struct flag_rights may = flag_rights_of(door_rights(s));
	struct flag_change change = {
		.mode = r->mode,
		.flags = r->flags.flags,
		.keywords = r->flags.keywords,
		.n_keywords = may.keywords ? r->flags.n_keywords : 0,
		.kept = (uint8_t)~may.flags,
		.keep_keywords = !may.keywords,
		.conditional = r->conditional,
		.unchanged_since = r->unchangedsince,
		.user = s->who.account,
		.by = s->view,
	};
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	uint64_t modseq;
	struct err e;

	if (!may_store(r, may))
		return err(ERR_NOPERM, "not permitted");
	e = mailbox_store(view_mailbox(s->view), uids, &change, &changed,
	                  &failed, &modseq);
	if (r->flags.flags & may.flags & FLAG_DELETED &&
	    r->mode != STORE_REMOVE)
		s->deleted += uidset_count(&changed);
	if (is_ok(e)) {
		uidset_subtract(uids, &failed);
		e = tell_stored(s, r, uids, &changed);
	}
	if (is_ok(e))
		e = settle(s, r, uids, &failed);
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
	session_limit_messages(s, &uids);
	if (is_ok(e) && request.conditional)
		session_enable_condstore(s);
	if (is_ok(e))
		e = store_run(s, &request, &uids);
	uidset_free(&uids);
	return e;
}
