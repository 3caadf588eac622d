/*
 * dovecot_attempt.c -- attempts of a mail transfer agent's clients.
 *
 *	         ┌────────► CALLED ◄────┐ CONT
 *	   AUTH ─┤             │        │
 *	         └─► ASKED ────┼────────┘       refused: DELAYED ──► FAIL
 *	           (the client)└─► it is being verified ──► OK
 *
 * Postfix does not say when a client gives up, so that ASKED ends by time, or
 * for one that comes later. Who is refused hears of it after a while.
 */
#include <stdlib.h>

#include "auth/attempt.h"
#include "auth/dovecot_internal.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/network.h"

enum {
	ATTEMPTS_MOST = 32,    /* of a connection, at a time */
	ASKED_MS = 150 * 1000, /* a client may think for so long */
	MINOR_WITH_CODES = 1,  /* of who understands code= */
};

enum state { ASKED, CALLED, DELAYED };

struct dovecot_attempt {
	struct attempt attempt; /* first */
	struct dovecot_attempt *next;
	struct dovecot *of; /* NULL: it has gone */
	uint32_t id;
	enum state state;
	bool is_begun;   /* the mechanism has heard something */
	bool is_for_now; /* its refusal */
	uint64_t begun_ms;
	struct timer timer; /* of ASKED and DELAYED */
	struct buf refusal;
};

static struct dovecot_attempt *at_agent(struct attempt *t)
{
	return (struct dovecot_attempt *)t;
}

static void add_refusal(struct buf *line, uint32_t id, struct err e)
{
	static const char *const codes[ERR_CODES] = {
		[ERR_UNAVAILABLE] = "temp_fail",
		[ERR_AUTHORIZATIONFAILED] = "authz_fail",
		[ERR_CONTACTADMIN] = "user_disabled",
		[ERR_EXPIRED] = "pass_expired",
	};

	buf_printf(line, "FAIL\t%u", id);
	if (e.text != NULL)
		dovecot_add(line, "reason", slice_cstr(e.text));
	if (codes[e.code] != NULL)
		dovecot_add(line, "code", slice_cstr(codes[e.code]));
}

void dovecot_refuse(struct dovecot *d, uint32_t id, struct err e)
{
	struct buf line = { 0 };

	add_refusal(&line, id, e);
	dovecot_send(d, &line);
}

/* -- attempts of a connection -- */

static struct dovecot_attempt *find(const struct dovecot *d, uint32_t id)
{
	struct dovecot_attempt *t = d->attempts;

	while (t != NULL && t->id != id)
		t = t->next;
	return t;
}

static void unlink_attempt(struct dovecot_attempt *t)
{
	struct dovecot_attempt **at = &t->of->attempts;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->of->n_attempts--;
	t->of = NULL;
}

static void release(struct dovecot_attempt *t)
{
	if (t->of != NULL)
		unlink_attempt(t);
	timer_stop(&t->timer);
	buf_free(&t->refusal);
	mem_wipe(t, sizeof *t);
	free(t);
}

static void on_asked_long(void *arg)
{
	attempt_free(arg);
}

/* False: all are at work. */
static bool make_room(struct dovecot *d)
{
	struct dovecot_attempt *oldest = NULL;

	if (d->n_attempts < ATTEMPTS_MOST)
		return true;
	for (struct dovecot_attempt *t = d->attempts; t != NULL; t = t->next)
		if (t->state == ASKED)
			oldest = t;
	if (oldest != NULL)
		attempt_free(&oldest->attempt);
	return oldest != NULL;
}

/* -- what the steps say (attempt.h) -- */

static void ask(struct attempt *t, struct slice challenge)
{
	struct dovecot_attempt *at = at_agent(t);
	struct buf line = { 0 };

	if (at->of == NULL) {
		attempt_free(t);
		return;
	}
	at->state = ASKED;
	timer_start(&at->timer, t->auth->loop, ASKED_MS, on_asked_long, t);
	buf_printf(&line, "CONT\t%u\t", at->id);
	base64_encode(challenge, &line);
	dovecot_send(at->of, &line);
}

static const char *admit(struct attempt *t)
{
	return at_agent(t)->of != NULL ? NULL : "who asked has gone";
}

/* To clients of Postfix and Exim a FAIL means that the password is wrong,
 * since neither knows of codes; a connection that ends means "try again
 * later" (454, 435). */
static bool is_better_gone(const struct dovecot_attempt *t)
{
	return t->is_for_now && t->of->minor < MINOR_WITH_CODES &&
	       t->of->n_attempts == 1;
}

static void on_delayed(void *arg)
{
	struct dovecot_attempt *t = arg;

	if (is_better_gone(t))
		dovecot_leave(t->of);
	else
		dovecot_send(t->of, &t->refusal);
	release(t);
}

static void tell_grant(struct dovecot_attempt *t)
{
	struct buf line = { 0 };

	buf_printf(&line, "OK\t%u", t->id);
	dovecot_add(&line, "user", account_row_name(&t->attempt.row));
	dovecot_send(t->of, &line);
}

