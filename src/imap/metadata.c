/*
 * metadata.c -- GETMETADATA and SETMETADATA. RFC 5464
 *
 * One's own need no more than reading the mailbox (RFC 5464 section 3.3). The
 * server's shared annotations are the operator's: nobody sets them here.
 */
#include <inttypes.h>

#include "imap/audit.h"
#include "imap/door.h"
#include "imap/metadata.h"

/* -- the response -- */

/* One response while it is being written. */
struct telling {
	struct session *session;
	const struct metadata_request *request;
	bool begun;
	uint64_t longest;
};

static void begin(struct telling *t)
{
	struct buf *out = session_out(t->session);

	if (t->begun) {
		buf_byte(out, ' ');
		return;
	}
	t->begun = true;
	buf_add(out, S("* METADATA "));
	session_reply_name(t->session, t->request->mailbox);
	buf_add(out, S(" ("));
}

static void tell_entry(void *ctx, struct metadata_entry entry)
{
	struct telling *t = ctx;
	struct buf *out = session_out(t->session);

	if (entry.value.len > t->request->most) {
		if (entry.value.len > t->longest)
			t->longest = entry.value.len;
		return;
	}
	begin(t);
	reply_astring(out, entry.name);
	buf_byte(out, ' ');
	reply_nstring8(out, entry.value);
	out_drain(&t->session->out);
}

struct err reply_metadata(struct session *s, const struct metadata_request *r,
                          uint64_t *longest)
{
	struct telling t = { .session = s, .request = r };
	struct err e =
		mailbox_get_metadata(s->account, s->who.account, r->mailbox,
	                             r->names, r->n, r->depth, tell_entry, &t);

	if (t.begun)
		buf_add(session_out(s), S(")\r\n"));
	*longest = t.longest;
	return e;
}

/* -- the commands -- */

struct err cmd_getmetadata(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct metadata_request r;
	uint64_t longest;
	struct err e = parse_getmetadata(&c, &r);

	if (is_ok(e) && r.mailbox.len != 0)
		e = door_named(s, r.mailbox);
	if (is_ok(e))
		e = reply_metadata(s, &r, &longest);
	if (is_ok(e) && longest != 0)
		s->code = arena_printf(
			s->arena, "METADATA LONGENTRIES %" PRIu64, longest);
	return e;
}

static bool has_shared(const struct metadata_entry *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_starts(v[i].name, S("/shared/")))
			return true;
	return false;
}

/* Their names: what others see. */
static struct err record_shared(struct session *s, struct slice mailbox,
                                const struct metadata_entry *v, size_t n)
{
	struct buf names = { 0 };
	struct err e;

	for (size_t i = 0; i < n; i++) {
		if (!slice_starts(v[i].name, S("/shared/")))
			continue;
		if (names.len != 0)
			buf_byte(&names, ' ');
		buf_add(&names, v[i].name);
	}
	e = audit_change(s, mailbox, arena_copy(s->arena, buf_slice(&names)));
	buf_free(&names);
	return e;
}

struct err cmd_setmetadata(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct metadata_entry *entries;
	struct slice mailbox;
	size_t n;
	struct err e = parse_setmetadata(&c, &mailbox, &entries, &n);

	if (!is_ok(e))
		return e;
	if (mailbox.len == 0 && has_shared(entries, n))
		return err(ERR_NOPERM, "only the operator can set this");
	if (mailbox.len != 0)
		e = door_for(s,
		             has_shared(entries, n) ? S("SETMETADATA")
		                                    : S("GETMETADATA"),
		             mailbox);
	if (is_ok(e) && has_shared(entries, n))
		e = record_shared(s, mailbox, entries, n);
	if (is_ok(e))
		e = mailbox_set_metadata(s->account, s->who.account, mailbox,
		                         entries, n);
	return e;
}
