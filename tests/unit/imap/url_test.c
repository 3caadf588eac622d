/* url_test.c -- which URLs name a message here. RFC 5092, RFC 4469 */
#include "imap/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edge.h"

/* "mailbox validity uid [section] offset.most" */
static struct slice show(struct arena *a, const struct imap_url *u)
{
	return arena_printf(a, "%.*s %u %u %d/%zu %d%llu.%llu",
	                    (int)u->mailbox.len, u->mailbox.ptr, u->uidvalidity,
	                    u->uid, (int)u->section.text, u->section.depth,
	                    u->partial, (unsigned long long)u->offset,
	                    (unsigned long long)u->most);
}

static void test_urls(void **state)
{
	static const struct {
		const char *url;
		const char *read; /* NULL: it names nothing here */
	} cases[] = {
		{ "/INBOX/;UID=20", "INBOX 0 20 0/0 00.0" },
		{ "/inbox;UIDVALIDITY=385759045/;UID=20/", NULL },
		{ "/inbox;UIDVALIDITY=385759045/;UID=20",
		  "INBOX 385759045 20 0/0 00.0" },
		{ "/Work/A%20B/;uid=1/;section=1.2.MIME",
		  "Work/A B 0 1 5/2 00.0" },
		{ "/a/;UID=4294967295/;SECTION=HEADER/;PARTIAL=1024.10",
		  "a 0 4294967295 1/0 11024.10" },
		{ "/a/;UID=1/;PARTIAL=0", "a 0 1 0/0 10.0" },
		{ "/a/;UID=1/;SECTION=HEADER.FIELDS%20(To%20From)",
		  "a 0 1 2/0 00.0" },
		{ "/Entw%C3%BCrfe/;UID=1", "Entw\xc3\xbcrfe 0 1 0/0 00.0" },
		{ "imap://mail.example.org/a/;UID=1", "a 0 1 0/0 00.0" },
		{ "IMAP://demo%40example.org@MAIL.example.org:143/a/;UID=1",
		  "a 0 1 0/0 00.0" },
		{ "imap://demo%40example.org;AUTH=*@mail.example.org/a/;UID=1",
		  "a 0 1 0/0 00.0" },
		{ "imap://eve@mail.example.org/a/;UID=1", NULL },
		{ "imap://other.example.org/a/;UID=1", NULL },
		{ "imap://mail.example.org", NULL },
		{ "imap:/a/;UID=1", NULL },
		{ "http://mail.example.org/a/;UID=1", NULL },
		{ "a/;UID=1", "Work/a 0 1 0/0 00.0" },
		{ "a/b;UIDVALIDITY=7/;UID=1/;SECTION=1",
		  "Work/a/b 7 1 0/1 00.0" },
		{ ";UID=1", "Work/Now 0 1 0/0 00.0" },
		{ ";uid=1/;SECTION=2/;PARTIAL=3", "Work/Now 0 1 0/1 13.0" },
		{ ";UIDVALIDITY=7/;UID=1", NULL },
		{ ";SECTION=1", NULL },
		{ ";", NULL },
		{ "a:b/;UID=1", NULL },
		{ "../a/;UID=1", NULL },
		{ "/;UID=1", NULL },
		{ "//;UID=1", NULL },
		{ "/a", NULL },
		{ "/a/", NULL },
		{ "/a/;UID=", NULL },
		{ "/a/;UID=0", NULL },
		{ "/a/;UID=1x", NULL },
		{ "/a/;UID=4294967296", NULL },
		{ "/a/;UID=*", NULL },
		{ "/a;UIDVALIDITY=0/;UID=1", NULL },
		{ "/a;x/;UID=1", NULL },
		{ "/a/;UID=1/;SECTION=", "a 0 1 0/0 00.0" },
		{ "/a/;UID=1/;SECTION=x", NULL },
		{ "/a/;UID=1/;SECTION=1]", NULL },
		{ "/a/;UID=1/;SECTION=%31", "a 0 1 0/1 00.0" },
		{ "/a/;UID=1/;PARTIAL=", NULL },
		{ "/a/;UID=1/;PARTIAL=1.0", NULL },
		{ "/a/;UID=1/;PARTIAL=1.", NULL },
		{ "/a/;UID=1/;PARTIAL=1/;SECTION=1", NULL },
		{ "/a/;UID=1/;URLAUTH=anonymous:internal:00", NULL },
		{ "/a%/;UID=1", NULL },
		{ "/a%4/;UID=1", NULL },
		{ "/a%4g/;UID=1", NULL },
		{ "/a%00/;UID=1", NULL },
		{ "/a%ff/;UID=1", NULL },
		{ "/%2e%2e/;UID=1", NULL },
		{ "", NULL },
		{ "/", NULL },
	};
	const struct url_home home = { S("mail.example.org"),
		                       S("demo@example.org"), S("Work/Now") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena *a = arena_new(1 << 20);
		struct edge edge = edge_new(slice_cstr(cases[i].url));
		struct imap_url u;
		bool is = parse_imap_url(edge.text, &home, a, &u);
		const char *read = cases[i].read;

		if (is != (read != NULL))
			fail_msg("%s", cases[i].url);
		if (is && !slice_eq(show(a, &u), slice_cstr(read)))
			fail_msg("%s: %.*s", cases[i].url, (int)show(a, &u).len,
			         show(a, &u).ptr);
		edge_free(&edge);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_urls) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
