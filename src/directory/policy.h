/*
 * policy.h -- what an account may do: each policy is a row of one table.
 *
 * A policy is said of the server (scope ""), of a domain ("@domain") or of an
 * account (its name). The nearest counts; where nothing is said, what the
 * next one says, and at last the row's default. Values are text in a normal
 * form; here is no directory and no clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/network.h"
#include "base/slice.h"

/* By name. */
enum policy {
	POLICY_AUDIT,         /* enum policy_audit */
	POLICY_COUNTRIES,     /* from where: "any", or a list */
	POLICY_EXPIRES,       /* when: "never", or "2026-12-31T00:00:00Z" */
	POLICY_IMAP,          /* enum policy_switch */
	POLICY_MAIN_PASSWORD, /* enum policy_main_password */
	POLICY_NETWORKS,      /* from where: "any", or a list */
	POLICY_PASSWORDS,     /* enum policy_switch */
	POLICY_READ_ONLY,     /* enum policy_switch */
	POLICY_SILENT_ALERTS, /* "none", or a list */
	POLICY_SUSPENDED,     /* enum policy_suspended */
	POLICIES
};

enum policy_switch { POLICY_OFF, POLICY_ON };

/* What its owner does to its mail. */
enum policy_audit {
	AUDIT_CHANGES,   /* of rights, limits and what others see: always */
	AUDIT_DELETIONS, /* and what is deleted, moved or expunged */
};

/* Of an account that has a second factor. */
enum policy_main_password {
	MAIN_PASSWORD_NEVER, /* none of its mail clients may use it */
	MAIN_PASSWORD_ALLOWED,
};

enum policy_suspended {
	SUSPENDED_NO,
	SUSPENDED_DELIVER, /* nobody logs in, mail comes in */
	SUSPENDED_DEFER,   /* nor does mail: try again later */
};

enum policy_origin {
	ORIGIN_DEFAULT,
	ORIGIN_SERVER,
	ORIGIN_DOMAIN,
	ORIGIN_ACCOUNT,
};

struct policy_value {
	enum policy_origin origin;
	unsigned choice;   /* of a policy whose values are words */
	struct slice text; /* whose memory it is, who filled it in says */
};

/* What counts for one account. */
struct policies {
	struct policy_value v[POLICIES];
};

/* Of each the default, from nowhere. */
void policies_init(struct policies *);

/* A scope says so. What is no value of ours (a newer program's) changes
 * nothing. text must outlive it. */
void policies_add(struct policies *, struct slice scope, struct slice name,
                  struct slice text);

struct slice policy_name(enum policy);
bool policy_find(struct slice name, enum policy *out);

/* Appends the value in normal form. ERR_SYNTAX; the text says what would be
 * one. */
struct err policy_normal(enum policy, struct slice value, struct buf *out);

/* -- what values mean; texts in normal form -- */

bool policy_has_network(struct slice networks, const struct address *);

/* code: two capital letters, or "" for an address whose country isn't known:
 * it is let in by a list that has "unknown". */
bool policy_has_country(struct slice countries, struct slice code);

/* Is that kind of alert not to be raised? */
bool policy_silences(struct slice silent, struct slice kind, int64_t now_s);

/* The next of a list, "download" or "download/2026-12-31T00:00:00Z": its
 * kind, and until when it is silent. False: there is none. */
bool policy_next_silent(struct slice *rest, struct slice *kind,
                        struct slice *until);

/* INT64_MAX: never. */
int64_t policy_time(struct slice expires);
