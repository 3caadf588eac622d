/*
 * login.c -- a client's credentials go to auth, and what comes back.
 *
 * Refusals wait for the next tick of the client's own clock, so that the time
 * they take tells nothing about their cause; when one has missed it, since
 * auth had much to do, all others wait for as many ticks from then on. Those
 * of one host come one by one: trying many passwords at once gains nothing,
 * but on each gate once. Who is let in never waits.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/log.h"
#include "gate/conn_internal.h"
#include "gate/tls_client.h"

enum {
	SLOW_MS = 60 * 1000, /* a slow refusal is imitated so long, */
	SLOW_TICKS = 5,      /* but not one that is slower than this */
	DELAY_TICKS = 5,     /* at most, of who fails again and again */
};

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
	uint64_t more = c->delay < DELAY_TICKS ? c->delay : DELAY_TICKS;

	if (tick == 0)
		tick = REFUSAL_MS_DEFAULT;
	return admission_refuse(
		&c->guest,
		c->asked_ms +
			(refusal_ticks(g, passed / tick + 1) + more) * tick,
		tick);
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

/* Empty: there is none. */
static void describe_tls(const struct conn *c, char out[TLS_TEXT])
{
	out[0] = '\0';
	if (c->wire.ssl != NULL)
		tls_describe(c->wire.ssl, out, TLS_TEXT);
	else if (c->from.tls)
		strcpy(out, "by a balancer");
}

static void add_session(struct conn *c, struct frame_out *f,
                        struct slice ticket, uint64_t relay)
{
	char tls[TLS_TEXT];
	char peer[ADDRESS_TEXT];

