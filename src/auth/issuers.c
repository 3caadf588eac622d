/* issuers.c -- whose is a token, and is it good? */
#include "auth/issuers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/issuers_internal.h"
#include "auth/token_cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "token/claims.h"

enum { INTROSPECTED_S = 60, OUTCOME_MOST = 512 };

/* -- the set of them -- */

struct issuers *issuers_new(struct auth *a)
{
	struct issuers *all = mem_new(1, sizeof *all);

	all->auth = a;
	all->references = 1;
	for (size_t i = 0; i < a->options->issuers_count; i++) {
		struct issuer_state *s = &all->v[all->n];

		s->text = mem_cstr(slice_cstr(a->options->issuers[i]));
		if (all->n == ISSUERS_MOST ||
		    issuer_parse(slice_cstr(s->text), &s->is) != NULL)
			abort(); /* whoever made the options took it */
		all->n++;
	}
	if (all->n != 0)
		all->cache = token_cache_new();
	return all;
}

struct issuers *issuers_keep(struct issuers *all)
{
	all->references++;
	return all;
}

void issuers_release(struct issuers *all)
{
	if (--all->references != 0)
		return;
	for (size_t i = 0; i < all->n; i++) {
		jwks_free(all->v[i].keys);
		free(all->v[i].text);
	}
	token_cache_free(all->cache);
	free(all);
}

static struct issuer_state *named(const struct issuers *all, struct slice url)
{
	for (size_t i = 0; i < all->n; i++)
		if (slice_eq(all->v[i].is.url, url))
			return (struct issuer_state *)&all->v[i];
	return NULL;
}

const struct issuer *issuers_hint(const struct issuers *all, struct slice token)
{
	struct issuer_state *s = NULL;
	struct jwt jwt;

	if (jwt_open(token, &jwt) == NULL) {
		s = named(all, json_text(jwt.claims, "iss"));
		jwt_close(&jwt);
	}
	if (s != NULL)
		return &s->is;
	return all->n != 0 ? &all->v[0].is : NULL;
}

/* -- remembered -- */

static struct verdict_key key_of(const struct issuers *all, struct slice token)
{
	return verdict_key(all->auth->verdicts,
	                   &(struct verdict_subject){ .mechanism = S("token"),
	                                              .secret = token });
}

/* Not what was verified with keys that have been replaced. */
static bool is_remembered(struct issuers *all, struct slice token,
                          struct buf *name)
{
	struct verdict_key key = key_of(all, token);
	const struct token_verdict *v = token_cache_find(
		all->cache, &key, loop_now_ms(all->auth->loop));

	if (v == NULL)
		return false;
	issuer_keys_look(all, &all->v[v->issuer]);
	if (v->generation != all->v[v->issuer].generation)
		return false;
	buf_add(name, slice_of(v->name, v->len));
	return true;
}

/* Not beyond its end, whatever the clocks; and what only the issuer knows, it
 * may know better soon. */
static void remember(struct issuers *all, const struct issuer_state *s,
                     struct slice token, struct slice name, int64_t end_s)
{
	struct token_verdict v = { .issuer = (size_t)(s - all->v),
		                   .generation = s->generation,
		                   .len = name.len };
	uint64_t now_ms = loop_now_ms(all->auth->loop);
	uint64_t keep_s = all->auth->options->verdict_seconds;
	struct verdict_key key;
	int64_t left_s = end_s - clock_now_s();

	if (left_s <= 0 || name.len > sizeof v.name || keep_s == 0)
		return;
	if (s->is.introspect.len != 0 && keep_s > INTROSPECTED_S)
		keep_s = INTROSPECTED_S;
	if ((uint64_t)left_s < keep_s)
		keep_s = (uint64_t)left_s;
	memcpy(v.name, name.ptr, name.len);
	key = key_of(all, token);
	token_cache_add(all->cache, &key, &v, now_ms + keep_s * 1000);
}

/* -- who watches -- */

