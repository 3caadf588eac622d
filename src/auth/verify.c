/*
 * verify.c -- is it who it says it is?
 *
 *	find ──► an app password? ──yes─────────► grant or refuse
 *	              └─no──► remembered? ──yes──► grant or refuse
 *	                           └─no──► hash (in a task) ──► grant or refuse
 *
 * Every refusal looks the same to the client and costs the same: for an
 * unknown or disabled user, or one whose stored password is quick to say no,
 * a password that nobody has is verified. The reason is in the log. When the
 * hash is done the row is read again: what was changed meanwhile counts
 * (security rule A1).
 */
#include <stdlib.h>

#include "auth/app_password.h"
#include "auth/attempt_limit.h"
#include "auth/second_factor.h"
#include "base/mem.h"
#include "base/unicode.h"

bool verify_may_log_in(const struct account_row *row)
{
	return row->state == ACCOUNT_ENABLED && row->credential != 0;
}

const char *verify_bar(const struct attempt *t)
{
	if (t->row.id == 0)
		return "no such user";
	return t->barred != NULL ? t->barred : "the account is disabled";
}

/* Still the row that the secret was verified against? */
static bool is_unchanged(struct auth *a, const struct account_row *row)
{
	struct account_row now;

	return is_ok(directory_find(a->directory, account_row_name(row),
	                            &now)) &&
	       now.id == row->id && verify_may_log_in(&now) &&
	       now.credential == row->credential &&
	       now.generation == row->generation;
}

/* Its main password was right, and t->row is as it was then. */
static void grant_password(struct attempt *t)
{
	struct err e = main_password_rule(t->auth, &t->row);

	t->credential = t->row.credential;
	if (is_ok(e))
		attempt_grant(t);
	else
		attempt_deny(t, "the main password does not open mail", e);
}

/* What was proven counts: the account is in the directory, and as it was. If
 * not, the attempt has been refused. */
static bool settle(struct attempt *t)
{
	struct err e =
		source_settle(t->auth, buf_slice(&t->name), &t->found, &t->row);
	bool unchanged = is_ok(e) && is_unchanged(t->auth, &t->row);

	if (!is_ok(e))
		attempt_refuse_for_now(t, e.text);
	else if (!unchanged)
		attempt_refuse(t, "the account was changed just now");
	return unchanged;
}

void verify_proven(struct attempt *t)
{
	if (settle(t))
		grant_password(t);
}

/* -- passwords that were right a moment ago -- */

static struct verdict_key remember_key(const struct attempt *t)
{
	return verdict_key(
		t->auth->verdicts,
		&(struct verdict_subject){
			.account = t->row.id,
			.credential = t->row.credential,
			.generation = t->row.generation,
			.mechanism = sasl_mechanisms[t->mechanism].name,
			.secret = buf_slice(&t->secret) });
}

static bool is_remembered(const struct attempt *t)
{
	struct auth *a = t->auth;
	struct verdict_key key;

	if (a->options->verdict_seconds == 0)
		return false;
	key = remember_key(t);
	return verdicts_has(a->verdicts, &key, loop_now_ms(a->loop));
}

static void remember(const struct attempt *t)
{
	struct auth *a = t->auth;
	uint64_t now = loop_now_ms(a->loop);
	uint64_t keep_s = a->options->verdict_seconds;
	struct verdict_key key;

	if (keep_s == 0)
		return;
	if (keep_s > VERDICT_SECONDS_MOST)
		keep_s = VERDICT_SECONDS_MOST;
	key = remember_key(t);
	verdicts_add(a->verdicts, &key, now, now + keep_s * 1000);
}

/* -- passwords -- */

/* What is to become of a password that was right: brought along from another
 * server, or made at another cost, it is better now. */
struct improvement {
	struct account_row row;
	struct buf secret;
};

static struct improvement *improvement_of(const struct attempt *t)
{
	struct password_cost cost = t->auth->options->password_cost;
	struct improvement *i;

	if (!t->found.in_directory ||
	    password_is_current(account_row_stored(&t->row), cost))
		return NULL;
	i = mem_new(1, sizeof *i);
	i->row = t->row;
	attempt_keep(&i->secret, buf_slice(&t->secret));
	return i;
}

