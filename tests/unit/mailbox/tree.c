/*
 * tree.c -- CREATE, DELETE, RENAME, LIST, SUBSCRIBE over a real store.
 * behaviour 66, behaviour 67, behaviour 68, behaviour 69, behaviour 70,
 * behaviour 71, behaviour 72, behaviour 73, behaviour 77, behaviour 82,
 * behaviour 84, behaviour 88
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailbox/change.h"
#include "mailbox/imported.h"
#include "mailbox/internal.h"
#include "rig.h"

static enum err_code create(struct rig *r, const char *name)
{
	return mailbox_create(r->account, slice_cstr(name), 0).code;
}

static enum err_code delete (struct rig *r, const char *name) {
	return mailbox_delete(r->account, slice_cstr(name)).code;
}

static enum err_code rename_to(struct rig *r, const char *from, const char *to)
{
	return mailbox_rename(r->account, slice_cstr(from), slice_cstr(to))
	        .code;
}

static enum err_code open_code(struct rig *r, const char *name)
{
	struct mailbox *m;
	struct err e = mailbox_open(r->account, slice_cstr(name), &m);

	if (is_ok(e))
		mailbox_close(m);
	return e.code;
}

/* One looked up by its name is what the list has. */
static void assert_info(struct rig *r, const struct mailbox_info *listed)
{
	struct mailbox_info info;
	enum err_code code =
		mailbox_get_info(r->account, listed->name, &info).code;

	if (!listed->exists) {
		assert_int_equal(code, ERR_NONEXISTENT);
		return;
	}
	assert_int_equal(code, ERR_OK);
	assert_true(slice_eq(info.name, listed->name));
	assert_int_equal(info.id, listed->id);
	assert_int_equal(info.special_use, listed->special_use);
	assert_int_equal(info.subscribed, listed->subscribed);
	assert_int_equal(info.exists, listed->exists);
	assert_int_equal(info.noselect, listed->noselect);
	assert_int_equal(info.has_children, listed->has_children);
}

/* Names with marks: '+' has children, '-' \Noselect, '!' does not exist,
 * 's' subscribed. */
static void assert_list(struct rig *r, const char *expected)
{
	struct arena *arena = arena_new(1 << 20);
	struct mailbox_info *v;
	struct buf out = { 0 };
	size_t n;

	assert_int_equal(mailbox_list(r->account, arena, &v, &n).code, ERR_OK);
	for (size_t i = 0; i < n; i++) {
		assert_info(r, &v[i]);
		if (v[i].special_use != 0)
			continue;
		buf_printf(&out, "%.*s%s%s%s%s ", (int)v[i].name.len,
		           v[i].name.ptr, v[i].has_children ? "+" : "",
		           v[i].noselect ? "-" : "", v[i].exists ? "" : "!",
		           v[i].subscribed ? "s" : "");
	}
	buf_byte(&out, '\0');
	assert_string_equal(out.data, expected);
	buf_free(&out);
	arena_free(arena);
}

static void make_and_list(struct rig *r)
{
	assert_list(r, "INBOXs ");
	assert_int_equal(create(r, "a/b/c"), ERR_OK);
	assert_int_equal(create(r, "a-b"), ERR_OK);
	assert_int_equal(create(r, "inbox/x/"), ERR_OK);
	assert_list(r, "INBOX+s INBOX/x a+ a/b+ a/b/c a-b ");
	assert_int_equal(create(r, "a/b/c"), ERR_ALREADYEXISTS);
	assert_int_equal(create(r, "INBOX"), ERR_ALREADYEXISTS);
	assert_int_equal(create(r, "a//b"), ERR_CANNOT);
	rig_reopen(r);
	assert_list(r, "INBOX+s INBOX/x a+ a/b+ a/b/c a-b ");
}

