/*
 * conn.c -- one IMAP client from accept to log-in.
 *
 *   IMAPS ──► HANDSHAKE ──┐          ┌────────────┐ auth says yes
 *                ▲        ├──► TALK ─┤ VERIFYING  ├──────► handed over
 *   IMAP ────────┼────────┘    │  ▲  └─────┬──────┘
 *                │             │  │        │ no
 *                └── STARTTLS ◄┤  └──── PAUSING, to the next tick
 *   given back by mail ────────┤
 *                              └──► ENDING, what is left to say is sent
 *
 * What is said is preauth.c's; here are the socket, the clock and auth. One
 * deadline runs from accept to log-in, whatever the client does. Refusals
 * wait for the next tick of the client's own clock, so that the time they
 * take tells nothing about their cause; when one has missed it, since auth
 * had much to do, all others wait for as many ticks from then on. Those of one
 * host come one by one: trying many passwords at once gains nothing, but on
 * each gate once. Who is let in never waits.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/internal.h"
#include "gate/preauth.h"
#include "gate/tls.h"

enum {
	SLOW_MS = 60 * 1000, /* a slow refusal is imitated so long, */
	SLOW_TICKS = 5,      /* but not one that is slower than this */
	END_MS = 5000,       /* for the last words of ours */
	REFUSAL_TEXT = 200,
};

enum conn_state {
	CONN_HANDSHAKE,
	CONN_TALK,
	CONN_STARTTLS,
	CONN_VERIFYING,
	CONN_PAUSING,
	CONN_ENDING,
};

/* What a client needs only before it is refused. */
struct refusal {
	enum err_code code;
	size_t len;
	char text[REFUSAL_TEXT];
};

struct conn {
	struct member member; /* first */
	struct guest guest;
	struct gate *gate;
	struct wire wire;
	struct watch *watch;
	struct preauth *preauth; /* NULL during the handshake */
	struct arrival from;
	enum conn_state state;
	bool was_greeted;
	uint64_t since_ms; /* accepted */
	uint64_t asked_ms; /* the credentials were given to auth */
	uint64_t request;
	struct refusal refusal;
	struct timer deadline;
	struct timer pause;
	char session_id[SESSION_ID_SIZE];
};

static void conn_run(void *arg);

/* The wire stays as it is: closed, or somebody else's by now. */
static void conn_free(struct conn *c)
{
	struct gate *g = c->gate;

	requests_cancel(&g->requests, c->request);
	timer_stop(&c->deadline);
	timer_stop(&c->pause);
	watch_free(c->watch);
	preauth_free(c->preauth);
	admission_leave(g->admission, &c->guest);
	member_remove(&c->member);
	free(c);
	gate_check_end(g);
}

static void conn_close(struct conn *c)
{
	watch_free(c->watch);
	c->watch = NULL;
	wire_end(&c->wire);
	conn_free(c);
}

void conn_evict(struct guest *guest)
{
	char *at = (char *)guest - offsetof(struct conn, guest);

	conn_close((struct conn *)at);
}

static void on_deadline(void *arg);

static uint64_t login_ms(const struct conn *c)
{
	return c->gate->options->limits.login_seconds * 1000u;
}

/* The whole time before the log-in counts, not that of each step. */
static void set_deadline(struct conn *c, uint64_t most_ms)
{
	uint64_t end = c->since_ms + login_ms(c);
	uint64_t now = loop_now_ms(c->gate->loop);
	uint64_t left = end > now ? end - now : 1;

	timer_start(&c->deadline, c->gate->loop,
	            left < most_ms ? left : most_ms, on_deadline, c);
}

static void end(struct conn *c, const char *why)
{
	preauth_bye(c->preauth, why);
	requests_cancel(&c->gate->requests, c->request);
	c->request = 0;
	timer_stop(&c->pause);
	c->state = CONN_ENDING;
	timer_start(&c->deadline, c->gate->loop, END_MS, on_deadline, c);
}

static void on_deadline(void *arg)
{
	struct conn *c = arg;

	if (c->state == CONN_HANDSHAKE || c->state == CONN_ENDING) {
		conn_close(c);
		return;
	}
	end(c, "too slow");
	conn_run(c);
}

