/* make.c -- the mailboxes of a new account, and an account's end. */
#include "base/hash.h"
#include "mailbox/tree.h"

static const struct special {
	const char *name;
	uint32_t use;
} specials[] = {
	{ "INBOX", 0 },           { "Archive", USE_ARCHIVE },
	{ "Drafts", USE_DRAFTS }, { "Junk", USE_JUNK },
	{ "Sent", USE_SENT },     { "Trash", USE_TRASH },
};

static struct err make_special(struct change *c, const struct special *s)
{
	struct slice name = slice_cstr(s->name);
	struct store_key key = key_name(c->account->id, T_SUBSCRIPTION, name);

	batch_put(c->batch, store_key_slice(&key), name);
	c->after.subscriptions++;
	return change_make_mailbox(c, name, s->use, false);
}

struct err account_fill(struct account *a)
{
	struct change c;
	struct err e = OK;

	change_begin(&c, a);
	c.after.id_key[0] = random_u64();
	c.after.id_key[1] = random_u64();
	for (size_t i = 0; is_ok(e) && i < sizeof specials / sizeof *specials;
	     i++)
		e = make_special(&c, &specials[i]);
	if (is_ok(e))
		e = change_commit(&c);
	change_end(&c);
	return e;
}

struct err account_empty(struct account *a)
{
	struct store_key all = key_of_account(a->id);
	struct store_key digests = key_table(a->id, T_DIGEST);
	struct change c;
	struct err e;

	change_begin(&c, a);
	e = change_drop_blobs(&c, &digests);
	if (is_ok(e)) {
		batch_delete_prefix(c.batch, store_key_slice(&all));
		batch_frees(c.batch);
		e = change_commit_raw(&c);
	}
	change_end(&c);
	return e;
}