static void special_use(struct rig *r)
{
	struct arena *arena = arena_new(1 << 20);
	struct mailbox_info *v;
	uint32_t uses = 0;
	size_t n;

	assert_int_equal(mailbox_create(r->account, S("Sent2"), USE_SENT).code,
	                 ERR_USEATTR);
	assert_int_equal(
		mailbox_create(r->account, S("Important"), USE_IMPORTANT).code,
		ERR_OK);
	assert_int_equal(mailbox_list(r->account, arena, &v, &n).code, ERR_OK);
	assert_int_equal(n, 7);
	for (size_t i = 0; i < n; i++) {
		uses |= v[i].special_use;
		if (v[i].special_use != USE_IMPORTANT)
			assert_true(v[i].subscribed);
	}
	assert_int_equal(uses, USE_SENT | USE_DRAFTS | USE_JUNK | USE_TRASH |
	                               USE_ARCHIVE | USE_IMPORTANT);
	arena_free(arena);
}

static void deleting(struct rig *r)
{
	struct mailbox_status before, after;

	assert_int_equal(create(r, "a/b"), ERR_OK);
	assert_int_equal(delete (r, "INBOX"), ERR_CANNOT);
	assert_int_equal(delete (r, "none"), ERR_NONEXISTENT);
	before = rig_status(r, "a");
	assert_int_equal(delete (r, "a"), ERR_OK);
	assert_list(r, "INBOXs a+- a/b ");
	assert_int_equal(open_code(r, "a"), ERR_NONEXISTENT);
	assert_int_equal(delete (r, "a"), ERR_HASCHILDREN);
	/* a \Noselect name can be made a mailbox again */
	assert_int_equal(create(r, "a"), ERR_OK);
	after = rig_status(r, "a");
	assert_true(after.uidvalidity > before.uidvalidity);
	assert_true(after.id != before.id);
	assert_int_equal(delete (r, "a"), ERR_OK);
	assert_int_equal(delete (r, "a/b"), ERR_OK);
	assert_int_equal(delete (r, "a"), ERR_OK);
	assert_list(r, "INBOXs ");
}

/* The same second, the same name: yet another UIDVALIDITY. */
static void delete_and_make(struct rig *r)
{
	uint32_t last = 0;

	for (int i = 0; i < 5; i++) {
		struct mailbox *m;

		assert_int_equal(create(r, "x"), ERR_OK);
		m = rig_open(r, "x");
		rig_append(r, m, "Subject: x\r\n\r\n", 0);
		assert_true(rig_status(r, "x").uidvalidity > last);
		last = rig_status(r, "x").uidvalidity;
		assert_int_equal(delete (r, "x"), ERR_OK);
		assert_true(mailbox_is_gone(m));
		mailbox_close(m);
		if (i == 2)
			rig_reopen(r);
	}
}

/* Clocks that are wrong, and imports, leave numbers for later mailboxes. */
static void clock_far_ahead(struct rig *r)
{
	static const int64_t clocks[] = { 4294967294, 4294967295, 4294967296,
		                          1LL << 40,  -1,         0 };
	uint32_t last = 0;

	for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
		struct mailbox *m;

		r->now = clocks[i];
		assert_int_equal(create(r, "x"), ERR_OK);
		assert_true(rig_status(r, "x").uidvalidity > last);
		assert_true(rig_status(r, "x").uidvalidity < 0xf0000000);
		last = rig_status(r, "x").uidvalidity;
		m = rig_open(r, "x");
		assert_int_equal(mailbox_set_uids(m, UINT32_MAX - 1, 1).code,
		                 ERR_OK);
		mailbox_close(m);
		assert_int_equal(delete (r, "x"), ERR_OK);
	}
}

/* Whoever has a deleted mailbox open sees and changes nothing of a new one. */
static void deleted_under_us(struct rig *r)
{
	struct uidset set = rig_set("1");
	struct uidset out = { 0 };
	struct uidset to = { 0 };
	struct record record;
	struct digest digest;
	struct mailbox *old;
	struct mailbox *new;
	struct incoming *in = rig_incoming(r, "a: b\r\n\r\n");
	uint32_t uid;

	assert_int_equal(create(r, "x"), ERR_OK);
	old = rig_open(r, "x");
	rig_append(r, old, "Subject: old\r\n\r\n", FLAG_DELETED);
	assert_int_equal(delete (r, "x"), ERR_OK);
	assert_int_equal(create(r, "x"), ERR_OK);
	new = rig_open(r, "x");
	assert_ptr_not_equal(old, new);
	rig_append(r, new, "Subject: new\r\n\r\n", FLAG_DELETED);
	assert_int_equal(mailbox_record(old, 1, &record).code, ERR_ABSENT);
	assert_int_equal(mailbox_digest(old, 1, &digest).code, ERR_ABSENT);
	assert_int_equal(mailbox_expunge(old, NULL, &out).code,
	                 ERR_NONEXISTENT);
	assert_int_equal(rig_append_to(old, in, 0, &uid).code, ERR_NONEXISTENT);
	assert_int_equal(mailbox_copy(old, &set, new, false, &out, &to).code,
	                 ERR_NONEXISTENT);
	assert_int_equal(mailbox_copy(new, &set, old, true, &out, &to).code,
	                 ERR_TRYCREATE);
	assert_int_equal(rig_status(r, "x").messages, 1);
	incoming_free(in);
	uidset_free(&set);
	mailbox_close(old);
	mailbox_close(new);
}

