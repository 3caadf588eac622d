/*
 * dots_test.c -- where a message ends, in every way to cut it in two. Only
 * CRLF.CRLF does: the others are how commands were smuggled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "../edge.h"
#include "base/buf.h"
#include "lmtp/dots.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static size_t feed(struct dots *d, struct slice in, struct buf *message)
{
	struct edge e = edge_new(in);
	char *out = malloc(in.len + 1);
	size_t written;
	size_t used = dots_undo(d, e.text, out, &written);

	assert_true(used <= in.len && written <= in.len + 1);
	assert_true(used == in.len || d->at == DOTS_END);
	buf_add(message, slice_of(out, written));
	free(out);
	edge_free(&e);
	return used;
}

static void test_dots(void **state)
{
	static const struct {
		const char *in;
		const char *message; /* NULL: it does not end */
		const char *rest;
	} cases[] = {
		{ ".\r\n", "", "" },
		{ ".\r\nQUIT\r\n", "", "QUIT\r\n" },
		{ "a\r\n.\r\n", "a\r\n", "" },
		{ "a\r\n.\r\nMAIL", "a\r\n", "MAIL" },
		{ "a\r\n..\r\n.\r\n", "a\r\n.\r\n", "" },
		{ "..\r\n.\r\n", ".\r\n", "" },
		{ ".a\r\n...b\r\n.\r\n", "a\r\n..b\r\n", "" },
		{ "\r\n\r\n.\r\n", "\r\n\r\n", "" },
		{ "a.\r\nb.c\r\n.\r\n", "a.\r\nb.c\r\n", "" },
		{ "\r\r\n.\r\n", "\r\r\n", "" },
		/* what does not end it */
		{ "a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", "" },
		{ "a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", "" },
		{ "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", "" },
		{ "a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", "" },
		{ "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", "" },
		{ "a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", "" },
		{ "a\r\n. \r\n.\r\n", "a\r\n \r\n", "" },
		{ "a\r.\r\n", NULL, "" },
		{ "a.\r\n", NULL, "" },
		{ "\n.\r\n", NULL, "" },
		{ "a\r\n.\r", NULL, "" },
		{ "a\r\n.\n", NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice in = slice_cstr(cases[i].in);

		for (size_t cut = 0; cut <= in.len; cut++) {
			struct dots d = { 0 };
			struct buf message = { 0 };
			size_t used = feed(&d, slice_first(in, cut), &message);

			if (d.at != DOTS_END)
				used += feed(&d, slice_from(in, cut), &message);
			assert_int_equal(d.at == DOTS_END,
			                 cases[i].message != NULL);
			if (cases[i].message == NULL) {
				buf_free(&message);
				continue;
			}
			assert_true(slice_eq(buf_slice(&message),
			                     slice_cstr(cases[i].message)));
			assert_true(slice_eq(slice_from(in, used),
			                     slice_cstr(cases[i].rest)));
			buf_free(&message);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
