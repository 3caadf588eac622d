/*
 * issuer_fetch.c -- an issuer's keys, from where it publishes them.
 *
 * They are fetched when they are first needed and again when they have become
 * old, or when a token names one that is not among them: then at once, but
 * not once for each such token, which anybody can make. While the issuer
 * doesn't answer the old ones are good, for a day. Without a URL in the
 * configuration the issuer is asked for it: OpenID Connect Discovery 1.0
 * section 4.
 */
#include <stdio.h>

#include "auth/issuers_internal.h"
#include "auth/outside.h"
#include "base/hash.h"

enum {
	FRESH_MS = 15 * 60 * 1000,
	USABLE_MS = 24 * 60 * 60 * 1000,
	RETRY_MS = 5 * 1000,
	FORCED_MS = 30 * 1000,
	STATUS_OK = 200,
};

static uint64_t now_ms(const struct issuers *all)
{
	return loop_now_ms(all->auth->loop);
}

static bool has_passed(uint64_t since_ms, uint64_t ms, uint64_t now)
{
	return since_ms == 0 || now - since_ms >= ms;
}

/* -- asking -- */

/* The body, which the caller frees; false, and a line in the log: it can't be
 * had. */
static bool get(struct issuers *all, struct issuer_state *s, struct slice url,
                struct buf *out)
{
	struct outside_answer answer;
	struct err e = outside_get(all->auth, url, S(""), &answer);
	char text[64];

	if (is_ok(e))
		issuer_date(s, &answer);
	if (is_ok(e) && answer.status == STATUS_OK) {
		*out = answer.body;
		return true;
	}
	snprintf(text, sizeof text, "HTTP status %u", answer.status);
	issuer_log(LOG_LEVEL_WARN, s, "issuer_keys",
	           slice_cstr(is_ok(e)                 ? text
	                      : answer.text[0] != '\0' ? answer.text
	                                               : e.text));
	outside_answer_free(&answer);
	return false;
}

/* Appends `jwks_uri` if the document is the issuer's own. */
static bool read_discovery(struct issuer_state *s, struct slice text,
                           struct buf *url)
{
	json_t *document = json_foreign(text);
	struct slice keys = json_text(document, "jwks_uri");
	bool is_good = slice_eq(json_text(document, "issuer"), s->is.url) &&
	               issuer_is_url(keys);

	if (is_good)
		buf_add(url, keys);
	else
		issuer_log(LOG_LEVEL_WARN, s, "issuer_keys",
		           S("its openid-configuration is another issuer's, "
		             "or names no keys"));
	json_decref(document);
	return is_good;
}

static bool find_url(struct issuers *all, struct issuer_state *s,
                     struct buf *url)
{
	struct buf document = { 0 };
	struct buf where = { 0 };
	bool found;

	if (s->is.keys.len != 0) {
		buf_add(url, s->is.keys);
		return true;
	}
	issuer_discovery(&s->is, &where);
	found = get(all, s, buf_slice(&where), &document) &&
	        read_discovery(s, buf_slice(&document), url);
	buf_free(&document);
	buf_free(&where);
	return found;
}

/* -- the keys -- */

/* The same keys again are nothing new. */
static void take(struct issuers *all, struct issuer_state *s, struct slice text)
{
	uint64_t digest = hash_check(text);
	struct jwks *fresh;

	if (s->keys != NULL && digest == s->digest) {
		s->fetched_ms = now_ms(all);
		s->problem[0] = '\0';
		return;
	}
	fresh = jwks_parse(text);
	if (fresh == NULL) {
		issuer_log(LOG_LEVEL_WARN, s, "issuer_keys",
		           S("what it publishes is no set of keys"));
		return;
	}
	s->digest = digest;
	s->fetched_ms = now_ms(all);
	issuer_keys_take(s, fresh);
}

static void fetch(struct issuers *all, struct issuer_state *s)
{
	struct buf url = { 0 };
	struct buf text = { 0 };

	s->fetching = true;
	s->tried_ms = now_ms(all);
	if (find_url(all, s, &url) && get(all, s, buf_slice(&url), &text))
		take(all, s, buf_slice(&text));
	s->fetching = false;
	task_wake_all(&s->waiting);
	buf_free(&url);
	buf_free(&text);
}

/* Nobody answers for them any more. */
static void forget(struct issuer_state *s)
{
	jwks_free(s->keys);
	s->keys = NULL;
	s->generation++;
}

static bool is_due(struct issuers *all, struct issuer_state *s, bool again)
{
	uint64_t now = now_ms(all);

	if (!again)
		return (s->keys == NULL ||
		        has_passed(s->fetched_ms, FRESH_MS, now)) &&
		       has_passed(s->tried_ms, RETRY_MS, now);
	if (!has_passed(s->forced_ms, FORCED_MS, now))
		return false;
	s->forced_ms = now;
	return true;
}

void issuer_keys_fetch(struct issuers *all, struct issuer_state *s, bool again)
{
	if (s->fetching) {
		while (s->fetching)
			task_wait(&s->waiting, WAIT_FOREVER);
		return;
	}
	if (is_due(all, s, again))
		fetch(all, s);
	if (s->keys != NULL &&
	    has_passed(s->fetched_ms, USABLE_MS, now_ms(all)))
		forget(s);
}
