/*
 * alerts.h -- whoever sees something that somebody should be told of says so
 * here, and goes on: nothing waits for it, least of all a log-in.
 *
 *	attempts ──┐   ┌───────┐  one at   ┌────────┐ ─► the log
 *	mail ──────┼──►│ queue │──a time──►│ raise? │ ─► mail (alert_post.h)
 *	the clock ─┘   └───────┘           └────────┘ ─► webhooks
 *
 * The queue is short; what finds no room is lost, and the log says how much.
 */
#pragma once

#include "auth/internal.h"
#include "guard/alert.h"

struct attempt;

/* Opens the file beside the directory; the status to exit with. */
int alerts_open(struct auth *);
void alerts_start(struct auth *); /* there is a loop that runs */
void alerts_stop(struct auth *);  /* nothing more is queued */
void alerts_close(struct auth *);

/* It is so. Copied. */
void alerts_raise(struct auth *, const struct alert *);

/* Nothing of the account stays. Suspends. */
struct err alerts_forget(struct auth *, uint64_t account);

/* -- alert_sign_in.c -- */

/* It was let in, at a network that isn't known. */
void alerts_sign_in(struct attempt *);

/* What a failure has led to: bits of enum limit_kind. */
void alerts_news(struct attempt *, struct limit_news);

/* It was let in from where many accounts are tried. */
void alerts_intrusion(struct attempt *);

/* -- alert_reports.c -- */

/* FETCHED, DISK or QUOTA_BAND; false when it does not parse. */
bool alerts_report(struct peer *mail, struct frame_in *);

/* -- alert_certificates.c -- */

/* The dates of certificates have changed. */
void alerts_certificates(struct auth *);
