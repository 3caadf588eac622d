/*
 * acl.c -- rights: their letters, what lists allow, and the door. behaviour
 * 190 (not permitted to look up is not there), behaviour 192
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "mailbox/acl.h"
#include "rig.h"

static const struct slice staff[] = { N("staff"), N("sales") };

static const struct identity ann = { .name = N("ann"), .is_owner = true };
static const struct identity bob = { .name = N("bob"),
	                             .groups = staff,
	                             .n_groups = 2 };
static const struct identity eve = { .name = N("eve") };

static unsigned rights(const char *letters)
{
	unsigned set;

	assert_true(rights_read(slice_cstr(letters), &set));
	return set;
}

static void letters(struct rig *r)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },      { "lr", "lr" },
		{ "rl", "lr" },  { "c", "kc" },
		{ "d", "xted" }, { "t", "td" },
		{ "llll", "l" }, { "lrswipcda", "lrswipkxteacd" },
	};
	unsigned set;

	(void)r;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = { 0 };

		rights_write(rights(cases[i].in), &out);
		assert_true(
			slice_eq(buf_slice(&out), slice_cstr(cases[i].out)));
		buf_free(&out);
	}
	assert_false(rights_read(S("L"), &set));
	assert_false(rights_read(S("lq"), &set));
	assert_false(rights_read(S("l\0"), &set));
}

/* "identifier rights ..." */
static unsigned allowed(const char *list, const struct identity *who)
{
	struct acl_entry v[8];
	struct slice rest = slice_cstr(list);
	size_t n = 0;

	while (rest.len != 0) {
		struct slice word;

		slice_cut(rest, ' ', &v[n].identifier, &rest);
		slice_cut(rest, ' ', &word, &rest);
		assert_true(rights_read(word, &v[n++].rights));
	}
	return acl_rights(v, n, who);
}

static void lists(struct rig *r)
{
	static const struct {
		const char *list;
		const struct identity *who;
		const char *allowed;
	} cases[] = {
		{ "", &ann, "lrswipkxtea" },
		{ "", &bob, "" },
		{ "bob lr", &bob, "lr" },
		{ "BOB lr", &bob, "lr" },
		{ "bob lr", &eve, "" },
		{ "bob lr anyone s", &bob, "lrs" },
		{ "anyone l", &eve, "l" },
		{ "$staff lr $none w $sales i", &bob, "lri" },
		{ "$staff lr", &eve, "" },
		{ "staff lr", &bob, "" },
		{ "anyone lrs -bob s", &bob, "lr" },
		{ "anyone lrs -bob s", &eve, "lrs" },
		{ "-anyone l bob lr", &bob, "r" },
		{ "-$staff r bob lr", &bob, "l" },
		{ "owner lrs", &bob, "" },
		/* owners keep l and a, come what may */
		{ "owner r", &ann, "lra" },
		{ "ann r", &ann, "lra" },
		{ "-anyone lrswipkxtea", &ann, "la" },
		{ "-ann x", &ann, "lrswipktea" },
		{ "anyone l", &ann, "lrswipkxtea" },
	};

	(void)r;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(allowed(cases[i].list, cases[i].who),
		                 rights(cases[i].allowed));
}

static enum err_code set(struct rig *r, const char *box, const char *who,
                         enum acl_mode mode, const char *letters_of)
{
	return mailbox_set_acl(r->account, slice_cstr(box), slice_cstr(who),
	                       mode, rights(letters_of))
	        .code;
}

static struct err ask(struct rig *r, const char *box,
                      const struct identity *who, unsigned *out)
{
	return mailbox_rights(r->account, slice_cstr(box), who, out);
}

