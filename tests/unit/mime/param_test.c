/* param_test.c -- parameters, RFC 2045 and RFC 2231. */
#include "mime/param.h"

#include "text_cases.h"

static void write_params(struct slice in, struct buf *out)
{
	struct params p = { 0 };

	params_parse(in, SIZE_MAX, &p);
	params_write(&p, out);
	params_free(&p);
}

/* behaviours 113, 122 and 123 */
static void test_params(void **state)
{
	static const struct text_case cases[] = {
		{ "", "NIL" },
		{ " ; ;x; =y", "NIL" },
		{ " charset=us-ascii (Plain text)",
		  "(\"charset\" \"us-ascii\")" },
		{ "CHARSET=\"us-ascii\"; b=c",
		  "(\"charset\" \"us-ascii\" \"b\" \"c\")" },
		{ "name=\"a\\\"b\\\\c;d\"", "(\"name\" \"a\\\"b\\\\c;d\")" },
		{ "name=My File.pdf", "(\"name\" \"My File.pdf\")" },
		{ "name=a(1).txt", "(\"name\" \"a(1).txt\")" },
		{ "name=\"\"", "(\"name\" \"\")" },
		{ "name=\"unfinished", "(\"name\" \"unfinished\")" },
		{ "name=\"\xc3\xa4\"", "(\"name\" \"=?utf-8?b?w6Q=?=\")" },
		{ "name=\xe4 b", "(\"name\" \"=?iso-8859-1?b?5A==?= b\")" },
		{ "URL*0=\"ftp://\";\r\n URL*1=\"cs.utk.edu\"",
		  "(\"url\" \"ftp://cs.utk.edu\")" },
		{ "title*=us-ascii'en-us'This%20is%20fun",
		  "(\"title*\" \"us-ascii'en-us'This%20is%20fun\")" },
		{ "title*0*=us-ascii'en'This%20is%20even%20more%20;"
		  "title*1*=%2A%2A%2Afun%2A%2A%2A%20;title*2=\"isn't it!\"",
		  "(\"title*\" \"us-ascii'en'This%20is%20even%20more%20"
		  "%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!\")" },
		{ "a*1=y; a*0=x; b=z", "(\"a\" \"xy\" \"b\" \"z\")" },
		{ "a*1=y; a*3=z", "(\"a*1\" \"y\" \"a*3\" \"z\")" },
		{ "a*0=x; a*2=z", "(\"a\" \"x\" \"a*2\" \"z\")" },
		{ "a*0=x; a*0=y; a*1=z", "(\"a\" \"xz\" \"a\" \"y\")" },
		{ "a*x=y", "(\"a*x\" \"y\")" },
		{ "a=(x", "(\"a\" \"\")" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), write_params);
}

/* behaviour 122: LIMIT_PARAMETERS pieces are joined, not one more */
static void test_limit(void **state)
{
	struct buf in = { 0 };
	struct params p = { 0 };
	struct slice value;

	(void)state;
	for (int i = 0; i < LIMIT_PARAMETERS; i++)
		buf_printf(&in, ";a*%d=x", i);
	params_parse(buf_slice(&in), SIZE_MAX, &p);
	assert_false(p.cut); /* the empty one at the start counts for none */
	buf_free(&in);
	for (int i = 0; i < LIMIT_PARAMETERS + 1; i++)
		buf_printf(&in, "a*%d=x;", i);
	params_parse(buf_slice(&in), SIZE_MAX, &p);
	assert_true(p.cut);
	assert_true(params_get(&p, "A", &value));
	assert_int_equal(value.len, LIMIT_PARAMETERS);
	params_parse(S("a=b;c=d"), 1, &p);
	assert_true(p.cut);
	assert_false(params_get(&p, "c", &value));
	params_free(&p);
	buf_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
