/* name.c -- one spelling a name. */
#include "mailbox/name.h"

#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/unicode.h"

static bool is_inbox(struct slice level)
{
	return slice_ieq(level, S("INBOX"));
}

/* Is this level one that a name may have? */
static bool is_level(struct slice level)
{
	if (level.len == 0 || level.len > LIMIT_NAME_LEVEL)
		return false;
	return !slice_eq(level, S(".")) && !slice_eq(level, S(".."));
}

static bool has_bad_octet(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (ascii_is_ctl(c) || c == '%' || c == '*')
			return true;
	}
	return false;
}

/* U+0080 to U+009F, and the two separators that some programs take for line
 * ends: control characters in two and three octets. */
static bool has_bad_code_point(struct slice name)
{
	static const struct slice separators[] = { S("\xe2\x80\xa8"),
		                                   S("\xe2\x80\xa9") };

	for (size_t i = 0; i + 1 < name.len; i++) {
		if (name.ptr[i] == '\xc2' && (uint8_t)name.ptr[i + 1] < 0xa0)
			return true;
	}
	return slice_find(name, separators[0]) != SLICE_NONE ||
	       slice_find(name, separators[1]) != SLICE_NONE;
}

static bool has_good_levels(struct slice name)
{
	struct slice level;
	size_t levels = 0;
	bool more = true;

	while (more) {
		more = slice_cut(name, MAILBOX_DELIM, &level, &name);
		levels++;
		if (!is_level(level) || levels > LIMIT_NAME_LEVELS)
			return false;
	}
	return true;
}

/* INBOX, as the whole name or as its first level, is shown in capitals. */
static void raise_inbox(char *name, size_t len)
{
	struct slice first, rest;

	slice_cut(slice_of(name, len), MAILBOX_DELIM, &first, &rest);
	if (is_inbox(first))
		memcpy(name, "INBOX", 5);
}

struct err mailbox_name_normal(struct slice utf8, struct buf *out)
{
	size_t start = out->len;
	struct slice name;

	if (utf8.len > 2 * LIMIT_NAME || !utf8_is_valid(utf8))
		return err(ERR_CANNOT, "the mailbox name is not valid");
	if (utf8.len != 0 && utf8.ptr[utf8.len - 1] == MAILBOX_DELIM)
		utf8.len--;
	unicode_nfc(utf8, out);
	if (out->overflow)
		return err(ERR_CANNOT, "the mailbox name is too long");
	name = slice_from(buf_slice(out), start);
	if (name.len > LIMIT_NAME || has_bad_octet(name) ||
	    has_bad_code_point(name) || !has_good_levels(name)) {
		out->len = start;
		return err(ERR_CANNOT, "no mailbox can have that name");
	}
	raise_inbox(out->data + start, name.len);
	return OK;
}

struct slice mailbox_name_parent(struct slice name)
{
	size_t delim = slice_rfind_byte(name, MAILBOX_DELIM);

	return slice_first(name, delim == SLICE_NONE ? 0 : delim);
}
