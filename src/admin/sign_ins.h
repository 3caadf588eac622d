/*
 * sign_ins.h -- the tables of sign-ins and lock-outs, as those of verbs.h.
 *
 *	FRAME_HISTORY	history_columns		newest first
 *	FRAME_LOCKOUT_LIST	lockout_columns
 */
#pragma once

/* What is the same but for its time is one row a day. */
enum history_column {
	HISTORY_LAST,
	HISTORY_FIRST,
	HISTORY_COUNT,
	HISTORY_RESULT, /* "ok", "failed" */
	HISTORY_ADDRESS,
	HISTORY_NETWORK,
	HISTORY_COUNTRY,
	HISTORY_SERVICE,
	HISTORY_MECHANISM,
	HISTORY_CREDENTIAL, /* an app password's name, a certificate's
	                       fingerprint, or "" */
	HISTORY_TLS,
	HISTORY_CLIENT, /* what it said with ID before it logged in */
	HISTORY_SESSION,
	HISTORY_REASON,
	HISTORY_COLUMNS
};

static const char *const history_columns[HISTORY_COLUMNS] = {
	[HISTORY_LAST] = "last",           [HISTORY_FIRST] = "first",
	[HISTORY_COUNT] = "count",         [HISTORY_RESULT] = "result",
	[HISTORY_ADDRESS] = "address",     [HISTORY_NETWORK] = "network",
	[HISTORY_COUNTRY] = "country",     [HISTORY_SERVICE] = "service",
	[HISTORY_MECHANISM] = "mechanism", [HISTORY_CREDENTIAL] = "credential",
	[HISTORY_TLS] = "tls_session",     [HISTORY_CLIENT] = "client",
	[HISTORY_SESSION] = "session",     [HISTORY_REASON] = "reason",
};

enum lockout_column {
	LOCKOUT_KIND, /* "address", "network", "account" (where it is not
	                 known), "place" (an account at a network) */
	LOCKOUT_WHO,
	LOCKOUT_SINCE,
	LOCKOUT_UNTIL,
	LOCKOUT_FAILURES,
	LOCKOUT_COLUMNS
};

static const char *const lockout_columns[LOCKOUT_COLUMNS] = {
	[LOCKOUT_KIND] = "kind",         [LOCKOUT_WHO] = "who",
	[LOCKOUT_SINCE] = "since",       [LOCKOUT_UNTIL] = "until",
	[LOCKOUT_FAILURES] = "failures",
};
