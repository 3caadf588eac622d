/* issuers.c -- whose is a token, and is it good? */
#include "auth/issuers.h"

#include <stdlib.h>

#include "auth/issuers_internal.h"
#include "auth/token_cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "token/claims.h"

enum { INTROSPECTED_S = 60 };

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

static int64_t now_s(void)
{
	return system_clock.wall_s(&system_clock);
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
	int64_t left_s = end_s - now_s();

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

/* -- the claims -- */

static struct err take_claims(struct issuers *all, const struct issuer_state *s,
                              const json_t *claims, bool is_jwt,
                              struct slice token, struct buf *name)
{
	struct claims_moment moment = {
		.now_s = now_s(),
		.skew_s = all->auth->options->token_skew_seconds,
	};
	struct err e = claims_check(claims, &s->is, is_jwt, moment);

	if (is_ok(e))
		e = claims_name(claims, &s->is, name);
	if (is_ok(e))
		remember(all, s, token, buf_slice(name), claims_end(claims));
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

/* -- questions -- */

/* ERR_ABSENT: the issuer says no. */
static struct err ask(struct issuers *all, struct issuer_state *s,
                      struct slice token, struct buf *name)
{
	json_t *claims = NULL;
	struct err e = introspect(all, s, token, &claims);

	if (is_ok(e))
		e = take_claims(all, s, claims, false, token, name);
	json_decref(claims);
	return e;
}

static struct err not_active(struct err e)
{
	return e.code == ERR_ABSENT ? err(ERR_AUTHENTICATIONFAILED, e.text) : e;
}

/* A token that says nothing itself: the first who knows it has the say. One
 * who can't be asked could have been the one. */
static struct err ask_all(struct issuers *all, struct slice token,
                          const char *problem, struct buf *name)
{
	struct err e = err(ERR_ABSENT, problem);

	for (size_t i = 0; i < all->n; i++) {
		struct err one;

		if (all->v[i].is.introspect.len == 0)
			continue;
		one = ask(all, &all->v[i], token, name);
		if (one.code != ERR_ABSENT && one.code != ERR_UNAVAILABLE)
			return one;
		if (e.code != ERR_UNAVAILABLE)
			e = one;
	}
	return not_active(e);
}

/* -- a token -- */

static struct err verify_jwt(struct issuers *all, const struct jwt *t,
                             struct slice token, struct buf *name)
{
	struct issuer_state *s = named(all, json_text(t->claims, "iss"));
	struct err e;

	if (s == NULL)
		return err(ERR_AUTHENTICATIONFAILED,
		           "the token's issuer is unknown");
	if (s->is.introspect.len != 0)
		return not_active(ask(all, s, token, name));
	e = check_signature(all, s, t);
	return is_ok(e) ? take_claims(all, s, t->claims, true, token, name) : e;
}

struct err issuers_verify(struct issuers *all, struct slice token,
                          struct buf *name)
{
	const char *problem;
	struct jwt jwt;
	struct err e;

	if (token.len == 0)
		return err(ERR_AUTHENTICATIONFAILED, "there is no token");
	if (all->n == 0)
		return err(ERR_AUTHENTICATIONFAILED, "there is no issuer");
	if (is_remembered(all, token, name))
		return OK;
	problem = jwt_open(token, &jwt);
	if (problem != NULL)
		return ask_all(all, token, problem, name);
	e = verify_jwt(all, &jwt, token, name);
	jwt_close(&jwt);
	return e;
}
