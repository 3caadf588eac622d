/* maildir_test.c -- names and small files of a Maildir, as they are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../edge.h"
#include "cli/maildir.h"
#include "mailbox/record.h"

static void assert_slice(struct slice got, const char *want)
{
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.ptr, want, got.len);
}

static void names(void **state)
{
	static const struct {
		const char *file;
		const char *base;
		uint8_t flags;
		bool passed;
		uint32_t keywords;
		const char *written;
	} rows[] = {
		{ "1.M2P3.host:2,", "1.M2P3.host", 0, false, 0,
		  "1.M2P3.host:2," },
		{ "1.M2P3.host,S=9,W=10:2,FSab", "1.M2P3.host,S=9,W=10",
		  FLAG_FLAGGED | FLAG_SEEN, false, 3,
		  "1.M2P3.host,S=9,W=10:2,FSab" },
		{ "x:2,TSRPFD", "x",
		  FLAG_DELETED | FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED |
		          FLAG_DRAFT,
		  true, 0, "x:2,DFPRST" },
		{ "x:2,zz?S", "x", FLAG_SEEN, false, 1u << 25, "x:2,Sz" },
		{ "no info", "no info", 0, false, 0, "no info:2," },
		{ "x:1,S", "x", 0, false, 0, "x:2," },
		{ "x:2", "x", 0, false, 0, "x:2," },
		{ "a:b:2,S", "a:b", FLAG_SEEN, false, 0, "a:b:2,S" },
		{ ":2,S", "", FLAG_SEEN, false, 0, ":2,S" },
		{ "", "", 0, false, 0, ":2," },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct maildir_name n =
			maildir_name_parse(edge_of(slice_cstr(rows[i].file)));
		struct buf out = { 0 };

		assert_slice(n.base, rows[i].base);
		assert_int_equal(n.flags, rows[i].flags);
		assert_int_equal(n.passed, rows[i].passed);
		assert_int_equal(n.keywords, rows[i].keywords);
		maildir_name_write(&n, &out);
		assert_slice(buf_slice(&out), rows[i].written);
		buf_free(&out);
	}
}

static void uidlist(void **state)
{
	static const struct {
		const char *line;
		bool ok;
		uint32_t uidvalidity;
		uint32_t uidnext;
	} heads[] = {
		{ "3 V1275660208 N25022 G3085f01b7f11", true, 1275660208,
		  25022 },
		{ "3 N2 V1\r", true, 1, 2 },
		{ "3 V7", true, 7, 0 },
		{ "3 N7", false, 0, 7 },
		{ "3 V4294967296 N1", false, 0, 1 },
		{ "3 V0", false, 0, 0 },
		{ "1 1275660208 5", false, 0, 0 },
		{ "", false, 0, 0 },
	};
	static const struct {
		const char *line;
		bool ok;
		uint32_t uid;
		const char *base;
	} lines[] = {
		{ "25006 :1276528487.M36P9.h,S=13,W=14:2,S", true, 25006,
		  "1276528487.M36P9.h,S=13,W=14" },
		{ "17 W2481 S5 :1.h", true, 17, "1.h" },
		{ "17:1.h", true, 17, "1.h" },
		{ "0 :1.h", false, 0, NULL },
		{ "4294967296 :1.h", false, 0, NULL },
		{ "x :1.h", false, 0, NULL },
		{ "17 1.h", false, 0, NULL },
		{ "17 :", false, 0, NULL },
		{ "", false, 0, NULL },
	};
	uint32_t a;
	uint32_t b;
	struct slice base;

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		struct slice line = edge_of(slice_cstr(heads[i].line));

		assert_int_equal(maildir_uidlist_head(line, &a, &b),
		                 heads[i].ok);
		assert_int_equal(a, heads[i].uidvalidity);
		assert_int_equal(b, heads[i].uidnext);
	}
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct slice line = edge_of(slice_cstr(lines[i].line));

		assert_int_equal(maildir_uidlist_line(line, &a, &base),
		                 lines[i].ok);
		if (lines[i].ok)
			assert_int_equal(a, lines[i].uid);
		if (lines[i].ok)
			assert_slice(base, lines[i].base);
	}
}

static void keywords(void **state)
{
	static const struct {
		const char *line;
		bool ok;
		unsigned index;
		const char *name;
	} rows[] = {
		{ "0 $Forwarded", true, 0, "$Forwarded" },
		{ "25 NonJunk\n", true, 25, "NonJunk" },
		{ "26 Late", false, 0, NULL },
		{ "-1 Odd", false, 0, NULL },
		{ "3", false, 0, NULL },
		{ "3 ", false, 0, NULL },
		{ "", false, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice name;
		unsigned index;
		bool ok = maildir_keyword_line(
			edge_of(slice_cstr(rows[i].line)), &index, &name);

		assert_int_equal(ok, rows[i].ok);
		if (!ok)
			continue;
		assert_int_equal(index, rows[i].index);
		assert_slice(name, rows[i].name);
	}
}

static void folders(void **state)
{
	static const struct {
		const char *dir;
		const char *mailbox;
		bool same; /* does it come back as it was? */
	} rows[] = {
		{ "Archive.2026", "Archive/2026", true },
		{ "Entw&APw-rfe", "Entw\xc3\xbcrfe", true },
		{ "v1&AC4-2", "v1.2", true },
		{ "&AOQ-&AC4-b", "\xc3\xa4.b", true },
		{ "R&-D", "R&D", true },
		{ "&-AC4-", "&AC4-", true },
		/* not modified UTF-7: as it stands */
		{ "R&D", "R&D", false },
		{ "Entw\xc3\xbcrfe", "Entw\xc3\xbcrfe", false },
		{ "bad\xff", "bad\xef\xbf\xbd", false },
		/* what no mailbox name may hold */
		{ "50%", "50_", false },
		{ "a..b", "a/_/b", false },
		{ "&AC4-", "_", false },
		{ "a\tb*", "a_b_", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf name = { 0 };
		struct buf dir = { 0 };

		maildir_folder_decode(edge_of(slice_cstr(rows[i].dir)), &name);
		assert_slice(buf_slice(&name), rows[i].mailbox);
		maildir_folder_encode(buf_slice(&name), &dir);
		assert_int_equal(
			slice_eq(buf_slice(&dir), slice_cstr(rows[i].dir)),
			rows[i].same);
		buf_free(&name);
		buf_free(&dir);
	}
}

static void assert_subscriptions(struct slice file, const char *joined)
{
	struct maildir_subscriptions s = { 0 };
	struct buf name = { 0 };
	struct buf all = { 0 };

	while (maildir_subscription(&s, &file, &name)) {
		buf_add(&all, buf_slice(&name));
		buf_byte(&all, ';');
	}
	assert_slice(buf_slice(&all), joined);
	buf_free(&name);
	buf_free(&all);
}

static void subscriptions(void **state)
{
	(void)state;
	assert_subscriptions(edge_of(S("INBOX\nA.B\nEntw&APw-rfe\n")),
	                     "INBOX;A/B;Entw\xc3\xbcrfe;");
	assert_subscriptions(edge_of(S("V\t2\n\nINBOX\nA\tB\nv1.2\n")),
	                     "INBOX;A/B;v1.2;");
	assert_subscriptions(edge_of(S("\n\nA\nwithout end")),
	                     "A;without end;");
	assert_subscriptions(edge_of(S("")), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),         cmocka_unit_test(uidlist),
		cmocka_unit_test(keywords),      cmocka_unit_test(folders),
		cmocka_unit_test(subscriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