static void renaming(struct rig *r)
{
	struct mailbox_status before, after;
	struct mailbox *m;

	assert_int_equal(create(r, "a/b/c"), ERR_OK);
	assert_int_equal(create(r, "ab"), ERR_OK);
	m = rig_open(r, "a/b");
	rig_append(r, m, "Subject: x\r\n\r\n", 0);
	before = rig_status(r, "a/b");
	assert_int_equal(rename_to(r, "a", "x/y"), ERR_OK);
	assert_list(r, "INBOXs ab x+ x/y+ x/y/b+ x/y/b/c ");
	after = rig_status(r, "x/y/b");
	assert_int_equal(after.id, before.id);
	assert_int_equal(after.uidvalidity, before.uidvalidity);
	assert_int_equal(after.messages, 1);
	assert_true(slice_eq(mailbox_name(m), S("x/y/b")));
	mailbox_close(m);
	/* what takes the old name is another mailbox */
	assert_int_equal(create(r, "a/b"), ERR_OK);
	assert_true(rig_status(r, "a/b").uidvalidity > before.uidvalidity);
	assert_int_equal(rename_to(r, "a", "ab"), ERR_ALREADYEXISTS);
	assert_int_equal(rename_to(r, "a", "a/b/c"), ERR_CANNOT);
	assert_int_equal(rename_to(r, "a", "b/"), ERR_OK);
	assert_int_equal(rename_to(r, "none", "c"), ERR_NONEXISTENT);
	assert_int_equal(rename_to(r, "b", "c//"), ERR_CANNOT);
	assert_list(r, "INBOXs ab b+ b/b x+ x/y+ x/y/b+ x/y/b/c ");
}

/* A child whose new name would be too long: nothing is renamed. */
static void rename_too_deep(struct rig *r)
{
	char deep[64] = "a";
	char to[80];

	for (int i = 1; i < LIMIT_NAME_LEVELS; i++)
		strcat(deep, "/a");
	assert_int_equal(create(r, deep), ERR_OK);
	snprintf(to, sizeof to, "b/%.*s", (int)strlen(deep) - 2, deep);
	assert_int_equal(rename_to(r, "a", "b/a"), ERR_CANNOT);
	assert_int_equal(open_code(r, deep), ERR_OK);
	assert_int_equal(open_code(r, "b"), ERR_NONEXISTENT);
}

static void rename_inbox(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");
	struct mailbox_status before;
	struct uidset uids = { 0 };

	assert_int_equal(create(r, "INBOX/child"), ERR_OK);
	rig_append(r, m, "Subject: 1\r\n\r\n", FLAG_SEEN);
	rig_append(r, m, "Subject: 2\r\n\r\n", 0);
	rig_store(m, "2", STORE_ADD, 0, "$Label");
	before = rig_status(r, "INBOX");
	assert_int_equal(rename_to(r, "INBOX", "old/mail"), ERR_OK);
	assert_list(r, "INBOX+s INBOX/child old+ old/mail ");
	assert_int_equal(rig_status(r, "INBOX").messages, 0);
	assert_int_equal(rig_status(r, "INBOX").uidnext, before.uidnext);
	assert_int_equal(rig_status(r, "INBOX").id, before.id);
	assert_int_equal(rig_status(r, "old/mail").messages, 2);
	assert_int_equal(rig_status(r, "old/mail").unseen, 1);
	uidset_copy(&uids, mailbox_uids(m));
	rig_assert_set(&uids, "");
	mailbox_close(m);
	m = rig_open(r, "old/mail");
	uidset_copy(&uids, mailbox_uids(m));
	rig_assert_set(&uids, "1:2");
	mailbox_close(m);
	/* an empty one, and into its own hierarchy */
	assert_int_equal(rename_to(r, "INBOX", "INBOX/empty"), ERR_OK);
	assert_int_equal(rig_status(r, "INBOX/empty").messages, 0);
	assert_int_equal(rename_to(r, "INBOX", "old"), ERR_ALREADYEXISTS);
}

