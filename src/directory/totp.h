/*
 * totp.h -- codes of an authenticator app: RFC 6238, six digits, HMAC-SHA-1,
 * a new one every thirty seconds, which is what all of them speak.
 *
 * Keys are text, base32, as the apps take them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
	TOTP_DIGITS = 6,
	TOTP_STEP_S = 30,
	TOTP_WINDOW = 1,    /* steps that a clock may be wrong, both ways */
	TOTP_KEY_TEXT = 32, /* 160 bits: RFC 4226 section 4, R6 */
};

/* Appends a new key. */
void totp_key_make(struct buf *out);

/* The code of a step; false: that is no key. */
bool totp_code(struct slice key, uint64_t step, char out[TOTP_DIGITS]);

/*
 * Is it the code of now, or of a step TOTP_WINDOW away? Only of one behind
 * `after`, the last one that was taken: *step is which. Spaces in the code
 * are left out. RFC 6238 section 5.2
 */
bool totp_is_right(struct slice key, struct slice code, int64_t now_s,
                   uint64_t after, uint64_t *step);

/* What an authenticator app reads: otpauth://totp/... */
void totp_uri(struct slice key, struct slice account, struct slice issuer,
              struct buf *out);
