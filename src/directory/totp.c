/* totp.c -- see totp.h; the arithmetic is liboath's. */
#include "directory/totp.h"

#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/mem.h"

enum { KEY_SIZE = TOTP_KEY_TEXT * 5 / 8 };

void totp_key_make(struct buf *out)
{
	char bytes[KEY_SIZE];
	char *text;

	random_bytes(bytes, sizeof bytes);
	if (oath_base32_encode(bytes, sizeof bytes, &text, NULL) != OATH_OK)
		abort(); /* there is no memory */
	buf_room(out, TOTP_KEY_TEXT);
	buf_add(out, slice_of(text, TOTP_KEY_TEXT));
	mem_wipe(bytes, sizeof bytes);
	mem_wipe(text, TOTP_KEY_TEXT);
	free(text);
}

bool totp_code(struct slice key, uint64_t step, char out[TOTP_DIGITS])
{
	char text[TOTP_DIGITS + 1];
	char *bytes;
	size_t n;
	bool made;

	if (oath_base32_decode(key.ptr, key.len, &bytes, &n) != OATH_OK)
		return false;
	made = oath_hotp_generate(bytes, n, step, TOTP_DIGITS, false,
	                          OATH_HOTP_DYNAMIC_TRUNCATION,
	                          text) == OATH_OK;
	if (made)
		memcpy(out, text, TOTP_DIGITS);
	mem_wipe(bytes, n);
	free(bytes);
	return made;
}

static bool take_digits(struct slice typed, char out[TOTP_DIGITS])
{
	size_t n = 0;

	for (size_t i = 0; i < typed.len; i++) {
		if (typed.ptr[i] == ' ')
			continue;
		if (n == TOTP_DIGITS || !ascii_is_digit(typed.ptr[i]))
			return false;
		out[n++] = typed.ptr[i];
	}
	return n == TOTP_DIGITS;
}

bool totp_is_right(struct slice key, struct slice code, int64_t now_s,
                   uint64_t after, uint64_t *step)
{
	uint64_t now = (uint64_t)now_s / TOTP_STEP_S;
	char digits[TOTP_DIGITS];
	char right[TOTP_DIGITS];
	bool found = false;

	if (now_s < TOTP_WINDOW * TOTP_STEP_S || !take_digits(code, digits))
		return false;
	for (uint64_t s = now - TOTP_WINDOW; s <= now + TOTP_WINDOW; s++) {
		if (!totp_code(key, s, right))
			return false;
		if (secret_eq(slice_of(digits, TOTP_DIGITS),
		              slice_of(right, TOTP_DIGITS)) &&
		    s > after && !found) {
			*step = s;
			found = true;
		}
	}
	return found;
}

/* RFC 3986 section 2.1: all but unreserved characters */
static void add_escaped(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (ascii_is_alpha(c) || ascii_is_digit(c) ||
		    (c != '\0' && strchr("-._~", c) != NULL))
			buf_byte(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

void totp_uri(struct slice key, struct slice account, struct slice issuer,
              struct buf *out)
{
	buf_add(out, S("otpauth://totp/"));
	add_escaped(out, issuer);
	buf_byte(out, ':');
	add_escaped(out, account);
	buf_add(out, S("?secret="));
	buf_add(out, key);
	buf_add(out, S("&issuer="));
	add_escaped(out, issuer);
	buf_printf(out, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS,
	           TOTP_STEP_S);
}
