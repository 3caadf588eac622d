/*
 * name.c -- fuzzed: the LIST matcher agrees with a naive one that tries
 * everything, and the normal form of a name is its own normal form.
 *
 * Input: pattern, a newline, name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "mailbox/name.h"
#include "mailbox/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAIVE_MOST = 10 }; /* octets; the naive one takes exponential time */

/* Of the name's first octets, `folded` are matched without case. */
static bool naive(struct slice name, struct slice pattern, size_t folded)
{
	size_t next = folded != 0 ? folded - 1 : 0;
	char p;
	char c;

	if (pattern.len == 0)
		return name.len == 0;
	p = pattern.ptr[0];
	c = name.len != 0 ? name.ptr[0] : 0;
	if (p == '*' || p == '%') {
		if (naive(name, slice_from(pattern, 1), folded))
			return true;
		return name.len != 0 && (p == '*' || c != '/') &&
		       naive(slice_from(name, 1), pattern, next);
	}
	if (folded != 0 && ascii_lower(p) == ascii_lower(c))
		p = c;
	return name.len != 0 && c == p &&
	       naive(slice_from(name, 1), slice_from(pattern, 1), next);
}

static bool matches(struct slice name, struct slice pattern)
{
	struct arena *a = arena_new(SIZE_MAX);
	bool does = pattern_matches(pattern_new(pattern, a), name);

	arena_free(a);
	return does;
}

static void check_matcher(struct slice name, struct slice pattern)
{
	bool inbox =
		slice_ieq(name, S("INBOX")) || slice_istarts(name, S("INBOX/"));

	if (pattern.len > PATTERN_MOST)
		return;
	if (name.len > NAIVE_MOST || pattern.len > NAIVE_MOST)
		matches(name, pattern);
	else if (matches(name, pattern) !=
	         naive(name, pattern, inbox ? strlen("INBOX") : 0))
		abort();
}

static void check_normal_form(struct slice name)
{
	struct buf once = { 0 };
	struct buf twice = { 0 };

	if (is_ok(mailbox_name_normal(name, &once))) {
		if (!is_ok(mailbox_name_normal(buf_slice(&once), &twice)) ||
		    !slice_eq(buf_slice(&once), buf_slice(&twice)))
			abort();
		if (!matches(buf_slice(&once), S("*")) ||
		    !matches(buf_slice(&once), buf_slice(&once)))
			abort();
	} else if (once.len != 0) {
		abort();
	}
	buf_free(&once);
	buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice pattern, name;

	slice_cut(slice_of(data, size), '\n', &pattern, &name);
	check_matcher(name, pattern);
	check_normal_form(name);
	return 0;
}
