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
 * What is said is preauth.c's, auth is login.c's; here are the socket and the
 * clock. One deadline runs from accept to log-in, whatever the client does.
 */
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/conn_internal.h"
#include "gate/tls_client.h"

enum { END_MS = 5000 }; /* for the last words of ours */

/* The wire stays as it is: closed, or somebody else's by now. */
void conn_free(struct conn *c)
{
	struct gate *g = c->gate;

	login_cancel(c);
	timer_stop(&c->deadline);
	timer_stop(&c->pause);
	watch_free(c->watch);
	preauth_free(c->preauth);
	admission_leave(g->admission, &c->guest);
	member_remove(&c->member);
	free(c);
	gate_check_end(g);
}

void conn_close(struct conn *c)
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
	login_cancel(c);
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
		.may_login = c->wire.ssl != NULL || c->from.tls ||
		             gate_trusts(c->gate, &c->from.address),
		.mechanisms = login_mechanisms(c),
		.hidden = c->gate->hidden,
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
		login_ask(c);
		return IO_WAIT;
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

/* Whoever asks why EXTERNAL isn't offered finds it there. */
static void log_certificate(const struct conn *c)
{
	const char *problem = tls_client_problem(c->wire.ssl);
	char peer[ADDRESS_TEXT];
	struct log_line l;

	if (problem == NULL)
		return;
	address_text(&c->from.address, peer);
	l = log_open(LOG_LEVEL_INFO, "client_certificate_refused");
	log_text(&l, "rip", slice_cstr(peer));
	log_text(&l, "session", slice_of(c->session_id, SESSION_ID_SIZE));
	log_text(&l, "reason", slice_cstr(problem));
	log_close(&l);
}

static void count_handshake(const struct conn *c, bool good)
{
	const SSL *ssl = c->wire.ssl;

	if (!good) {
		counter_add(COUNTER_HANDSHAKES_FAILED, 1);
		return;
	}
	counter_add(COUNTER_HANDSHAKES + (SSL_version(ssl) >= TLS1_3_VERSION),
	            1);
	if (SSL_session_reused(ssl))
		counter_add(COUNTER_HANDSHAKES_RESUMED, 1);
}

static enum io step_handshake(struct conn *c)
{
	enum io io = wire_handshake(&c->wire);

	if (io == IO_DONE || io == IO_CLOSED)
		count_handshake(c, io == IO_DONE);
	if (io == IO_DONE) {
		log_certificate(c);
		talk(c);
	}
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

void conn_run(void *arg)
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

void conns_shake(struct gate *g)
{
	struct member *next;

	for (struct member *m = g->conns.next; m != &g->conns; m = next) {
		struct conn *c = (struct conn *)m;

		next = m->next;
		if (c->state == CONN_HANDSHAKE)
			conn_run(c);
	}
}

void conns_free(struct gate *g)
{
	while (g->conns.next != &g->conns)
		conn_close((struct conn *)g->conns.next);
}
