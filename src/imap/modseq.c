/*
 * modseq.c -- what a client is told of modification sequences.
 * RFC 7162 section 3.1
 *
 * The first command that shows that the client knows of them switches them on
 * for good: from then on every FETCH response has a MODSEQ.
 *
 * What a client keeps as HIGHESTMODSEQ is what it asks for changes since, when
 * it comes back. So it may never be above a change it has not been told of. If
 * no HIGHESTMODSEQ was sent with a command, a client takes the highest MODSEQ
 * it saw (RFC 7162 section 6); so one is sent whenever that would be wrong: an
 * EXPUNGE had to wait, or others changed something while the command ran.
 */
#include <inttypes.h>

#include "imap/internal.h"
#include "imap/visit.h"

void session_enable_condstore(struct session *s)
{
	if (has_condstore(s))
		return;
	s->enabled |= ENABLED_CONDSTORE;
	if (is_visit(s)) /* to the session at home, for all mailboxes */
		buf_add(session_out(s), S("* ENABLED CONDSTORE\r\n"));
	if (s->view != NULL)
		session_tell_highestmodseq(s);
	visit_enable(s);
}

void session_tell_highestmodseq(struct session *s)
{
	buf_printf(session_out(s),
	           "* OK [HIGHESTMODSEQ %" PRIu64 "] Highest\r\n",
	           view_modseq(s->view));
}

void reply_modseq(struct session *s, uint64_t modseq)
{
	struct buf *out = session_out(s);

	buf_byte(out, '(');
	buf_number(out, modseq);
	buf_byte(out, ')');
	if (modseq > s->modseq_shown)
		s->modseq_shown = modseq;
}

static struct slice highestmodseq_code(struct session *s)
{
	struct buf text = { 0 };
	struct slice code;

	buf_add(&text, S("HIGHESTMODSEQ "));
	buf_number(&text, view_modseq(s->view));
	code = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	return code;
}

void session_settle_modseq(struct session *s)
{
	bool asked = s->tell_modseq;
	uint64_t shown = s->modseq_shown;

	s->tell_modseq = false;
	s->modseq_shown = 0;
	if (!has_condstore(s) || s->view == NULL || s->view_gone)
		return;
	if (asked)
		s->code = highestmodseq_code(s);
	else if (shown > view_modseq(s->view))
		session_tell_highestmodseq(s);
}
