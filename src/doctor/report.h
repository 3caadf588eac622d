/*
 * report.h -- what has been looked at, and how it is.
 *
 * A check is a row of one table: its name for scripts, its layer, how bad it
 * is when it isn't well, and what to do then. A finding is a check, the thing
 * that was looked at, and what was seen there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum layer {
	LAYER_CONFIGURATION,
	LAYER_SERVICE,
	LAYER_TLS,
	LAYER_IDENTITY,
	LAYER_MAILBOX,
	LAYER_DISCOVERY,
	LAYER_TRANSFER,
	LAYERS
};

enum severity { GOOD, NOTE, WARNING, ERROR, SEVERITIES };

enum check {
	CHECK_CONFIGURATION,
	CHECK_CONFIGURATION_HINT,
	CHECK_RUNNING,
	CHECK_READY,
	CHECK_LISTENERS,
	CHECK_PARTITION,
	CHECK_ADDRESS,
	CHECK_REACHABLE,
	CHECK_GREETING,
	CHECK_REVISION,
	CHECK_STARTTLS,
	CHECK_NO_CLEAR_TEXT,
	CHECK_CLEAR_TEXT_HERE,
	CHECK_NOTHING_BEFORE_TLS,
	CHECK_LOG_IN_OFFERED,
	CHECK_HANDSHAKE,
	CHECK_CERTIFICATE_NAME,
	CHECK_CERTIFICATE_CHAIN,
	CHECK_CERTIFICATE_DATES,
	CHECK_CERTIFICATE_END_NEAR,
	CHECK_CERTIFICATE_KEY,
	CHECK_OLD_VERSIONS,
	CHECK_TLS_1_3,
	CHECK_TLS_1_2,
	CHECK_SUITES,
	CHECK_FORWARD_SECRECY,
	CHECK_ALPN,
	CHECK_CLOCK,
	CHECK_ACCOUNTS,
	CHECK_SCHEMES,
	CHECK_ADMINISTRATOR_SECOND_FACTOR,
	CHECK_SECOND_FACTOR,
	CHECK_POLICIES,
	CHECK_SHUT_OUT,
	CHECK_SOURCES,
	CHECK_ISSUERS,
	CHECK_LOCKED_OUT,
	CHECK_UNFINISHED,
	CHECK_STALE,
	CHECK_DISK,
	CHECK_QUOTA,
	CHECK_SUBSCRIPTIONS,
	CHECK_STORE,
	CHECK_INDEX,
	CHECK_PACKS,
	CHECK_SRV_IMAPS,
	CHECK_SRV_IMAP,
	CHECK_SRV_TARGET,
	CHECK_AUTOCONFIG,
	CHECK_NAME_SERVER,
	CHECK_LMTP,
	CHECK_LMTP_REACH,
	CHECK_AUTH_SOCKET,
	CHECK_AUTH_REACH,
	CHECKS
};

struct report;

struct report *report_new(void);
void report_free(struct report *);

/* The check is well, or is not; subject is what was looked at. */
void report_good(struct report *, enum check, const char *subject,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));
void report_bad(struct report *, enum check, const char *subject,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds what another has found. */
void report_add(struct report *, const struct report *other);

size_t report_count(const struct report *, enum severity);

enum report_form {
	REPORT_TEXT, /* by layer, what is not well and what to do about it */
	REPORT_ALL,  /* what is well, too */
	REPORT_JSON, /* an array of objects: layer, check, severity ("ok",
	                "note", "warning", "error"), subject, text, advice */
};

/* Control characters in what was seen, which is foreign, are never printed.
 * False when out could not be written. */
bool report_print(const struct report *, enum report_form, FILE *out);
