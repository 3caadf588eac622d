/*
 * control_test.c -- roost auth test: the way of a log-in, told step by step.
 *
 * It asks and verifies as an attempt of an IMAP client does, but counts as
 * none: nothing is noted, remembered, made or changed. It comes from nowhere:
 * of what depends on where a client is, it says what that is.
 */
#include "admin/verbs.h"
#include "auth/admit.h"
#include "auth/app_password.h"
#include "auth/certificates.h"
#include "auth/control_internal.h"
#include "auth/issuers.h"
#include "auth/second_factor.h"
#include "auth/source.h"
#include "base/clock.h"
#include "directory/name.h"

static void say(struct control *c, const char *step, struct slice outcome)
{
	control_answer(c,
	               (struct slice[AUTH_TEST_COLUMNS]){
			       [AUTH_TEST_STEP] = slice_cstr(step),
			       [AUTH_TEST_OUTCOME] = outcome,
		       },
	               AUTH_TEST_COLUMNS);
}

static void say_two(struct control *c, const char *step, const char *start,
                    struct slice end)
{
	struct buf text = { 0 };

	buf_add(&text, slice_cstr(start));
	buf_add(&text, end);
	say(c, step, buf_slice(&text));
	buf_free(&text);
}

static struct err no(void)
{
	return err(ERR_AUTHENTICATIONFAILED, "it would not be let in");
}

/* -- the steps -- */

static void say_row(struct control *c, const struct account_row *row)
{
	if (row->id == 0)
		say(c, "directory", S("has no such account"));
	else if (row->shared)
		say(c, "directory", S("has it; nobody logs in to it"));
	else if (row->state != ACCOUNT_ENABLED)
		say(c, "directory", S("has it; it is disabled"));
	else if (source_has(row))
		say_two(c, "directory", "has it; its password is kept by ",
		        source_name(row));
	else
		say_two(c, "directory", "has it; its password is ",
		        password_scheme(account_row_stored(row)));
}

/* No password: they let it in all the same. */
static void say_certificates(struct control *c, const struct account_row *row)
{
	size_t n = certificate_count(c->auth, row->id);
	struct buf text = { 0 };

	if (n == 0)
		return;
	buf_printf(&text, "%zu added; they need no password", n);
	say(c, "certificates", buf_slice(&text));
	buf_free(&text);
}

/* Where strangers to it, or those at a place of its own, have guessed. */
static void say_lockouts(struct control *c, const struct account_row *row)
{
	const enum limit_kind kinds[] = { LIMIT_KIND_ACCOUNT,
		                          LIMIT_KIND_PLACE };
	uint32_t now = (uint32_t)clock_now_s();

	for (size_t i = 0; i < 2 && row->id != 0; i++) {
		struct tallies *t = limits_table(c->auth->limits, kinds[i]);

		for (size_t p = 0; p < tallies_places(t); p++) {
			const struct tally *y = tallies_at(t, p, now);

			if (y != NULL && y->account == row->id &&
			    tally_is_locked(y, now))
				say_two(c, "lock-out",
				        kinds[i] == LIMIT_KIND_ACCOUNT
				                ? "wherever it is not known: "
				                : "",
				        tally_label(y));
		}
	}
}

static void say_where(struct control *c, const struct policies *p)
{
	const enum policy places[] = { POLICY_NETWORKS, POLICY_COUNTRIES };

	for (size_t i = 0; i < 2; i++) {
		struct slice list = p->v[places[i]].text;

		if (!slice_eq(list, S("any")))
			say_two(c, policy_name(places[i]).ptr, "only from ",
			        list);
	}
}

static struct err say_policies(struct control *c, struct slice name,
                               bool by_password)
{
	const struct admission how = { .service = SERVICE_IMAP,
		                       .by_password = by_password };
	struct arena *arena = arena_new(1 << 16);
	const struct ground *g = NULL;
	struct policies p;
	struct err e =
		directory_policies_for(c->auth->directory, name, arena, &p);

	if (is_ok(e)) {
		say_where(c, &p);
		g = admit_anywhere_against(c->auth, &p, &how);
	}
	if (g != NULL)
		say(c, "policies", slice_cstr(g->reason));
	arena_free(arena);
	return g != NULL ? no() : e;
}

static struct err say_second_factor(struct control *c,
                                    const struct account_row *row)
{
	if (is_ok(main_password_rule(c->auth, row)))
		return OK;
	say(c, "second factor",
	    S("is on: the main password opens no mail, app passwords and "
	      "tokens do"));
	return no();
}

static struct err say_app_password(struct control *c,
                                   const struct app_password *p)
{
	bool has_expired = p->expires_s != 0 && p->expires_s <= clock_now_s();
	bool is_for_imap = p->services.len == 0 ||
	                   slice_find(p->services, S("imap")) != SLICE_NONE;

	say_two(c, "app password", "right: ", p->name);
	if (p->services.len != 0)
		say_two(c, "app password", "only for ", p->services);
	if (p->networks.len != 0)
		say_two(c, "app password", "only from ", p->networks);
	if (has_expired)
		say(c, "app password", S("it has expired"));
	return has_expired || !is_for_imap ? no() : OK;
}

/* ERR_ABSENT: it is none. */
static struct err try_app_password(struct control *c,
                                   const struct account_row *row,
                                   struct slice secret)
{
	struct arena *arena = arena_new(4096);
	struct app_password p;
	struct err e = row->id == 0 ? err(ERR_ABSENT, NULL)
	                            : app_password_find(c->auth, row->id,
	                                                secret, arena, &p);

	if (is_ok(e))
		e = say_app_password(c, &p);
	arena_free(arena);
	return e;
}

