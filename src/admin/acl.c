/* acl.c -- ACL: who may do what with an account's mailboxes. */
#include "mailbox/acl.h"

#include "admin/internal.h"
#include "admin/verbs.h"
#include "base/limits.h"
#include "mailbox/name.h"

static void mailbox_rows(struct control_link *c, struct slice name,
                         struct arena *a)
{
	struct acl_entry *v;
	size_t n;

	if (!is_ok(mailbox_get_acl(c->account, name, a, &v, &n)))
		return;
	for (size_t i = 0; i < n; i++) {
		struct buf rights = { 0 };

		rights_write_plain(v[i].rights, &rights);
		control_row(c,
		            (struct slice[ACL_COLUMNS]){
				    [ACL_MAILBOX] = name,
				    [ACL_WHO] = v[i].identifier,
				    [ACL_RIGHTS] = buf_slice(&rights),
			    },
		            ACL_COLUMNS);
		buf_free(&rights);
	}
}

/* name "": of all; ERR_NONEXISTENT: there is none of that name. */
static struct err rows(struct control_link *c, struct slice name)
{
	struct arena *a = arena_new(SIZE_MAX);
	struct mailbox_info *v;
	size_t n;
	bool found = name.len == 0;
	struct err e = mailbox_list(c->account, a, &v, &n);

	for (size_t i = 0; is_ok(e) && i < n; i++) {
		if (!v[i].exists ||
		    (name.len != 0 && !slice_eq(v[i].name, name)))
			continue;
		mailbox_rows(c, v[i].name, a);
		found = true;
	}
	arena_free(a);
	return is_ok(e) && !found ? err(ERR_NONEXISTENT, "no such mailbox") : e;
}

/* Told of first, as SETACL does. */
static struct err set(struct control_link *c, struct slice name,
                      struct slice identifier, unsigned rights)
{
	struct err e = OK;

	if (rights != 0 && !slice_starts(identifier, S("-")))
		e = c->mail->grant(c->mail->grant_ctx, account_id(c->account),
		                   identifier);
	return is_ok(e)
	               ? mailbox_set_acl(c->account, name, identifier,
	                                 rights != 0 ? ACL_REPLACE : ACL_DELETE,
	                                 rights)
	               : e;
}

static struct err change(struct control_link *c, struct slice name,
                         struct slice identifier, struct slice letters)
{
	struct audit_entry entry = { .mailbox = name };
	struct buf text = { 0 };
	unsigned rights;
	struct err e;

	if (identifier.len > LIMIT_ACL_IDENTIFIER ||
	    !acl_is_identifier(identifier))
		return err(ERR_SYNTAX, "that is nobody's identifier");
	if (!rights_read(letters, &rights))
		return err(ERR_SYNTAX, "there is no such right");
	buf_add(&text, identifier);
	buf_byte(&text, ' ');
	buf_add(&text, letters);
	entry.change = buf_slice(&text);
	control_record(c, "acl", entry);
	e = set(c, name, identifier, rights);
	if (!is_ok(e)) {
		entry.refused = slice_cstr(e.text);
		control_record(c, "acl", entry);
	}
	buf_free(&text);
	return e;
}

struct err acl(struct control_link *c, struct frame_in *in)
{
	uint8_t is_change = read_u8(&in->r);
	struct slice mailbox = frame_read_slice(in, LIMIT_LINE);
	struct slice identifier = frame_read_slice(in, LIMIT_LINE);
	struct slice letters = frame_read_slice(in, LIMIT_LINE);
	struct buf name = { 0 };
	struct err e = OK;

	if (!frame_is_whole(in) || is_change > 1)
		return err(ERR_CORRUPT, "a request that makes no sense");
	if (is_change || mailbox.len != 0)
		e = mailbox_name_normal(mailbox, &name);
	if (is_ok(e) && is_change)
		e = change(c, buf_slice(&name), identifier, letters);
	if (is_ok(e))
		e = rows(c, buf_slice(&name));
	control_done(c, e);
	buf_free(&name);
	return OK;
}
