/* special_use.c -- the names of uses, and their going over. RFC 6154 */
#include "mailbox/special_use.h"

#include "base/limits.h"
#include "mailbox/change.h"

static const struct {
	struct slice name;
	uint32_t use;
} names[SPECIAL_USES] = {
	{ N("All"), USE_ALL },         { N("Archive"), USE_ARCHIVE },
	{ N("Drafts"), USE_DRAFTS },   { N("Flagged"), USE_FLAGGED },
	{ N("Junk"), USE_JUNK },       { N("Sent"), USE_SENT },
	{ N("Trash"), USE_TRASH },     { N("Important"), USE_IMPORTANT },
	{ N("Memos"), USE_MEMOS },     { N("Scheduled"), USE_SCHEDULED },
	{ N("Snoozed"), USE_SNOOZED },
};

uint32_t special_use_of(struct slice name)
{
	for (size_t i = 0; i < SPECIAL_USES; i++)
		if (slice_ieq(names[i].name, name))
			return names[i].use;
	return 0;
}

void special_uses_write(uint32_t uses, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < SPECIAL_USES; i++) {
		if (!(uses & names[i].use))
			continue;
		buf_add(out, first ? S("\\") : S(" \\"));
		buf_add(out, names[i].name);
		first = false;
	}
}

struct err special_uses_read(struct slice text, uint32_t *uses)
{
	*uses = 0;
	while (text.len != 0) {
		struct slice word;
		uint32_t use = 0;

		slice_cut(text, ' ', &word, &text);
		if (slice_starts(word, S("\\")))
			use = special_use_of(slice_from(word, 1));
		if (use == 0)
			return err(ERR_USEATTR, "there is no such special use");
		*uses |= use;
	}
	return OK;
}

/* -- the use goes over -- */

/* uses NULL: those that it has. One is an annotation, and of those that change
 * a modification sequence tells. RFC 7162 section 3.2 */
static struct err put_one(struct uses_change *u, struct change *c, uint32_t id,
                          const uint32_t *uses)
{
	struct slice words[LIMIT_KEYWORDS];
	struct keywords keywords = { .v = words };
	struct mailbox_meta meta;
	struct slice name;
	struct err e = lookup_mailbox(c->account, id, &meta, &name, words,
	                              &keywords.n);

	if (!is_ok(e))
		return e;
	if (uses != NULL)
		meta.special_use = *uses;
	meta.highestmodseq = change_modseq(c);
	change_put_mailbox(c, &meta, name, &keywords);
	u->id[u->n++] = id;
	return OK;
}

struct err uses_keep(struct uses_change *u, struct change *c, uint32_t mailbox)
{
	u->n = 0;
	return put_one(u, c, mailbox, NULL);
}

struct err uses_put(struct uses_change *u, struct change *c, uint32_t mailbox,
                    uint32_t uses)
{
	struct row_walk w = meta_walk(c->account);
	struct mailbox_meta meta;
	struct slice name;
	struct err e;

	u->n = 0;
	e = put_one(u, c, mailbox, &uses);
	while (is_ok(e) && meta_walk_next(&w, &meta, &name)) {
		uint32_t rest = meta.special_use & ~uses;

		if (meta.id == mailbox || rest == meta.special_use)
			continue;
		if (u->n > SPECIAL_USES)
			return err(ERR_CORRUPT,
			           "mailboxes share a special use");
		e = put_one(u, c, meta.id, &rest);
	}
	return is_ok(e) ? w.e : e;
}

void uses_committed(const struct uses_change *u, struct account *a)
{
	for (size_t i = 0; i < u->n; i++) {
		struct mailbox *open = mailbox_find_open(a, u->id[i]);
		struct mailbox_meta meta;
		struct slice name;

		if (!is_ok(lookup_mailbox(a, u->id[i], &meta, &name, NULL,
		                          NULL)))
			continue;
		if (open != NULL) {
			open->meta.special_use = meta.special_use;
			open->meta.highestmodseq = meta.highestmodseq;
		}
		if (i != 0)
			account_notify_of(
				a, &(struct notice){
					   .kind = NOTICE_METADATA,
					   .name = name,
					   .detail = S("/private/specialuse"),
					   .user = a->id });
	}
}
