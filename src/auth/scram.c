/*
 * scram.c -- SCRAM by GNU SASL: RFC 5802, RFC 7677, RFC 9266.
 *
 *	client-first ──► salt, rounds ──► proof ──► our proof ──► "" ──► PROVEN
 *
 * Nobody's password is seen or hashed here. For who is not there, or has no
 * keys, we make some up from the name and a secret of the directory, so that
 * salts tell nobody who is there; the exchange then fails where a wrong
 * password does.
 */
#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/app_password.h"
#include "auth/mechanism.h"
#include "base/encode.h"
#include "base/mem.h"

struct scram {
	struct attempt *attempt;
	Gsasl_session *session;
	bool is_unavailable; /* the directory could not be read */
	bool is_made_up;     /* the keys */
	bool is_done;        /* all but the client's empty response */
};

static enum scram_hash hash_of(const struct attempt *t)
{
	return t->mechanism == SASL_SCRAM_SHA_1 ||
	                       t->mechanism == SASL_SCRAM_SHA_1_PLUS
	               ? SCRAM_SHA_1
	               : SCRAM_SHA_256;
}

static void set(Gsasl_session *session, Gsasl_property property,
                struct slice value)
{
	if (gsasl_property_set_raw(session, property, value.ptr, value.len) !=
	    GSASL_OK)
		abort(); /* there is no memory */
}

/* -- what GNU SASL asks for -- */

static void set_keys(Gsasl_session *session, struct slice text)
{
	struct scram_keys k;
	char rounds[24];

	if (!scram_keys_parse(text, &k))
		return;
	snprintf(rounds, sizeof rounds, "%llu", (unsigned long long)k.rounds);
	set(session, GSASL_SCRAM_ITER, slice_cstr(rounds));
	set(session, GSASL_SCRAM_SALT, k.salt);
	set(session, GSASL_SCRAM_STOREDKEY, k.stored_key);
	set(session, GSASL_SCRAM_SERVERKEY, k.server_key);
}

static struct slice keys_of(const struct attempt *t)
{
	struct slice stored = account_row_stored(&t->row);

	if (t->row.id == 0 && t->found.source[0] == '\0')
		return S("");
	return password_form(stored, password_scram_schemes[hash_of(t)]);
}

static void imitate(const struct attempt *t, struct buf *out)
{
	const struct auth *a = t->auth;
	enum scram_hash hash = hash_of(t);
	uint64_t rounds = a->options->password_cost.scram_rounds[hash];

	scram_keys_imitate(hash, directory_secret(a->directory),
	                   buf_slice(t->name.len != 0 ? &t->name : &t->user),
	                   rounds != 0 ? rounds : SCRAM_ROUNDS_DEFAULT, out);
}

static void find_keys(struct scram *s)
{
	struct attempt *t = s->attempt;
	const char *user = gsasl_property_fast(s->session, GSASL_AUTHID);
	const char *authzid = gsasl_property_fast(s->session, GSASL_AUTHZID);
	struct buf made_up = { 0 };
	struct slice keys;

	if (user != NULL)
		attempt_keep(&t->user, slice_cstr(user));
	if (authzid != NULL)
		attempt_keep(&t->authzid, slice_cstr(authzid));
	s->is_unavailable =
		!is_ok(attempt_find(t)) || !is_ok(attempt_find_source(t));
	keys = keys_of(t);
	s->is_made_up = keys.len == 0;
	if (s->is_made_up) {
		imitate(t, &made_up);
		keys = buf_slice(&made_up);
	}
	set_keys(s->session, keys);
	buf_free(&made_up);
}

static int on_property(Gsasl *context, Gsasl_session *session,
                       Gsasl_property property)
{
	struct scram *s = gsasl_session_hook_get(session);
	struct buf *binding = &s->attempt->binding;
	struct buf text = { 0 };

	(void)context;
	if (property == GSASL_SCRAM_ITER) {
		find_keys(s);
		return gsasl_property_fast(session, property) != NULL
		               ? GSASL_OK
		               : GSASL_NO_CALLBACK;
	}
	if (property != GSASL_CB_TLS_EXPORTER || binding->len == 0)
		return GSASL_NO_CALLBACK;
	base64_encode(buf_slice(binding), &text);
	set(session, property, buf_slice(&text));
	buf_free(&text);
	return GSASL_OK;
}

