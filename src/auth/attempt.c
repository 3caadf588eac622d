/*
 * attempt.c -- the steps of a mechanism, and how an attempt ends.
 *
 * Whoever asked is told through the attempt's origin.
 */
#include "auth/attempt.h"

#include <stdlib.h>

#include "auth/admit.h"
#include "auth/attempt_limit.h"
#include "auth/attempt_log.h"
#include "auth/mechanism.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "directory/name.h"

/* -- an attempt -- */

void attempt_keep(struct buf *b, struct slice s)
{
	buf_room(b, s.len + 1);
	buf_add(b, s);
}

static struct admission admission_of(const struct attempt *t)
{
	return (struct admission){
		.service = t->service,
		.by_password = mechanisms[t->mechanism].by_password,
		.address = buf_slice(&t->address),
	};
}

/* Nobody may find a password out where it can't be used: for this attempt
 * the account is a disabled one. */
static struct err look_for_bars(struct attempt *t)
{
	struct admission how = admission_of(t);
	struct arena *a = arena_new(1 << 16);
	struct policies p;
	struct err e = directory_policies_for(t->auth->directory,
	                                      account_row_name(&t->row), a, &p);
	const struct ground *g =
		is_ok(e) ? admit_silently_against(t->auth, &p, &how) : NULL;

	if (g != NULL) {
		t->barred = g->reason;
		t->row.state = ACCOUNT_DISABLED;
	}
	arena_free(a);
	return e;
}

struct err attempt_find(struct attempt *t)
{
	struct err e = user_name_normal(buf_slice(&t->user), &t->name);

	directory_settle(t->auth->directory);
	if (is_ok(e))
		e = directory_find(t->auth->directory, buf_slice(&t->name),
		                   &t->row);
	if (is_ok(e)) {
		e = look_for_bars(t);
	} else if (e.code == ERR_ABSENT || e.code == ERR_SYNTAX) {
		t->row = (struct account_row){ 0 };
		e = OK;
	}
	t->is_found = is_ok(e);
	return e;
}

/* What a source has stored takes the row's place: whoever verifies need not
 * know whose it is. */
static void use_stored(struct attempt *t)
{
	struct slice stored = buf_slice(&t->found.stored);

	if (t->found.in_directory)
		return;
	if (stored.len != 0)
		memcpy(t->row.stored, stored.ptr, stored.len);
	t->row.stored_len = stored.len;
}

struct err attempt_find_source(struct attempt *t)
{
	struct err e;

	if (t->row.shared || t->name.len == 0)
		return OK;
	source_found_free(&t->found);
	t->found = (struct source_found){ 0 };
	e = source_find(t->auth, &t->row, buf_slice(&t->name),
	                buf_slice(&t->secret), &t->found);
	if (is_ok(e))
		use_stored(t);
	else if (e.code == ERR_ABSENT)
		t->row = (struct account_row){ 0 };
	return e.code == ERR_ABSENT ? OK : e;
}

bool attempt_may_log_in(const struct attempt *t)
{
	return t->row.id != 0 ? verify_may_log_in(&t->row)
	                      : t->found.source[0] != '\0';
}

/* -- its end -- */

struct slice service_name(enum service s)
{
	static const char *const names[SERVICES] = {
		[SERVICE_IMAP] = "imap",
		[SERVICE_LMTP] = "lmtp",
		[SERVICE_SMTP] = "smtp",
		[SERVICE_OTHER] = "other",
	};

	return slice_cstr(names[s]);
}

static void log_attempt(const struct attempt *t, bool good)
{
	struct log_line l =
		log_open(LOG_LEVEL_INFO, good ? "login" : "login_failed");
	struct slice user = buf_slice(t->name.len != 0 ? &t->name : &t->user);

	if (user.len != 0)
		log_text(&l, "user", user);
	log_text(&l, "method", sasl_mechanisms[t->mechanism].name);
	log_text(&l, "rip", buf_slice(&t->address));
	log_number(&l, "rport", t->port);
	log_text(&l, "tls", t->tls ? S("yes") : S("no"));
	log_text(&l, "session", slice_of(t->session, SESSION_ID_SIZE));
	log_text(&l, "service", service_name(t->service));
	if (t->app_password.len != 0)
		log_text(&l, "app_password", buf_slice(&t->app_password));
	if (t->certificate.len != 0) {
		log_text(&l, "certificate", buf_slice(&t->certificate));
		log_text(&l, "subject", buf_slice(&t->subject));
	}
	if (!good)
		log_text(&l, "reason", slice_cstr(t->reason));
	log_close(&l);
}

/* Every attempt that has a verdict ends here, once: whoever keeps account of
 * attempts is told in this order. One that its client gave up had none,
 * unless it knew. */
static void ended(struct attempt *t, enum outcome outcome)
{
	if (outcome == OUTCOME_GRANTED)
		t->auth->logins++;
	else
		t->auth->failures++;
	t->is_denied = false;
	counter_add(COUNTER_LOGINS + t->mechanism * COUNTED_OUTCOMES + outcome,
	            1);
	if (!t->auth->options->log_dovecot || !attempt_log_dovecot(t, outcome))
		log_attempt(t, outcome == OUTCOME_GRANTED);
	attempt_note(t, outcome);
}

