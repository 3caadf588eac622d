/* notify_parse.c -- the grammar of NOTIFY, RFC 5465 section 8. */
#include "base/limits.h"
#include "imap/fetch.h"
#include "imap/notify.h"

static const struct {
	struct slice name;
	enum notify_filter filter;
	bool has_names;
} filters[] = {
	{ N("SELECTED"), NOTIFY_SELECTED, false },
	{ N("SELECTED-DELAYED"), NOTIFY_SELECTED_DELAYED, false },
	{ N("INBOXES"), NOTIFY_PERSONAL, false },
	{ N("PERSONAL"), NOTIFY_PERSONAL, false },
	{ N("SUBSCRIBED"), NOTIFY_SUBSCRIBED, false },
	{ N("SUBTREE"), NOTIFY_SUBTREE, true },
	{ N("MAILBOXES"), NOTIFY_MAILBOXES, true },
};

static const struct {
	struct slice name;
	enum notice_kind kind;
} events[] = {
	{ N("MessageNew"), NOTICE_NEW },
	{ N("MessageExpunge"), NOTICE_EXPUNGED },
	{ N("FlagChange"), NOTICE_FLAGS },
	{ N("MailboxName"), NOTICE_NAME },
	{ N("SubscriptionChange"), NOTICE_SUBSCRIPTION },
	{ N("MailboxMetadataChange"), NOTICE_METADATA },
	{ N("ServerMetadataChange"), NOTICE_SERVER_METADATA },
};

enum {
	FILTERS = sizeof filters / sizeof *filters,
	EVENTS = sizeof events / sizeof *events,
};

/* -- filter-mailboxes -- */

static size_t most_names(const struct cursor *c)
{
	size_t n = 1;

	for (const char *p = c->p; p != c->end && *p != ')'; p++)
		n += *p == ' ';
	return n;
}

/* "", as in LIST, is what all of one's names are below. */
static struct slice parse_name(struct cursor *c, const struct notify_group *g)
{
	return g->filter == NOTIFY_SUBTREE ? parse_mailbox_or_root(c)
	                                   : parse_mailbox(c);
}

/* one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")" */
static void parse_names(struct cursor *c, struct notify_group *g)
{
	size_t most = most_names(c);

	expect(c, ' ', "expected mailboxes");
	g->names = cursor_array(c, most + 1, sizeof *g->names);
	if (!take(c, '(')) {
		g->names[g->n_names++] = parse_name(c, g);
		return;
	}
	do {
		if (g->n_names == most)
			fail(c, "list of mailboxes does not end");
		g->names[g->n_names++] = parse_name(c, g);
	} while (take(c, ' '));
	expect(c, ')', "list of mailboxes does not end");
}

static void parse_filter(struct cursor *c, struct notify_group *g)
{
	struct slice name = parse_atom(c);

	for (size_t i = 0; i < FILTERS; i++) {
		if (!slice_ieq(filters[i].name, name))
			continue;
		g->filter = filters[i].filter;
		if (filters[i].has_names)
			parse_names(c, g);
		return;
	}
	fail(c, "there is no such filter of mailboxes");
}

/* -- events -- */

static void parse_event(struct cursor *c, struct notify_group *g)
{
	struct slice name = parse_atom(c);
	size_t i = 0;

	while (i < EVENTS && !slice_ieq(events[i].name, name))
		i++;
	if (!is_ok(c->e))
		return;
	if (i == EVENTS) {
		fail_with(c, ERR_BADEVENT, "there are no such events here");
		return;
	}
	g->events |= events[i].kind;
	if (events[i].kind == NOTICE_NEW && c->end - c->p > 1 &&
	    c->p[0] == ' ' && c->p[1] == '(') {
		c->p++;
		g->items = parse_fetch_items_text(c);
	}
}

/* RFC 5465 section 5, third paragraph; section 6.1; the notes of section 8 */
static void check_events(struct cursor *c, const struct notify_group *g)
{
	unsigned both = NOTICE_NEW | NOTICE_EXPUNGED;
	unsigned of_messages = g->events & NOTIFY_MESSAGES;

	if (of_messages != 0 && (g->events & both) != both)
		fail(c, "MessageNew and MessageExpunge go together, and with "
		        "FlagChange");
	if (g->filter <= NOTIFY_SELECTED_DELAYED && g->events != of_messages)
		fail(c, "that is no event of the selected mailbox");
	if (g->filter > NOTIFY_SELECTED_DELAYED && g->items.len != 0)
		fail(c, "FETCH items are for the selected mailbox");
}