static void subscriptions(struct rig *r)
{
	assert_int_equal(create(r, "a"), ERR_OK);
	assert_int_equal(mailbox_subscribe(r->account, S("a"), true).code,
	                 ERR_OK);
	assert_int_equal(mailbox_subscribe(r->account, S("a"), true).code,
	                 ERR_OK);
	assert_int_equal(mailbox_subscribe(r->account, S("b/c"), true).code,
	                 ERR_OK);
	assert_int_equal(delete (r, "a"), ERR_OK);
	assert_list(r, "INBOXs a!s b/c!s ");
	assert_int_equal(mailbox_subscribe(r->account, S("a"), false).code,
	                 ERR_OK);
	assert_int_equal(mailbox_subscribe(r->account, S("a"), false).code,
	                 ERR_OK);
	assert_list(r, "INBOXs b/c!s ");
	assert_int_equal(mailbox_subscribe(r->account, S("inbox"), false).code,
	                 ERR_OK);
	assert_list(r, "INBOX b/c!s ");
}

/* There is no need to make them all to have too many. */
static void too_many_subscriptions(struct rig *r)
{
	uint32_t before = r->account->meta.subscriptions;

	r->account->meta.subscriptions = LIMIT_SUBSCRIPTIONS - 1;
	assert_int_equal(mailbox_subscribe(r->account, S("a"), true).code,
	                 ERR_OK);
	assert_int_equal(mailbox_subscribe(r->account, S("b"), true).code,
	                 ERR_LIMIT);
	assert_int_equal(mailbox_subscribe(r->account, S("a"), true).code,
	                 ERR_OK);
	assert_int_equal(mailbox_subscribe(r->account, S("a"), false).code,
	                 ERR_OK);
	assert_int_equal(mailbox_subscribe(r->account, S("b"), true).code,
	                 ERR_OK);
	assert_list(r, "INBOXs b!s ");
	r->account->meta.subscriptions = before + 1;
	assert_int_equal(mailbox_subscribe(r->account, S("b"), false).code,
	                 ERR_OK);
}

/* Names that share the octets by which they are keyed. */
static void long_names(struct rig *r)
{
	char parent[LIMIT_NAME];
	char name[LIMIT_NAME + 16];
	size_t n = 0;

	for (int level = 0; level < 3; level++, n += 240) {
		memset(parent + n, 'x', 239);
		parent[n + 239] = '/';
	}
	parent[n - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "%s/%d", parent, i);
		assert_int_equal(create(r, name), ERR_OK);
	}
	assert_int_equal(
		mailbox_subscribe(r->account, slice_cstr(name), true).code,
		ERR_OK);
	assert_int_equal(delete (r, parent), ERR_OK);
	assert_int_equal(delete (r, parent), ERR_HASCHILDREN);
	parent[239] = '\0';
	assert_int_equal(rename_to(r, parent, "short"), ERR_OK);
	snprintf(name, sizeof name, "short/%s/0", parent + 240);
	assert_int_equal(open_code(r, name), ERR_OK);
}

/* Whoever deletes them knows of every UIDVALIDITY. */
static enum err_code delete_account(struct rig *r, uint64_t id)
{
	uint32_t kept = UINT32_MAX;

	return account_delete(r->model, id, &kept).code;
}