void attempt_free(struct attempt *t)
{
	if (t->is_denied)
		ended(t, OUTCOME_REFUSED);
	limits_give_up(t);
	if (t->state != NULL && mechanisms[t->mechanism].end != NULL)
		mechanisms[t->mechanism].end(t);
	buf_wipe(&t->binding);
	buf_wipe(&t->authzid);
	buf_wipe(&t->user);
	buf_wipe(&t->secret);
	buf_free(&t->address);
	buf_free(&t->own);
	buf_free(&t->tls_text);
	buf_free(&t->client_id);
	buf_free(&t->name);
	buf_free(&t->app_password);
	buf_free(&t->proof);
	buf_free(&t->certificate);
	buf_free(&t->subject);
	source_found_free(&t->found);
	t->origin->free(t);
}

static void refuse(struct attempt *t, const char *reason, struct err told)
{
	t->reason = reason;
	ended(t, told.code == ERR_UNAVAILABLE ? OUTCOME_UNAVAILABLE
	                                      : OUTCOME_REFUSED);
	t->origin->tell(t, told);
	attempt_free(t);
}

void attempt_refuse(struct attempt *t, const char *reason)
{
	refuse(t, reason,
	       err(ERR_AUTHENTICATIONFAILED, "Authentication failed"));
}

void attempt_deny(struct attempt *t, const char *reason, struct err told)
{
	t->is_right = true;
	refuse(t, reason, told);
}

void attempt_refuse_for_now(struct attempt *t, const char *reason)
{
	refuse(t, reason, err(ERR_UNAVAILABLE, "Try again later"));
}

/* Acting for somebody else is a right that nobody has yet. */
static bool is_for_self(const struct attempt *t)
{
	struct buf other = { 0 };
	bool same = t->authzid.len == 0;

	if (!same && is_ok(user_name_normal(buf_slice(&t->authzid), &other)))
		same = slice_eq(buf_slice(&other), buf_slice(&t->name));
	buf_free(&other);
	return same;
}

static void grant(struct attempt *t)
{
	ended(t, OUTCOME_GRANTED);
	t->origin->tell(t, OK);
	uses_note(t->auth, t->row.credential, buf_slice(&t->address));
	if (t->credential != 0 && t->credential != t->row.credential)
		uses_note(t->auth, t->credential, buf_slice(&t->address));
	attempt_free(t);
}

/* NULL: its policies let it in. They are read again: they may have changed
 * since it was found. */
static const struct ground *look_at_policies(struct attempt *t)
{
	static const struct ground unread = {
		.reason = "its policies can't be read",
		.told = { ERR_UNAVAILABLE, "Try again later" },
	};
	struct admission how = admission_of(t);
	struct arena *a = arena_new(1 << 16);
	const struct ground *g = &unread;
	struct policies p;

	if (is_ok(directory_policies_for(t->auth->directory,
	                                 account_row_name(&t->row), a, &p))) {
		g = admit_against(t->auth, &p, &how);
		t->terms = admit_terms(&p);
	}
	arena_free(a);
	return g;
}

void attempt_grant(struct attempt *t)
{
	const struct ground *ground;
	const char *reason;

	t->is_right = true;
	if (!is_for_self(t)) {
		refuse(t, "may not act for another user",
		       err(ERR_AUTHORIZATIONFAILED, "Not authorized"));
		return;
	}
	ground = look_at_policies(t);
	if (ground != NULL) {
		refuse(t, ground->reason, ground->told);
		return;
	}
	if (!limits_may_come_in(t))
		return;
	reason = t->origin->admit(t);
	if (reason != NULL)
		attempt_refuse_for_now(t, reason);
	else
		grant(t);
}

/* -- steps -- */

static void step_now(struct attempt *t, struct slice response)
{
	struct buf challenge = { 0 };

	if (!limits_may_try(t))
		return;
	switch (mechanisms[t->mechanism].step(t, response, &challenge)) {
	case STEP_CHALLENGE:
		t->origin->challenge(t, buf_slice(&challenge));
		break;
	case STEP_PASSWORD:
		verify_password(t);
		break;
	case STEP_TOKEN:
		verify_token(t);
		break;
	case STEP_CERTIFICATE:
		verify_certificate(t);
		break;
	case STEP_PROVEN:
		verify_proven(t);
		break;
	case STEP_REFUSED:
		attempt_refuse(t, t->reason);
		break;
	case STEP_UNAVAILABLE:
		attempt_refuse_for_now(t, t->reason);
		break;
	}
	buf_free(&challenge);
}

/* Where others are asked a step may have to wait for them, and a mechanism
 * does so in the midst of its own code: then it has a task. */
struct step {
	struct attempt *attempt;
	struct buf response;
};

static void run_step(void *arg)
{
	struct step *s = arg;
	struct auth *a = s->attempt->auth;

	step_now(s->attempt, buf_slice(&s->response));
	buf_wipe(&s->response);
	free(s);
	auth_work_ends(a);
}

static void step(struct attempt *t, struct slice response)
{
	struct step *s;

	if (!source_is_used(t->auth)) {
		step_now(t, response);
		return;
	}
	s = mem_new(1, sizeof *s);
	s->attempt = t;
	attempt_keep(&s->response, response);
	t->auth->working++;
	task_spawn(t->auth->loop, run_step, s);
}

static bool is_offered(const struct auth *a, enum sasl m)
{
	return m == SASL_COMMAND || (a->options->mechanisms & sasl_bit(m)) != 0;
}

void attempt_begin(struct attempt *t, struct slice response)
{
	if (t->auth->stopping)
		attempt_refuse_for_now(t, "the server is stopping");
	else if (!is_offered(t->auth, t->mechanism))
		attempt_refuse_for_now(t, "the mechanism is not offered");
	else
		step(t, response);
}

void attempt_go_on(struct attempt *t, struct slice response)
{
	if (t->auth->stopping)
		attempt_refuse_for_now(t, "the server is stopping");
	else
		step(t, response);
}