/* A token on its way through. */
struct trial {
	struct issuers *all;
	struct slice token;
	struct buf *name;
	const struct issuers_watch *watch; /* NULL: nobody */
};

__attribute__((format(printf, 3, 4))) static void
saw(struct trial *t, const char *step, const char *format, ...)
{
	char text[OUTCOME_MOST];
	va_list ap;

	if (t->watch == NULL)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	t->watch->saw(t->watch->arg, step, slice_cstr(text));
}

static void saw_claim(void *arg, const char *what, struct err e)
{
	saw(arg, what, "%s", is_ok(e) ? "good" : e.text);
}

/* What the log has of it, which the error has not. */
static const char *problem_of(const struct issuer_state *s, struct err e)
{
	return s->problem[0] != '\0' ? s->problem : e.text;
}

/* -- the claims -- */

static struct err take_claims(struct trial *t, const struct issuer_state *s,
                              const json_t *claims, bool is_jwt)
{
	struct claims_moment moment = {
		.now_s = clock_now_s(),
		.skew_s = t->all->auth->options->token_skew_seconds,
	};
	const struct claims_watch watch = { saw_claim, t };
	struct err e = claims_check(claims, &s->is, is_jwt, moment, &watch);

	if (!is_ok(e))
		return e;
	e = claims_name(claims, &s->is, t->name);
	if (!is_ok(e))
		saw(t, "user", "%s", e.text);
	else if (t->watch == NULL)
		remember(t->all, s, t->token, buf_slice(t->name),
		         claims_end(claims));
	return e;
}

/* -- signatures -- */

static struct err answer_of(enum jws_answer answer)
{
	static const char *const reasons[] = {
		[JWS_ALGORITHM] = "the token's algorithm is not taken",
		[JWS_NO_KEY] = "the token's key is unknown",
		[JWS_WRONG] = "the token's signature is wrong",
	};

	return answer == JWS_GOOD
	               ? OK
	               : err(ERR_AUTHENTICATIONFAILED, reasons[answer]);
}

static enum jws_answer try_keys(const struct issuer_state *s,
                                const struct jwt *t)
{
	return jwks_verify(s->keys, t->algorithm, t->key, t->input,
	                   buf_slice(&t->signature));
}

/* A key that is unknown may be a new one. */
static struct err check_signature(struct issuers *all, struct issuer_state *s,
                                  const struct jwt *t)
{
	struct err e = issuer_keys_refresh(all, s, false);
	enum jws_answer answer;

	if (!is_ok(e))
		return e;
	answer = try_keys(s, t);
	if (answer != JWS_NO_KEY)
		return answer_of(answer);
	e = issuer_keys_refresh(all, s, true);
	return is_ok(e) ? answer_of(try_keys(s, t)) : e;
}

static struct err check_keys(struct trial *t, struct issuer_state *s,
                             const struct jwt *jwt)
{
	struct err e = check_signature(t->all, s, jwt);

	if (s->keys == NULL)
		saw(t, "keys", "can't be had: %s", problem_of(s, e));
	else
		saw(t, "keys", "%zu", jwks_count(s->keys));
	if (s->keys != NULL)
		saw(t, "signature", "%s (%.*s, key \"%.*s\")",
		    is_ok(e) ? "right" : e.text, (int)jwt->algorithm.len,
		    jwt->algorithm.ptr, (int)jwt->key.len, jwt->key.ptr);
	return e;
}

/* -- questions -- */

/* ERR_ABSENT: the issuer says no. */
static struct err ask(struct trial *t, struct issuer_state *s)
{
	json_t *claims = NULL;
	struct err e = introspect(t->all, s, t->token, &claims);

	saw(t, "introspection", "%.*s: %s", (int)s->is.url.len, s->is.url.ptr,
	    is_ok(e) ? "it is active" : problem_of(s, e));
	if (is_ok(e))
		e = take_claims(t, s, claims, false);
	json_decref(claims);
	return e;
}

