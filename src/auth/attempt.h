/*
 * attempt.h -- somebody tries to get in: from the first word to a verdict.
 *
 *    begin ──► ┌───────────┐ ──► challenge ──► response ──┐
 *              │ mechanism │                              │
 *              └─┬───────┬─┘ ◄────────────────────────────┘
 *     a password │       │ it has proven that it knows one
 *                ▼       ▼
 *              verify.c: may it come in? ──► admit ──► tell
 *
 * It comes from a gate's frames (attempt_gate.c) or from a line of a mail
 * transfer agent (dovecot.c): its origin, which asks and tells.
 */
#pragma once

#include "auth/internal.h"
#include "auth/source.h"

struct attempt;

/* "imap", as the log has it. */
struct slice service_name(enum service);

/* How it ended for the client. */
enum outcome {
	OUTCOME_GRANTED,
	OUTCOME_REFUSED,     /* it is not, or may not */
	OUTCOME_UNAVAILABLE, /* not now: nothing was found out */
};

struct attempt_origin {
	/* The client is to answer. The attempt is the origin's meanwhile, for
	 * attempt_go_on() or attempt_free(). */
	void (*challenge)(struct attempt *, struct slice);

	/* It may come in: what must be ready before it is told so. NULL, or
	 * why it can't be now. */
	const char *(*admit)(struct attempt *);

	/* The verdict, the last that is said; the text is for the client. */
	void (*tell)(struct attempt *, struct err);

	/* The attempt's memory, and what the origin has with it. */
	void (*free)(struct attempt *);
};

/* The first member of what its origin allocates. */
struct attempt {
	struct auth *auth;
	const struct attempt_origin *origin;
	enum service service;
	enum sasl mechanism;
	uint16_t port;
	bool tls;
	char session[SESSION_ID_SIZE];
	struct buf address;   /* text */
	struct buf own;       /* the same, of ours; empty: not said */
	struct buf tls_text;  /* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
	struct buf client_id; /* as sent with ID before, or empty */
	struct buf binding;   /* to the TLS channel; empty: there is none */
	struct buf proof;     /* ipc/client_proof.h; empty: there is none */

	/* what the client claims and how it proves it; wiped. A mechanism that
	 * sees no password leaves secret empty. */
	struct buf authzid;
	struct buf user;
	struct buf secret;

	struct buf name;           /* of the user, normal form */
	struct account_row row;    /* id 0: there is no such user */
	uint64_t credential;       /* that let it in; 0: none with a row */
	struct buf app_password;   /* its name, if it is one */
	struct buf certificate;    /* its fingerprint, if there is one, */
	struct buf subject;        /* and whom it says it is for */
	struct source_found found; /* who else knows the user */
	void *state;               /* of the mechanism */
	const char *reason;        /* for the log */
	bool is_denied;     /* its client knows, and may go without a verdict */
	const char *barred; /* by a policy that nobody is told of: row says
	                       that it is disabled */
	uint8_t terms;      /* on which it comes in: enum term */

	bool is_found; /* name and row are those of the user */
	bool is_right; /* the secret was right, whatever came of it */
	uint8_t delay; /* ticks that its refusal is held back by */
	struct {
		bool is_asked;
		bool is_under_way;
		uint64_t account;    /* that it was asked for, */
		uint64_t generation; /* and what the secret is compared with */
		bool is_looked_up;   /* is_known is */
		bool is_known;       /* the account signs in from there */
	} limit;                     /* attempt_limit.c's */
};

/* For buf_wipe() at its end: all at once, growing would leave copies behind. */
void attempt_keep(struct buf *, struct slice);

/* Fills name and row by user. OK if there is no such one, too. */
struct err attempt_find(struct attempt *);

/* The same from the sources, after it: found, and the row's stored password
 * if one has it. OK if nobody knows the user, too. Suspends. */
struct err attempt_find_source(struct attempt *);

/* The directory has a row with which it may log in, or a source that knows
 * the user is about to make one. */
bool attempt_may_log_in(const struct attempt *);

/* The client's first response, and those to challenges. They may suspend. */
void attempt_begin(struct attempt *, struct slice response);
void attempt_go_on(struct attempt *, struct slice response);

/* Nobody waits for a verdict any more. */
void attempt_free(struct attempt *);

/* -- attempt.c: each tells the verdict, once, and frees the attempt -- */

void attempt_grant(struct attempt *);
void attempt_refuse(struct attempt *, const char *reason);

/* It has shown who it is and may not come in all the same: the client is told
 * why. */
void attempt_deny(struct attempt *, const char *reason, struct err told);
void attempt_refuse_for_now(struct attempt *, const char *reason);

/* -- verify.c: the same; they may suspend -- */

/* user and secret are what somebody typed. */
void verify_password(struct attempt *);

/* The mechanism has seen a proof for row. */
void verify_proven(struct attempt *);

/* secret is a token, and tells the user (token.c). */
void verify_token(struct attempt *);

/* The client's certificate tells the user (external.c). */
void verify_certificate(struct attempt *);

bool verify_may_log_in(const struct account_row *);
/* For the log, why it may not. */
const char *verify_bar(const struct attempt *);
