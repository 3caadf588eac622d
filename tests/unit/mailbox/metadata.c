/*
 * metadata.c -- annotations over a real store. behaviour 196
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "mailbox/metadata.h"
#include "rig.h"

static enum err_code set(struct rig *r, const char *mailbox, const char *entry,
                         struct slice value)
{
	const struct metadata_entry v = { slice_cstr(entry), value };

	return mailbox_set_metadata(r->account, account_id(r->account),
	                            slice_cstr(mailbox), &v, 1)
	        .code;
}

static enum err_code set_text(struct rig *r, const char *mailbox,
                              const char *entry, const char *value)
{
	return set(r, mailbox, entry,
	           value != NULL ? slice_cstr(value) : slice_of(NULL, 0));
}

static void collect(void *ctx, struct metadata_entry entry)
{
	struct buf *out = ctx;

	buf_add(out, entry.name);
	buf_byte(out, '=');
	buf_add(out, entry.value.ptr != NULL ? entry.value : S("NIL"));
	buf_byte(out, ' ');
	task_pause();
}

static void assert_got(struct rig *r, const char *mailbox, const char *entry,
                       enum metadata_depth depth, const char *want)
{
	struct slice name = slice_cstr(entry);
	struct buf got = { 0 };
	struct err e = mailbox_get_metadata(r->account, account_id(r->account),
	                                    slice_cstr(mailbox), &name, 1,
	                                    depth, collect, &got);

	assert_int_equal(e.code, ERR_OK);
	buf_byte(&got, '\0');
	assert_string_equal(got.data, want);
	buf_free(&got);
}

static uint64_t used(struct rig *r)
{
	struct quota q;

	account_quota(r->account, &q);
	return q.used[QUOTA_ANNOTATION_STORAGE];
}

static void set_limit(struct rig *r, uint64_t octets)
{
	const uint64_t limit[QUOTA_RESOURCES] = {
		[QUOTA_ANNOTATION_STORAGE] = octets,
	};

	assert_int_equal(account_set_quota(r->account, QUOTA_ALL, limit).code,
	                 ERR_OK);
}

static void stays(struct rig *r)
{
	assert_int_equal(set_text(r, "INBOX", "/private/a", "one"), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/private/a", "two"), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/shared/a", ""), ERR_OK);
	assert_int_equal(set_text(r, "", "/private/a", "own"), ERR_OK);
	assert_int_equal(set_text(r, "Nosuch", "/private/a", "x"),
	                 ERR_NONEXISTENT);
	rig_reopen(r);
	assert_got(r, "INBOX", "/private/a", METADATA_EXACT, "/private/a=two ");
	assert_got(r, "INBOX", "/shared/a", METADATA_EXACT, "/shared/a= ");
	assert_got(r, "", "/private/a", METADATA_ALL, "/private/a=own ");
	assert_int_equal(used(r), 10 + 3 + 9 + 0 + 10 + 3);
	assert_int_equal(set_text(r, "INBOX", "/private/a", NULL), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/private/a", NULL), ERR_OK);
	assert_got(r, "INBOX", "/private/a", METADATA_EXACT, "/private/a=NIL ");
	assert_got(r, "INBOX", "/private/a", METADATA_ALL, "");
	assert_int_equal(used(r), 9 + 10 + 3);
}

static void depths(struct rig *r)
{
	assert_int_equal(set_text(r, "INBOX", "/shared/a", "1"), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/shared/a/b", "2"), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/shared/a/b/c", "3"), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/shared/ab", "4"), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/private/a", "5"), ERR_OK);
	assert_got(r, "INBOX", "/shared/a", METADATA_EXACT, "/shared/a=1 ");
	assert_got(r, "INBOX", "/shared/a", METADATA_CHILDREN,
	           "/shared/a=1 /shared/a/b=2 ");
	assert_got(r, "INBOX", "/shared/a", METADATA_ALL,
	           "/shared/a=1 /shared/a/b=2 /shared/a/b/c=3 ");
	assert_got(r, "INBOX", "/shared", METADATA_CHILDREN,
	           "/shared/a=1 /shared/ab=4 ");
	assert_got(r, "INBOX", "/private", METADATA_ALL, "/private/a=5 ");
	assert_got(r, "INBOX", "/shared", METADATA_EXACT, "/shared=NIL ");
}

/* At each limit, and one beyond it: then nothing has changed. */
static void limits(struct rig *r)
{
	struct slice large = { calloc(1, LIMIT_METADATA_VALUE + 1),
		               LIMIT_METADATA_VALUE + 1 };
	char name[32];

	assert_int_equal(set(r, "INBOX", "/shared/large", large),
	                 ERR_METADATA_MAXSIZE);
	large.len--;
	assert_int_equal(set(r, "INBOX", "/shared/large", large), ERR_OK);
	for (int i = 1; i < LIMIT_METADATA_ENTRIES; i++) {
		snprintf(name, sizeof name, "/shared/%d", i);
		assert_int_equal(set_text(r, "INBOX", name, "x"), ERR_OK);
	}
	assert_int_equal(set_text(r, "INBOX", "/shared/more", "x"),
	                 ERR_METADATA_TOOMANY);
	assert_int_equal(set_text(r, "INBOX", "/shared/1", "y"), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/shared/1", NULL), ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/shared/more", "x"), ERR_OK);
	free((char *)large.ptr);
}

