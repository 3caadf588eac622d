/* watch.c -- see watch.h. */
#include "imap/watch.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/owners.h"
#include "imap/visit_internal.h"
#include "mailbox/name.h"

struct watch {
	struct watch *next;
	struct visit *visit;
	char *asked; /* for which groups */
};

static const struct err out_of_reach = { ERR_UNAVAILABLE,
	                                 "an owner's mailboxes are out of "
	                                 "reach" };
static const struct err too_much = { ERR_NOTIFICATIONOVERFLOW,
	                             "too much to be told of" };

static void watch_free(struct watch *w)
{
	visit_free(w->visit);
	free(w->asked);
	free(w);
}

void watches_end(struct watch **list)
{
	while (*list != NULL) {
		struct watch *w = *list;

		*list = w->next;
		watch_free(w);
	}
}

/* -- what they say -- */

/* Of the selected mailbox only SELECTED says something. RFC 5465 section 3.1 */
static bool is_of_selected(struct session *s, const struct watch *w,
                           struct slice line)
{
	struct slice prefix = slice_cstr(w->visit->prefix);
	struct buf selected = { 0 };
	struct cursor c;
	struct slice name;
	bool same;

	if (s->away == NULL || !slice_starts(line, S("* STATUS ")))
		return false;
	c = cursor_of(slice_from(line, 9), s->arena, has_utf8(s));
	c.prefix = prefix;
	name = parse_mailbox(&c);
	same = is_ok(c.e) && slice_ieq(slice_cstr(s->away->prefix), prefix) &&
	       is_ok(mailbox_name_normal(
		       slice_from(slice_cstr(s->away->selected), prefix.len),
		       &selected)) &&
	       slice_eq(buf_slice(&selected), name);
	buf_free(&selected);
	return same;
}

static struct err pass(struct session *s, struct watch *w, struct slice line,
                       uint64_t octets)
{
	if (slice_starts(line, S("* BYE")))
		return err(ERR_CLOSED, NULL);
	if (slice_starts(line, S("* OK [NOTIFICATIONOVERFLOW]")))
		return too_much;
	if (slice_starts(line, S(ERRAND " ")))
		return slice_starts(line, S(ERRAND " OK")) ? OK : too_much;
	if (slice_starts(line, S("* ENABLED")) || is_of_selected(s, w, line))
		return OK;
	return visit_pass(s, w->visit, line, octets);
}

static void wake(void *session)
{
	struct session *s = session;

	s->wake(s->wake_arg);
}

static struct err tell(struct session *s, struct watch *w)
{
	struct visit *v = w->visit;
	struct err e = visit_say_enable(s, v);
	struct slice line;
	uint64_t octets;
	bool has = true;

	while (is_ok(e) && has) {
		e = visit_has_line(v, &has);
		if (is_ok(e) && has)
			e = visit_line(v, &line, &octets);
		if (is_ok(e) && has)
			e = pass(s, w, line, octets);
	}
	visit_rest(v);
	if (is_ok(e))
		stream_on_readable(v->stream, wake, s);
	return e;
}

bool watches_tell(struct session *s, struct watch *list)
{
	bool all = true;

	for (struct watch *w = list; w != NULL; w = w->next)
		all = is_ok(tell(s, w)) && all;
	return all;
}

/* -- what they are asked -- */

/* Subscriptions that lie with others. */
struct names {
	struct slice *v;
	size_t n;
};

static bool has_subscribed(const struct notify_request *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->groups[i].filter == NOTIFY_SUBSCRIBED)
			return true;
	return false;
}

static struct err find_subscribed(struct session *s,
                                  const struct notify_request *r,
                                  struct names *out)
{
	struct mailbox_info *v;
	size_t n;
	struct err e;

	*out = (struct names){ 0 };
	if (!has_subscribed(r))
		return OK;
	e = mailbox_list(s->account, s->arena, &v, &n);
	if (!is_ok(e))
		return e;
	out->v = arena_array(s->arena, n + 1, sizeof *out->v);
	for (size_t i = 0; i < n; i++)
		if (v[i].subscribed && visit_is_name(s, v[i].name))
			out->v[out->n++] = v[i].name;
	return OK;
}

/* The names of a group, and what they stand for. */
static struct names names_of(const struct notify_group *g,
                             struct names subscribed, enum reach *reach)
{
	*reach = g->filter == NOTIFY_SUBTREE ? REACH_SUBTREE : REACH_MAILBOX;
	return g->filter == NOTIFY_SUBSCRIBED
	               ? subscribed
	               : (struct names){ g->names, g->n_names };
}

