/* door.c -- see door.h. */
#include "imap/door.h"

#include "imap/visit.h"

enum {
	R = RIGHT_READ,
	FLAGS = RIGHT_SEEN | RIGHT_WRITE | RIGHT_DELETED,
};

/* clang-format off */
static const struct need {
	struct slice command;
	unsigned named;    /* all of these on the mailbox it names */
	unsigned selected; /* all of these on the selected one */
	unsigned any;      /* and at least one of these, if there are any */
} needs[] = {
	{ N("APPEND"),       RIGHT_INSERT,     0, 0 },
	{ N("CANCELUPDATE"), 0,                0, 0 },
	{ N("CATENATE"),     R,                0, 0 }, /* part of an APPEND */
	{ N("CHECK"),        0,                0, 0 },
	{ N("CLOSE"),        0,                0, 0 },
	{ N("COPY"),         RIGHT_INSERT,     R, 0 },
	{ N("DELETE"),       RIGHT_DELETE,     0, 0 },
	{ N("DELETEACL"),    RIGHT_ADMINISTER, 0, 0 },
	{ N("ESEARCH"),      R,                0, 0 },
	{ N("EXAMINE"),      R,                0, 0 },
	{ N("EXPUNGE"),      0,                RIGHT_EXPUNGE, 0 },
	{ N("FETCH"),        0,                R, 0 },
	{ N("GETACL"),       RIGHT_ADMINISTER, 0, 0 },
	{ N("GETMETADATA"),  R,                0, 0 },
	{ N("GETQUOTAROOT"), R,                0, 0 },
	{ N("LISTRIGHTS"),   RIGHT_ADMINISTER, 0, 0 },
	{ N("MOVE"),         RIGHT_INSERT,     R | RIGHT_DELETED | RIGHT_EXPUNGE, 0 },
	{ N("MYRIGHTS"),     RIGHT_LOOKUP,     0, 0 },
	{ N("REMOVE"),       0,                R | RIGHT_DELETED | RIGHT_EXPUNGE, 0 },
	{ N("RENAME"),       RIGHT_DELETE,     0, 0 },
	{ N("REPLACE"),      RIGHT_INSERT,     R | RIGHT_DELETED | RIGHT_EXPUNGE, 0 },
	{ N("SELECT"),       R,                0, 0 },
	{ N("SETACL"),       RIGHT_ADMINISTER, 0, 0 },
	{ N("SETMETADATA"),  RIGHT_WRITE,      0, 0 },
	{ N("STATUS"),       R,                0, 0 },
	{ N("STORE"),        0,                0, FLAGS },
	{ N("UNSELECT"),     0,                0, 0 },
};
/* clang-format on */

static const struct need unknown = { .named = RIGHT_ADMINISTER, .selected = R };

static const struct need *need_of(struct slice command)
{
	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if (slice_eq(needs[i].command, command))
			return &needs[i];
	return &unknown;
}

static struct err check(unsigned rights, unsigned all)
{
	return (rights & all) == all ? OK : err(ERR_NOPERM, "not permitted");
}

struct err door_change(const struct session *s)
{
	return s->read_only ? err(ERR_NOPERM, "this account can only be read")
	                    : OK;
}

/* Who may do all, as most owners may, may do whatever is needed. */
static struct err check_named(unsigned rights, struct slice command)
{
	if (rights == RIGHTS_ALL)
		return OK;
	return check(rights, need_of(command)->named);
}

struct err door_for(struct session *s, struct slice command, struct slice name)
{
	unsigned rights;
	struct err e = mailbox_rights(s->account, name, &s->who, &rights);

	return is_ok(e) ? check_named(rights, command) : e;
}

struct err door_named(struct session *s, struct slice name)
{
	return door_for(s, s->command->name, name);
}

struct err door_if_there(struct session *s, struct slice name)
{
	if (s->who.is_owner && account_is_unshared(s->account))
		return OK;
	return door_named(s, name);
}

struct err door_opened(struct session *s, struct mailbox *mailbox,
                       struct flag_rights *may)
{
	unsigned rights = mailbox_rights_open(mailbox, &s->who);

	*may = flag_rights_of(rights);
	may->user = s->who.account;
	return check_named(rights, s->command->name);
}

struct err door_made(struct session *s, struct slice name)
{
	unsigned rights;
	struct err e;

	if (visit_is_name(s, name))
		return err(ERR_CANNOT, "a mailbox stays in its account");
	if (visit_is_taken(s, name))
		return err(ERR_CANNOT, "that name is for others' mailboxes");
	e = mailbox_rights_above(s->account, name, &s->who, &rights);

	return is_ok(e) ? check(rights, RIGHT_CREATE) : e;
}

unsigned door_rights(struct session *s)
{
	return mailbox_rights_open(view_mailbox(s->view), &s->who);
}

bool door_lost_sight(struct session *s)
{
	if (s->view != NULL && is_visit(s) && !(door_rights(s) & RIGHT_READ))
		s->view_gone = true;
	return s->view_gone;
}

struct err door_selected(struct session *s)
{
	unsigned rights = door_rights(s);
	const struct need *need;
	unsigned all;

	/* what was taken and given back meanwhile has been closed, too */
	if (is_visit(s) && s->view_gone)
		return err(ERR_NOPERM, "not permitted");
	if (rights == RIGHTS_ALL)
		return OK;
	need = need_of(s->command->name);
	all = need->selected;
	if (need->any != 0 && !(rights & need->any))
		return err(ERR_NOPERM, "not permitted");
	/* who may no longer read it will be told that it is closed: a FETCH
	 * response to his STORE would come after that */
	if (is_visit(s) && (all | need->any) != 0)
		all |= R;
	return check(rights, all);
}

struct flag_rights flag_rights_of(unsigned rights)
{
	struct flag_rights may = { .keywords = rights & RIGHT_WRITE };

	if (rights & RIGHT_SEEN)
		may.flags |= FLAG_SEEN;
	if (rights & RIGHT_DELETED)
		may.flags |= FLAG_DELETED;
	if (rights & RIGHT_WRITE)
		may.flags |= FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT;
	return may;
}
