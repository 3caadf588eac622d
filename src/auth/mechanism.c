/* mechanism.c -- the table, and the mechanisms that say a password. */
#include "auth/mechanism.h"

/* authzid NUL user NUL secret, RFC 4616 section 2 */
static enum mechanism_step plain_step(struct attempt *t, struct slice response,
                                      struct buf *challenge)
{
	struct slice authzid, user, secret, rest;

	(void)challenge;
	if (!slice_cut(response, '\0', &authzid, &rest) ||
	    !slice_cut(rest, '\0', &user, &secret) ||
	    slice_find_byte(secret, '\0') != SLICE_NONE) {
		t->reason = "that is no message of PLAIN";
		return STEP_REFUSED;
	}
	attempt_keep(&t->authzid, authzid);
	attempt_keep(&t->user, user);
	attempt_keep(&t->secret, secret);
	return STEP_PASSWORD;
}

/* The user, then the password: draft-murchison-sasl-login. gate has asked
 * for the user already. */
static enum mechanism_step login_step(struct attempt *t, struct slice response,
                                      struct buf *challenge)
{
	static char asked;

	if (t->state != NULL) {
		attempt_keep(&t->secret, response);
		return STEP_PASSWORD;
	}
	t->state = &asked;
	attempt_keep(&t->user, response);
	buf_add(challenge, S("Password:"));
	return STEP_CHALLENGE;
}

const struct mechanism mechanisms[SASL_MECHANISMS] = {
	[SASL_COMMAND] = { plain_step, NULL, true },
	[SASL_EXTERNAL] = { external_step, NULL, false },
	[SASL_SCRAM_SHA_256_PLUS] = { scram_step, scram_end, true },
	[SASL_SCRAM_SHA_256] = { scram_step, scram_end, true },
	[SASL_SCRAM_SHA_1_PLUS] = { scram_step, scram_end, true },
	[SASL_SCRAM_SHA_1] = { scram_step, scram_end, true },
	[SASL_OAUTHBEARER] = { token_step, NULL, false },
	[SASL_XOAUTH2] = { token_step, NULL, false },
	[SASL_PLAIN] = { plain_step, NULL, true },
	[SASL_LOGIN] = { login_step, NULL, true },
};
