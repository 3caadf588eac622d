/*
 * control_internal.h -- what control.c, the socket, and control_verbs.c, what
 * is done at a command's request, share.
 */
#pragma once

#include "auth/internal.h"
#include "base/arena.h"

enum {
	CONTROL_FIELDS = 5, /* of a request, at most */
	CONTROL_NAMED = 2,  /* the first ones, that the audit log may tell */
};

/* The connection of one `roost` command. */
struct control {
	struct auth *auth;
	struct link *link;
	uint32_t uid;                       /* of the machine: who asks */
	bool lost;                          /* from the audit log */
	struct err e;                       /* of the link: it is over */
	struct slice field[CONTROL_FIELDS]; /* of the request */
};

/* Memory of two pages of rows: this one's, and that of the one before, whose
 * last row leads on. */
struct control_pages {
	struct arena *arenas[2];
	unsigned n;
};

void control_pages_init(struct control_pages *);
void control_pages_fini(struct control_pages *);
/* For the next one; what was in the last but one is gone. */
struct arena *control_pages_next(struct control_pages *);

/* A row of the answer; the columns are in admin/verbs.h. Suspends. */
void control_answer(struct control *, const struct slice *fields, uint32_t n);

struct control_verb {
	uint16_t type;
	unsigned fields; /* of the request */
	/* the first two of them; it finds more in the control */
	struct err (*run)(struct control *, struct slice, struct slice);
	const char *event; /* in the audit log; NULL: it changes nothing */
	const char *names[CONTROL_NAMED]; /* there; NULL: not to be told */
	size_t most; /* octets of a field; 0: LIMIT_PASSWORD */
};

extern const struct control_verb control_verbs[];
extern const size_t n_control_verbs;

/* The verbs: each answers with rows (control_answer) and returns what DONE
 * says. They suspend. */

/* -- control_test.c -- */

struct err control_auth_test(struct control *, struct slice name,
                             struct slice secret);
struct err control_auth_test_token(struct control *, struct slice name,
                                   struct slice token);

/* -- control_outside.c -- */

struct err control_sources(struct control *, struct slice nothing,
                           struct slice nothing_either);
struct err control_issuers(struct control *, struct slice nothing,
                           struct slice nothing_either);

/* -- control_policies.c -- */

struct err control_policy_set(struct control *, struct slice scope,
                              struct slice setting);
struct err control_policy_unset(struct control *, struct slice scope,
                                struct slice name);
struct err control_policy_show(struct control *, struct slice scope,
                               struct slice name);
struct err control_policy_effective(struct control *, struct slice scope,
                                    struct slice name);

/* "imap=off networks=10.0.0.0/8": those that are said somewhere. */
struct slice control_policies_text(struct control *, const struct account_row *,
                                   struct arena *);

/* -- stale.c -- */

/* disable: "" only tells of them */
struct err control_user_stale(struct control *, struct slice days,
                              struct slice disable);

/* -- control_credentials.c -- */

struct err control_app_password_add(struct control *, struct slice account,
                                    struct slice name);
struct err control_app_password_list(struct control *, struct slice account,
                                     struct slice nothing);
struct err control_app_password_revoke(struct control *, struct slice account,
                                       struct slice name);
struct err control_totp_enable(struct control *, struct slice account,
                               struct slice nothing);
struct err control_totp_confirm(struct control *, struct slice account,
                                struct slice code);
struct err control_totp_check(struct control *, struct slice account,
                              struct slice code);
struct err control_totp_disable(struct control *, struct slice account,
                                struct slice nothing);
struct err control_totp_recovery(struct control *, struct slice account,
                                 struct slice nothing);
struct err control_totp_status(struct control *, struct slice account,
                               struct slice nothing);

/* -- control_alerts.c -- */

struct err control_alert_list(struct control *, struct slice name,
                              struct slice nothing);
struct err control_alert_silence(struct control *, struct slice scope,
                                 struct slice kind);
struct err control_alert_resume(struct control *, struct slice scope,
                                struct slice kind);
struct err control_alert_test(struct control *, struct slice user,
                              struct slice nothing);

/* -- control_certificates.c -- */

struct err control_certificate_add(struct control *, struct slice account,
                                   struct slice fingerprint);
struct err control_certificate_list(struct control *, struct slice account,
                                    struct slice nothing);
struct err control_certificate_remove(struct control *, struct slice account,
                                      struct slice fingerprint);

/* -- control_limits.c -- */

struct err control_history(struct control *, struct slice name,
                           struct slice most);
struct err control_lockout_list(struct control *, struct slice nothing,
                                struct slice nothing_either);
struct err control_lockout_clear(struct control *, struct slice who,
                                 struct slice nothing);

/* A time as a column has it. */
struct slice control_time(struct arena *, int64_t s);

/* An account by any form of its name, whatever its state. */
struct err control_find(struct control *, struct slice name,
                        struct account_row *out);

/* That account is told of, by rows whose slices may lie in the arena;
 * ERR_ABSENT when there is none. */
struct err control_tell_of(struct control *, struct slice name,
                           struct err (*tell)(struct control *,
                                              const struct account_row *,
                                              struct arena *));