static struct err find_owners(struct session *s, const struct notify_request *r,
                              struct names subscribed, struct owners *out)
{
	struct err e = OK;

	for (size_t i = 0; i < r->n; i++) {
		enum reach reach;
		struct names names =
			names_of(&r->groups[i], subscribed, &reach);

		if (!(r->groups[i].events & NOTIFY_ELSEWHERE))
			continue;
		for (size_t k = 0; k < names.n && is_ok(e); k++)
			e = owners_add(s, out, names.v[k], reach);
	}
	return e.code == ERR_LIMIT ? err(ERR_NOTIFICATIONOVERFLOW, e.text) : e;
}

static void write_group(struct session *s, struct buf *out,
                        const struct notify_group *g, struct names subscribed,
                        struct slice owner)
{
	unsigned events = g->events & NOTIFY_ELSEWHERE;
	enum reach reach;
	struct names names = names_of(g, subscribed, &reach);
	struct slice *his = arena_array(s->arena, names.n + 1, sizeof *his);
	size_t n = owners_names(s, owner, names.v, names.n, reach, his);

	if (n == 0 || events == 0)
		return;
	buf_add(out,
	        reach == REACH_SUBTREE ? S(" (SUBTREE (") : S(" (MAILBOXES ("));
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			buf_byte(out, ' ');
		reply_mailbox(out, his[i], has_utf8(s));
	}
	buf_add(out, S(") "));
	notify_write_events(out, events);
	buf_byte(out, ')');
}

static struct err say(struct visit *v, struct slice options,
                      struct slice groups)
{
	struct err e = visit_say(v, S(ERRAND " NOTIFY SET"));

	if (is_ok(e))
		e = visit_say(v, options);
	if (is_ok(e))
		e = visit_say(v, groups);
	return is_ok(e) ? visit_say(v, S("\r\n")) : e;
}

/* Up to the next answer to something we have said. */
static struct err hear(struct session *s, struct watch *w)
{
	struct slice line;
	uint64_t octets;
	bool last = false;
	struct err e = OK;

	while (is_ok(e) && !last) {
		e = visit_await(s, w->visit);
		if (is_ok(e))
			e = visit_line(w->visit, &line, &octets);
		if (!is_ok(e))
			break;
		last = slice_starts(line, S(ERRAND " "));
		e = pass(s, w, line, octets);
	}
	return e;
}

/* The greeting, then ENABLE and NOTIFY. */
static struct err introduce(struct session *s, struct watch *w,
                            struct slice options, struct slice groups)
{
	struct err e = hear(s, w);

	if (is_ok(e) && s->enabled != 0) {
		e = visit_say_enable(s, w->visit);
		if (is_ok(e))
			e = hear(s, w);
	}
	if (is_ok(e))
		e = say(w->visit, options, groups);
	return is_ok(e) ? hear(s, w) : e;
}

static struct err begin(struct session *s, struct slice owner,
                        struct slice options, struct slice groups,
                        struct watch **out)
{
	struct watch *w = mem_new(1, sizeof *w);
	struct err e = visit_open(s, owner, &w->visit);

	if (!is_ok(e)) {
		free(w);
		return e.code == ERR_NONEXISTENT ? OK : e;
	}
	w->asked = mem_cstr(groups);
	e = introduce(s, w, options, groups);
	if (!is_ok(e)) {
		watch_free(w);
		return e.code == ERR_CLOSED ? out_of_reach : e;
	}
	w->next = *out;
	*out = w;
	return OK;
}

/* -- which there are -- */

static struct watch **find(struct watch **list, struct slice owner)
{
	while (*list != NULL &&
	       !slice_ieq(slice_cstr((*list)->visit->prefix), owner))
		list = &(*list)->next;
	return list;
}

static size_t count(const struct watch *list)
{
	size_t n = 0;

	for (; list != NULL; list = list->next)
		n++;
	return n;
}

static struct err sync_owner(struct session *s, struct slice owner,
                             struct slice options, struct slice groups,
                             struct watch **list)
{
	struct watch *w = *find(list, owner);

