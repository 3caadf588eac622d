/* list_reply.c -- LIST, LSUB and XLIST responses. RFC 9051 section 7.3.1 */
#include "imap/list.h"
#include "mailbox/special_use.h"

/* One attribute; a space before all but the first. */
static void reply_attribute(struct buf *out, struct slice name, bool *first)
{
	if (!*first)
		buf_byte(out, ' ');
	*first = false;
	buf_byte(out, '\\');
	buf_add(out, name);
}

static void reply_special_uses(struct buf *out, uint32_t uses, bool *first)
{
	if (uses == 0)
		return;
	if (!*first)
		buf_byte(out, ' ');
	*first = false;
	special_uses_write(uses, out);
}

/* As Gmail called them. */
static const struct {
	uint32_t use;
	struct slice name;
} xlist_uses[] = {
	{ USE_ALL, N("AllMail") },     { USE_DRAFTS, N("Drafts") },
	{ USE_FLAGGED, N("Starred") }, { USE_IMPORTANT, N("Important") },
	{ USE_JUNK, N("Spam") },       { USE_SENT, N("Sent") },
	{ USE_TRASH, N("Trash") },
};

static void reply_xlist_uses(struct buf *out, const struct mailbox_info *info,
                             bool *first)
{
	if (slice_eq(info->name, S("INBOX")))
		reply_attribute(out, S("Inbox"), first);
	for (size_t i = 0; i < sizeof xlist_uses / sizeof *xlist_uses; i++)
		if (info->special_use & xlist_uses[i].use)
			reply_attribute(out, xlist_uses[i].name, first);
}

static void reply_attributes(struct buf *out, const struct list_request *r,
                             const struct list_row *row)
{
	const struct mailbox_info *info = &row->info;
	bool first = true;

	/* LSUB and rev1 know no \NonExistent */
	if (!info->exists && !r->lsub)
		reply_attribute(out, S("NonExistent"), &first);
	else if (info->noselect || !info->exists)
		reply_attribute(out, S("Noselect"), &first);
	if (row->noaccess)
		reply_attribute(out, S("NoAccess"), &first);
	if (!r->lsub)
		reply_attribute(out,
		                info->has_children ? S("HasChildren")
		                                   : S("HasNoChildren"),
		                &first);
	if (r->returns & RETURN_SUBSCRIBED && info->subscribed)
		reply_attribute(out, S("Subscribed"), &first);
	if (r->xlist)
		reply_xlist_uses(out, info, &first);
	else if (!r->lsub)
		reply_special_uses(out, info->special_use, &first);
}

static void reply_extended(struct session *s, const struct list_request *r,
                           const struct list_row *row)
{
	struct buf *out = session_out(s);

	if (row->childinfo && !r->lsub)
		buf_add(out, S(" (\"CHILDINFO\" (\"SUBSCRIBED\"))"));
	if (row->oldname.len == 0)
		return;
	buf_add(out, S(" (\"OLDNAME\" ("));
	session_reply_name(s, row->oldname);
	buf_add(out, S("))"));
}

void reply_list_begin(struct session *s, const struct list_request *r)
{
	buf_add(session_out(s), r->lsub    ? S("* LSUB (")
	                        : r->xlist ? S("* XLIST (")
	                                   : S("* LIST ("));
}

void reply_list_row(struct session *s, const struct list_request *r,
                    const struct list_row *row)
{
	struct buf *out = session_out(s);

	reply_list_begin(s, r);
	reply_attributes(out, r, row);
	buf_add(out, S(") \"/\" "));
	session_reply_name(s, row->info.name);
	reply_extended(s, r, row);
	buf_add(out, S("\r\n"));
}

void reply_list_renamed(struct session *s, struct slice name,
                        struct slice asked)
{
	static const struct list_request plain = { 0 };
	struct list_row row = { .oldname = asked };

	struct err e = mailbox_get_info(s->account, name, &row.info);

	if (e.code == ERR_NONEXISTENT)
		row.info = (struct mailbox_info){ .name = name };
	else if (!is_ok(e))
		return;
	reply_list_row(s, &plain, &row);
}

void reply_list_selected(struct session *s, struct slice asked)
{
	/* a copy: another session may rename it */
	struct slice name =
		arena_copy(s->arena, mailbox_name(view_mailbox(s->view)));

	/* INBOX is INBOX in any letter case, and no new name for it */
	reply_list_renamed(s, name, slice_ieq(name, asked) ? S("") : asked);
}
