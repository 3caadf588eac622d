/* name.c -- the normal form of account names. */
#include "auth/name.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/unicode.h"

static const struct err not_a_name = { ERR_SYNTAX,
	                               "not an account name: user@domain "
	                               "is needed" };

struct slice user_name_domain(struct slice name)
{
	size_t at = slice_rfind_byte(name, '@');

	return at == SLICE_NONE ? slice_from(name, name.len)
	                        : slice_from(name, at + 1);
}

/* Letters, marks and digits of any script; RFC 8264 section 9.1 */
static bool is_letter_digit(uint32_t code_point)
{
	switch (utf8proc_category((utf8proc_int32_t)code_point)) {
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
		return true;
	default:
		return false;
	}
}

static bool is_in_local(uint32_t code_point)
{
	static const char others[] = "!#$%&'*+-/=?^_`{|}~.";

	if (code_point >= 128)
		return is_letter_digit(code_point);
	return ascii_is_alpha((char)code_point) ||
	       ascii_is_digit((char)code_point) ||
	       (code_point != 0 && strchr(others, (int)code_point) != NULL);
}

static bool is_in_domain(uint32_t code_point)
{
	if (code_point >= 128)
		return is_letter_digit(code_point);
	return ascii_is_alpha((char)code_point) ||
	       ascii_is_digit((char)code_point) || code_point == '-' ||
	       code_point == '.';
}

/* Appends s in lower case; false when a code point may not be there. */
static bool lower(struct slice s, bool (*allowed)(uint32_t), struct buf *out)
{
	while (s.len != 0) {
		uint32_t c = utf8_take(&s);

		if (!allowed(c))
			return false;
		utf8_put(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
	}
	return true;
}

/* No empty label: dots neither first, last nor side by side. */
static bool has_labels(struct slice s)
{
	return s.len != 0 && s.ptr[0] != '.' && s.ptr[s.len - 1] != '.' &&
	       slice_find(s, S("..")) == SLICE_NONE;
}

/*
 * Letters that only look different (full width, ligatures) would let two
 * accounts look the same; RFC 8264 section 9.17
 */
static bool has_compatibility_forms(struct slice s)
{
	utf8proc_uint8_t *plain = NULL;
	utf8proc_ssize_t n = utf8proc_map(
		(const utf8proc_uint8_t *)s.ptr, (utf8proc_ssize_t)s.len,
		&plain, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
	bool differs = n < 0 || !slice_eq(s, slice_of(plain, (size_t)n));

	free(plain);
	return differs;
}

static bool lower_name(struct slice local, struct slice domain, struct buf *out)
{
	if (!has_labels(domain) || local.len == 0)
		return false;
	if (!lower(local, is_in_local, out))
		return false;
	buf_byte(out, '@');
	return lower(domain, is_in_domain, out);
}

struct err user_name_normal(struct slice name, struct buf *out)
{
	struct slice domain = user_name_domain(name);
	struct buf low = { 0 };
	size_t start = out->len;

	if (name.len > LIMIT_USER_NAME || domain.len == 0 ||
	    !utf8_is_valid(name))
		return not_a_name;

	struct slice local = slice_first(name, name.len - domain.len - 1);
	bool good = lower_name(local, domain, &low);

	if (good)
		unicode_nfc(buf_slice(&low), out);
	buf_free(&low);

	struct slice normal = slice_from(buf_slice(out), start);

	if (!good || normal.len > LIMIT_USER_NAME ||
	    has_compatibility_forms(normal))
		return not_a_name;
	return OK;
}

bool user_name_split(struct slice address, struct buf *base,
                     struct slice *detail)
{
	struct slice domain = user_name_domain(address);
	size_t local_len = address.len - domain.len;
	size_t plus = slice_find_byte(slice_first(address, local_len), '+');

	if (domain.len == 0 || plus == SLICE_NONE)
		return false;
	*detail = slice_of(address.ptr + plus + 1, local_len - plus - 2);
	buf_add(base, slice_first(address, plus));
	buf_add(base, slice_from(address, local_len - 1));
	return true;
}