static void accounts(struct rig *r)
{
	struct account *a;

	assert_int_equal(account_create(r->model, RIG_ACCOUNT, S("x")).code,
	                 ERR_ALREADYEXISTS);
	assert_int_equal(account_open(r->model, 9, &a).code, ERR_ABSENT);
	assert_int_equal(account_create(r->model, 9, S("b@example.org")).code,
	                 ERR_OK);
	assert_int_equal(account_open(r->model, 9, &a).code, ERR_OK);
	assert_true(slice_eq(account_name(a), S("b@example.org")));
	assert_int_equal(delete_account(r, 9), ERR_INUSE);
	account_close(a);
	assert_int_equal(delete_account(r, 9), ERR_OK);
	assert_int_equal(account_open(r->model, 9, &a).code, ERR_ABSENT);
	assert_int_equal(delete_account(r, 9), ERR_ABSENT);
}

static uint32_t uidvalidity_of(struct rig *r, uint64_t id, const char *name)
{
	struct mailbox_status s;
	struct account *a;
	struct mailbox *m;

	assert_int_equal(account_open(r->model, id, &a).code, ERR_OK);
	(void)mailbox_create(a, slice_cstr(name), 0);
	assert_int_equal(mailbox_open(a, slice_cstr(name), &m).code, ERR_OK);
	mailbox_get_status(m, &s);
	mailbox_close(m);
	account_close(a);
	return s.uidvalidity;
}

/* An account that is made anew has no UIDVALIDITY of the one before, however
 * soon it is, and though the clock has been set back. */
static void account_again(struct rig *r)
{
	uint32_t kept = 1;
	uint32_t last;

	assert_int_equal(account_create(r->model, 9, S("b")).code, ERR_OK);
	last = uidvalidity_of(r, 9, "Last");
	assert_int_equal(account_delete(r->model, 9, &kept).code, ERR_NOTNOW);
	assert_int_equal(kept, last);
	assert_int_equal(uidvalidity_of(r, 9, "Last"), last);
	assert_int_equal(account_delete(r->model, 9, &kept).code, ERR_OK);
	assert_int_equal(kept, last);
	rig_reopen(r);
	r->now -= 100;
	assert_int_equal(account_create_above(r->model, 10, S("b"), kept).code,
	                 ERR_OK);
	assert_true(uidvalidity_of(r, 10, "INBOX") > last);
	assert_int_equal(delete_account(r, 10), ERR_OK);
	assert_int_equal(account_create_above(r->model, 11, S("b"),
	                                      UIDVALIDITY_BY_CLOCK + 5)
	                         .code,
	                 ERR_OK);
	assert_true(uidvalidity_of(r, 11, "INBOX") > UIDVALIDITY_BY_CLOCK + 5);
	assert_int_equal(delete_account(r, 11), ERR_OK);
}

/* An account's messages go with it, blobs and all (checked at the end). */
static void delete_full_account(struct rig *r)
{
	struct account *a;
	struct mailbox *m;

	assert_int_equal(account_create(r->model, 9, S("b")).code, ERR_OK);
	assert_int_equal(account_open(r->model, 9, &a).code, ERR_OK);
	assert_int_equal(mailbox_open(a, S("INBOX"), &m).code, ERR_OK);
	rig_append(r, m, "Subject: x\r\n\r\n", 0);
	mailbox_close(m);
	account_close(a);
	m = rig_open(r, "INBOX");
	rig_append(r, m, "Subject: x\r\n\r\n", 0);
	mailbox_close(m);
	assert_int_equal(delete_account(r, 9), ERR_OK);
}

static bool count_account(void *arg, uint64_t id, struct slice name)
{
	*(uint64_t *)arg += id;
	assert_true(name.len != 0);
	return true;
}

static uint32_t use_of(struct rig *r, const char *name)
{
	struct mailbox_info info;

	assert_int_equal(
		mailbox_get_info(r->account, slice_cstr(name), &info).code,
		ERR_OK);
	return info.special_use;
}

static void import_box(struct rig *r, const char *name, uint32_t use)
{
	assert_int_equal(
		mailbox_create_imported(r->account, slice_cstr(name)).code,
		ERR_OK);
	assert_int_equal(use_of(r, name), use);
}

