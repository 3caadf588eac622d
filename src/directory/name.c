/* name.c -- the normal form of account names. */
#include "directory/name.h"

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

/* Appends s in lower case. */
static void lower(struct slice s, struct buf *out)
{
	while (s.len != 0) {
		utf8proc_int32_t c = (utf8proc_int32_t)utf8_take(&s);

		utf8_put(out, (uint32_t)utf8proc_tolower(c));
	}
}

static bool consists_of(struct slice s, bool (*allowed)(uint32_t))
{
	while (s.len != 0)
		if (!allowed(utf8_take(&s)))
			return false;
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

static bool is_name(struct slice name)
{
	struct slice domain = user_name_domain(name);

	if (!has_labels(domain) || name.len <= domain.len + 1)
		return false;
	return consists_of(slice_first(name, name.len - domain.len - 1),
	                   is_in_local) &&
	       consists_of(domain, is_in_domain);
}

/*
 * Lower case first, since composing may depend on it, and then composed. A
 * sign and a mark, each harmless, may compose to a sign that is not allowed
 * ("=" and U+0338), so the result is looked at as well.
 */
static bool normal_form(struct slice name, struct buf *out)
{
	struct buf low = { 0 };
	size_t start = out->len;

	if (utf8_ascii_prefix(name) == name.len) {
		lower(name, out);
		return true;
	}
	lower(name, &low);
	unicode_nfc(buf_slice(&low), out);
	buf_free(&low);

	struct slice normal = slice_from(buf_slice(out), start);

	return is_name(normal) && !has_compatibility_forms(normal);
}

struct err user_name_normal(struct slice name, struct buf *out)
{
	size_t start = out->len;

	if (name.len > LIMIT_USER_NAME || !utf8_is_valid(name) ||
	    !is_name(name))
		return not_a_name;
	if (!normal_form(name, out) || out->len - start > LIMIT_USER_NAME) {
		out->len = start;
		return not_a_name;
	}
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

struct err user_domain_normal(struct slice domain, struct buf *out)
{
	struct buf text = { 0 };
	struct buf name = { 0 };
	struct err e;

	buf_add(&text, S("x@"));
	buf_add(&text, domain);
	e = user_name_normal(buf_slice(&text), &name);
	if (is_ok(e))
		buf_add(out, slice_from(buf_slice(&name), 1));
	buf_free(&name);
	buf_free(&text);
	return e;
}
