/*
 * tell.c -- what a client is told without having asked.
 *
 * EXPUNGE, EXISTS and changed flags come from the view, in its order; FLAGS
 * and PERMANENTFLAGS go out before the first FETCH with a keyword that the
 * client has not seen in them.
 */
#include "base/limits.h"
#include "imap/context.h"
#include "imap/door.h"
#include "imap/notify.h"
#include "task/task.h"

void session_reply_name(struct session *s, struct slice name)
{
	struct buf whole = { 0 };

	if (!is_visit(s)) {
		reply_mailbox(session_out(s), name, has_utf8(s));
		return;
	}
	buf_add(&whole, s->prefix);
	buf_add(&whole, name);
	reply_mailbox(session_out(s), buf_slice(&whole), has_utf8(s));
	buf_free(&whole);
}

static void reply_number_word(struct session *s, uint32_t n, struct slice word)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* "));
	buf_number(out, n);
	buf_add(out, word);
}

static void reply_all_flags(struct buf *out, struct flag_rights which,
                            const struct slice *names, size_t n)
{
	reply_system_flags(out, which.flags);
	for (size_t i = 0; which.keywords && i < n; i++) {
		buf_byte(out, ' ');
		buf_add(out, names[i]);
	}
}

/* PERMANENTFLAGS has "\*" while there is room for new keywords. */
void session_tell_permanent(struct session *s)
{
	struct buf *out = session_out(s);
	size_t n;
	const struct slice *names = mailbox_keywords(view_mailbox(s->view), &n);
	struct flag_rights may = flag_rights_of(door_rights(s));

	buf_add(out, S("* FLAGS ("));
	reply_all_flags(out, flag_rights_of(RIGHTS_ALL), names, n);
	buf_add(out, S(")\r\n* OK [PERMANENTFLAGS ("));
	if (!view_is_readonly(s->view) && (may.flags != 0 || may.keywords)) {
		reply_all_flags(out, may, names, n);
		if (may.keywords && n < LIMIT_KEYWORDS)
			buf_add(out, S(" \\*"));
		buf_add(out, S(")] These are kept\r\n"));
	} else {
		buf_add(out, S(")] Nothing can be changed\r\n"));
	}
	s->keywords_told = n;
}

void session_tell_keywords(struct session *s)
{
	size_t n;

	mailbox_keywords(view_mailbox(s->view), &n);
	if (n > s->keywords_told)
		session_tell_permanent(s);
}

void reply_fetch_begin(struct session *s, uint32_t uid)
{
	if (is_uidonly(s))
		reply_number_word(s, uid, S(" UIDFETCH ("));
	else
		reply_number_word(s, view_seq(s->view, uid), S(" FETCH ("));
}

/* With a UID where nobody asked: RFC 9051 section 7.5.2, RFC 7162 section
 * 3.1, RFC 5465 section 5.1 */
static void reply_fetch_uid(struct session *s, uint32_t uid)
{
	struct buf *out = session_out(s);

	bool wanted =
		s->uid || is_rev2(s) || has_condstore(s) || s->notify != NULL;

	if (!wanted || is_uidonly(s))
		return;
	buf_add(out, S("UID "));
	buf_number(out, uid);
	buf_byte(out, ' ');
}

static void reply_fetch_flags(struct session *s, const struct record *r)
{
	struct buf *out = session_out(s);
	size_t n;
	const struct slice *names;

	if (view_seq(s->view, r->uid) == 0)
		return;
	session_tell_keywords(s);
	names = mailbox_keywords(view_mailbox(s->view), &n);
	reply_fetch_begin(s, r->uid);
	reply_fetch_uid(s, r->uid);
	buf_add(out, S("FLAGS ("));
	reply_flags(out, r, names, n);
	buf_byte(out, ')');
	if (has_condstore(s)) {
		buf_add(out, S(" MODSEQ "));
		reply_modseq(s, r->modseq);
	}
	buf_add(out, S(")\r\n"));
}

static void reply_fetch_modseq(struct session *s, const struct record *r)
{
	if (view_seq(s->view, r->uid) == 0)
		return;
	reply_fetch_begin(s, r->uid);
	reply_fetch_uid(s, r->uid);
	buf_add(session_out(s), S("MODSEQ "));
	reply_modseq(s, r->modseq);
	buf_add(session_out(s), S(")\r\n"));
}

typedef void teller(struct session *, const struct record *);

static struct err tell_each(struct session *s, const struct uidset *uids,
                            teller *tell)
{
	struct record_walk w = view_walk(s->view, uids);
	struct record r;

	while (record_walk_next(&w, &r)) {
		tell(s, &r);
		out_drain(&s->out);
		task_pause();
	}
	return w.e;
}

struct err session_tell_flags(struct session *s, const struct uidset *uids)
{
	return tell_each(s, uids, reply_fetch_flags);
}

struct err session_tell_modseqs(struct session *s, const struct uidset *uids)
{
	return tell_each(s, uids, reply_fetch_modseq);
}

static void tell_expunge(struct session *s, const struct view_event *event)
{
	uidset_remove_range(&s->saved, event->uid, event->uid);
	reply_number_word(s, event->seq, S(" EXPUNGE\r\n"));
}

static void tell_new_flags(struct session *s, uint32_t uid)
{
	struct record r;

	/* gone again meanwhile: its EXPUNGE comes when it may */
	if (is_ok(view_record(s->view, uid, &r)))
		reply_fetch_flags(s, &r);
}

static void tell(void *arg, const struct view_event *event)
{
	struct session *s = arg;

	switch (event->kind) {
	case VIEW_EXPUNGE:
		tell_expunge(s, event);
		break;
	case VIEW_VANISHED:
		uidset_subtract(&s->saved, event->uids);
		reply_vanished(s, event->uids, false);
		break;
	case VIEW_EXISTS:
		reply_number_word(s, event->seq, S(" EXISTS\r\n"));
		break;
	case VIEW_FLAGS:
		tell_new_flags(s, event->uid);
		break;
	case VIEW_KEYWORDS:
		session_tell_keywords(s);
		break;
	case VIEW_GONE:
		s->view_gone = true;
		break;
	}
	out_drain(&s->out);
}

static void sync_view(struct session *s, bool expunges, bool flags)
{
	bool by_uid = has_qresync(s) || is_uidonly(s);
	unsigned how = !expunges ? EXPUNGES_LATER
	               : by_uid  ? EXPUNGES_BY_UID
	                         : EXPUNGES_BY_NUMBER;

	if (s->view == NULL || door_lost_sight(s))
		return;
	if (expunges)
		contexts_tell_expunges(s);
	view_sync(s->view, flags ? how : how | FLAGS_LATER, tell, s);
	session_tell_fresh(s);
}

void session_sync(struct session *s, bool expunges)
{
	sync_view(s, expunges, true);
}

void session_sync_unasked(struct session *s)
{
	sync_view(s, notify_allows_expunges(s), notify_wants_flags(s));
}

void session_sync_exists(struct session *s)
{
	if (s->view != NULL && !door_lost_sight(s))
		view_sync_exists(s->view, tell, s);
}