static void imported(struct rig *r)
{
	struct mailbox *sent = rig_open(r, "Sent");

	import_box(r, "Gesendet", USE_SENT);
	assert_int_equal(use_of(r, "Sent"), 0);
	rig_append(r, sent, "x", 0); /* its record in memory has lost it too */
	mailbox_close(sent);
	assert_int_equal(use_of(r, "Sent"), 0);
	import_box(r, "INBOX/корзина", USE_TRASH);
	import_box(r, "ENTWÜRFE", USE_DRAFTS);
	import_box(r, "草稿", USE_DRAFTS); /* that was never used */
	import_box(r, "Gesendet/2019", 0);
	import_box(r, "Envoye", 0);
	rig_reopen(r);
	assert_int_equal(use_of(r, "草稿"), USE_DRAFTS);
	assert_int_equal(use_of(r, "INBOX/корзина"), USE_TRASH);
	/* one with messages keeps its use */
	struct mailbox *junk = rig_open(r, "Junk");

	rig_append(r, junk, "x", 0);
	mailbox_close(junk);
	import_box(r, "Spam", 0);
	assert_int_equal(use_of(r, "Junk"), USE_JUNK);
	assert_int_equal(mailbox_create_imported(r->account, S("Spam")).code,
	                 ERR_ALREADYEXISTS);
}

/* One after the other: the use goes on to the next, while all are empty. */
static void imported_names(struct rig *r)
{
	static const struct {
		uint32_t use;
		const char *names[20];
	} rows[] = {
		{ USE_SENT,
		  { "Gesendete Objekte", "ÉLÉMENTS ENVOYÉS",
		    "Elementos enviados", "Itens enviados", "Posta inviata",
		    "Verzonden items", "Elementy wysłane", "ОТПРАВЛЕННЫЕ",
		    "Skickat", "Απεσταλμένα", "Gönderilmiş Öğeler",
		    "送信済みアイテム", "[Gmail]/Sent Mail",
		    "INBOX/sent-mail" } },
		{ USE_TRASH,
		  { "PAPIERKORB", "Corbeille", "Papelera", "Lixeira", "Cestino",
		    "Prullenbak", "Kosz", "Удалённые", "Papirkurv", "Roskakori",
		    "Koš", "Coș de gunoi", "Çöp Kutusu", "已删除邮件", "휴지통",
		    "[Google Mail]/Bin" } },
		{ USE_DRAFTS,
		  { "Entwürfe", "brouillons", "Borradores", "Bozze",
		    "Concepten", "Черновики", "Πρόχειρα", "Taslaklar",
		    "下書き" } },
		{ USE_JUNK,
		  { "Spam", "Werbung", "Courrier indésirable", "Ongewenst",
		    "СПАМ", "Skräppost", "Uønsket mail", "迷惑メール" } },
		{ USE_ARCHIVE,
		  { "Archiv", "Archivo", "Arquivo", "Archief", "Архив", "Arkiv",
		    "Arşiv", "归档" } },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t k = 0; rows[i].names[k] != NULL; k++)
			import_box(r, rows[i].names[k], rows[i].use);
	import_box(r, "[Gmail]/All Mail", 0);
	assert_int_equal(use_of(r, "[Gmail]"), 0);
	import_box(r, "Work/Sent", 0);
}

static void all_accounts(struct rig *r)
{
	uint64_t sum = 0;

	for (uint64_t id = 100; id < 200; id++) {
		struct account *a;

		assert_int_equal(account_create(r->model, id, S("n")).code,
		                 ERR_OK);
		assert_int_equal(account_open(r->model, id, &a).code, ERR_OK);
		account_close(a);
	}
	assert_int_equal(model_accounts(r->model, count_account, &sum).code,
	                 ERR_OK);
	assert_int_equal(sum, RIG_ACCOUNT + (100 + 199) * 50);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "make and list", make_and_list },
		{ "special use", special_use },
		{ "deleting", deleting },
		{ "delete and make", delete_and_make },
		{ "clock far ahead", clock_far_ahead },
		{ "deleted under us", deleted_under_us },
		{ "renaming", renaming },
		{ "rename too deep", rename_too_deep },
		{ "rename INBOX", rename_inbox },
		{ "subscriptions", subscriptions },
		{ "too many subscriptions", too_many_subscriptions },
		{ "long names", long_names },
		{ "accounts", accounts },
		{ "an account again", account_again },
		{ "delete a full account", delete_full_account },
		{ "imported", imported },
		{ "imported names", imported_names },
		{ "all accounts", all_accounts },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