static void talk(struct conn *c)
{
	struct preauth_options o = {
		.hostname = c->gate->options->hostname,
		.tls = c->wire.ssl != NULL,
		.starttls = c->gate->tls != NULL,
		.may_login = c->wire.ssl != NULL ||
		             gate_trusts(c->gate, &c->from.address),
	};

	c->preauth = preauth_new(&o, !c->was_greeted);
	c->state = CONN_TALK;
	set_deadline(c, login_ms(c));
}

static void handshake(struct conn *c)
{
	wire_start_tls(&c->wire, c->gate->tls, (uint8_t)c->from.kind);
	c->state = CONN_HANDSHAKE;
	set_deadline(c, LIMIT_TLS_SECONDS * 1000);
}

static void on_pause_over(void *arg)
{
	struct conn *c = arg;
	struct refusal *r = &c->refusal;

	preauth_refuse(c->preauth, r->code, slice_of(r->text, r->len));
	admission_unhold(c->gate->admission, &c->guest);
	c->state = CONN_TALK;
	conn_run(c);
}

/* Ticks from the question to its refusal: as many for a quick one as for the
 * slowest of late. */
static uint64_t refusal_ticks(struct gate *g, uint64_t took)
{
	uint64_t now = loop_now_ms(g->loop);

	if (took > SLOW_TICKS)
		return took;
	if (took > g->refusal_ticks || now >= g->refusal_until_ms)
		g->refusal_ticks = took;
	if (took == g->refusal_ticks)
		g->refusal_until_ms = now + SLOW_MS;
	return g->refusal_ticks;
}

static uint64_t refusal_due(struct conn *c)
{
	struct gate *g = c->gate;
	uint64_t tick = g->options->refusal_ms;
	uint64_t passed = loop_now_ms(g->loop) - c->asked_ms;

	if (tick == 0)
		tick = REFUSAL_MS_DEFAULT;
	return admission_refuse(
		&c->guest,
		c->asked_ms + refusal_ticks(g, passed / tick + 1) * tick, tick);
}

/* In the words of preauth.c where the cause must not be told. */
static void refuse(struct conn *c, enum err_code code, struct slice text)
{
	if (code == ERR_AUTHENTICATIONFAILED)
		text = S("");
	text = slice_first(text, REFUSAL_TEXT);
	c->refusal = (struct refusal){ .code = code, .len = text.len };
	if (text.len != 0)
		memcpy(c->refusal.text, text.ptr, text.len);
	c->state = CONN_PAUSING;
	timer_start(&c->pause, c->gate->loop,
	            refusal_due(c) - loop_now_ms(c->gate->loop), on_pause_over,
	            c);
}

static void add_session(struct conn *c, struct frame_out *f,
                        struct slice ticket, uint64_t relay)
{
	char tls[128] = "";
	char peer[ADDRESS_TEXT];

	address_text(&c->from.address, peer);
	if (c->wire.ssl != NULL)
		tls_describe(c->wire.ssl, tls, sizeof tls);
	frame_begin(f, FRAME_SESSION);
	frame_slice(f, ticket);
	frame_slice(f, slice_of(c->session_id, SESSION_ID_SIZE));
	frame_slice(f, preauth_tag(c->preauth));
	frame_slice(f, slice_cstr(peer));
	frame_u16(f, c->from.peer_port);
	frame_u16(f, c->from.local_port);
	frame_u8(f, c->wire.ssl != NULL);
	frame_slice(f, slice_cstr(tls));
	frame_slice(f, preauth_client_id(c->preauth));
	frame_slice(f, preauth_rest(c->preauth));
	frame_u64(f, relay);
}

static bool relay_pair(int pair[2])
{
	int most = LIMIT_UNSENT;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	               pair) != 0)
		return false;
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
	return true;
}

/* mail gets the client's socket. */
static bool hand_over_clear(struct conn *c, struct link *mail,
                            struct slice ticket)
{
	struct frame_out f = { 0 };
	int fd = c->wire.fd;

	c->wire.fd = -1;
	add_session(c, &f, ticket, 0);
	return is_ok(link_send(mail, &f, fd));
}

/* mail gets one end of a pair whose other end the relay has. */
static bool hand_over_tls(struct conn *c, uint32_t partition,
                          struct slice ticket, const int pair[2])
{
	struct relay *relay = relay_new(c->gate, &c->from, partition, pair[1]);
	struct link *mail = gate_mail(c->gate, partition);
	struct frame_out f = { 0 };

