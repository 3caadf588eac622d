/*
 * text_cases.h -- tables of input and expected output, with the input right
 * before a page that can't be read.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "edge.h"

struct text_case {
	const char *in;
	const char *want;
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* Says which row it is when it differs. */
static inline void assert_text(const char *in, const struct buf *out,
                               const char *want)
{
	if (!slice_eq(buf_slice(out), slice_cstr(want)))
		fail_msg("of   %s\ncame %.*s\nnot  %s", in, (int)out->len,
		         out->len != 0 ? out->data : "", want);
}

static inline void run_cases(const struct text_case *cases, size_t n,
                             void (*run)(struct slice in, struct buf *out))
{
	for (size_t i = 0; i < n; i++) {
		struct edge in = edge_new(slice_cstr(cases[i].in));
		struct buf out = { 0 };

		run(in.text, &out);
		assert_text(cases[i].in, &out, cases[i].want);
		buf_free(&out);
		edge_free(&in);
	}
}
