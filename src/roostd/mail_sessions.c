/*
 * mail_sessions.c -- from gate's SESSION to an IMAP session, and the list
 * of those that run.
 *
 * gate has parsed the log-in command but not answered it: the session does,
 * with the command's tag; so does a refusal here. A client that says
 * UNAUTHENTICATE goes back to the gate it came from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "mailbox/account.h"
#include "roostd/mail_internal.h"

enum { PEER_MOST = 64, TLS_MOST = 256, MESSAGE_MOST = 256 };

/* As gate sent it; slices are in the frame. */
struct request {
	struct slice ticket;
	struct slice session_id;
	struct slice tag;
	struct slice peer;
	uint16_t peer_port;
	uint16_t local_port;
	uint8_t tls;
	struct slice tls_text;
	struct slice client_id;
	struct slice input;
	uint64_t relay;
};

static bool is_stream(int fd)
{
	int type = -1;
	int listening = 1;
	socklen_t size = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) ==
	               0 &&
	       type == SOCK_STREAM && !listening;
}

static bool parse_request(struct frame_in *f, struct request *out)
{
	out->ticket = frame_read_slice(f, TICKET_SIZE);
	out->session_id = frame_read_slice(f, SESSION_ID_SIZE);
	out->tag = frame_read_slice(f, LIMIT_PREAUTH_LINE);
	out->peer = frame_read_slice(f, PEER_MOST);
	out->peer_port = read_u16(&f->r);
	out->local_port = read_u16(&f->r);
	out->tls = read_u8(&f->r);
	out->tls_text = frame_read_slice(f, TLS_MOST);
	out->client_id = frame_read_slice(f, LIMIT_FRAME);
	out->input = frame_read_slice(f, LIMIT_FRAME);
	out->relay = read_u64(&f->r);
	return frame_is_whole(f) && out->ticket.len == TICKET_SIZE &&
	       out->session_id.len == SESSION_ID_SIZE && out->tls <= 1;
}

/* A tag is an astring-char string: what gate let through can't break a line
 * of ours, but gate is not to be believed. */
static bool is_tag(struct slice tag)
{
	for (size_t i = 0; i < tag.len; i++) {
		if (tag.ptr[i] <= ' ' || tag.ptr[i] >= 127)
			return false;
	}
	return tag.len != 0 && tag.len < 100;
}

static void refuse(int fd, struct slice tag, struct err why)
{
	const char *code = why.code == ERR_LIMIT ? "LIMIT" : "UNAVAILABLE";
	char line[MESSAGE_MOST];
	int n;

	if (is_tag(tag))
		n = snprintf(line, sizeof line,
		             "* BYE %s\r\n%.*s NO [%s] %s\r\n", why.text,
		             (int)tag.len, tag.ptr, code, why.text);
	else
		n = snprintf(line, sizeof line, "* BYE %s\r\n", why.text);
	send(fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void log_refusal(const struct request *r, struct err why)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "session_refused");

	log_text(&l, "session", r->session_id);
	log_text(&l, "peer", r->peer);
	log_text(&l, "why", slice_cstr(why.text));
	log_close(&l);
}

/* -- the table: lists of sessions, by account -- */

static struct mail_session **bucket_of(struct mail *m, uint64_t account)
{
	return &m->sessions[account % SESSION_BUCKETS];
}

static void table_add(struct mail *m, struct mail_session *s)
{
	struct mail_session **head = bucket_of(m, s->account);

	s->next = *head;
	if (s->next != NULL)
		s->next->prev = s;
	*head = s;
	m->n_sessions++;
	counter_add(COUNTER_SESSIONS_BEGUN, 1);
	counter_rise(COUNTER_SESSIONS);
}

static void table_remove(struct mail *m, struct mail_session *s)
{
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		*bucket_of(m, s->account) = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	m->n_sessions--;
	counter_fall(COUNTER_SESSIONS);
}

void mail_each_session(struct mail *m,
                       void (*fn)(void *arg, struct mail_session *), void *arg)
{
	for (size_t i = 0; i < SESSION_BUCKETS; i++) {
		struct mail_session *s = m->sessions[i];

		for (; s != NULL; s = s->next)
			fn(arg, s);
	}
}

static uint64_t count_sessions(struct mail *m, uint64_t account)
{
	uint64_t n = 0;

	for (struct mail_session *s = *bucket_of(m, account); s != NULL;
	     s = s->next)
		n += s->account == account;
	return n;
}

struct slice mail_session_peer(struct mail *m, uint64_t account,
                               struct slice session_id)
{
	struct session_facts f;

	for (struct mail_session *s = *bucket_of(m, account); s != NULL;
	     s = s->next) {
		conn_facts(s->conn, &f);
		if (slice_eq(f.session_id, session_id))
			return f.peer;
	}
	return S("");
}

/* -- beginning and end -- */

/* The session itself logs its end; that is the line for every day. */
static void log_start(const struct mail_session *s, uint16_t port)
{
	struct log_line l = log_open(LOG_LEVEL_DEBUG, "imap_start");
	struct session_facts facts;

	conn_facts(s->conn, &facts);
	log_text(&l, "user", facts.account_name);
	log_text(&l, "session", facts.session_id);
	log_text(&l, "peer", facts.peer);
	log_number(&l, "port", port);
	log_close(&l);
}

