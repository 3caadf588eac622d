/*
 * attempt_gate.c -- attempts at a gate: its frames, and a ticket in the end.
 *
 * An attempt whose client is to answer waits in its gate's table of
 * exchanges; its number there is good once, and for its session. It ends
 * there when the client gives up, or with its gate.
 *
 * Mail hears of the ticket before gate does (ipc/protocol.h).
 */
#include <stdlib.h>

#include "auth/attempt.h"
#include "base/hash.h"
#include "base/mem.h"

enum {
	EXCHANGES_MOST = 65536, /* of one gate */
	BINDING_MOST = 64,
	TLS_TEXT_MOST = 128,
	PROOF_MOST = LIMIT_CLIENT_CHAIN + 4096,
};

struct gate_attempt {
	struct attempt attempt; /* first */
	struct peer *gate;
	uint64_t request;
	uint8_t ticket[TICKET_SIZE];
};

static struct gate_attempt *at_gate(struct attempt *t)
{
	return (struct gate_attempt *)t;
}

/* -- verdicts -- */

static void begin_verdict(struct frame_out *f, uint64_t request, struct err e)
{
	frame_begin(f, FRAME_VERDICT);
	frame_u64(f, request);
	frame_u8(f, (uint8_t)e.code);
	frame_slice(f, slice_cstr(e.text));
}

static void send_refusal(struct peer *gate, uint64_t request, struct err e,
                         uint8_t delay)
{
	struct frame_out f = { 0 };

	if (gate->link == NULL)
		return;
	begin_verdict(&f, request, e);
	frame_u64(&f, 0);
	frame_u32(&f, 0);
	frame_slice(&f, S(""));
	frame_slice(&f, S(""));
	frame_u8(&f, delay);
	link_send(gate->link, &f, -1);
}

static struct peer *mail_of(const struct attempt *t)
{
	struct auth *a = t->auth;

	return auth_mail_peer(a, directory_partition(a->directory, t->row.id));
}

static void send_grant(const struct gate_attempt *g)
{
	const struct account_row *row = &g->attempt.row;
	struct peer *mail = mail_of(&g->attempt);
	struct frame_out f = { 0 };

	begin_verdict(&f, g->request, OK);
	frame_u64(&f, row->id);
	frame_u32(&f, mail->index);
	frame_slice(&f, slice_of(g->ticket, sizeof g->ticket));
	frame_slice(&f, account_row_name(row));
	frame_u8(&f, 0);
	held_send(mail, g->gate, &f);
}

static void tell(struct attempt *t, struct err e)
{
	struct gate_attempt *g = at_gate(t);

	if (is_ok(e))
		send_grant(g);
	else
		send_refusal(g->gate, g->request, e, t->delay);
}

/* Mail, which may be NULL, hears of the ticket. ERR_LIMIT, ERR_CLOSED */
static struct err announce(const struct attempt *t, struct peer *mail,
                           struct slice ticket)
{
	struct frame_out f = { 0 };
	struct buf hidden = { 0 };
	struct err e;

	if (mail == NULL)
		return err(ERR_CLOSED, NULL);
	e = directory_hidden_for(t->auth->directory, account_row_name(&t->row),
	                         &hidden);
	if (!is_ok(e)) {
		buf_free(&hidden);
		return e;
	}
	frame_begin(&f, FRAME_EXPECT);
	frame_slice(&f, ticket);
	frame_u64(&f, t->row.id);
	frame_u64(&f, t->credential);
	frame_slice(&f, account_row_name(&t->row));
	frame_slice(&f, slice_of(t->session, SESSION_ID_SIZE));
	frame_slice(&f, buf_slice(&hidden));
	frame_u8(&f, t->terms);
	buf_free(&hidden);
	return link_send(mail->link, &f, -1);
}

static const char *admit(struct attempt *t)
{
	struct gate_attempt *g = at_gate(t);
	struct slice ticket = slice_of(g->ticket, sizeof g->ticket);

	if (g->gate->link == NULL)
		return "its gate has gone";
	random_bytes(g->ticket, sizeof g->ticket);
	if (!is_ok(announce(t, mail_of(t), ticket)))
		return "the account's partition is not served";
	return NULL;
}

/* -- exchanges -- */

