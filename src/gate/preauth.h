/*
 * preauth.h -- an IMAP connection before its log-in: bytes in, bytes out.
 *
 * It has no socket, no clock and no secrets store: the driver (conn.c, a
 * test, a fuzzer) reads into preauth_room(), asks preauth_next() what is to
 * be done, and sends what stands in `out`.
 *
 *                 ┌──── PREAUTH_INPUT ◄── read more
 *   preauth_new ──┼──── PREAUTH_VERIFY ──► preauth_challenge,
 *                 │                        preauth_refuse, or the client is
 *                 │                        logged in: preauth_rest, free
 *                 ├──── PREAUTH_STARTTLS ─► send `out`, free, TLS, new
 *                 └──── PREAUTH_OVER ────► send `out`, close
 *
 * What one client can make it hold: its buffer of PREAUTH_BUFFER bytes, the
 * same again while a command is run, and `out`, which LIMIT_PREAUTH_COMMANDS
 * bounds. While nothing has been sent it holds no buffer at all. Secrets
 * are overwritten when their command is over.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/sasl.h"
#include "base/slice.h"

enum { PREAUTH_READ = 4096, PREAUTH_BUFFER = LIMIT_SASL_LINE + PREAUTH_READ };

/* Its slices must outlive the preauth. */
struct preauth_options {
	struct slice hostname;
	bool tls;            /* we are inside TLS */
	bool starttls;       /* TLS can be had */
	bool may_login;      /* inside TLS, or from a trusted network */
	uint32_t mechanisms; /* sasl_bit() of each that is offered */
	uint32_t hidden;     /* preauth_hidden() of what nobody is told of */
};

/* Of names of capabilities with a space between them. */
uint32_t preauth_hidden(struct slice names);

enum preauth_event {
	PREAUTH_INPUT,
	PREAUTH_VERIFY,
	PREAUTH_STARTTLS,
	PREAUTH_OVER,
};

/* Valid from PREAUTH_VERIFY to the answer or preauth_free(). */
struct preauth_login {
	enum sasl mechanism;
	bool is_first; /* or an answer to a challenge */
	struct slice response;
};

struct preauth;

/* The greeting is in `out` already unless it was said before STARTTLS. */
struct preauth *preauth_new(const struct preauth_options *, bool greet);
void preauth_free(struct preauth *);

/* Where to read to; *size is at least 1 after PREAUTH_INPUT. */
char *preauth_room(struct preauth *, size_t *size);
void preauth_took(struct preauth *, size_t n);

enum preauth_event preauth_next(struct preauth *);

/* What is to be sent; the driver drops what it has sent. */
struct buf *preauth_out(struct preauth *);

const struct preauth_login *preauth_login(const struct preauth *);

/* auth asks the client something, which goes to `out`; goes on with
 * preauth_next(). What was said is forgotten. */
void preauth_challenge(struct preauth *, struct slice challenge);

/* auth said no: the answer goes to `out`; goes on with preauth_next(). */
void preauth_refuse(struct preauth *, enum err_code, struct slice text);

/* Nothing is accepted any more; "* BYE text" goes to `out`. */
void preauth_bye(struct preauth *, const char *text);

/* For whoever takes the client over; valid until preauth_free(). */
struct slice preauth_tag(const struct preauth *);
struct slice preauth_client_id(const struct preauth *); /* ("name" "x") */
struct slice preauth_rest(const struct preauth *);      /* behind the log-in */
