/* lf_test.c -- line ends on their way out and back in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../edge.h"
#include "cli/lf.h"
#include "mime/crlf.h"

static void lines(void **state)
{
	static const struct {
		const char *stored;
		const char *file;
	} rows[] = {
		{ "a\r\nb\r\n", "a\nb\n" }, { "\r\n\r\n", "\n\n" },
		{ "a\rb\r\n", "a\rb\n" },   { "a\r\r\nb\r\n", "a\r\r\nb\n" },
		{ "\r\r\r\n", "\r\r\r\n" }, { "\r\r\n\r\n", "\r\r\n\n" },
		{ "no end", "no end" },     { "end\r", "end\r" },
		{ "end\r\r", "end\r\r" },   { "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t chunk = 1; chunk < 12; chunk++) {
			struct slice s = edge_of(slice_cstr(rows[i].stored));
			struct buf out = { 0 };
			struct lf l = { 0 };

			for (; s.len > 0; s = slice_from(s, chunk))
				lf_feed(&l, slice_first(s, chunk), &out);
			lf_end(&l, &out);
			buf_byte(&out, '\0');
			assert_string_equal(out.data, rows[i].file);
			buf_free(&out);
		}
}

/* Every text of CR, LF and a letter, as crlf_feed() would store it. */
static void every_short_text(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 6561; n++) { /* 3^8 */
		struct buf stored = { 0 };
		struct buf file = { 0 };
		struct buf again = { 0 };
		struct crlf in = { 0 };
		struct crlf back = { 0 };
		struct lf l = { 0 };
		char text[8];

		for (unsigned i = 0, k = n; i < sizeof text; i++, k /= 3)
			text[i] = "\r\nx"[k % 3];
		crlf_feed(&in, slice_of(text, sizeof text), &stored);
		lf_feed(&l, buf_slice(&stored), &file);
		lf_end(&l, &file);
		crlf_feed(&back, buf_slice(&file), &again);
		assert_true(slice_eq(buf_slice(&stored), buf_slice(&again)));
		buf_free(&stored);
		buf_free(&file);
		buf_free(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(every_short_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
