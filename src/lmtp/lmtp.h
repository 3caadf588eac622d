/*
 * lmtp.h -- one LMTP connection: bytes in, bytes out, no socket.
 *
 * The driver (gate/lmtp_conn.c, a test, a fuzzer) reads into lmtp_room(),
 * asks lmtp_next() what is to be done, does it, and sends what stands in
 * lmtp_out().
 *
 *   LMTP_INPUT     read more
 *   LMTP_LOOKUP    ask who lmtp_recipient() is, then lmtp_found()
 *   LMTP_OPEN      a message begins for all who were found
 *   LMTP_PIECE     lmtp_piece() is the next piece of it
 *   LMTP_ABORT     forget it; the rest is swallowed here
 *   LMTP_DELIVER   it is whole: lmtp_result() for each, then lmtp_report()
 *   LMTP_RESET     forget who was found
 *   LMTP_OVER      send lmtp_out(), close
 *
 * Recipients are known by their number: the n-th that lmtp_found() took with
 * ERR_OK since the last LMTP_RESET is n, from 0.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { LMTP_BUFFER = 32768 };

enum lmtp_event {
	LMTP_INPUT,
	LMTP_LOOKUP,
	LMTP_OPEN,
	LMTP_PIECE,
	LMTP_ABORT,
	LMTP_DELIVER,
	LMTP_RESET,
	LMTP_OVER,
};

struct lmtp;

/* The greeting is in lmtp_out(). The slice must outlive it. */
struct lmtp *lmtp_new(struct slice hostname, uint64_t message_limit_bytes);
void lmtp_free(struct lmtp *);

/* Where to read to; *size is at least 1 after LMTP_INPUT. */
char *lmtp_room(struct lmtp *, size_t *size);
void lmtp_took(struct lmtp *, size_t n);

enum lmtp_event lmtp_next(struct lmtp *);
struct buf *lmtp_out(struct lmtp *);

/* Valid after LMTP_LOOKUP until lmtp_found(). */
struct slice lmtp_recipient(const struct lmtp *);

/* ERR_OK, ERR_ABSENT: no such user; ERR_CONTACTADMIN: it takes nothing for
 * now; else: it can't be said now. */
void lmtp_found(struct lmtp *, enum err_code);

/* Of the transaction; valid after LMTP_OPEN until LMTP_RESET. */
struct slice lmtp_sender(const struct lmtp *);
size_t lmtp_recipients(const struct lmtp *);

/* Valid after LMTP_PIECE until lmtp_next(). */
struct slice lmtp_piece(const struct lmtp *);

/* Until lmtp_report() the last one counts; without any it is ERR_UNAVAILABLE.
 */
void lmtp_result(struct lmtp *, size_t recipient, enum err_code);
void lmtp_report(struct lmtp *);

/* The server is going down: 421 when the message in hand is through. */
void lmtp_stop(struct lmtp *);

/* "421 text" now, whatever was being done. */
void lmtp_end(struct lmtp *, const char *text);