static struct err not_active(struct err e)
{
	return e.code == ERR_ABSENT ? err(ERR_AUTHENTICATIONFAILED, e.text) : e;
}

/* A token that says nothing itself: the first who knows it has the say. One
 * who can't be asked could have been the one. */
static struct err ask_all(struct trial *t, const char *problem)
{
	struct err e = err(ERR_ABSENT, problem);

	saw(t, "token", "%s", problem);
	for (size_t i = 0; i < t->all->n; i++) {
		struct err one;

		if (t->all->v[i].is.introspect.len == 0)
			continue;
		one = ask(t, &t->all->v[i]);
		if (one.code != ERR_ABSENT && one.code != ERR_UNAVAILABLE)
			return one;
		if (e.code != ERR_UNAVAILABLE)
			e = one;
	}
	return not_active(e);
}

/* -- a token -- */

static struct err verify_jwt(struct trial *t, const struct jwt *jwt)
{
	struct slice iss = json_text(jwt->claims, "iss");
	struct issuer_state *s = named(t->all, iss);
	struct err e =
		err(ERR_AUTHENTICATIONFAILED, "the token's issuer is unknown");

	saw(t, "token", "a JWT of %.*s", (int)iss.len, iss.ptr);
	if (s == NULL) {
		saw(t, "issuer", "%s: it is none of `issuers`", e.text);
		return e;
	}
	if (s->is.introspect.len != 0)
		return not_active(ask(t, s));
	e = check_keys(t, s, jwt);
	return is_ok(e) ? take_claims(t, s, jwt->claims, true) : e;
}

static struct err verify(struct trial *t)
{
	const char *problem;
	struct jwt jwt;
	struct err e;

	if (t->token.len == 0)
		return err(ERR_AUTHENTICATIONFAILED, "there is no token");
	if (t->all->n == 0) {
		e = err(ERR_AUTHENTICATIONFAILED, "there is no issuer");
		saw(t, "issuer", "%s", e.text);
		return e;
	}
	if (t->watch == NULL && is_remembered(t->all, t->token, t->name))
		return OK;
	problem = jwt_open(t->token, &jwt);
	if (problem != NULL)
		return ask_all(t, problem);
	e = verify_jwt(t, &jwt);
	jwt_close(&jwt);
	return e;
}

struct err issuers_verify(struct issuers *all, struct slice token,
                          struct buf *name)
{
	struct trial t = { all, token, name, NULL };

	return verify(&t);
}

struct err issuers_try(struct issuers *all, struct slice token,
                       struct buf *name, const struct issuers_watch *watch)
{
	struct trial t = { all, token, name, watch };

	return verify(&t);
}

void issuers_claimed(const struct issuers *all, struct slice token,
                     struct buf *name)
{
	struct issuer_state *s;
	struct jwt jwt;

	if (jwt_open(token, &jwt) != NULL)
		return;
	s = named(all, json_text(jwt.claims, "iss"));
	if (s == NULL || !is_ok(claims_name(jwt.claims, &s->is, name)))
		name->len = 0;
	jwt_close(&jwt);
}

/* -- how they are -- */

/* A token that nobody has issued: whoever says so can be asked. */
static void probe(struct issuers *all, struct issuer_state *s)
{
	json_t *claims = NULL;

	introspect(all, s, S("roost"), &claims);
	json_decref(claims);
}

bool issuers_ask(struct issuers *all, size_t i, struct issuer_facts *out)
{
	struct issuer_state *s = &all->v[i];

	if (i >= all->n)
		return false;
	if (s->is.introspect.len != 0)
		probe(all, s);
	else
		issuer_keys_refresh(all, s, true);
	*out = (struct issuer_facts){
		.url = s->is.url,
		.keys = s->keys != NULL ? jwks_count(s->keys) : 0,
		.is_introspected = s->is.introspect.len != 0,
		.has_date = s->has_date,
		.ahead_s = s->ahead_s,
		.problem = slice_cstr(s->problem),
	};
	return true;
}