/* Its gate has gone. */
static void on_lost(void *arg, struct frame_in *nothing)
{
	(void)nothing;
	attempt_free(arg);
}

static void challenge(struct attempt *t, struct slice text)
{
	struct gate_attempt *g = at_gate(t);
	struct peer *gate = g->gate;
	struct frame_out f = { 0 };

	if (gate->link == NULL) {
		attempt_refuse_for_now(t, "its gate has gone");
		return;
	}
	if (gate->exchanges.open >= EXCHANGES_MOST) {
		attempt_refuse_for_now(t, "too many exchanges at a time");
		return;
	}
	frame_begin(&f, FRAME_CHALLENGE);
	frame_u64(&f, g->request);
	frame_u64(&f, requests_add(&gate->exchanges, on_lost, t));
	frame_slice(&f, text);
	link_send(gate->link, &f, -1);
}

static void gate_attempt_free(struct attempt *t)
{
	peer_release(at_gate(t)->gate);
	mem_wipe(t, sizeof(struct gate_attempt));
	free(t);
}

static const struct attempt_origin from_gate = {
	.challenge = challenge,
	.admit = admit,
	.tell = tell,
	.free = gate_attempt_free,
};

/* -- frames -- */

bool attempt_verify(struct peer *gate, struct frame_in *in)
{
	struct gate_attempt *g;
	uint64_t request = read_u64(&in->r);
	uint8_t service = read_u8(&in->r);
	uint8_t mechanism = read_u8(&in->r);
	struct slice response = frame_read_slice(in, LIMIT_SASL_LINE);
	struct slice binding = frame_read_slice(in, BINDING_MOST);
	struct slice address = frame_read_slice(in, 64);
	uint16_t port = read_u16(&in->r);
	struct slice own = frame_read_slice(in, 64);
	struct slice tls = frame_read_slice(in, TLS_TEXT_MOST);
	struct slice client_id = frame_read_slice(in, LIMIT_CLIENT_ID);
	struct slice session = frame_read_slice(in, SESSION_ID_SIZE);
	struct slice proof = frame_read_slice(in, PROOF_MOST);

	if (!frame_is_whole(in) || service != SERVICE_IMAP ||
	    mechanism >= SASL_MECHANISMS || session.len != SESSION_ID_SIZE)
		return false;
	g = mem_new(1, sizeof *g);
	g->gate = peer_keep(gate);
	g->request = request;
	g->attempt = (struct attempt){ .auth = gate->auth,
		                       .origin = &from_gate,
		                       .service = SERVICE_IMAP,
		                       .mechanism = (enum sasl)mechanism,
		                       .port = port,
		                       .tls = tls.len != 0 };
	memcpy(g->attempt.session, session.ptr, SESSION_ID_SIZE);
	attempt_keep(&g->attempt.binding, binding);
	attempt_keep(&g->attempt.proof, proof);
	attempt_keep(&g->attempt.address, address);
	attempt_keep(&g->attempt.own, own);
	attempt_keep(&g->attempt.tls_text, tls);
	attempt_keep(&g->attempt.client_id, client_id);
	attempt_begin(&g->attempt, response);
	return true;
}

bool attempt_response(struct peer *gate, struct frame_in *in)
{
	uint64_t request = read_u64(&in->r);
	uint64_t exchange = read_u64(&in->r);
	struct slice session = frame_read_slice(in, SESSION_ID_SIZE);
	struct slice response = frame_read_slice(in, LIMIT_SASL_LINE);
	struct attempt *t;

	if (!frame_is_whole(in))
		return false;
	t = requests_take(&gate->exchanges, exchange);
	if (t == NULL) {
		send_refusal(gate, request,
		             err(ERR_UNAVAILABLE, "Try again later"), 0);
		return true;
	}
	at_gate(t)->request = request;
	if (!slice_eq(session, slice_of(t->session, SESSION_ID_SIZE)))
		attempt_refuse_for_now(t, "the response is another exchange's");
	else
		attempt_go_on(t, response);
	return true;
}

bool attempt_cancel(struct peer *gate, struct frame_in *in)
{
	uint64_t exchange = read_u64(&in->r);
	struct attempt *t;

	if (!frame_is_whole(in))
		return false;
	t = requests_take(&gate->exchanges, exchange);
	if (t != NULL)
		attempt_free(t);
	return true;
}
