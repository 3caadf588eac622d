/*
 * name_test.c -- account names have one spelling, and hostile ones none.
 * LIMIT_USER_NAME
 */
#include "directory/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/unicode.h"
#include "edge.h"

static void spellings(void **state)
{
	/* NULL: not a name */
	static const struct {
		const char *name;
		const char *normal;
	} cases[] = {
		{ "ann@example.org", "ann@example.org" },
		{ "Ann@Example.ORG", "ann@example.org" },
		{ "a.b+c_d-e@x", "a.b+c_d-e@x" },
		{ "J\xc3\x96RG@x", "j\xc3\xb6rg@x" },
		{ "jo\xcc\x88rg@x", "j\xc3\xb6rg@x" },
		{ "J\x4f\xcc\x88RG@x", "j\xc3\xb6rg@x" },
		{ "a@\xd0\x9f\xd0\xa0.example", "a@\xd0\xbf\xd1\x80.example" },
		{ "\xe2\x84\xaa@x", "k@x" }, /* the kelvin sign */
		{ "", NULL },
		{ "ann", NULL },
		{ "@", NULL },
		{ "ann@", NULL },
		{ "@example.org", NULL },
		{ "a@b@c", NULL },
		{ "a@.b", NULL },
		{ "a@b.", NULL },
		{ "a@b..c", NULL },
		{ "a b@c", NULL },
		{ "a\tb@c", NULL },
		{ "a\nb@c", NULL },
		{ "a\x7f@c", NULL },
		{ "\"a\"@c", NULL },
		{ "a,b@c", NULL },
		{ "a:b@c", NULL },
		{ "a;b@c", NULL },
		{ "a(b@c", NULL },
		{ "a<b@c", NULL },
		{ "a\\b@c", NULL },
		{ "a@c/d", NULL },
		{ "a@c_d", NULL },
		{ "a@c%00", NULL },
		{ "a@c'--", NULL },
		{ "a@[192.0.2.1]", NULL },
		{ "a\xff@c", NULL },         /* no UTF-8 */
		{ "a\xc0\xaf@c", NULL },     /* overlong '/' */
		{ "a\xed\xa0\x80@c", NULL }, /* surrogate */
		{ "a\xc2\xa0@c", NULL },     /* no-break space */
		{ "a\xe2\x80\x8b@c", NULL }, /* zero width space */
		{ "a\xe2\x80\xae@c", NULL }, /* right-to-left override */
		{ "a\xef\xbc\xa0@c", NULL }, /* full-width @ */
		{ "\xef\xbd\x81@c", NULL },  /* full-width a */
		{ "\xef\xac\x81@c", NULL },  /* the ligature fi */
		{ "a@b\xe3\x80\x82"
		  "c",
		  NULL },                /* ideographic full stop */
		{ "=\xcc\xb8@c", NULL }, /* composes to not-equal */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct edge e = edge_new(slice_cstr(cases[i].name));
		struct buf out = { 0 };
		struct err got = user_name_normal(e.text, &out);

		if (is_ok(got) != (cases[i].normal != NULL) ||
		    !slice_eq(buf_slice(&out), slice_cstr(cases[i].normal)))
			fail_msg("%s became %.*s", cases[i].name, (int)out.len,
			         out.data);
		buf_free(&out);
		edge_free(&e);
	}
}

/* The normal form of a normal form is itself; nothing is left when there is
 * none. */
static bool check(struct slice name)
{
	struct buf once = { 0 };
	struct buf twice = { 0 };
	bool is_name = is_ok(user_name_normal(name, &once));

	if (!is_name) {
		assert_int_equal(once.len, 0);
	} else {
		if (!is_ok(user_name_normal(buf_slice(&once), &twice)) ||
		    !slice_eq(buf_slice(&once), buf_slice(&twice)))
			fail_msg("not its own normal form: %.*s", (int)once.len,
			         once.data);
		assert_true(once.len <= LIMIT_USER_NAME);
	}
	buf_free(&once);
	buf_free(&twice);
	return is_name;
}