/* LIMIT_METADATA_ACCOUNT */
static void account_limit(struct rig *r)
{
	struct slice large = { calloc(1, LIMIT_METADATA_VALUE),
		               LIMIT_METADATA_VALUE - sizeof "/shared/000" +
		                       1 };
	const char *boxes[] = { "INBOX", "Archive", "Drafts", "Junk", "Sent" };
	unsigned n = LIMIT_METADATA_ACCOUNT / LIMIT_METADATA_VALUE;
	char name[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "/shared/%03u", i);
		assert_int_equal(set(r, boxes[i / 128], name, large), ERR_OK);
	}
	assert_int_equal(used(r), LIMIT_METADATA_ACCOUNT);
	assert_int_equal(set_text(r, "Sent", "/shared/1", ""), ERR_LIMIT);
	assert_int_equal(set_text(r, "INBOX", "/shared/000", NULL), ERR_OK);
	assert_int_equal(set_text(r, "Sent", "/shared/1", ""), ERR_OK);
	free((char *)large.ptr);
}

static void quota(struct rig *r)
{
	set_limit(r, 20);
	assert_int_equal(set_text(r, "INBOX", "/private/a", "1234567890"),
	                 ERR_OK);
	assert_int_equal(set_text(r, "", "/private/b", ""), ERR_OVERQUOTA);
	assert_int_equal(set_text(r, "INBOX", "/private/a", "12345678901"),
	                 ERR_OVERQUOTA);
	/* below what is there: no more, but less */
	set_limit(r, 1);
	assert_int_equal(set_text(r, "INBOX", "/private/a", "0987654321"),
	                 ERR_OK);
	assert_int_equal(set_text(r, "INBOX", "/private/a", "123"), ERR_OK);
	assert_int_equal(used(r), 13);
}

static void all_or_none(struct rig *r)
{
	const struct metadata_entry v[] = {
		{ S("/private/a"), S("1") },
		{ S("/private/a"), S("2") },
		{ S("/private/b"), S("3") },
	};

	set_limit(r, 21);
	assert_int_equal(mailbox_set_metadata(r->account,
	                                      account_id(r->account), S(""), v,
	                                      3)
	                         .code,
	                 ERR_OVERQUOTA);
	assert_got(r, "", "/private", METADATA_ALL, "");
	set_limit(r, 22);
	assert_int_equal(mailbox_set_metadata(r->account,
	                                      account_id(r->account), S(""), v,
	                                      3)
	                         .code,
	                 ERR_OK);
	assert_got(r, "", "/private", METADATA_ALL,
	           "/private/a=2 /private/b=3 ");
}

static void ends(struct rig *r)
{
	struct slice box = S("Box");

	assert_int_equal(mailbox_create(r->account, box, 0).code, ERR_OK);
	assert_int_equal(set_text(r, "Box", "/private/a", "1"), ERR_OK);
	assert_int_equal(mailbox_rename(r->account, box, S("Chest")).code,
	                 ERR_OK);
	assert_got(r, "Chest", "/private/a", METADATA_EXACT, "/private/a=1 ");
	assert_int_equal(mailbox_delete(r->account, S("Chest")).code, ERR_OK);
	assert_int_equal(used(r), 0);
	assert_int_equal(mailbox_create(r->account, box, 0).code, ERR_OK);
	assert_got(r, "Box", "/private/a", METADATA_ALL, "");
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "stays", stays },
		{ "depths", depths },
		{ "limits", limits },
		{ "limit of the account", account_limit },
		{ "quota", quota },
		{ "all or none", all_or_none },
		{ "ends with its mailbox", ends },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
