/*
 * verbs.h -- the tables that the control socket answers with.
 *
 * A verb whose answer is a table sends one FRAME_ROW a line, its slices in
 * the order of the enum here; times are seconds since 1970 in decimal, ""
 * when there is none; truth is "yes" or "no". The names are what `roost`
 * prints above the columns and uses as keys with --json.
 *
 *	FRAME_USER_LIST	user_list_columns	by name
 *	FRAME_USER_SHOW	user_show_columns	one row
 *	FRAME_APP_PASSWORD_ADD	app_password_add_columns	one row
 *	FRAME_APP_PASSWORD_LIST	app_password_list_columns	by name
 *	FRAME_CLIENT_CERTIFICATE_LIST	certificate_list_columns	by age
 *	FRAME_TOTP_ENABLE	totp_enable_columns	one row
 *	FRAME_TOTP_CONFIRM, FRAME_TOTP_RECOVERY	recovery_codes_columns
 *	FRAME_TOTP_STATUS	totp_status_columns	one row
 *	FRAME_USER_STALE	stale_columns	by name
 *	FRAME_CAPABILITY_LIST	capability_list_columns	by whom, then name
 *	FRAME_GROUP_LIST	group_list_columns	by group, then name
 *	FRAME_AUTH_TEST	auth_test_columns	in the order of the steps;
 *			ERR_AUTHENTICATIONFAILED: it would not be let in
 *	FRAME_AUTH_TEST_TOKEN	the same
 *	FRAME_ISSUERS	enum issuer_column	as configured
 *	FRAME_SOURCES	enum source_column	the same
 *	FRAME_LISTENERS	enum listener_column	in no order
 *	FRAME_POLICY_SHOW	policy_columns	by whom, then name
 *	FRAME_POLICY_EFFECTIVE	policy_columns	by name
 *	FRAME_STATUS	status_columns		one row a figure
 *	FRAME_WHO	who_columns		by account, then since
 *	FRAME_ACL	acl_columns		by mailbox
 *	FRAME_QUOTA	quota_columns		one row a resource
 *	FRAME_MAILBOXES	mailbox_columns		by name
 *	FRAME_EXAMINE	enum examine_column	by account
 *	FRAME_KICK	no rows; DONE's text is how many, ERR_ABSENT for none
 */
#pragma once

#include "admin/verbs_credentials.h"

/* states of an account: "enabled", "disabled"; "adding" and "removing" are
 * what an interrupted `user add` or `user remove` leaves: not there for
 * log-in and delivery, and taken away when its partition is back */
enum user_list_column {
	USER_LIST_NAME,
	USER_LIST_STATE,
	USER_LIST_PARTITION,
	USER_LIST_CREATED,
	USER_LIST_LAST_LOGIN,
	USER_LIST_SECOND_FACTOR,
	USER_LIST_MAIN_PASSWORD, /* does it alone open mail? */
	USER_LIST_ADMINISTRATOR, /* of its domain */
	USER_LIST_SCHEME,        /* of the password; "" without one */
	USER_LIST_COLUMNS
};

static const char *const user_list_columns[USER_LIST_COLUMNS] = {
	[USER_LIST_NAME] = "name",
	[USER_LIST_STATE] = "state",
	[USER_LIST_PARTITION] = "partition",
	[USER_LIST_CREATED] = "created",
	[USER_LIST_LAST_LOGIN] = "last_login",
	[USER_LIST_SECOND_FACTOR] = "second_factor",
	[USER_LIST_MAIN_PASSWORD] = "main_password",
	[USER_LIST_ADMINISTRATOR] = "administrator",
	[USER_LIST_SCHEME] = "scheme",
};

enum user_show_column {
	USER_SHOW_NAME,
	USER_SHOW_ID, /* 16 hexadecimal digits */
	USER_SHOW_STATE,
	USER_SHOW_PARTITION,
	USER_SHOW_CREATED,
	USER_SHOW_LAST_LOGIN,
	USER_SHOW_SCHEME, /* of the password: "ARGON2ID" */
	USER_SHOW_PASSWORD_CHANGED,
	USER_SHOW_ADMINISTRATOR, /* of its domain */
	USER_SHOW_APP_PASSWORDS, /* how many */
	USER_SHOW_SECOND_FACTOR,
	USER_SHOW_MAIN_PASSWORD, /* does it alone open mail? */
	USER_SHOW_POLICIES,      /* "imap=off suspended=defer": that are no
	                            default */
	USER_SHOW_COLUMNS
};