/* With a gate that has been started again there is no relay any more. */
static void give_back(const struct mail_session *s,
                      const struct conn_left *left)
{
	struct frame_out f = { 0 };

	if (s->gate->link == NULL || s->gate->generation != s->generation) {
		close(left->fd);
		return;
	}
	frame_begin(&f, FRAME_RETURN);
	frame_u64(&f, s->relay);
	frame_slice(&f, left->unread);
	frame_slice(&f, slice_cstr(s->peer));
	frame_u16(&f, s->peer_port);
	frame_u8(&f, s->tls);
	link_send(s->gate->link, &f, left->fd);
}

static void on_end(void *arg, const struct conn_left *left)
{
	struct mail_session *s = arg;
	struct mail *m = s->mail;

	if (left != NULL)
		give_back(s, left);
	mail_report_end(s);
	table_remove(m, s);
	free(s);
	mail_check_end(m);
}

static void start(struct mail_peer *gate, const struct request *r, int fd,
                  struct account *account, const struct ticket_holder *who)
{
	struct mail_session *s = mem_new(1, sizeof *s);
	struct mail *m = gate->mail;
	char peer[PEER_TEXT];
	const struct session_start start = {
		.config = &m->session_config,
		.account = account,
		.session_id = r->session_id,
		.login_tag = r->tag,
		.peer = address_port_text(r->peer, r->peer_port, peer,
		                          sizeof peer),
		.client_id = r->client_id,
		.input = r->input,
		.hidden = slice_cstr(who->hidden),
		.read_only = who->terms & TERM_READ_ONLY,
		.audited = who->terms & TERM_AUDITED,
		.tls = r->tls != 0,
	};

	s->mail = m;
	s->account = who->account;
	s->credential = who->credential;
	s->terms = who->terms;
	s->gate = gate;
	s->generation = gate->generation;
	s->relay = r->relay;
	snprintf(s->peer, sizeof s->peer, "%.*s", (int)r->peer.len,
	         r->peer.ptr);
	s->peer_port = r->peer_port;
	s->tls = r->tls != 0;
	s->conn = conn_start(m->loop, fd, &start, on_end, s);
	conn_trace(s->conn, mail_trace_of(m, s->account));
	table_add(m, s);
	log_start(s, r->local_port);
}

/*
 * auth's EXPECT was sent before gate heard of the ticket, so when it is not
 * known yet it is waiting on auth's link (ipc/protocol.h); and when auth has
 * just been started again, that link is waiting on the parent's.
 */
static bool take_ticket(struct mail *m, const struct request *r,
                        struct ticket_holder *out)
{
	uint64_t now_ms = loop_now_ms(m->loop);

	if (tickets_take(&m->tickets, now_ms, r->ticket, r->session_id, out))
		return true;
	parent_drain(m->parent);
	if (m->auth.link != NULL)
		link_drain(m->auth.link);
	return tickets_take(&m->tickets, now_ms, r->ticket, r->session_id, out);
}

static struct err check_room(struct mail *m, uint64_t account)
{
	if (count_sessions(m, account) >= m->limits.sessions_per_account)
		return err(ERR_LIMIT, "too many sessions of this account");
	return OK;
}

static struct err begin(struct mail_peer *gate, const struct request *r, int fd)
{
	struct mail *m = gate->mail;
	struct ticket_holder who;
	struct account *account;
	struct err e;

	if (m->stopping)
		return err(ERR_UNAVAILABLE, "the server is stopping");
	if (!take_ticket(m, r, &who))
		return err(ERR_UNAVAILABLE, "the log-in has expired");
	e = check_room(m, who.account);
	if (is_ok(e) && !is_ok(account_open(m->model, who.account, &account)))
		e = err(ERR_UNAVAILABLE, "the mailboxes can't be opened");
	if (is_ok(e))
		start(gate, r, fd, account, &who);
	free(who.hidden);
	return e;
}

void mail_on_session(struct mail_peer *gate, struct frame_in *f)
{
	struct request r;
	struct err e;

	if (!parse_request(f, &r) || f->fd < 0 || !is_stream(f->fd)) {
		log_note(LOG_LEVEL_WARN, "bad_frame", "SESSION");
		if (f->fd >= 0)
			close(f->fd);
		return;
	}
	e = begin(gate, &r, f->fd);
	if (is_ok(e))
		return;
	log_refusal(&r, e);
	refuse(f->fd, r.tag, e);
}

/* -- ends that come from us -- */

struct ending {
	uint64_t account;    /* 0: of all */
	uint64_t credential; /* 0: any */
	const char *text;
	void (*end)(struct conn *, const char *text);
};

static void end_one(void *arg, struct mail_session *s)
{
	const struct ending *e = arg;

	if ((e->account == 0 || e->account == s->account) &&
	    (e->credential == 0 || e->credential == s->credential))
		e->end(s->conn, e->text);
}

void mail_dismiss(struct mail *m, uint64_t account, uint64_t credential,
                  const char *text)
{
	struct ending e = { account, credential, text, conn_dismiss };

	if (credential == 0)
		mail_end_visits(m, account, text);
	mail_each_session(m, end_one, &e);
}

void mail_say_bye(struct mail *m, const char *text)
{
	struct ending e = { 0, 0, text, conn_say_bye };

	mail_end_visits(m, 0, text);
	mail_each_session(m, end_one, &e);
}

static void abort_one(struct conn *c, const char *text)
{
	(void)text;
	conn_abort(c);
}

void mail_abort_sessions(struct mail *m)
{
	struct ending e = { 0, 0, NULL, abort_one };

	mail_each_session(m, end_one, &e);
}
