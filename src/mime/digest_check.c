/*
 * digest_check.c -- a digest from a process that may have been broken into.
 *
 * What is sent to clients is checked octet by octet: an ENVELOPE with a line
 * end in it would be a response of the sender's choice. The other fields are
 * only ever compared, and may hold anything.
 */
#include "mime/digest_check.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/mem.h"
#include "mime/described.h"

enum {
	FLAGS_ALL = DIGEST_HAS_NUL | DIGEST_HAS_DATE | DIGEST_IS_REPLY |
	            DIGEST_HAS_ATTACHMENT | DIGEST_CUT,
};

/* Seconds: nobody who reckons with one of these overflows. */
static const int64_t farthest_date = (int64_t)1 << 48;

static struct err wrong(void)
{
	return err(ERR_CORRUPT, "a digest that makes no sense");
}

/* -- wire forms -- */

/* Length of the quoted string at the start of s; 0: it is none.
 * quoted = DQUOTE *QUOTED-CHAR DQUOTE */
static size_t quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return 0;
		if (s.ptr[i] == '"')
			return i + 1;
		if (s.ptr[i] == '\\' &&
		    (++i == s.len || (s.ptr[i] != '"' && s.ptr[i] != '\\')))
			return 0;
	}
	return 0;
}

/* Length of the word of a list at the start of s; 0: there is none. */
static size_t word_len(struct slice s)
{
	size_t n = 0;

	if (s.ptr[0] == '"')
		return quoted_len(s);
	if (slice_starts(s, S("NIL")))
		return 3;
	while (n < s.len && ascii_is_digit(s.ptr[n]))
		n++;
	return n;
}

static bool is_mark(char c)
{
	return c == '(' || c == ')' || c == ' ';
}

/* What is behind `before`, if both are marks or the first octet of a word:
 * there is nothing between two lists (addresses, parts), and one space
 * between all else. */
static bool may_follow(char before, char c)
{
	bool ends = before == ')' || !is_mark(before);

	if (c == ' ' || c == ')')
		return ends;
	return !ends || (before == ')' && c == '(');
}

/* One parenthesised list of lists, strings, NIL and numbers; none is
 * empty. */
static bool is_list(struct slice s)
{
	size_t depth = 0;
	char before = ' ';

	if (s.len == 0 || s.ptr[0] != '(')
		return false;
	while (s.len != 0) {
		char c = s.ptr[0];
		size_t n = is_mark(c) ? 1 : word_len(s);

		if (n == 0 || !may_follow(before, c))
			return false;
		depth += c == '(';
		if (c == ')' && --depth == 0)
			return s.len == 1;
		before = c;
		s = slice_from(s, n);
	}
	return false;
}

/* -- parts -- */

/* Children lie within their parent, one behind the other, and are nobody
 * else's. */
static bool are_children(const struct digest *d, uint32_t index, bool *taken)
{
	struct part parent = digest_part(d, index);
	uint32_t end = parent.body + parent.body_len;
	uint32_t at = parent.body;

	for (uint32_t i = parent.child; i != 0;) {
		struct part p = digest_part(d, i);

		if (taken[i] || p.header < at ||
		    p.header + p.header_len > p.body ||
		    p.body + p.body_len > end)
			return false;
		if (parent.type == PART_MESSAGE && p.next != 0)
			return false;
		taken[i] = true;
		at = p.body + p.body_len;
		i = p.next;
	}
	return true;
}

static bool is_tree(const struct digest *d)
{
	bool *taken = mem_new(d->parts, sizeof *taken);
	bool good = true;

	for (uint32_t i = 0; good && i < d->parts; i++)
		good = (i == 0 || taken[i]) && are_children(d, i, taken);
	free(taken);
	return good;
}

/* The wire form speaks of these parts, and of no others. */
static bool is_described(const struct digest *d)
{
	struct described *v = mem_new(d->parts, sizeof *v);
	struct err e = digest_describe(d, v);

	free(v);
	return is_ok(e);
}

/* The first part is the message: a header, and all the rest. */
static bool is_message(const struct digest *d)
{
	struct part p = digest_part(d, 0);

	return p.header == 0 && p.body == p.header_len && p.next == 0 &&
	       p.body + p.body_len == d->size;
}

/* -- the whole -- */

struct err digest_check(struct slice raw, uint64_t size)
{
	struct digest d;

	if (raw.len > LIMIT_DIGEST || !is_ok(digest_open(raw, &d)))
		return wrong();
	if (d.size != size || (d.flags & ~(uint32_t)FLAGS_ALL) != 0 ||
	    d.sent > farthest_date || d.sent < -farthest_date)
		return wrong();
	if (!is_list(digest_field(&d, DIGEST_ENVELOPE)) ||
	    !is_list(digest_field(&d, DIGEST_BODYSTRUCTURE)) ||
	    !is_list(digest_field(&d, DIGEST_BODY)))
		return wrong();
	return is_message(&d) && is_tree(&d) && is_described(&d) ? OK : wrong();
}
