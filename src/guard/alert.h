/*
 * alert.h -- what somebody should be told of: each kind is a row of one table.
 *
 *	something is seen ──► raised before? ──► silenced? ──► the log, a mail,
 *	                      (alert_file.h)     (a policy)    a webhook
 *
 * An alert is about an account or about the server, and has a subject: what
 * is told once of a kind. Some kinds are of something that lasts (a disk is
 * full): they may come again once it was better. Others are of an attack:
 * they may come again after it has been quiet for a while.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* By name. */
enum alert_kind {
	ALERT_CERTIFICATE,
	ALERT_DISK,
	ALERT_DOWNLOAD,
	ALERT_INTRUSION,
	ALERT_LOCKOUT,
	ALERT_NEW_COUNTRY,
	ALERT_QUOTA,
	ALERT_SPRAYING,
	ALERT_TEST, /* that alerts arrive */
	ALERT_TRAVEL,
	ALERT_KINDS
};

enum {
	ALERT_FIELDS = 12,
	ALERT_SUBJECT = 255, /* octets */
	ALERT_VALUE = 255,   /* octets of a field that are told */
	ALERT_MESSAGE = 16384,
};

/* What it is about, by the names that the log has for it. */
struct alert_field {
	const char *name; /* a literal */
	struct slice value;
};

/* Whose memory it is, says who has it. */
struct alert {
	enum alert_kind kind;
	int64_t at_s;
	uint64_t account;  /* 0: it is the server's */
	struct slice user; /* the account's name, or "" */
	struct slice subject;
	struct alert_field field[ALERT_FIELDS];
	size_t n_fields;
};

struct alert_kind_row {
	const char *name;
	bool also_to_administrators; /* of an account; what is the server's goes
	                                to them alone */
	uint32_t span_s; /* quiet for so long, it is another one; 0: never */
	const char *title;
	const char *what; /* paragraphs of lines of at most 72 octets */
	const char *advice;
};

extern const struct alert_kind_row alert_kinds[ALERT_KINDS];

bool alert_kind_find(struct slice name, enum alert_kind *out);

static inline struct slice alert_kind_name(enum alert_kind k)
{
	return slice_cstr(alert_kinds[k].name);
}

/* One more; what is empty, or has no room, is left out. */
void alert_add(struct alert *, const char *name, struct slice value);
