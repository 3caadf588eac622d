/* message.c -- pairs between octets of 1. */
#include "token/message.h"

#include "base/ascii.h"

enum { KVSEP = '\1' };

/* 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static bool is_b64token(struct slice s)
{
	while (slice_ends(s, S("=")))
		s.len--;
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alpha(s.ptr[i]) && !ascii_is_digit(s.ptr[i]) &&
		    slice_find_byte(S("-._~+/"), s.ptr[i]) == SLICE_NONE)
			return false;
	return true;
}

/* "Bearer" 1*SP b64token, RFC 6750 section 2.1; or nothing */
static bool take_auth(struct slice value, struct slice *token)
{
	struct slice scheme;

	if (value.len == 0)
		return true;
	slice_cut(value, ' ', &scheme, token);
	while (slice_starts(*token, S(" ")))
		*token = slice_from(*token, 1);
	return slice_ieq(scheme, S("Bearer")) && is_b64token(*token);
}

/* VCHAR / SP / HTAB / CR / LF */
static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((ascii_is_ctl(s.ptr[i]) &&
		     slice_find_byte(S("\t\r\n"), s.ptr[i]) == SLICE_NONE) ||
		    (s.ptr[i] & 0x80) != 0)
			return false;
	return true;
}

static bool is_key(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alpha(s.ptr[i]))
			return false;
	return s.len != 0;
}

/* *kvpair kvsep; `auth` must be among them, once */
static bool take_pairs(struct slice rest, struct slice *token)
{
	struct slice pair, key, value;
	unsigned auths = 0;

	for (;;) {
		if (!slice_cut(rest, KVSEP, &pair, &rest))
			return false;
		if (pair.len == 0)
			return rest.len == 0 && auths == 1;
		if (!slice_cut(pair, '=', &key, &value) || !is_key(key) ||
		    !is_value(value))
			return false;
		if (!slice_eq(key, S("auth")))
			continue;
		auths++;
		if (!take_auth(value, token))
			return false;
	}
}

/* saslname: "=2C" is a comma, "=3D" an equals sign. RFC 5801 section 4 */
static bool take_saslname(struct slice s, struct buf *user)
{
	for (size_t i = 0; i < s.len; i++) {
		struct slice at = slice_from(s, i);

		if (s.ptr[i] == '\0' || s.ptr[i] == ',')
			return false;
		if (s.ptr[i] != '=') {
			buf_byte(user, s.ptr[i]);
			continue;
		}
		if (!slice_starts(at, S("=2C")) && !slice_starts(at, S("=3D")))
			return false;
		buf_byte(user, s.ptr[i + 1] == '2' ? ',' : '=');
		i += 2;
	}
	return s.len != 0;
}

/* gs2-cbind-flag "," [ "a=" saslname ] ","; nothing is bound here */
static bool take_gs2_header(struct slice s, struct buf *user)
{
	struct slice flag, authzid;

	if (!slice_cut(s, ',', &flag, &s) || !slice_cut(s, ',', &authzid, &s))
		return false;
	if ((!slice_eq(flag, S("n")) && !slice_eq(flag, S("y"))) || s.len != 0)
		return false;
	return authzid.len == 0 ||
	       (slice_starts(authzid, S("a=")) &&
	        take_saslname(slice_from(authzid, 2), user));
}

static bool take_user(struct slice s, struct buf *user)
{
	if (!slice_starts(s, S("user=")) ||
	    slice_find_byte(s, '\0') != SLICE_NONE)
		return false;
	buf_add(user, slice_from(s, 5));
	return true;
}

const char *token_message_parse(enum sasl m, struct slice message,
                                struct token_message *out)
{
	struct slice head, pairs;
	bool good;

	*out = (struct token_message){ .token = S("") };
	slice_cut(message, KVSEP, &head, &pairs);
	if (m == SASL_XOAUTH2)
		good = take_user(head, &out->user);
	else
		good = take_gs2_header(head, &out->user);
	if (good && take_pairs(pairs, &out->token))
		return NULL;
	buf_free(&out->user);
	return m == SASL_XOAUTH2 ? "that is no message of XOAUTH2"
	                         : "that is no message of OAUTHBEARER";
}