	address_text(&c->from.address, peer);
	describe_tls(c, tls);
	frame_begin(f, FRAME_SESSION);
	frame_slice(f, ticket);
	frame_slice(f, slice_of(c->session_id, SESSION_ID_SIZE));
	frame_slice(f, preauth_tag(c->preauth));
	frame_slice(f, slice_cstr(peer));
	frame_u16(f, c->from.peer_port);
	frame_u16(f, c->from.local_port);
	frame_u8(f, c->wire.ssl != NULL || c->from.tls);
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
static void on_verdict(struct conn *c, struct frame_in *f)
{
	uint8_t code = read_u8(&f->r);
	struct slice text = frame_read_slice(f, REFUSAL_TEXT);
	read_u64(&f->r);
	uint32_t partition = read_u32(&f->r);
	struct slice ticket = frame_read_slice(f, TICKET_SIZE);
	frame_read_slice(f, LIMIT_USER_NAME);
	c->delay = read_u8(&f->r);
	if (!frame_is_whole(f) ||
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

/* FRAME_CHALLENGE behind its request */
static void on_challenge(struct conn *c, struct frame_in *f)
{
	uint64_t exchange = read_u64(&f->r);
	struct slice challenge = frame_read_slice(f, LIMIT_SASL_LINE);

	if (!frame_is_whole(f) || exchange == 0) {
		log_note(LOG_LEVEL_WARN, "bad_frame", "challenge");
		refuse(c, ERR_UNAVAILABLE, S("try again later"));
		return;
	}
	c->exchange = exchange;
	admission_unhold(c->gate->admission, &c->guest);
	preauth_challenge(c->preauth, challenge);
	c->state = CONN_TALK;
	conn_run(c);
}

static void on_answer(void *arg, struct frame_in *f)
{
	struct conn *c = arg;

	c->request = 0;
	c->exchange = 0;
	if (f == NULL)
		refuse(c, ERR_UNAVAILABLE, S("try again later"));
	else if (f->type == FRAME_CHALLENGE)
		on_challenge(c, f);
	else
		on_verdict(c, f);
}

/* What the mechanism binds to, RFC 9266; `out` has room for all of it. */
static struct slice binding(const struct conn *c, enum sasl m, char *out)
{
	if (sasl_mechanisms[m].binding == BINDING_NONE ||
	    !tls_exporter(c->wire.ssl, out))
		return S("");
	return slice_of(out, TLS_EXPORTER);
}

/* Only for who wants to come in by it. */
static void add_proof(const struct conn *c, enum sasl m, struct frame_out *f)
{
	struct buf proof = { 0 };

	if (sasl_mechanisms[m].binding == BINDING_CERTIFICATE)
		tls_client_proof(c->wire.ssl, c->wire.transcript, &proof);
	frame_slice(f, buf_slice(&proof));
	buf_free(&proof);
}

/* Where the client, or the balancer in front of it, has connected to. */
static void add_own_address(const struct conn *c, struct frame_out *f)
{
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof own;
	struct address address;
	char text[ADDRESS_TEXT];
	uint16_t port;

	getsockname(c->wire.fd, (struct sockaddr *)&own, &size);
	address = address_of(&own, &port);
	address_text(&address, text);
	frame_slice(f, slice_cstr(text));
}

static void add_verify(struct conn *c, struct frame_out *f)
{
	const struct preauth_login *l = preauth_login(c->preauth);
	char exporter[TLS_EXPORTER];
	char tls[TLS_TEXT];
	char peer[ADDRESS_TEXT];

	address_text(&c->from.address, peer);
	describe_tls(c, tls);
	frame_u8(f, SERVICE_IMAP);
	frame_u8(f, (uint8_t)l->mechanism);
	frame_slice(f, l->response);
	frame_slice(f, binding(c, l->mechanism, exporter));
	frame_slice(f, slice_cstr(peer));
	frame_u16(f, c->from.peer_port);
	add_own_address(c, f);
	frame_slice(f, slice_cstr(tls));
	frame_slice(f, preauth_client_id(c->preauth));
	frame_slice(f, slice_of(c->session_id, SESSION_ID_SIZE));
	add_proof(c, l->mechanism, f);
}

static void add_response(struct conn *c, struct frame_out *f)
{
	frame_u64(f, c->exchange);
	frame_slice(f, slice_of(c->session_id, SESSION_ID_SIZE));
	frame_slice(f, preauth_login(c->preauth)->response);
}

void login_ask(struct conn *c)
{
	struct gate *g = c->gate;
	bool is_first = preauth_login(c->preauth)->is_first;
	struct frame_out f = { 0 };

	if (is_first)
		login_cancel(c);
	c->state = CONN_VERIFYING;
	c->asked_ms = loop_now_ms(g->loop);
	admission_hold(g->admission, &c->guest);
	c->request = request_begin(
		g, &f, is_first ? FRAME_VERIFY : FRAME_RESPONSE, on_answer, c);
	if (c->request != 0 && is_first)
		add_verify(c, &f);
	else if (c->request != 0)
		add_response(c, &f);
	if (c->request == 0 || !request_send(g, &f, c->request)) {
		c->request = 0;
		refuse(c, ERR_UNAVAILABLE, S("try again later"));
	}
}

void login_cancel(struct conn *c)
{
	requests_cancel(&c->gate->requests, c->request);
	gate_end_exchange(c->gate, c->exchange);
	c->request = 0;
	c->exchange = 0;
}

static bool can_bind(const struct conn *c, enum sasl_binding binding)
{
	switch (binding) {
	case BINDING_NEEDED:
		return tls_has_exporter(c->wire.ssl);
	case BINDING_CERTIFICATE:
		return tls_client_is_good(c->wire.ssl, c->wire.transcript);
	case BINDING_NONE:
	case BINDING_TOLD:
		break;
	}
	return true;
}

uint32_t login_mechanisms(const struct conn *c)
{
	uint32_t set = c->gate->options->mechanisms;

	for (int m = 0; m < SASL_MECHANISMS; m++)
		if (!can_bind(c, sasl_mechanisms[m].binding))
			set &= ~sasl_bit((enum sasl)m);
	return set;
}