static void improve(struct auth *a, struct improvement *i)
{
	struct buf stored = { 0 };

	if (is_ok(hashing_hash(&a->hashing, buf_slice(&i->secret),
	                       a->options->password_cost, &stored)))
		directory_rehash(a->directory, i->row.credential,
		                 i->row.generation, buf_slice(&stored));
	buf_free(&stored);
	mem_wipe(i->secret.data, i->secret.cap);
	buf_free(&i->secret);
	mem_wipe(i, sizeof *i);
	free(i);
}

static void accept_secret(struct attempt *t)
{
	struct auth *a = t->auth;
	struct improvement *better = improvement_of(t);

	remember(t);
	grant_password(t);
	if (better != NULL)
		improve(a, better);
}

static void decide(struct attempt *t, enum password_answer answer)
{
	if (!attempt_may_log_in(t))
		attempt_refuse(t, verify_bar(t));
	else if (answer == PASSWORD_UNUSABLE)
		attempt_refuse(t, "the stored password can't be used");
	else if (answer != PASSWORD_RIGHT)
		attempt_refuse(t, t->found.text[0] != '\0' ? t->found.text
		                                           : "wrong password");
	else if (settle(t))
		accept_secret(t);
}

/* A refusal costs a hash of ours at least. */
static struct err check_secret(struct attempt *t, struct slice stored,
                               enum password_answer *out)
{
	struct auth *a = t->auth;
	struct slice secret = buf_slice(&t->secret);
	bool allow_plain = a->options->allow_plain;
	struct slice dummy = slice_of(a->dummy, a->dummy_len);
	enum hashing_rank rank =
		t->limit.is_known ? HASHING_KNOWN : HASHING_STRANGER;
	enum password_answer nobodys;
	struct err e = OK;

	if (t->found.told == TOLD_RIGHT || t->found.told == TOLD_WRONG)
		*out = t->found.told == TOLD_RIGHT ? PASSWORD_RIGHT
		                                   : PASSWORD_WRONG;
	else
		e = hashing_verify(&a->hashing, rank, stored, secret,
		                   allow_plain, out);

	if (!is_ok(e) || *out == PASSWORD_RIGHT ||
	    (*out == PASSWORD_WRONG && !password_is_quick(stored)))
		return e;
	return hashing_verify(&a->hashing, rank, dummy, secret, allow_plain,
	                      &nobodys);
}

static void verify_slowly(void *arg)
{
	struct attempt *t = arg;
	struct auth *a = t->auth;
	enum password_answer answer = PASSWORD_WRONG;
	struct err e = attempt_find_source(t);

	if (is_ok(e))
		e = check_secret(t,
		                 attempt_may_log_in(t)
		                         ? account_row_stored(&t->row)
		                         : slice_of(a->dummy, a->dummy_len),
		                 &answer);
	if (is_ok(e))
		decide(t, answer);
	else
		attempt_refuse_for_now(t, e.text);
	auth_work_ends(a);
}

static bool is_credential(const struct buf *b, size_t most)
{
	struct slice s = buf_slice(b);

	return s.len != 0 && s.len <= most && utf8_is_valid(s) &&
	       slice_find_byte(s, '\0') == SLICE_NONE;
}

void verify_password(struct attempt *t)
{
	struct auth *a = t->auth;
	struct err e;

	if (!is_credential(&t->user, LIMIT_USER_NAME) ||
	    !is_credential(&t->secret, LIMIT_PASSWORD)) {
		attempt_refuse(t, "user or password is empty, or no text");
		return;
	}
	e = attempt_find(t);
	if (!is_ok(e)) {
		attempt_refuse_for_now(t, e.text);
		return;
	}
	/* a secret that nobody can guess need not ask */
	if (app_password_verify(t) || !limits_may_try(t))
		return;
	if (verify_may_log_in(&t->row) && is_remembered(t)) {
		grant_password(t);
		return;
	}
	a->working++;
	task_spawn(a->loop, verify_slowly, t);
}
