/*
 * mail_roll.c -- auth asks who is there, and sends away whom the policies of
 * now would not let in.
 *
 * Who has a ticket but no session yet is not counted: the ticket is void, and
 * the client tries again.
 */
#include "base/limits.h"
#include "base/log.h"
#include "imap/conn.h"
#include "ipc/present_frame.h"
#include "roostd/mail_internal.h"

static const char sent_away[] =
	"the policies of this account allow this no longer";

struct roll {
	struct mail *mail;
	uint64_t account; /* 0: of all */
	struct frame_out frame;
};

static void send_frame(struct roll *r)
{
	if (is_ok(link_send(r->mail->auth.link, &r->frame, -1)))
		return;
	/* what is not told of is not looked at */
	log_note(LOG_LEVEL_ERROR, "roll_call", "auth does not listen");
}

static void add(struct roll *r, const struct present *p)
{
	if (r->account != 0 && r->account != p->account)
		return;
	present_frame_put(&r->frame, p);
	if (r->frame.bytes.len > LIMIT_FRAME / 2)
		send_frame(r);
}

static void add_session(void *arg, struct mail_session *s)
{
	struct session_facts f;

	conn_facts(s->conn, &f);
	add(arg,
	    &(struct present){ s->account, f.session_id, slice_cstr(s->peer),
	                       s->credential, s->terms });
}

static void add_visit(void *arg, uint64_t owner, uint8_t terms)
{
	add(arg, &(struct present){ .account = owner,
	                            .session = S(""),
	                            .address = S(""),
	                            .terms = terms });
}

static bool on_roll_call(struct mail *m, struct frame_in *f)
{
	struct roll r = { .mail = m, .account = read_u64(&f->r) };

	if (!frame_is_whole(f))
		return false;
	tickets_void(&m->tickets, r.account, 0);
	mail_each_session(m, add_session, &r);
	mail_each_visit(m, add_visit, &r);
	if (r.frame.bytes.len != 0)
		send_frame(&r);
	return true;
}

struct away {
	uint64_t account;
	struct slice session;
};

static void end_one(void *arg, struct mail_session *s)
{
	const struct away *a = arg;
	struct session_facts f;

	conn_facts(s->conn, &f);
	if (s->account == a->account && slice_eq(f.session_id, a->session))
		conn_dismiss(s->conn, sent_away);
}

static bool on_end(struct mail *m, struct frame_in *f)
{
	struct away a = { .account = read_u64(&f->r) };

	a.session = frame_read_slice(f, SESSION_ID_SIZE);
	if (!frame_is_whole(f) || a.account == 0)
		return false;
	if (a.session.len == 0)
		mail_end_visits(m, a.account, sent_away);
	else
		mail_each_session(m, end_one, &a);
	return true;
}

bool mail_on_roll(struct mail *m, struct frame_in *f)
{
	return f->type == FRAME_ROLL_CALL ? on_roll_call(m, f) : on_end(m, f);
}