static const char *const user_show_columns[USER_SHOW_COLUMNS] = {
	[USER_SHOW_NAME] = "name",
	[USER_SHOW_ID] = "id",
	[USER_SHOW_STATE] = "state",
	[USER_SHOW_PARTITION] = "partition",
	[USER_SHOW_CREATED] = "created",
	[USER_SHOW_LAST_LOGIN] = "last_login",
	[USER_SHOW_SCHEME] = "scheme",
	[USER_SHOW_PASSWORD_CHANGED] = "password_changed",
	[USER_SHOW_ADMINISTRATOR] = "administrator",
	[USER_SHOW_APP_PASSWORDS] = "app_passwords",
	[USER_SHOW_SECOND_FACTOR] = "second_factor",
	[USER_SHOW_MAIN_PASSWORD] = "main_password",
	[USER_SHOW_POLICIES] = "policies",
};

enum stale_column {
	STALE_NAME,
	STALE_LAST_LOGIN, /* "": never */
	STALE_CREATED,
	STALE_DISABLED, /* now, as was asked */
	STALE_COLUMNS
};

static const char *const stale_columns[STALE_COLUMNS] = {
	[STALE_NAME] = "name",
	[STALE_LAST_LOGIN] = "last_login",
	[STALE_CREATED] = "created",
	[STALE_DISABLED] = "disabled",
};

enum capability_list_column {
	CAPABILITY_LIST_CAPABILITY,
	CAPABILITY_LIST_USER,   /* it is hidden from, or "" */
	CAPABILITY_LIST_DOMAIN, /* or ""; both are: from all */
	CAPABILITY_LIST_COLUMNS
};

static const char *const capability_list_columns[CAPABILITY_LIST_COLUMNS] = {
	[CAPABILITY_LIST_CAPABILITY] = "capability",
	[CAPABILITY_LIST_USER] = "user",
	[CAPABILITY_LIST_DOMAIN] = "domain",
};

enum group_list_column {
	GROUP_LIST_GROUP,
	GROUP_LIST_USER,
	GROUP_LIST_COLUMNS
};

static const char *const group_list_columns[GROUP_LIST_COLUMNS] = {
	[GROUP_LIST_GROUP] = "group",
	[GROUP_LIST_USER] = "user",
};

enum auth_test_column { AUTH_TEST_STEP, AUTH_TEST_OUTCOME, AUTH_TEST_COLUMNS };

static const char *const auth_test_columns[AUTH_TEST_COLUMNS] = {
	[AUTH_TEST_STEP] = "step",
	[AUTH_TEST_OUTCOME] = "outcome",
};

enum issuer_column {
	ISSUER_URL,
	ISSUER_KEYS,    /* how many; "": it is asked about each token */
	ISSUER_PROBLEM, /* what was wrong when it was asked; "": nothing */
	ISSUER_AHEAD,   /* seconds that its clock is; "": it doesn't say */
	ISSUER_COLUMNS
};

enum source_column {
	SOURCE_NAME,    /* its entry in `sources` */
	SOURCE_PROBLEM, /* as of issuers */
	SOURCE_COLUMNS
};

/* as auth/auth.h has them */
enum listener_column { LISTENER_KIND, LISTENER_WHERE, LISTENER_COLUMNS };

enum policy_column {
	POLICY_COLUMN_POLICY,
	POLICY_COLUMN_VALUE,
	POLICY_COLUMN_SCOPE, /* "server", "@domain" or an account that says so;
	                        "default" if none does */
	POLICY_COLUMNS
};

static const char *const policy_columns[POLICY_COLUMNS] = {
	[POLICY_COLUMN_POLICY] = "policy",
	[POLICY_COLUMN_VALUE] = "value",
	[POLICY_COLUMN_SCOPE] = "scope",
};