/* -- the exchange -- */

static bool begin(struct attempt *t)
{
	struct scram *s = mem_new(1, sizeof *s);
	Gsasl *context = t->auth->gsasl;
	struct slice name = sasl_mechanisms[t->mechanism].name;

	t->state = s;
	s->attempt = t;
	if (gsasl_server_start(context, name.ptr, &s->session) != GSASL_OK) {
		s->session = NULL;
		return false;
	}
	gsasl_session_hook_set(s->session, s);
	return true;
}

void scram_end(struct attempt *t)
{
	struct scram *s = t->state;

	if (s->session != NULL)
		gsasl_finish(s->session);
	free(s);
}

static enum mechanism_step refused(struct attempt *t, const char *reason)
{
	t->reason = reason;
	return STEP_REFUSED;
}

static enum mechanism_step unavailable(struct attempt *t, const char *reason)
{
	t->reason = reason;
	return STEP_UNAVAILABLE;
}

static enum mechanism_step failed(const struct scram *s, int code)
{
	struct attempt *t = s->attempt;

	if (s->is_unavailable)
		return unavailable(t, "the directory can't be read");
	if (code != GSASL_AUTHENTICATION_ERROR)
		return refused(t, gsasl_strerror(code));
	if (t->row.id == 0 && t->found.source[0] == '\0')
		return refused(t, "no such user");
	if (s->is_made_up)
		return refused(t, "there are no keys for this mechanism: a "
		                  "log-in with the password makes them");
	return refused(t, app_password_count(t->auth, t->row.id) != 0
	                          ? "wrong password, or an app password, "
	                            "which needs PLAIN or LOGIN"
	                          : "wrong password");
}

/* What the first message says of binding, RFC 5802 section 6: "p" only with
 * PLUS, which GNU SASL does not insist on; and never "y", that the client
 * could bind but we could not, where we had offered to: then somebody between
 * us has taken the offer out. */
static bool is_misled(const struct attempt *t, struct slice first)
{
	enum sasl plus = hash_of(t) == SCRAM_SHA_1 ? SASL_SCRAM_SHA_1_PLUS
	                                           : SASL_SCRAM_SHA_256_PLUS;
	uint32_t offered = t->auth->options->mechanisms;

	if (t->mechanism == plus)
		return false;
	return slice_starts(first, S("p")) ||
	       (slice_starts(first, S("y")) && t->binding.len != 0 &&
	        (offered & sasl_bit(plus)) != 0);
}

/* Our proof is in the challenge: not for who may not log in. */
static enum mechanism_step proven(struct scram *s)
{
	if (!attempt_may_log_in(s->attempt))
		return refused(s->attempt, verify_bar(s->attempt));
	s->is_done = true;
	return STEP_CHALLENGE;
}

static enum mechanism_step exchange(struct scram *s, struct slice response,
                                    struct buf *challenge)
{
	char *out = NULL;
	size_t len = 0;
	int code =
		gsasl_step(s->session, response.ptr, response.len, &out, &len);

	if (code == GSASL_OK || code == GSASL_NEEDS_MORE)
		buf_add(challenge, slice_of(out, len));
	gsasl_free(out);
	if (code == GSASL_OK)
		return proven(s);
	return code == GSASL_NEEDS_MORE ? STEP_CHALLENGE : failed(s, code);
}

enum mechanism_step scram_step(struct attempt *t, struct slice response,
                               struct buf *challenge)
{
	struct scram *s = t->state;

	if (s == NULL && response.len == 0)
		return refused(t, "the client said nothing");
	if (s == NULL && !begin(t))
		return unavailable(t, "GNU SASL does not begin");
	if (s == NULL && is_misled(t, response))
		return refused(t, "it binds to TLS and the mechanism does not, "
		                  "or somebody took that away");
	s = t->state;
	if (s->is_done)
		return response.len == 0
		               ? STEP_PROVEN
		               : refused(t, "more was said than SCRAM has");
	return exchange(s, response, challenge);
}

Gsasl *scram_context_new(void)
{
	Gsasl *context;

	if (gsasl_init(&context) != GSASL_OK)
		return NULL;
	gsasl_callback_set(context, on_property);
	return context;
}

void scram_context_free(Gsasl *context)
{
	if (context != NULL)
		gsasl_done(context);
}
