/*
 * name.c -- fuzzed: the LIST matcher agrees with a naive one that tries
 * everything, and the normal form of a name is its own normal form.
 *
 * Input: pattern, a newline, name.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "mailbox/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAIVE_MOST = 10 }; /* octets; the naive one takes exponential time */

static bool naive(struct slice name, struct slice pattern)
{
	char p;

	if (pattern.len == 0)
		return name.len == 0;
	p = pattern.ptr[0];
	if (p == '*' || p == '%') {
		if (naive(name, slice_from(pattern, 1)))
			return true;
		return name.len != 0 && (p == '*' || name.ptr[0] != '/') &&
		       naive(slice_from(name, 1), pattern);
	}
	return name.len != 0 && name.ptr[0] == p &&
	       naive(slice_from(name, 1), slice_from(pattern, 1));
}

static void check_matcher(struct slice name, struct slice pattern)
{
	/* INBOX is matched without case, which the naive one knows nothing of
	 */
	if (name.len > NAIVE_MOST || pattern.len > NAIVE_MOST ||
	    slice_istarts(name, S("inbox")))
		return;
	if (mailbox_name_matches(name, pattern) != naive(name, pattern))
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
		if (!mailbox_name_matches(buf_slice(&once), S("*")) ||
		    !mailbox_name_matches(buf_slice(&once), buf_slice(&once)))
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