/*
 * auth answers with its own figures and one row a partition, figure
 * "serving", value "yes" or "no"; on a mail link a partition answers with
 * its own, the first one for the parse processes too. Values are numbers or
 * yes and no.
 */
enum status_column {
	STATUS_PROCESS, /* "auth", "mail/0" */
	STATUS_FIGURE,
	STATUS_VALUE,
	STATUS_COLUMNS
};

static const char *const status_columns[STATUS_COLUMNS] = {
	[STATUS_PROCESS] = "process",
	[STATUS_FIGURE] = "figure",
	[STATUS_VALUE] = "value",
};

enum who_column {
	WHO_SESSION, /* what `roost kick` takes, as in the log */
	WHO_ACCOUNT,
	WHO_ADDRESS, /* "192.0.2.1:4711" */
	WHO_CLIENT,  /* what it said with ID, or "" */
	WHO_MAILBOX, /* selected, or "" */
	WHO_VISITS,  /* names of others whose accounts it is in, a space between
	                them */
	WHO_COMMAND, /* running, or the last one */
	WHO_SINCE,
	WHO_IDLE, /* seconds since the last command ended */
	WHO_TLS,
	WHO_COLUMNS
};

static const char *const who_columns[WHO_COLUMNS] = {
	[WHO_SESSION] = "session", [WHO_ACCOUNT] = "account",
	[WHO_ADDRESS] = "address", [WHO_CLIENT] = "client",
	[WHO_MAILBOX] = "mailbox", [WHO_VISITS] = "visits",
	[WHO_COMMAND] = "command", [WHO_SINCE] = "since",
	[WHO_IDLE] = "idle",       [WHO_TLS] = "tls",
};

/*
 * What is not well, one row each, of all accounts of a partition; DONE's text
 * is how many were looked at. A quota is nearly used up from as many per cent
 * on as the request says.
 */
enum examine_column {
	EXAMINE_ACCOUNT,
	EXAMINE_FINDING, /* "quota", "subscription" (to what is not there),
	                    "unreadable" */
	EXAMINE_WHAT,    /* the resource; the mailbox; why */
	EXAMINE_USED,    /* of a quota */
	EXAMINE_LIMIT,   /* the same */
	EXAMINE_COLUMNS
};

enum acl_column { ACL_MAILBOX, ACL_WHO, ACL_RIGHTS, ACL_COLUMNS };

static const char *const acl_columns[ACL_COLUMNS] = {
	[ACL_MAILBOX] = "mailbox",
	[ACL_WHO] = "who",
	[ACL_RIGHTS] = "rights",
};

enum mailbox_column {
	MAILBOX_NAME,
	MAILBOX_EXISTS, /* no: it is only subscribed to */
	MAILBOX_SUBSCRIBED,
	MAILBOX_MESSAGES, /* "" of a name that is no mailbox */
	MAILBOX_UNSEEN,   /* the same */
	MAILBOX_SIZE,     /* octets; the same */
	MAILBOX_COLUMNS
};

static const char *const mailbox_columns[MAILBOX_COLUMNS] = {
	[MAILBOX_NAME] = "name",
	[MAILBOX_EXISTS] = "exists",
	[MAILBOX_SUBSCRIBED] = "subscribed",
	[MAILBOX_MESSAGES] = "messages",
	[MAILBOX_UNSEEN] = "unseen",
	[MAILBOX_SIZE] = "size",
};

/* As in enum quota_resource: storage, messages, mailboxes, annotations. */
enum { QUOTA_COLUMNS_RESOURCES = 4 };

enum quota_column {
	QUOTA_RESOURCE, /* as the option of `roost user quota` is called */
	QUOTA_USED,     /* octets, or how many */
	QUOTA_LIMIT,    /* "" when there is none */
	QUOTA_COLUMNS
};

static const char *const quota_columns[QUOTA_COLUMNS] = {
	[QUOTA_RESOURCE] = "resource",
	[QUOTA_USED] = "used",
	[QUOTA_LIMIT] = "limit",
};
