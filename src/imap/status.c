/* status.c -- STATUS. RFC 9051 section 6.3.11 */
#include "imap/status.h"
#include "imap/door.h"
#include "imap/objectid.h"

static uint64_t get_messages(const struct mailbox_status *s)
{
	return s->messages;
}

static uint64_t get_uidnext(const struct mailbox_status *s)
{
	return s->uidnext;
}

static uint64_t get_uidvalidity(const struct mailbox_status *s)
{
	return s->uidvalidity;
}

static uint64_t get_unseen(const struct mailbox_status *s)
{
	return s->unseen;
}

static uint64_t get_deleted(const struct mailbox_status *s)
{
	return s->deleted;
}

/* RFC 9208 section 4.1.4: octets that EXPUNGE would free */
static uint64_t get_deleted_size(const struct mailbox_status *s)
{
	return s->deleted_size;
}

static uint64_t get_size(const struct mailbox_status *s)
{
	return s->size;
}

static uint64_t get_highestmodseq(const struct mailbox_status *s)
{
	return s->highestmodseq;
}

/* Nobody is told of recent messages, so there are none. */
static uint64_t get_recent(const struct mailbox_status *s)
{
	(void)s;
	return 0;
}

/* RFC 8474 section 4.3 */
static void reply_id(struct session *s, const struct mailbox_status *status)
{
	struct buf *out = session_out(s);

	buf_byte(out, '(');
	reply_mailboxid(out, status->objectid);
	buf_byte(out, ')');
}

/* The same for all mailboxes. RFC 7889 section 2 */
static void reply_append_limit(struct session *s,
                               const struct mailbox_status *status)
{
	(void)status;
	buf_number(session_out(s), s->config->message_limit_bytes);
}

static const struct {
	struct slice name;
	uint64_t (*get)(const struct mailbox_status *); /* a number, or: */
	void (*reply)(struct session *, const struct mailbox_status *);
} items[] = {
	{ N("MESSAGES"), get_messages, NULL },
	{ N("UIDNEXT"), get_uidnext, NULL },
	{ N("UIDVALIDITY"), get_uidvalidity, NULL },
	{ N("UNSEEN"), get_unseen, NULL },
	{ N("DELETED"), get_deleted, NULL },
	{ N("DELETED-STORAGE"), get_deleted_size, NULL },
	{ N("SIZE"), get_size, NULL },
	{ N("RECENT"), get_recent, NULL },
	{ N("HIGHESTMODSEQ"), get_highestmodseq, NULL },
	{ N("MAILBOXID"), NULL, reply_id },
	{ N("APPENDLIMIT"), NULL, reply_append_limit },
};

enum { ITEMS = sizeof items / sizeof *items };

/* Who asks for HIGHESTMODSEQ knows of modification sequences. */
static bool asks_for_modseq(unsigned set)
{
	for (unsigned i = 0; i < ITEMS; i++)
		if (set & 1u << i && items[i].get == get_highestmodseq)
			return true;
	return false;
}

/* status-att */
static unsigned parse_status_item(struct cursor *c)
{
	struct slice name = parse_atom(c);

	for (unsigned i = 0; i < ITEMS; i++)
		if (slice_ieq(items[i].name, name))
			return 1u << i;
	fail(c, "there is no such STATUS item");
	return 0;
}

unsigned parse_status_items(struct cursor *c)
{
	unsigned set = 0;

	expect(c, '(', "expected a list of STATUS items");
	if (take(c, ')'))
		return 0;
	do {
		set |= parse_status_item(c);
	} while (take(c, ' '));
	expect(c, ')', "list of STATUS items does not end");
	return set;
}

void reply_mailbox_status(struct session *s, struct slice name,
                          const struct mailbox_status *status, unsigned set)
{
	struct buf *out = session_out(s);
	bool first = true;

	if (asks_for_modseq(set))
		session_enable_condstore(s);
	buf_add(out, S("* STATUS "));
	session_reply_name(s, name);
	buf_add(out, S(" ("));
	for (unsigned i = 0; i < ITEMS; i++) {
		if (!(set & 1u << i))
			continue;
		if (!first)
			buf_byte(out, ' ');
		first = false;
		buf_add(out, items[i].name);
		buf_byte(out, ' ');
		if (items[i].reply != NULL)
			items[i].reply(s, status);
		else
			buf_number(out, items[i].get(status));
	}
	buf_add(out, S(")\r\n"));
}

/* status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")" */
struct err cmd_status(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct mailbox_status status;
	struct slice name;
	unsigned set;
	struct err e;

	expect(&c, ' ', "expected a mailbox");
	name = parse_mailbox(&c);
	expect(&c, ' ', "expected a space behind the mailbox");
	set = parse_status_items(&c);
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	e = door_if_there(s, name);
	if (is_ok(e))
		e = mailbox_status(s->account, s->who.account, name, &status);
	if (is_ok(e))
		reply_mailbox_status(s, name, &status, set);
	return e;
}