static void say_asked(void *arg, const char *name, struct err e,
                      const struct source_found *found)
{
	static const char *const told[TOLD_ACCOUNTS] = {
		[TOLD_EXISTS] = "knows the user",
		[TOLD_STORED] = "knows the user, and shows its password",
		[TOLD_RIGHT] = "says that the password is right",
		[TOLD_WRONG] = "says that the password is wrong",
	};
	struct control *c = arg;

	if (is_ok(e))
		say_two(c, name, told[found->told],
		        found->text[0] != '\0' ? slice_cstr(found->text)
		                               : S(""));
	else if (e.code == ERR_ABSENT)
		say(c, name, S("does not know the user"));
	else
		say_two(c, name, "can't be asked: ", slice_cstr(e.text));
}

static struct err verify(struct control *c, const struct account_row *row,
                         const struct source_found *found, struct slice secret)
{
	struct auth *a = c->auth;
	struct slice stored = found->source[0] != '\0'
	                              ? buf_slice(&found->stored)
	                              : account_row_stored(row);
	enum password_answer answer = PASSWORD_WRONG;
	struct err e;

	if (found->told == TOLD_RIGHT || found->told == TOLD_WRONG)
		return found->told == TOLD_RIGHT ? OK : no();
	e = hashing_verify(&a->hashing, HASHING_KNOWN, stored, secret,
	                   a->options->allow_plain, &answer);
	if (!is_ok(e))
		return e;
	if (answer == PASSWORD_UNUSABLE)
		say_two(c, "password", "can't be verified: the stored one is ",
		        password_scheme(stored));
	else
		say_two(c, "password",
		        answer == PASSWORD_RIGHT ? "right, by " : "wrong, by ",
		        password_scheme(stored));
	return answer == PASSWORD_RIGHT ? OK : no();
}

static bool may_log_in(const struct account_row *row)
{
	return row->id == 0 ||
	       (row->state == ACCOUNT_ENABLED && row->credential != 0);
}

static struct err try_password(struct control *c, struct account_row *row,
                               struct slice name, struct slice secret)
{
	struct source_found found = { .asked = say_asked, .arg = c };
	struct err factor = say_second_factor(c, row);
	struct err e = source_find(c->auth, row, name, secret, &found);

	if (is_ok(e) && row->id == 0 && found.source[0] == '\0')
		e = no();
	else if (is_ok(e))
		e = verify(c, row, &found, secret);
	source_found_free(&found);
	return is_ok(e) ? factor : e;
}

static struct err run(struct control *c, struct slice name, struct slice secret)
{
	struct account_row row = { 0 };
	struct err e = directory_find(c->auth->directory, name, &row);
	struct err against;

	if (!is_ok(e) && e.code != ERR_ABSENT)
		return e;
	say_row(c, &row);
	say_certificates(c, &row);
	if (!may_log_in(&row))
		return no();
	say_lockouts(c, &row);
	against = say_policies(c, name, true);
	e = try_app_password(c, &row, secret);
	if (e.code == ERR_ABSENT)
		e = try_password(c, &row, name, secret);
	if (is_ok(e))
		return against;
	return e.code == ERR_ABSENT ? no() : e;
}

/* -- tokens -- */

static void say_step(void *arg, const char *step, struct slice outcome)
{
	say(arg, step, outcome);
}

/* Who comes in is who the token says. */
static struct err say_user(struct control *c, struct slice name,
                           struct slice claimed)
{
	struct buf normal = { 0 };
	struct err e = user_name_normal(claimed, &normal);
	bool same = is_ok(e) && slice_eq(buf_slice(&normal), name);

	say_two(c, "user",
	        same ? "it is for " : "it is for another: ", claimed);
	buf_free(&normal);
	return same ? OK : no();
}

static struct err try_token(struct control *c, struct slice name,
                            struct slice token)
{
	const struct issuers_watch watch = { say_step, c };
	struct issuers *issuers = issuers_keep(c->auth->issuers);
	struct buf claimed = { 0 };
	struct err e = issuers_try(issuers, token, &claimed, &watch);

	issuers_release(issuers);
	if (is_ok(e))
		e = say_user(c, name, buf_slice(&claimed));
	else if (e.code != ERR_UNAVAILABLE)
		e = no();
	buf_free(&claimed);
	return e;
}

static struct err run_token(struct control *c, struct slice name,
                            struct slice token)
{
	struct account_row row = { 0 };
	struct err e = try_token(c, name, token);
	struct err found = directory_find(c->auth->directory, name, &row);

	if (!is_ok(e))
		return e;
	if (!is_ok(found) && found.code != ERR_ABSENT)
		return found;
	say_row(c, &row);
	if (row.id == 0 || row.state != ACCOUNT_ENABLED || row.shared)
		return no();
	return say_policies(c, name, false);
}

/* -- both -- */

static struct err
test(struct control *c, struct slice name, struct slice secret,
     struct err (*run_it)(struct control *, struct slice, struct slice))
{
	struct buf normal = { 0 };
	struct err e = user_name_normal(name, &normal);

	if (is_ok(e)) {
		say(c, "name", buf_slice(&normal));
		e = run_it(c, buf_slice(&normal), secret);
	}
	if (is_ok(e))
		say(c, "verdict", S("it would be let in"));
	buf_free(&normal);
	return e;
}

struct err control_auth_test(struct control *c, struct slice name,
                             struct slice secret)
{
	return test(c, name, secret, run);
}

struct err control_auth_test_token(struct control *c, struct slice name,
                                   struct slice token)
{
	return test(c, name, token, run_token);
}