/* All strings of one and two bytes, as a name, before and behind the '@'. */
static void short_strings(void **state)
{
	char text[] = "ab@cd";
	size_t names = 0;

	(void)state;
	for (int i = 0; i < 65536; i++) {
		text[0] = (char)(i >> 8);
		text[1] = (char)i;
		check(slice_of(text + 1, 1));
		check(slice_of(text, 2));
		names += check(slice_of(text, 5));
		check(slice_of(text + 1, 4));
		text[3] = text[0];
		text[4] = text[1];
		text[0] = 'a';
		text[1] = 'b';
		names += check(slice_of(text, 5));
		text[3] = 'c';
		text[4] = 'd';
	}
	assert_in_range(names, 1000, 65536);
}

/* Three bytes of an alphabet that has hurt others. */
static void hostile_alphabet(void **state)
{
	static const char alphabet[] =
		"a@.%'\"\\/\0 \t\n\r*()&|=<>;:,{}$`~-_+?#"
		"\x7f\x80\xc3\xa4\xcc\xb8\xe2\xff";
	enum { N = sizeof alphabet - 1 };
	char text[3];

	(void)state;
	for (int i = 0; i < N * N * N; i++) {
		text[0] = alphabet[i / N / N];
		text[1] = alphabet[i / N % N];
		text[2] = alphabet[i % N];
		check(slice_of(text, 3));
	}
}

/* Every character alone and before a mark that composes. */
static void characters(void **state)
{
	static const uint32_t marks[] = { 0, 0x300, 0x308, 0x338, 0x345 };
	size_t names = 0;

	(void)state;
	for (uint32_t c = 1; c < 0x11000; c++) {
		for (size_t m = 0; m < sizeof marks / sizeof *marks; m++) {
			struct buf name = { 0 };

			utf8_put(&name, c);
			if (marks[m] != 0)
				utf8_put(&name, marks[m]);
			buf_add(&name, S("@x"));
			names += check(buf_slice(&name));
			buf_free(&name);
		}
	}
	assert_in_range(names, 100000, 1000000);
}

static void length(void **state)
{
	char text[LIMIT_USER_NAME + 1];
	struct buf out = { 0 };

	(void)state;
	memset(text, 'a', sizeof text);
	text[10] = '@';
	assert_true(
		is_ok(user_name_normal(slice_of(text, LIMIT_USER_NAME), &out)));
	out.len = 0;
	assert_false(
		is_ok(user_name_normal(slice_of(text, sizeof text), &out)));
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

/* RFC 5233 section 4 */
static void details(void **state)
{
	static const struct {
		const char *address;
		const char *base; /* NULL: no detail */
		const char *detail;
	} cases[] = {
		{ "ann+lists@x", "ann@x", "lists" },
		{ "ann+@x", "ann@x", "" },
		{ "ann+a+b@x", "ann@x", "a+b" },
		{ "+a@x", "@x", "a" },
		{ "ann+a@b@x", "ann@x", "a@b" },
		{ "ann@x+y", NULL, NULL },
		{ "ann@x", NULL, NULL },
		{ "ann+a", NULL, NULL },
		{ "ann+a@", NULL, NULL },
		{ "@", NULL, NULL },
		{ "", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct edge e = edge_new(slice_cstr(cases[i].address));
		struct buf base = { 0 };
		struct slice detail = S("");
		bool is_split = user_name_split(e.text, &base, &detail);

		assert_int_equal(is_split, cases[i].base != NULL);
		assert_true(
			slice_eq(buf_slice(&base), slice_cstr(cases[i].base)));
		assert_true(slice_eq(detail, slice_cstr(cases[i].detail)));
		buf_free(&base);
		edge_free(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings),
		cmocka_unit_test(short_strings),
		cmocka_unit_test(hostile_alphabet),
		cmocka_unit_test(characters),
		cmocka_unit_test(length),
		cmocka_unit_test(details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
