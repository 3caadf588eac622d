/* address_test.c -- address lists, well-formed, obsolete and broken. */
#include "mime/address.h"

#include "text_cases.h"

/* name|route|mailbox@host, "{name" and "}" for groups, one after another */
static void list_addresses(struct slice in, struct buf *out)
{
	struct address_parser p = address_parser_of(in);
	struct address a;

	while (address_next(&p, &a)) {
		if (out->len != 0)
			buf_byte(out, ' ');
		if (a.kind == ADDRESS_GROUP_END) {
			buf_byte(out, '}');
			continue;
		}
		if (a.kind == ADDRESS_GROUP)
			buf_byte(out, '{');
		buf_printf(out, "%s%.*s|", a.has_name ? "=" : "",
		           (int)a.name.len, a.name.ptr);
		if (a.route.len != 0)
			buf_printf(out, "%.*s|", (int)a.route.len, a.route.ptr);
		buf_add(out, a.mailbox);
		buf_byte(out, '@');
		buf_add(out, a.host);
	}
	address_parser_fini(&p);
}

/* RFC 5322 appendix A */
static void test_rfc(void **state)
{
	static const struct text_case cases[] = {
		{ "John Doe <jdoe@machine.example>",
		  "=John Doe|jdoe@machine.example" },
		{ "\"Joe Q. Public\" <john.q.public@example.com>",
		  "=Joe Q. Public|john.q.public@example.com" },
		{ "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
		  "=Mary Smith|mary@x.test |jdoe@example.org "
		  "=Who?|one@y.test" },
		{ "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <x@example.net>",
		  "|boss@nil.test =Giant; \"Big\" Box|x@example.net" },
		{ "A Group:Ed Jones <joe@where.test>,joe@where.test,"
		  "John <jdoe@one.test>;",
		  "{|A Group@ =Ed Jones|joe@where.test |joe@where.test "
		  "=John|jdoe@one.test }" },
		{ "Undisclosed recipients:;", "{|Undisclosed recipients@ }" },
		{ "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
		  "=Pete|pete@silly.test" },
		{ "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)"
		  "public.example>,\r\n         joe@example.org,\r\n  John "
		  "<jdoe@one.test> (my dear friend); (the end of the group)",
		  "{|A Group@ =Chris Jones|c@public.example |joe@example.org "
		  "=John|jdoe@one.test }" },
		{ "(Empty list)(start)Hidden recipients  :(nobody(that I know)) ;",
		  "{|Hidden recipients@ }" },
		{ "Joe Q. Public <john.q.public@example.com>",
		  "=Joe Q. Public|john.q.public@example.com" },
		{ "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
		  "=Mary Smith|@node.test|mary@example.net |jdoe@test.example" },
		{ "John Doe <jdoe@machine(comment).  example>",
		  "=John Doe|jdoe@machine.example" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), list_addresses);
}

/* behaviours 124, 125 and 128 */
static void test_broken(void **state)
{
	static const struct text_case cases[] = {
		{ "", "" },
		{ ",,;,", "" },
		{ "a@b (Real Name)", "=Real Name|a@b" },
		{ "a@b <a@b>", "=a@b|a@b" },
		{ "Foo a@b", "=Foo|a@b" },
		{ "a@b; c@d", "|a@b |c@d" },
		{ "user", "|user@" },
		{ "Just A Name", "=Just A Name|@" },
		{ "Name <>", "=Name|@" },
		{ "\"\" <a@b>", "=|a@b" },
		{ "<<a@b>>", "|a@b" },
		{ "<a@b, c@d", "|a@b |c@d" },
		{ "a@b@c", "|a@b@c" },
		{ "\"a b\"@c", "|a b@c" },
		{ "a@[127.0.0.1]", "|a@[127.0.0.1]" },
		{ "g: a@b, c@d", "{|g@ |a@b |c@d }" },
		{ "g: h: a@b;", "{|g@ =h:|a@b }" },
		{ "\"unfinished", "|unfinished@" },
		{ "a@b (unfinished (twice", "=unfinished (twice|a@b" },
		{ "\"ends in\\", "|ends in\\@" },
		{ "<", "|@" },
		{ "(", "" },
		{ "a@", "|a@" },
		{ "@b", "|@b" },
		{ "<@", "|@" },
		{ "<@a:b@c>", "|@a|b@c" },
		{ "\xe4 <a@b>", "=\xe4|a@b" },
		{ "<a@b> junk, c@d", "|a@b |c@d" },
		{ "<a@b> <c@d>", "|a@b |c@d" },
		{ "\"x\" \"y\" <a@b>", "=x y|a@b" },
	};

	(void)state;
	run_cases(cases, COUNT(cases), list_addresses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
