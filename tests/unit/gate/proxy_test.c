/* proxy_test.c -- headers of the PROXY protocol, good and bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "gate/proxy.h"

static const char v2[] = "\r\n\r\n\0\r\nQUIT\n";

#define V4 "\xcb\0\x71\x07\xc0\0\x02\x01\xc3\x50\0\x8f"
#define V6                                           \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07" \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\xc3\x50\x03\xe1"

struct line {
	const char *text;
	enum proxy result;
	const char *peer; /* NULL: it speaks for nobody */
};

static const struct line lines[] = {
	{ "PROXY TCP4 203.0.113.7 192.0.2.1 50000 143\r\n", PROXY_DONE,
	  "203.0.113.7" },
	{ "PROXY TCP6 2001:db8::7 ::1 50000 143\r\n", PROXY_DONE,
	  "2001:db8::7" },
	{ "PROXY TCP6 ::ffff:203.0.113.7 ::1 50000 143\r\n", PROXY_DONE,
	  "203.0.113.7" },
	{ "PROXY UNKNOWN\r\n", PROXY_DONE, NULL },
	{ "PROXY UNKNOWN what it likes\r\n", PROXY_DONE, NULL },
	{ "", PROXY_MORE, NULL },
	{ "PRO", PROXY_MORE, NULL },
	{ "PROXY TCP4 203.0.113.7 192.0.2.1 50000 143\r", PROXY_MORE, NULL },
	{ "PROXX", PROXY_BAD, NULL },
	{ "proxy TCP4 203.0.113.7 192.0.2.1 50000 143\r\n", PROXY_BAD, NULL },
	{ "PROXY TCP4 203.0.113.7 192.0.2.1 50000 143\n", PROXY_BAD, NULL },
	{ "PROXY TCP4 203.0.113.7 192.0.2.1 50000 143 \r\n", PROXY_BAD, NULL },
	{ "PROXY TCP4 203.0.113.7  192.0.2.1 50000 143\r\n", PROXY_BAD, NULL },
	{ "PROXY TCP4 203.0.113.7 192.0.2.1 50000\r\n", PROXY_BAD, NULL },
	{ "PROXY TCP4 203.0.113.7 192.0.2.1 050000 143\r\n", PROXY_BAD, NULL },
	{ "PROXY TCP4 203.0.113.7 192.0.2.1 65536 143\r\n", PROXY_BAD, NULL },
	{ "PROXY TCP4 203.0.113 192.0.2.1 50000 143\r\n", PROXY_BAD, NULL },
	{ "PROXY TCP4 ::1 ::1 50000 143\r\n", PROXY_BAD, NULL },
	{ "PROXY TCP6 203.0.113.7 192.0.2.1 50000 143\r\n", PROXY_BAD, NULL },
	{ "PROXY TCP6 :: ::1 50000 143\r\n", PROXY_BAD, NULL },
	{ "PROXY UDP4 203.0.113.7 192.0.2.1 50000 143\r\n", PROXY_BAD, NULL },
	{ "PROXY UNKNOWNS\r\n", PROXY_BAD, NULL },
	{ "PROXY\r\n", PROXY_BAD, NULL },
	{ "a LOGIN ann secret\r\n", PROXY_BAD, NULL },
};

static void assert_peer(const struct proxy_header *h, const char *peer)
{
	char text[ADDRESS_TEXT];

	assert_int_equal(h->has_peer, peer != NULL);
	if (peer == NULL)
		return;
	address_text(&h->peer, text);
	assert_string_equal(text, peer);
	assert_int_equal(h->port, 50000);
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct slice in = slice_cstr(lines[i].text);
		struct proxy_header h;
		enum proxy result = proxy_parse(in, &h);

		if (result != lines[i].result)
			fail_msg("%s", lines[i].text);
		if (result != PROXY_DONE)
			continue;
		assert_int_equal(h.size, in.len);
		assert_peer(&h, lines[i].peer);
	}
}

static void test_a_line_ends(void **state)
{
	char text[LIMIT_PROXY];
	struct proxy_header h;

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, "PROXY UNKNOWN ", 14);
	text[105] = '\r';
	text[106] = '\n';
	assert_int_equal(proxy_parse(slice_of(text, sizeof text), &h),
	                 PROXY_DONE);
	assert_int_equal(h.size, 107);
	assert_int_equal(proxy_parse(slice_of(text, 106), &h), PROXY_MORE);
	text[105] = 'x';
	text[106] = '\r';
	text[107] = '\n';
	assert_int_equal(proxy_parse(slice_of(text, 107), &h), PROXY_BAD);
}

