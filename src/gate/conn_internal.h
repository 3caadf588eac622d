/*
 * conn_internal.h -- what conn.c, the connection, and login.c, which asks
 * auth, share.
 */
#pragma once

#include "gate/internal.h"
#include "gate/preauth.h"
#include "gate/tls.h"

enum { REFUSAL_TEXT = 200 };

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
	uint8_t delay;     /* ticks, besides, that auth holds a refusal back */
	uint64_t request;
	uint64_t exchange; /* what auth calls it, 0: there is none */
	struct refusal refusal;
	struct timer deadline;
	struct timer pause;
	char session_id[SESSION_ID_SIZE];
};

/* -- conn.c -- */

void conn_run(void *arg);
void conn_free(struct conn *);
void conn_close(struct conn *);

/* -- login.c -- */

/* Puts what the client said to auth; the connection goes on by itself. */
void login_ask(struct conn *);

/* Nobody waits for an answer any more. */
void login_cancel(struct conn *);

/* The sasl_bit()s of what may be offered to this client. */
uint32_t login_mechanisms(const struct conn *);
