/*
 * external.c -- EXTERNAL (RFC 4422 appendix A): log-in with a certificate.
 *
 *	what gate has ──► certificate_verify ──► added to an account? its own
 *	                      │                  └─ no ──► the name in it
 *	                      └── no ──► refuse
 *
 * A certificate that is good can't be guessed, so nothing is counted and
 * nobody is kept out for what others tried. The response is who the client
 * wants to act for; it may only be itself (attempt_grant).
 */
#include "auth/certificate.h"
#include "auth/mechanism.h"
#include "base/clock.h"
#include "base/unicode.h"
#include "directory/credential.h"

/* -- the mechanism -- */

enum mechanism_step external_step(struct attempt *t, struct slice response,
                                  struct buf *challenge)
{
	(void)challenge;
	if (response.len > LIMIT_USER_NAME || !utf8_is_valid(response) ||
	    slice_find_byte(response, '\0') != SLICE_NONE) {
		t->reason = "that is no message of EXTERNAL";
		return STEP_REFUSED;
	}
	attempt_keep(&t->authzid, response);
	attempt_keep(&t->user, response); /* for the log */
	return STEP_CERTIFICATE;
}

/* -- whose it is -- */

static void use_name(struct attempt *t, struct slice name)
{
	t->user.len = 0;
	buf_add(&t->user, name);
}

/* ERR_ABSENT: it was added to no account. */
static struct err find_added(struct attempt *t)
{
	struct directory *d = t->auth->directory;
	struct account_row row;
	uint64_t account, credential;
	struct err e = directory_certificate(d, buf_slice(&t->certificate),
	                                     &account, &credential);

	if (is_ok(e))
		e = directory_find_id(d, account, &row);
	if (!is_ok(e))
		return e;
	use_name(t, account_row_name(&row));
	t->credential = credential;
	return OK;
}

static struct err find_account(struct attempt *t, const struct certificate *c)
{
	struct buf name = { 0 };
	struct err e = find_added(t);

	if (e.code != ERR_ABSENT)
		return e;
	e = certificate_account(c, t->auth->options->certificate_name, &name);
	if (is_ok(e))
		use_name(t, buf_slice(&name));
	buf_free(&name);
	return e;
}

static bool may_log_in(const struct account_row *row)
{
	return row->id != 0 && row->state == ACCOUNT_ENABLED && !row->shared;
}

static void conclude(struct attempt *t, struct err e)
{
	if (is_ok(e))
		e = attempt_find(t);
	if (e.code == ERR_AUTHENTICATIONFAILED)
		attempt_refuse(t, e.text);
	else if (!is_ok(e))
		attempt_refuse_for_now(t, e.text);
	else if (!may_log_in(&t->row))
		attempt_refuse(t, verify_bar(t));
	else
		attempt_grant(t);
}

static struct err check(struct attempt *t, struct certificate *c)
{
	const struct auth *a = t->auth;
	struct client_proof proof;

	if (a->authorities.store == NULL)
		return err(ERR_UNAVAILABLE, "nobody issues certificates");
	if (!client_proof_read(buf_slice(&t->proof), &proof) ||
	    !certificate_read(proof.certificate, c))
		return err(ERR_AUTHENTICATIONFAILED, "there is no certificate");
	attempt_keep(&t->certificate, slice_cstr(c->fingerprint));
	attempt_keep(&t->subject, slice_cstr(c->subject));
	return certificate_verify(c, &a->authorities, &proof, clock_now_s());
}

void verify_certificate(struct attempt *t)
{
	struct certificate c = { 0 };
	struct err e = check(t, &c);

	if (is_ok(e))
		e = find_account(t, &c);
	certificate_free(&c);
	conclude(t, e);
}
