/* audit.c -- see audit.h. */
#include "imap/audit.h"

#include "base/ascii.h"
#include "base/audit_entry.h"
#include "imap/objectid.h"

/* "imap_expunge" */
static struct slice event_of(const struct session *s)
{
	struct slice name = s->command->name;
	struct slice event =
		arena_printf(s->arena, "imap_%.*s", (int)name.len, name.ptr);
	char *text = arena_alloc(s->arena, event.len);

	for (size_t i = 0; i < event.len; i++)
		text[i] = ascii_lower(event.ptr[i]);
	return slice_of(text, event.len);
}

/* All that is told of a command lives until it has ended. */
static struct err record(struct session *s, struct audit_entry entry)
{
	const struct audit_recorder *r = s->config->recorder;

	if (r == NULL)
		return OK;
	entry.event = event_of(s);
	entry.account = account_id(s->account);
	entry.who = s->who.account;
	entry.session = slice_cstr(s->id);
	entry.peer = slice_cstr(s->peer);
	s->recorded = arena_array(s->arena, 1, sizeof *s->recorded);
	*s->recorded = entry;
	return r->record(r->ctx, &entry);
}

void audit_result(struct session *s, struct err e)
{
	const struct audit_recorder *r = s->config->recorder;

	if (s->recorded == NULL)
		return;
	s->recorded->refused = slice_cstr(e.text);
	if (!is_ok(e)) /* nobody is to be told if this is lost */
		(void)r->record(r->ctx, s->recorded);
	s->recorded = NULL;
}

static struct slice id_text(struct session *s, uint64_t objectid)
{
	struct buf text = { 0 };
	struct slice copy;

	reply_mailboxid(&text, objectid);
	copy = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	return copy;
}

static struct slice id_of_named(struct session *s, struct slice name)
{
	struct mailbox_status status;

	return is_ok(mailbox_status(s->account, s->who.account, name, &status))
	               ? id_text(s, status.objectid)
	               : S("");
}

struct err audit_change(struct session *s, struct slice mailbox,
                        struct slice change)
{
	return record(s, (struct audit_entry){ .mailbox = mailbox,
	                                       .change = change });
}

struct err audit_mailbox(struct session *s, struct slice mailbox,
                         struct slice to)
{
	if (!audit_wants_messages(s))
		return OK;
	return record(
		s, (struct audit_entry){ .mailbox = mailbox,
	                                 .mailboxid = id_of_named(s, mailbox),
	                                 .to = to });
}

bool audit_wants_messages(const struct session *s)
{
	return s->audited && s->config->recorder != NULL;
}

/* "1:4,7,..." if there are too many: how many is told beside. */
static struct slice uids_text(struct session *s, const struct uidset *uids)
{
	static const struct slice more = N("...");
	struct buf text = { 0 };
	struct slice copy;

	uidset_write(uids, &text);
	if (text.len > AUDIT_TEXT) {
		text.len = slice_rfind_byte(slice_first(buf_slice(&text),
		                                        AUDIT_TEXT - more.len),
		                            ',') +
		           1;
		buf_add(&text, more);
	}
	copy = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	return copy;
}

struct err audit_messages(struct session *s, const struct uidset *uids,
                          struct slice to)
{
	struct mailbox *mailbox;
	struct mailbox_status status;

	if (!audit_wants_messages(s) || uidset_is_empty(uids))
		return OK;
	mailbox = view_mailbox(s->view);
	mailbox_get_status(mailbox, &status);
	return record(s, (struct audit_entry){
				 .mailbox = arena_copy(s->arena,
	                                               mailbox_name(mailbox)),
				 .mailboxid = id_text(s, status.objectid),
				 .to = arena_copy(s->arena, to),
				 .messages = uidset_count(uids),
				 .uids = uids_text(s, uids),
			 });
}