static void tell_refusal(struct dovecot_attempt *t, struct err e)
{
	const struct attempt *a = &t->attempt;
	const struct buf *user = a->name.len != 0 ? &a->name : &a->user;
	uint64_t then = t->begun_ms +
	                (1 + a->delay) * (uint64_t)a->auth->options->refusal_ms;
	uint64_t now = loop_now_ms(a->auth->loop);

	add_refusal(&t->refusal, t->id, e);
	if (user->len != 0 && user->len <= LIMIT_USER_NAME)
		dovecot_add(&t->refusal, "user", buf_slice(user));
	t->is_for_now = e.code == ERR_UNAVAILABLE;
	t->state = DELAYED;
	timer_start(&t->timer, a->auth->loop, then > now ? then - now : 1,
	            on_delayed, t);
}

static void tell(struct attempt *t, struct err e)
{
	struct dovecot_attempt *at = at_agent(t);

	if (at->of == NULL)
		return;
	if (is_ok(e))
		tell_grant(at);
	else
		tell_refusal(at, e);
}

static void free_attempt(struct attempt *t)
{
	if (at_agent(t)->state != DELAYED)
		release(at_agent(t));
}

static const struct attempt_origin from_agent = {
	.challenge = ask,
	.admit = admit,
	.tell = tell,
	.free = free_attempt,
};

/* -- from the agent -- */

static const struct err invalid = { ERR_AUTHENTICATIONFAILED,
	                            "Invalid base64 data" };

/* False: it isn't base64. The buffer is wiped by the caller. */
static bool decode(struct slice text, struct buf *out)
{
	buf_room(out, text.len + 1); /* growing would leave copies behind */
	return text.len == 0 || base64_decode(text, out);
}

static void go_on(struct dovecot_attempt *t, struct slice response)
{
	bool is_begun = t->is_begun;

	timer_stop(&t->timer);
	t->state = CALLED;
	t->is_begun = true;
	if (is_begun)
		attempt_go_on(&t->attempt, response);
	else
		attempt_begin(&t->attempt, response);
}

static enum service service_of(struct slice name)
{
	return slice_eq(name, S("smtp")) || slice_eq(name, S("submission"))
	               ? SERVICE_SMTP
	               : SERVICE_OTHER;
}

/* In one form, whatever was said; "" if that is no address. */
static void keep_address(struct buf *out, struct slice said)
{
	struct network n;
	char text[ADDRESS_TEXT];

	if (slice_find_byte(said, '/') != SLICE_NONE ||
	    !network_parse(said, &n))
		return;
	address_text(&n.base, text);
	attempt_keep(out, slice_cstr(text));
}

static void name_session(struct attempt *t)
{
	struct buf text = { 0 };
	uint8_t id[SESSION_ID_SIZE / 2];

	random_bytes(id, sizeof id);
	hex_encode(slice_of(id, sizeof id), &text);
	memcpy(t->session, text.data, SESSION_ID_SIZE);
	buf_free(&text);
}

static struct dovecot_attempt *
attempt_new(struct dovecot *d, const struct dovecot_request *q, enum sasl m)
{
	struct dovecot_attempt *t = mem_new(1, sizeof *t);

	t->attempt = (struct attempt){ .auth = d->auth,
		                       .origin = &from_agent,
		                       .service = service_of(q->service),
		                       .mechanism = m,
		                       .port = q->port,
		                       .tls = q->is_secured };
	keep_address(&t->attempt.address, q->address);
	keep_address(&t->attempt.own, q->own);
	name_session(&t->attempt);
	t->id = q->id;
	t->begun_ms = loop_now_ms(d->auth->loop);
	t->of = d;
	t->next = d->attempts;
	d->attempts = t;
	d->n_attempts++;
	return t;
}

void dovecot_begin(struct dovecot *d, const struct dovecot_request *q,
                   enum sasl m)
{
	struct buf response = { 0 };

	if (!decode(q->response, &response))
		dovecot_refuse(d, q->id, invalid);
	else if (!make_room(d))
		dovecot_refuse(d, q->id,
		               err(ERR_UNAVAILABLE, "Too many at a time"));
	else if (response.len == 0)
		ask(&attempt_new(d, q, m)->attempt,
		    sasl_mechanisms[m].challenge);
	else
		go_on(attempt_new(d, q, m), buf_slice(&response));
	buf_wipe(&response);
}

void dovecot_respond(struct dovecot *d, uint32_t id, struct slice text)
{
	struct dovecot_attempt *t = find(d, id);
	struct buf response = { 0 };

	if (t == NULL || t->state != ASKED) {
		dovecot_refuse(d, id,
		               err(ERR_UNAVAILABLE, "That exchange is over"));
	} else if (!decode(text, &response)) {
		attempt_free(&t->attempt);
		dovecot_refuse(d, id, invalid);
	} else {
		go_on(t, buf_slice(&response));
	}
	buf_wipe(&response);
}

void dovecot_cancel(struct dovecot *d, uint32_t id)
{
	struct dovecot_attempt *t = find(d, id);

	if (t != NULL && t->state == ASKED)
		attempt_free(&t->attempt);
}

bool dovecot_knows(const struct dovecot *d, uint32_t id)
{
	return find(d, id) != NULL;
}

static void abandon(struct dovecot_attempt *t)
{
	unlink_attempt(t);
	if (t->state == ASKED)
		attempt_free(&t->attempt);
	else if (t->state == DELAYED)
		release(t);
}

void dovecot_abandon(struct dovecot *d)
{
	while (d->attempts != NULL)
		abandon(d->attempts);
}
