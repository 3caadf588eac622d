/* network_test.c -- prefixes that parse, and what they contain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/network.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct address address(const char *text)
{
	struct network n;

	assert_true(network_parse(slice_cstr(text), &n));
	return n.base;
}

static void test_parse_and_has(void **state)
{
	static const struct {
		const char *network;
		const char *inside;
		const char *outside;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.255", "192.0.3.0" },
		{ "192.0.2.7", "192.0.2.7", "192.0.2.6" },
		{ "10.0.0.0/8", "10.255.1.2", "11.0.0.0" },
		{ "0.0.0.0/0", "203.0.113.9", "2001:db8::1" },
		{ "192.0.2.128/25", "192.0.2.129", "192.0.2.127" },
		{ "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::" },
		{ "2001:db8::1", "2001:db8::1", "2001:db8::2" },
		{ "::1/128", "::1", "127.0.0.1" },
		{ "::ffff:192.0.2.0/120", "192.0.2.3", "192.0.1.3" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address in = address(cases[i].inside);
		struct address out = address(cases[i].outside);
		struct network n;

		assert_true(network_parse(slice_cstr(cases[i].network), &n));
		assert_true(network_has(&n, &in));
		assert_false(network_has(&n, &out));
	}
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"/",
		"/8",
		"192.0.2.0/33",
		"192.0.2.0/",
		"192.0.2",
		"192.0.2.1/24",
		"::/129",
		"::1/64",
		"::/-1",
		"::/1 ",
		"example.org",
		"1.2.3.4/0x8",
		"::/999999999999999999999",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};
	struct network n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(network_parse(slice_cstr(cases[i]), &n));
	assert_false(network_parse(slice_of("192.0.2.1\0x", 11), &n));
}

static void assert_text(const struct sockaddr_storage *from, const char *wanted,
                        uint16_t wanted_port)
{
	char text[ADDRESS_TEXT];
	uint16_t port;
	struct address a = address_of(from, &port);

	address_text(&a, text);
	assert_string_equal(text, wanted);
	assert_int_equal(port, wanted_port);
}

static void test_of_sockets(void **state)
{
	struct sockaddr_storage from = { .ss_family = AF_UNIX };
	struct sockaddr_in *in = (struct sockaddr_in *)&from;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&from;

	(void)state;
	assert_text(&from, "unix", 0);

	*in = (struct sockaddr_in){ .sin_family = AF_INET,
		                    .sin_port = htons(4711) };
	inet_pton(AF_INET, "192.0.2.1", &in->sin_addr);
	assert_text(&from, "192.0.2.1", 4711);

	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
		                      .sin6_port = htons(1) };
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6->sin6_addr);
	assert_text(&from, "192.0.2.1", 1);
	inet_pton(AF_INET6, "2001:db8::1", &in6->sin6_addr);
	assert_text(&from, "2001:db8::1", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_has),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_of_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