	if (w == NULL && count(*list) == LIMIT_WATCHES)
		return err(ERR_NOTIFICATIONOVERFLOW,
		           "too many owners of mailboxes");
	if (groups.len > LIMIT_LINE / 2)
		return err(ERR_NOTIFICATIONOVERFLOW,
		           "too many names of mailboxes");
	if (w == NULL)
		return begin(s, owner, options, groups, list);
	if (slice_eq(slice_cstr(w->asked), groups))
		return OK;
	free(w->asked);
	w->asked = mem_cstr(groups);
	return say(w->visit, S(""), groups);
}

static bool has_owner(const struct owners *owners, const struct watch *w)
{
	for (size_t i = 0; i < owners->n; i++)
		if (slice_ieq(owners->v[i], slice_cstr(w->visit->prefix)))
			return true;
	return false;
}

static void end_others(struct watch **list, const struct owners *owners)
{
	while (*list != NULL) {
		struct watch *w = *list;

		if (has_owner(owners, w)) {
			list = &w->next;
			continue;
		}
		*list = w->next;
		watch_free(w);
	}
}

struct err watches_sync(struct session *s, const struct notify_request *r,
                        struct watch **list, bool fresh)
{
	struct buf groups = { 0 };
	struct owners owners = { 0 };
	struct names subscribed;
	struct slice options =
		r->status ? fresh ? S(" STATUS FRESH") : S(" STATUS")
		: fresh ? S(" FRESH")
			  : S("");
	struct err e;

	if (s->config->visits == NULL || is_visit(s))
		return OK;
	e = find_subscribed(s, r, &subscribed);
	if (is_ok(e))
		e = find_owners(s, r, subscribed, &owners);
	if (is_ok(e))
		end_others(list, &owners);
	for (size_t i = 0; i < owners.n && is_ok(e); i++) {
		groups.len = 0;
		for (size_t k = 0; k < r->n; k++)
			write_group(s, &groups, &r->groups[k], subscribed,
			            owners.v[i]);
		e = sync_owner(s, owners.v[i], options, buf_slice(&groups),
		               list);
	}
	buf_free(&groups);
	return e;
}

/* -- the mailbox selected at a visit -- */

static void say_there(struct session *s, struct slice text)
{
	struct visit *v = s->away;
	struct slice said;
	struct err e = visit_say(v, text);

	if (is_ok(e))
		visit_answer(s, v, S(ERRAND), &said);
	else
		visit_leave(s, v, e);
}

static void write_selected(struct buf *out, const struct notify_group *g)
{
	if (g == NULL || g->events == 0) {
		buf_add(out, S(ERRAND " NOTIFY SET (SELECTED NONE)\r\n"));
		return;
	}
	buf_add(out, g->filter == NOTIFY_SELECTED
	                     ? S(ERRAND " NOTIFY SET (SELECTED (MessageNew ")
	                     : S(ERRAND " NOTIFY SET (SELECTED-DELAYED "
	                                "(MessageNew "));
	buf_add(out, g->items);
	buf_add(out,
	        g->items.len != 0 ? S(" MessageExpunge") : S("MessageExpunge"));
	buf_add(out, g->events & NOTICE_FLAGS ? S(" FlagChange))\r\n")
	                                      : S("))\r\n"));
}

void notify_there(struct session *s)
{
	const struct notify_request *r = notify_asked(s);
	struct buf text = { 0 };

	if (s->away == NULL || r == NULL)
		return;
	write_selected(&text, notify_selected(r));
	say_there(s, buf_slice(&text));
	buf_free(&text);
}

void notify_hush_there(struct session *s)
{
	if (s->away != NULL && notify_asked(s) != NULL)
		say_there(s, S(ERRAND " NOTIFY NONE\r\n"));
}

/* -- who is let in -- */

void visit_granted(const struct visit_office *office, struct slice identifier)
{
	for (struct grant_listener *l = *office->listeners; l != NULL;
	     l = l->next)
		l->hear(l->arg, identifier);
}

static struct grant_listener **listeners(const struct session *s)
{
	const struct visit_office *office = s->config->visits;

	return office != NULL && !is_visit(s) ? office->listeners : NULL;
}

void visit_hear_grants(struct session *s, struct grant_listener *l)
{
	struct grant_listener **list = listeners(s);

	if (list == NULL)
		return;
	l->next = *list;
	*list = l;
}

void visit_forget_grants(struct session *s, struct grant_listener *l)
{
	struct grant_listener **at = listeners(s);

	if (at == NULL)
		return;
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
}