/* The same error, to the letter. */
static void hidden(struct rig *r)
{
	struct err absent, forbidden;
	unsigned have;

	assert_int_equal(set(r, "Sent", "bob", ACL_REPLACE, "rs"), ERR_OK);
	absent = ask(r, "Nosuch", &bob, &have);
	assert_int_equal(have, 0);
	forbidden = ask(r, "Sent", &bob, &have);
	assert_int_equal(forbidden.code, ERR_NONEXISTENT);
	assert_int_equal(absent.code, ERR_NONEXISTENT);
	assert_string_equal(absent.text, forbidden.text);
	assert_int_equal(set(r, "Sent", "bob", ACL_ADD, "l"), ERR_OK);
	assert_int_equal(ask(r, "Sent", &bob, &have).code, ERR_OK);
	assert_int_equal(have, rights("lrs"));
	/* and the next time no more */
	assert_int_equal(set(r, "Sent", "bob", ACL_REMOVE, "l"), ERR_OK);
	assert_int_equal(ask(r, "Sent", &bob, &have).code, ERR_NONEXISTENT);
}

static void stays(struct rig *r)
{
	unsigned have;

	assert_int_equal(set(r, "Sent", "bob", ACL_REPLACE, "lr"), ERR_OK);
	assert_int_equal(set(r, "Sent", "eve", ACL_REPLACE, "l"), ERR_OK);
	assert_int_equal(set(r, "Sent", "eve", ACL_DELETE, ""), ERR_OK);
	assert_int_equal(set(r, "Nosuch", "bob", ACL_REPLACE, "lr"),
	                 ERR_NONEXISTENT);
	rig_reopen(r);
	assert_int_equal(ask(r, "Sent", &bob, &have).code, ERR_OK);
	assert_int_equal(have, rights("lr"));
	assert_int_equal(ask(r, "Sent", &eve, &have).code, ERR_NONEXISTENT);
	assert_int_equal(set(r, "Sent", "bob", ACL_DELETE, ""), ERR_OK);
	assert_int_equal(ask(r, "Sent", &bob, &have).code, ERR_NONEXISTENT);
}

/* At LIMIT_ACL_ENTRIES, and one beyond it. */
static void limit(struct rig *r)
{
	char name[32];

	for (int i = 0; i < LIMIT_ACL_ENTRIES; i++) {
		snprintf(name, sizeof name, "user%d", i);
		assert_int_equal(set(r, "Sent", name, ACL_REPLACE, "l"),
		                 ERR_OK);
	}
	assert_int_equal(set(r, "Sent", "more", ACL_REPLACE, "l"), ERR_LIMIT);
	assert_int_equal(set(r, "Sent", "user0", ACL_ADD, "r"), ERR_OK);
	assert_int_equal(set(r, "Sent", "user1", ACL_DELETE, ""), ERR_OK);
	assert_int_equal(set(r, "Sent", "more", ACL_REPLACE, "l"), ERR_OK);
}

static void above(struct rig *r)
{
	unsigned have;

	assert_int_equal(
		mailbox_rights_above(r->account, S("New"), &ann, &have).code,
		ERR_OK);
	assert_int_equal(have, RIGHTS_ALL);
	assert_int_equal(
		mailbox_rights_above(r->account, S("New"), &bob, &have).code,
		ERR_NONEXISTENT);
	assert_int_equal(have, 0);
	/* without l no other right counts */
	assert_int_equal(set(r, "Sent", "bob", ACL_REPLACE, "rk"), ERR_OK);
	assert_int_equal(
		mailbox_rights_above(r->account, S("Sent/a"), &bob, &have).code,
		ERR_NONEXISTENT);
	assert_int_equal(have, 0);
	assert_int_equal(set(r, "Sent", "bob", ACL_REPLACE, "lk"), ERR_OK);
	assert_int_equal(
		mailbox_rights_above(r->account, S("Sent/a/b"), &bob, &have)
			.code,
		ERR_OK);
	assert_int_equal(have, rights("lk"));
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "letters", letters }, { "lists", lists },
		{ "hidden", hidden },   { "stays", stays },
		{ "limit", limit },     { "above", above },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