/* events = "(" event *(SP event) ")" / "NONE" */
static void parse_events(struct cursor *c, struct notify_group *g)
{
	if (take_word(c, S("NONE")))
		return;
	expect(c, '(', "expected a list of events");
	do {
		parse_event(c, g);
	} while (take(c, ' '));
	expect(c, ')', "list of events does not end");
	check_events(c, g);
}

void notify_write_events(struct buf *out, unsigned which)
{
	bool first = true;

	for (size_t i = 0; i < EVENTS; i++) {
		if (!(which & events[i].kind))
			continue;
		buf_byte(out, first ? '(' : ' ');
		buf_add(out, events[i].name);
		first = false;
	}
	buf_byte(out, ')');
}

/* -- the command -- */

/* event-group = "(" filter-mailboxes SP events ")" */
static void parse_group(struct cursor *c, struct notify_group *g)
{
	expect(c, '(', "expected a group of events");
	parse_filter(c, g);
	expect(c, ' ', "expected events");
	parse_events(c, g);
	expect(c, ')', "group of events does not end");
}

static void check_groups(struct cursor *c, const struct notify_request *r)
{
	size_t selected = 0;
	size_t names = 0;

	for (size_t i = 0; i < r->n; i++) {
		selected += r->groups[i].filter <= NOTIFY_SELECTED_DELAYED;
		names += r->groups[i].n_names;
	}
	if (selected > 1)
		fail(c, "SELECTED and SELECTED-DELAYED: only one of them");
	if (names > LIMIT_NOTIFY_NAMES)
		fail_with(c, ERR_NOTIFICATIONOVERFLOW,
		          "too many names of mailboxes");
}

/* notify = "NOTIFY" SP ("SET" [SP "STATUS"] 1*(SP event-group) / "NONE");
 * "FRESH" is what one of our sessions says to another (watch.c) */
struct err parse_notify(struct cursor *c, struct notify_request *out)
{
	*out = (struct notify_request){ 0 };
	expect(c, ' ', "expected SET or NONE");
	if (take_word(c, S("NONE"))) {
		expect_end(c);
		return c->e;
	}
	if (!take_word(c, S("SET")))
		fail(c, "expected SET or NONE");
	out->status = take_word(c, S(" STATUS"));
	out->fresh = c->prefix.len != 0 && take_word(c, S(" FRESH"));
	out->groups = cursor_array(c, LIMIT_NOTIFY_GROUPS, sizeof *out->groups);
	do {
		expect(c, ' ', "expected a group of events");
		parse_group(c, &out->groups[out->n++]);
	} while (!at_end(c) && out->n < LIMIT_NOTIFY_GROUPS);
	expect_end(c);
	check_groups(c, out);
	return c->e;
}

/* -- which groups -- */

static bool is_below(struct slice name, bool others, struct slice top)
{
	if (top.len == 0)
		return !others;
	return slice_starts(name, top) && name.len > top.len &&
	       name.ptr[top.len] == '/';
}

static bool has_name(const struct notify_group *g, struct slice name,
                     bool others)
{
	for (size_t i = 0; i < g->n_names; i++)
		if (slice_eq(name, g->names[i]) ||
		    (g->filter == NOTIFY_SUBTREE &&
		     is_below(name, others, g->names[i])))
			return true;
	return false;
}

static bool matches(const struct notify_group *g, struct slice name,
                    bool others, bool subscribed)
{
	switch (g->filter) {
	case NOTIFY_PERSONAL:
		return !others;
	case NOTIFY_SUBSCRIBED:
		return subscribed;
	case NOTIFY_SUBTREE:
	case NOTIFY_MAILBOXES:
		return has_name(g, name, others);
	default:
		return false;
	}
}

unsigned notify_events_of(const struct notify_request *r, struct slice name,
                          bool others, bool subscribed)
{
	unsigned wanted = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct notify_group *g = &r->groups[i];

		/* what is the server's is in no mailbox, and in any group */
		if (name.len == 0)
			wanted |= g->events & NOTICE_SERVER_METADATA;
		else if (matches(g, name, others, subscribed))
			wanted |= g->events;
	}
	return wanted;
}

const struct notify_group *notify_selected(const struct notify_request *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->groups[i].filter <= NOTIFY_SELECTED_DELAYED)
			return &r->groups[i];
	return NULL;
}
