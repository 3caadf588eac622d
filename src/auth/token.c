/*
 * token.c -- OAUTHBEARER (RFC 7628) and XOAUTH2: log-in with a token.
 *
 *	token ──► issuers_verify (in a task) ──► its account ──► grant
 *	                     └───────────────────────┴── no: why, as JSON ──►
 *	                                                 "" or ^A ──► refuse
 *
 * The name that the token says is the user; who the client says it is may
 * only be the same (attempt_grant). Whatever is wrong with a token the client
 * hears the same few words: the reason is in the log.
 */
#include <stdlib.h>

#include "auth/issuers.h"
#include "auth/mechanism.h"
#include "token/json.h"
#include "token/message.h"

/* -- what the client hears -- */

/* RFC 7628 section 3.2.2, RFC 6750 section 3.1 */
static const char *status_of(enum err_code code)
{
	switch (code) {
	case ERR_SYNTAX:
		return "invalid_request";
	case ERR_NOPERM:
		return "insufficient_scope";
	default:
		return "invalid_token";
	}
}

static void set(json_t *object, const char *name, struct slice value)
{
	if (value.len != 0)
		json_object_set_new(object, name,
		                    json_stringn(value.ptr, value.len));
}

/* Where to ask for a token. */
static void set_discovery(json_t *object, const struct issuer *i)
{
	struct buf url = { 0 };

	issuer_discovery(i, &url);
	set(object, "openid-configuration", buf_slice(&url));
	buf_free(&url);
}

/* XOAUTH2's are numbers, as HTTP's. */
static json_t *answer_of(const struct attempt *t, const struct issuer *i,
                         enum err_code code)
{
	json_t *object = json_object();

	if (t->mechanism == SASL_XOAUTH2) {
		set(object, "status", code == ERR_SYNTAX ? S("400") : S("401"));
		set(object, "schemes", S("Bearer"));
	} else {
		set(object, "status", slice_cstr(status_of(code)));
	}
	if (i == NULL)
		return object;
	set(object, "scope", i->scope);
	if (t->mechanism == SASL_OAUTHBEARER)
		set_discovery(object, i);
	return object;
}

/* The reason stays for when the client has heard that. Whose the token says
 * it is is for the log, like a name that is typed. */
static void explain(struct attempt *t, struct err e, struct buf *challenge)
{
	static char told;
	const struct issuer *i =
		issuers_hint(t->auth->issuers, buf_slice(&t->secret));
	json_t *object = answer_of(t, i, e.code);
	char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);

	if (t->user.len == 0)
		issuers_claimed(t->auth->issuers, buf_slice(&t->secret),
		                &t->user);
	t->reason = e.text;
	t->is_denied = true;
	t->state = &told;
	buf_add(challenge, slice_cstr(text));
	free(text);
	json_decref(object);
}

static void deny(struct attempt *t, struct err e)
{
	struct buf challenge = { 0 };

	explain(t, e, &challenge);
	t->origin->challenge(t, buf_slice(&challenge));
	buf_free(&challenge);
}

/* -- the token -- */

static bool may_log_in(const struct account_row *row)
{
	return row->state == ACCOUNT_ENABLED && !row->shared;
}

static void find_account(struct attempt *t)
{
	struct err e = attempt_find(t);

	if (!is_ok(e))
		attempt_refuse_for_now(t, e.text);
	else if (t->row.id == 0 || !may_log_in(&t->row))
		deny(t, err(ERR_AUTHENTICATIONFAILED, verify_bar(t)));
	else
		attempt_grant(t);
}

/* The user is from now on who the token says. */
static void verify_slowly(void *arg)
{
	struct attempt *t = arg;
	struct auth *a = t->auth;
	struct issuers *issuers = issuers_keep(a->issuers);
	struct buf name = { 0 };
	struct err e = issuers_verify(issuers, buf_slice(&t->secret), &name);

	issuers_release(issuers);
	if (is_ok(e)) {
		t->user.len = 0;
		buf_add(&t->user, buf_slice(&name));
		find_account(t);
	} else if (e.code == ERR_UNAVAILABLE) {
		attempt_refuse_for_now(t, e.text);
	} else {
		deny(t, e);
	}
	buf_free(&name);
	auth_work_ends(a);
}

void verify_token(struct attempt *t)
{
	t->auth->working++;
	task_spawn(t->auth->loop, verify_slowly, t);
}

/* -- the mechanisms -- */

static enum mechanism_step take(struct attempt *t, struct slice response)
{
	struct token_message m;
	const char *problem = token_message_parse(t->mechanism, response, &m);

	t->reason = problem;
	if (problem != NULL)
		return STEP_REFUSED;
	attempt_keep(&t->authzid, buf_slice(&m.user));
	attempt_keep(&t->user, buf_slice(&m.user)); /* for the log */
	attempt_keep(&t->secret, m.token);
	buf_free(&m.user);
	return STEP_TOKEN;
}

/* What the client says to the explanation changes nothing. */
enum mechanism_step token_step(struct attempt *t, struct slice response,
                               struct buf *challenge)
{
	if (t->state != NULL)
		return STEP_REFUSED;
	if (take(t, response) == STEP_TOKEN)
		return STEP_TOKEN;
	explain(t, err(ERR_SYNTAX, t->reason), challenge);
	return STEP_CHALLENGE;
}