struct octets {
	const char *name;
	char command;
	char family;
	struct slice body;
	enum proxy result;
	const char *peer;
	bool tls;
};

#define BODY(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static const struct octets octets[] = {
	{ "v4", 0x21, 0x11, BODY(V4), PROXY_DONE, "203.0.113.7", false },
	{ "v6", 0x21, 0x21, BODY(V6), PROXY_DONE, "2001:db8::7", false },
	{ "local", 0x20, 0, BODY(""), PROXY_DONE, NULL, false },
	{ "local with an address", 0x20, 0x11, BODY(V4), PROXY_DONE, NULL,
	  false },
	{ "unspecified", 0x21, 0, BODY("anything"), PROXY_DONE, NULL, false },
	{ "a field unknown to us", 0x21, 0x11,
	  BODY(V4 "\xe0\0\x02"
	          "ab"),
	  PROXY_DONE, "203.0.113.7", false },
	{ "TLS", 0x21, 0x11, BODY(V4 "\x20\0\x05\x01\0\0\0\0"), PROXY_DONE,
	  "203.0.113.7", true },
	{ "no TLS", 0x21, 0x11, BODY(V4 "\x20\0\x05\x06\0\0\0\0"), PROXY_DONE,
	  "203.0.113.7", false },
	{ "checksum", 0x21, 0x11, BODY(V4 "\x03\0\x04\x0c\x45\x2a\x94"),
	  PROXY_DONE, "203.0.113.7", false },
	{ "wrong checksum", 0x21, 0x11, BODY(V4 "\x03\0\x04\x01\x02\x03\x04"),
	  PROXY_BAD, NULL, false },
	{ "short checksum", 0x21, 0x11, BODY(V4 "\x03\0\x02\x01\x02"),
	  PROXY_BAD, NULL, false },
	{ "a field that goes on", 0x21, 0x11, BODY(V4 "\x04\0\x02x"), PROXY_BAD,
	  NULL, false },
	{ "half a field", 0x21, 0x11, BODY(V4 "\x04\0"), PROXY_BAD, NULL,
	  false },
	{ "short TLS", 0x21, 0x11, BODY(V4 "\x20\0\x01\x01"), PROXY_BAD, NULL,
	  false },
	{ "half an address", 0x21, 0x11, BODY("\xcb\0\x71\x07"), PROXY_BAD,
	  NULL, false },
	{ "v6 with v4's size", 0x21, 0x21, BODY(V4), PROXY_BAD, NULL, false },
	{ "datagrams", 0x21, 0x12, BODY(V4), PROXY_BAD, NULL, false },
	{ "no such command", 0x22, 0x11, BODY(V4), PROXY_BAD, NULL, false },
	{ "no such version", 0x11, 0x11, BODY(V4), PROXY_BAD, NULL, false },
};

static size_t write_octets(const struct octets *o, char *to)
{
	memcpy(to, v2, 12);
	to[12] = o->command;
	to[13] = o->family;
	to[14] = (char)(o->body.len >> 8);
	to[15] = (char)o->body.len;
	if (o->body.len != 0)
		memcpy(to + 16, o->body.ptr, o->body.len);
	return 16 + o->body.len;
}

static void test_octets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof octets / sizeof *octets; i++) {
		const struct octets *o = &octets[i];
		char text[200];
		size_t size = write_octets(o, text);
		struct proxy_header h;
		enum proxy result = proxy_parse(slice_of(text, size), &h);

		if (result != o->result)
			fail_msg("%s", o->name);
		if (result != PROXY_DONE)
			continue;
		assert_int_equal(h.size, size);
		assert_int_equal(h.tls, o->tls);
		assert_peer(&h, o->peer);
		assert_int_equal(proxy_parse(slice_of(text, size - 1), &h),
		                 PROXY_MORE);
	}
}

static void test_octets_are_bounded(void **state)
{
	char text[200];
	struct octets o = { "", 0x21, 0x11, BODY(""), PROXY_BAD, NULL, false };
	struct proxy_header h;

	(void)state;
	write_octets(&o, text);
	text[14] = (char)((LIMIT_PROXY - 16) >> 8);
	text[15] = (char)(LIMIT_PROXY - 16);
	assert_int_equal(proxy_parse(slice_of(text, 16), &h), PROXY_MORE);
	text[15]++;
	assert_int_equal(proxy_parse(slice_of(text, 16), &h), PROXY_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_a_line_ends),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_octets_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