	add_session(c, &f, ticket, relay_number(relay));
	if (!is_ok(link_send(mail, &f, pair[0]))) {
		relay_free(relay);
		return false;
	}
	relay_start(relay, c->wire);
	c->wire = (struct wire){ .fd = -1 };
	return true;
}

static bool hand_over(struct conn *c, struct slice ticket, uint32_t partition)
{
	struct link *mail = gate_mail(c->gate, partition);
	int pair[2];

	if (mail == NULL)
		return false;
	if (c->wire.ssl != NULL && !relay_pair(pair))
		return false;
	watch_free(c->watch);
	c->watch = NULL;
	if (c->wire.ssl == NULL)
		return hand_over_clear(c, mail, ticket);
	return hand_over_tls(c, partition, ticket, pair);
}

/* FRAME_VERDICT behind its request */
static void on_verdict(void *arg, struct frame_in *f)
{
	struct conn *c = arg;

	c->request = 0;
	if (f == NULL) {
		refuse(c, ERR_UNAVAILABLE, S("try again later"));
		return;
	}
	uint8_t code = read_u8(&f->r);
	struct slice text = frame_read_slice(f, REFUSAL_TEXT);
	read_u64(&f->r);
	uint32_t partition = read_u32(&f->r);
	struct slice ticket = frame_read_slice(f, TICKET_SIZE);
	frame_read_slice(f, LIMIT_USER_NAME);
	if (f->type != FRAME_VERDICT || !frame_is_whole(f) ||
	    (code == ERR_OK && ticket.len != TICKET_SIZE)) {
		log_note(LOG_LEVEL_WARN, "bad_frame", "verdict");
		refuse(c, ERR_UNAVAILABLE, S("try again later"));
	} else if (code != ERR_OK) {
		refuse(c, code, text);
	} else if (hand_over(c, ticket, partition)) {
		conn_free(c);
	} else if (c->watch == NULL) {
		conn_close(c);
	} else {
		refuse(c, ERR_UNAVAILABLE, S("try again later"));
	}
}

static void add_verify(struct conn *c, struct frame_out *f)
{
	const struct preauth_login *l = preauth_login(c->preauth);
	char peer[ADDRESS_TEXT];

	address_text(&c->from.address, peer);
	frame_u8(f, SERVICE_IMAP);
	frame_slice(f, l->mechanism);
	frame_slice(f, l->authzid);
	frame_slice(f, l->user);
	frame_slice(f, l->secret);
	frame_slice(f, slice_cstr(peer));
	frame_u16(f, c->from.peer_port);
	frame_u8(f, c->wire.ssl != NULL);
	frame_slice(f, slice_of(c->session_id, SESSION_ID_SIZE));
}

static enum io verify(struct conn *c)
{
	struct gate *g = c->gate;
	struct frame_out f = { 0 };

	c->state = CONN_VERIFYING;
	c->asked_ms = loop_now_ms(g->loop);
	admission_hold(g->admission, &c->guest);
	if (preauth_login(c->preauth)->hopeless) {
		refuse(c, ERR_AUTHENTICATIONFAILED, S(""));
		return IO_WAIT;
	}
	c->request = request_begin(g, &f, FRAME_VERIFY, on_verdict, c);
	if (c->request != 0)
		add_verify(c, &f);
	if (c->request == 0 || !request_send(g, &f, c->request)) {
		c->request = 0;
		refuse(c, ERR_UNAVAILABLE, S("try again later"));
	}
	return IO_WAIT;
}

static enum io receive(struct conn *c)
{
	size_t size;
	size_t got;
	char *room = preauth_room(c->preauth, &size);
	enum io io = wire_read(&c->wire, room, size, &got);

	preauth_took(c->preauth, got);
	if (c->wire.ssl != NULL && tls_is_abused(c->wire.ssl))
		return IO_CLOSED;
	return io;
}

static enum io step_talk(struct conn *c)
{
	enum preauth_event event = preauth_next(c->preauth);
	enum io io = wire_flush(&c->wire, preauth_out(c->preauth));

