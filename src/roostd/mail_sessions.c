/*
 * mail_sessions.c -- from gate's SESSION to an IMAP session, and the list
 * of those that run.
 *
 * gate has parsed the log-in command but not answered it: the session does,
 * with the command's tag; so does a refusal here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void refuse(int fd, struct slice tag, const char *text)
{
	char line[MESSAGE_MOST];
	int n;

	if (is_tag(tag))
		n = snprintf(line, sizeof line,
		             "* BYE %s\r\n%.*s NO [UNAVAILABLE] %s\r\n", text,
		             (int)tag.len, tag.ptr, text);
	else
		n = snprintf(line, sizeof line, "* BYE %s\r\n", text);
	send(fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void log_refusal(const struct request *r, const char *why)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "session_refused");

	log_text(&l, "session", r->session_id);
	log_text(&l, "peer", r->peer);
	log_text(&l, "why", slice_cstr(why));
	log_close(&l);
}

/* -- the list -- */

static void list_add(struct mail *m, struct mail_session *s)
{
	s->next = m->sessions;
	if (s->next != NULL)
		s->next->prev = s;
	m->sessions = s;
}

static void list_remove(struct mail_session *s)
{
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		s->mail->sessions = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
}

/* -- beginning and end -- */

static void log_session(const char *event, const struct session_facts *facts,
                        uint16_t port)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, event);

	log_text(&l, "user", facts->account_name);
	log_text(&l, "session", facts->session_id);
	log_text(&l, "peer", facts->peer);
	if (port != 0) {
		log_number(&l, "port", port);
		log_number(&l, "tls", facts->tls);
	} else {
		log_number(&l, "commands", facts->commands);
		log_number(&l, "in", facts->bytes_in);
		log_number(&l, "out", facts->bytes_out);
	}
	log_close(&l);
}

static void on_end(void *arg, struct conn *conn)
{
	struct mail_session *s = arg;
	struct mail *m = s->mail;

	(void)conn;
	list_remove(s);
	free(s);
	mail_check_end(m);
}

static struct slice peer_text(const struct request *r, char *out, size_t size)
{
	bool v6 = slice_find_byte(r->peer, ':') != SLICE_NONE;
	int n = snprintf(out, size, v6 ? "[%.*s]:%u" : "%.*s:%u",
	                 (int)r->peer.len, r->peer.ptr, r->peer_port);

	return slice_of(out, (size_t)n);
}

static void start(struct mail *m, const struct request *r, int fd,
                  struct account *account)
{
	struct mail_session *s = mem_new(1, sizeof *s);
	char peer[PEER_MOST + 16];
	struct session_facts facts;
	const struct session_start start = {
		.config = &m->session_config,
		.account = account,
		.session_id = r->session_id,
		.login_tag = r->tag,
		.peer = peer_text(r, peer, sizeof peer),
		.client_id = r->client_id,
		.input = r->input,
		.tls = r->tls != 0,
	};

	s->mail = m;
	s->account = account_id(account);
	s->conn = conn_start(m->loop, fd, &start, on_end, s);
	list_add(m, s);
	conn_facts(s->conn, &facts);
	log_session("imap_login", &facts, r->local_port);
}

/* auth's EXPECT was sent before gate heard of the ticket, so when it is not
 * known yet it is waiting on auth's link (ipc/protocol.h). */
static bool take_ticket(struct mail *m, const struct request *r,
                        uint64_t *account)
{
	uint64_t now_ms = loop_now_ms(m->loop);

	if (tickets_take(&m->tickets, now_ms, r->ticket, r->session_id,
	                 account))
		return true;
	if (m->auth.link != NULL)
		link_drain(m->auth.link);
	return tickets_take(&m->tickets, now_ms, r->ticket, r->session_id,
	                    account);
}

static const char *begin(struct mail *m, const struct request *r, int fd)
{
	struct account *account;
	uint64_t id;

	if (m->stopping)
		return "the server is stopping";
	if (!take_ticket(m, r, &id))
		return "the log-in has expired";
	if (!is_ok(account_open(m->model, id, &account)))
		return "the mailboxes can't be opened";
	start(m, r, fd, account);
	return NULL;
}

void mail_on_session(struct mail *m, struct frame_in *f)
{
	struct request r;
	const char *wrong;

	if (!parse_request(f, &r) || f->fd < 0 || !is_stream(f->fd)) {
		log_note(LOG_LEVEL_WARN, "bad_frame", "SESSION");
		if (f->fd >= 0)
			close(f->fd);
		return;
	}
	wrong = begin(m, &r, f->fd);
	if (wrong == NULL)
		return;
	log_refusal(&r, wrong);
	refuse(f->fd, r.tag, wrong);
}

size_t mail_kick(struct mail *m, uint64_t account, const char *text)
{
	size_t n = 0;

	for (struct mail_session *s = m->sessions; s != NULL; s = s->next) {
		if (account != 0 && s->account != account)
			continue;
		conn_say_bye(s->conn, text);
		n++;
	}
	return n;
}

void mail_abort_sessions(struct mail *m)
{
	for (struct mail_session *s = m->sessions; s != NULL; s = s->next)
		conn_abort(s->conn);
}

/* -- for `roost who` and `roost kick` -- */

static void walk(void *ctx, void (*fn)(void *arg, const struct session_entry *),
                 void *arg)
{
	struct mail *m = ctx;
	uint64_t now_ms = loop_now_ms(m->loop);

	for (struct mail_session *s = m->sessions; s != NULL; s = s->next) {
		struct session_facts f;

		conn_facts(s->conn, &f);
		fn(arg,
		   &(struct session_entry){
			   .session_id = f.session_id,
			   .account_name = f.account_name,
			   .peer = f.peer,
			   .client_id = f.client_id,
			   .mailbox = f.mailbox,
			   .command = slice_cstr(f.command),
			   .since_s = f.since_s,
			   .idle_s = now_ms > f.active_ms
		                             ? (now_ms - f.active_ms) / 1000
		                             : 0,
			   .tls = f.tls,
		   });
	}
}

static uint64_t kick(void *ctx, struct slice who)
{
	struct mail *m = ctx;
	uint64_t n = 0;

	for (struct mail_session *s = m->sessions; s != NULL; s = s->next) {
		struct session_facts f;

		conn_facts(s->conn, &f);
		if (!slice_eq(f.session_id, who) &&
		    !slice_eq(f.account_name, who))
			continue;
		conn_say_bye(s->conn, "disconnected by the administrator");
		n++;
	}
	return n;
}

struct session_registry mail_registry(struct mail *m)
{
	return (struct session_registry){ walk, kick, m };
}
