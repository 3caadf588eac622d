/*
 * verb.h -- a verb of the `roost` command: one row of one table.
 *
 * A row says everything: how the verb is called, what it takes, its help,
 * and the function that runs. call.c makes a struct call from the command
 * line by the row alone, so a handler never looks at argv.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct call;

/* An option of a verb: --name, or --name VALUE, or -l. */
struct flag {
	const char *name;
	char letter;       /* 0: none */
	const char *value; /* what its value is called; NULL: a switch */
	const char *help;
	bool required; /* it has a value, which is not empty */
};

enum { FLAGS_MAX = 8 };

struct verb {
	const char *name; /* one or two words */
	const char *args; /* positional arguments, for the help */
	int least;        /* of them */
	int most;
	const char *help;                /* one line */
	const char *more;                /* a paragraph, or NULL */
	bool json;                       /* prints a table: --json is allowed */
	struct flag flags[FLAGS_MAX];    /* name NULL ends them */
	int (*run)(const struct call *); /* returns an exit status */
};

extern const struct verb verbs[];
extern const size_t n_verbs;

/* What was asked for. All strings are argv's. */
struct call {
	const struct verb *verb;
	const char *conf; /* of -c, or NULL */
	bool json;
	const char
		*values[FLAGS_MAX]; /* by flag; "" for a switch, NULL: absent */
	char **args;
	int n_args;
};

/* The value of an option of the verb (asserted), NULL when absent; one that
 * is required is there. */
const char *call_value(const struct call *, const char *name);

/*
 * Reads the command line. Returns false when there is nothing to run: help
 * was printed, or an error; *status is then the exit status.
 */
bool call_parse(int argc, char **argv, struct call *out, int *status);

/* One function a verb. */
int run_init(const struct call *);
int run_config_check(const struct call *);
int run_config_show(const struct call *);
int run_user_add(const struct call *);
int run_user_list(const struct call *);
int run_user_show(const struct call *);
int run_user_password(const struct call *);
int run_user_disable(const struct call *);
int run_user_enable(const struct call *);
int run_user_promote(const struct call *);
int run_user_demote(const struct call *);
int run_user_quota(const struct call *);
int run_user_stale(const struct call *);
int run_user_remove(const struct call *);
int run_acl_set(const struct call *);
int run_acl_show(const struct call *);
int run_audit_show(const struct call *);
int run_audit_verify(const struct call *);
int run_capability_hide(const struct call *);
int run_capability_list(const struct call *);
int run_capability_offer(const struct call *);
int run_auth_test(const struct call *);
int run_group_add(const struct call *);
int run_group_list(const struct call *);
int run_group_remove(const struct call *);
int run_mailbox_list(const struct call *);
int run_doctor(const struct call *);
int run_policy_set(const struct call *);
int run_policy_show(const struct call *);
int run_policy_unset(const struct call *);
int run_alert_list(const struct call *);
int run_alert_resume(const struct call *);
int run_alert_silence(const struct call *);
int run_alert_test(const struct call *);
int run_app_password_add(const struct call *);
int run_app_password_list(const struct call *);
int run_app_password_revoke(const struct call *);
int run_certificate_add(const struct call *);
int run_certificate_list(const struct call *);
int run_certificate_remove(const struct call *);
int run_totp_check(const struct call *);
int run_totp_confirm(const struct call *);
int run_totp_disable(const struct call *);
int run_totp_enable(const struct call *);
int run_totp_recovery(const struct call *);
int run_totp_status(const struct call *);
int run_history(const struct call *);
int run_lockout_list(const struct call *);
int run_lockout_clear(const struct call *);
int run_import_maildir(const struct call *);
int run_import_mbox(const struct call *);
int run_export_maildir(const struct call *);
int run_export_mbox(const struct call *);
int run_deliver(const struct call *);
int run_status(const struct call *);
int run_who(const struct call *);
int run_kick(const struct call *);
int run_trace(const struct call *);
int run_store_check(const struct call *);
int run_store_salvage(const struct call *);