	if (io != IO_DONE)
		return io;
	switch (event) {
	case PREAUTH_VERIFY:
		return verify(c);
	case PREAUTH_STARTTLS:
		c->state = CONN_STARTTLS;
		return IO_DONE;
	case PREAUTH_OVER:
		return IO_CLOSED;
	case PREAUTH_INPUT:
		break;
	}
	return receive(c);
}

/* Nothing of what was said in clear is known behind the handshake. */
static enum io step_starttls(struct conn *c)
{
	preauth_free(c->preauth);
	c->preauth = NULL;
	c->was_greeted = true;
	handshake(c);
	return IO_DONE;
}

static enum io step_handshake(struct conn *c)
{
	enum io io = wire_handshake(&c->wire);

	if (io == IO_DONE)
		talk(c);
	return io;
}

static enum io step_ending(struct conn *c)
{
	enum io io = wire_flush(&c->wire, preauth_out(c->preauth));

	return io == IO_DONE ? IO_CLOSED : io;
}

static enum io step(struct conn *c)
{
	switch (c->state) {
	case CONN_HANDSHAKE:
		return step_handshake(c);
	case CONN_TALK:
		return step_talk(c);
	case CONN_STARTTLS:
		return step_starttls(c);
	case CONN_ENDING:
		return step_ending(c);
	case CONN_VERIFYING:
	case CONN_PAUSING:
		break;
	}
	return IO_WAIT;
}

static void conn_run(void *arg)
{
	struct conn *c = arg;
	enum io io;

	do {
		io = step(c);
	} while (io == IO_DONE);
	if (io == IO_CLOSED)
		conn_close(c);
	else
		watch_for(c->watch, io == IO_WANT_READ    ? UV_READABLE
		                    : io == IO_WANT_WRITE ? UV_WRITABLE
		                                          : 0);
}

/* NULL: there is no room, and the wire is closed. */
static struct conn *conn_make(struct gate *g, const struct arrival *from,
                              struct wire wire)
{
	struct conn *c = mem_new(1, sizeof *c);

	*c = (struct conn){ .gate = g, .from = *from, .wire = wire };
	c->since_ms = loop_now_ms(g->loop);
	session_id_new(c->session_id);
	member_add(&g->conns, &c->member);
	c->watch = watch_new(g->loop, wire.fd, conn_run, c);
	if (c->watch != NULL &&
	    admission_enter(g->admission, &c->guest, &from->address,
	                    gate_trusts(g, &from->address)))
		return c;
	conn_close(c);
	return NULL;
}

void conn_new(struct gate *g, const struct arrival *from)
{
	struct conn *c = conn_make(g, from, (struct wire){ .fd = from->fd });

	if (c == NULL)
		return;
	if (from->kind == LISTENER_IMAPS && g->tls == NULL) {
		conn_close(c);
		return;
	}
	if (from->kind == LISTENER_IMAPS)
		handshake(c);
	else
		talk(c);
	conn_run(c);
}

/* False: that is more than one may send without an answer. */
static bool give(struct preauth *p, struct slice input)
{
	while (input.len != 0) {
		size_t size;
		char *room = preauth_room(p, &size);

		if (size == 0)
			return false;
		if (size > input.len)
			size = input.len;
		memcpy(room, input.ptr, size);
		preauth_took(p, size);
		input = slice_from(input, size);
	}
	return true;
}

/* As one who has just come, with all limits that there are then. */
void conn_return(struct gate *g, const struct returned *r)
{
	struct conn *c = conn_make(g, &r->from, r->wire);

	if (c == NULL)
		return;
	c->was_greeted = true;
	talk(c);
	buf_add(preauth_out(c->preauth), r->output);
	if (g->stopping)
		end(c, "the server is going down");
	else if (!give(c->preauth, r->input))
		end(c, "too much behind UNAUTHENTICATE");
	conn_run(c);
}

void conns_stop(struct gate *g)
{
	struct member *next;

	for (struct member *m = g->conns.next; m != &g->conns; m = next) {
		struct conn *c = (struct conn *)m;

		next = m->next;
		if (c->preauth == NULL) {
			conn_close(c);
			continue;
		}
		end(c, "the server is going down");
		conn_run(c);
	}
}

void conns_free(struct gate *g)
{
	while (g->conns.next != &g->conns)
		conn_close((struct conn *)g->conns.next);
}
