/*
 * visit_list.c -- LIST of what lies with others: all names that a pattern can
 * mean, and one that is subscribed to.
 *
 * What a visit says of its mailboxes goes to the client as it is, but that it
 * knows nothing of our subscriptions.
 */
#include "imap/list.h"
#include "imap/visit_internal.h"
#include "imap/visit_names.h"

/* -- what is told of a name -- */

/* Of "* LIST (attributes) "/" name". Subscriptions are kept at home. */
static bool is_subscribed(struct session *s, struct slice name)
{
	struct arena *arena = arena_new(SIZE_MAX);
	struct cursor c = cursor_of(name, arena, has_utf8(s));
	struct slice utf8 = parse_mailbox_utf8(&c);
	bool is = false;

	if (!is_ok(c.e) || !is_ok(mailbox_is_subscribed(s->account, utf8, &is)))
		is = false;
	arena_free(arena);
	return is;
}

static void reply_listed(struct session *s, const struct list_request *r,
                         struct slice line, bool childinfo)
{
	static const struct slice before_name = N(") \"/\" ");
	struct buf *out = session_out(s);
	size_t end = slice_find(line, before_name);
	struct slice rest = slice_from(line, end);
	struct slice name = slice_from(rest, before_name.len);

	buf_add(out, slice_first(line, end));
	if (r->returns & RETURN_SUBSCRIBED &&
	    is_subscribed(s, slice_first(name, name.len - 2)))
		buf_add(out, S(" \\Subscribed"));
	buf_add(out, slice_first(rest, rest.len - 2));
	if (childinfo)
		buf_add(out, S(" (\"CHILDINFO\" (\"SUBSCRIBED\"))"));
	buf_add(out, S("\r\n"));
}

/* The answer to a LIST, to the end; *told: there was something to list. */
static struct err pass_listed(struct session *s, struct visit *v,
                              struct slice tag, const struct list_request *r,
                              bool childinfo, bool *told)
{
	struct slice line;
	uint64_t octets;
	bool ended;
	struct err e;

	*told = false;
	for (;;) {
		bool is_row;

		e = visit_next(s, v, tag, &line, &octets, &ended);
		if (ended)
			break;
		is_row = is_ok(e) && slice_starts(line, S("* LIST ("));
		*told |= is_row;
		if (is_row && octets == 0)
			reply_listed(s, r, line, childinfo);
		else if (is_ok(e))
			e = visit_pass_line(s, v, line, octets);
		if (!is_ok(e))
			return visit_leave(s, v, e);
	}
	visit_rest(v);
	return OK;
}

/* Also of the owner's own name, below which all of his are. */
static struct err visit_to_owner(struct session *s, struct slice name,
                                 struct visit **out)
{
	struct buf top = { 0 };
	struct err e;

	buf_add(&top, name);
	buf_byte(&top, '/');
	e = visit_to(s, buf_slice(&top), out);
	buf_free(&top);
	return e;
}

bool visit_list_one(struct session *s, const struct list_request *r,
                    const struct list_row *row)
{
	struct buf text = { 0 };
	struct visit *v;
	bool told = false;
	struct err e = visit_to_owner(s, row->info.name, &v);

	if (!is_ok(e) || v == NULL)
		return false;
	buf_add(&text, S(ERRAND " LIST \"\" "));
	reply_mailbox(&text, row->info.name, has_utf8(s));
	if (row->more)
		buf_add(&text, r->returned);
	buf_add(&text, S("\r\n"));
	e = visit_say(v, buf_slice(&text));
	buf_free(&text);
	e = is_ok(e) ? pass_listed(s, v, S(ERRAND), r, row->childinfo, &told)
	             : visit_leave(s, v, e);
	return told;
}

/* -- all names -- */

/* The command as the client sent it. */
static void list_there(struct session *s, const struct list_request *r,
                       struct slice prefix)
{
	struct visit *v;
	bool told;
	struct err e = visit_to(s, prefix, &v);

	if (!is_ok(e) || v == NULL)
		return;
	e = visit_say(v, buf_slice(&s->framer.text));
	if (is_ok(e))
		e = visit_say(v, S("\r\n"));
	if (is_ok(e))
		pass_listed(s, v, s->tag, r, false, &told);
	else
		visit_leave(s, v, e);
}

/* One wildcard would be enough to mean any owner. */
static bool names_owner(struct slice pattern, struct slice before,
                        struct slice *prefix)
{
	struct slice rest = slice_from(pattern, before.len);
	size_t end = slice_find_byte(rest, '/');
	struct slice owner = slice_first(rest, end);

	*prefix = slice_first(pattern, before.len + owner.len + 1);
	return end != SLICE_NONE && slice_find_byte(owner, '%') == SLICE_NONE &&
	       slice_find_byte(owner, '*') == SLICE_NONE;
}

/* What the names of all begin with who share with us. */
static size_t owners_of(struct session *s, size_t which, struct slice **out)
{
	const struct visit_namespace *space = &visit_namespaces[which];
	const struct visit_office *office = s->config->visits;
	struct slice *v;
	size_t n;

	if (!is_ok(office->owners(office->ctx, s->who.account, space->shared,
	                          s->arena, &v, &n)))
		return 0;
	for (size_t i = 0; i < n; i++)
		v[i] = arena_printf(s->arena, "%.*s%.*s/",
		                    (int)space->prefix.len, space->prefix.ptr,
		                    (int)v[i].len, v[i].ptr);
	*out = v;
	return n;
}

static void list_all(struct session *s, const struct list_request *r,
                     size_t which)
{
	struct slice *owners;
	size_t n = owners_of(s, which, &owners);

	for (size_t i = 0; i < n; i++)
		list_there(s, r, owners[i]);
}

/* Do the first n patterns ask whoever's names begin so? */
static bool asks(const struct list_request *r, size_t n, struct slice before,
                 struct slice prefix)
{
	struct slice named;

	for (size_t i = 0; i < n; i++)
		if (slice_starts(r->texts[i], before) &&
		    (!names_owner(r->texts[i], before, &named) ||
		     slice_eq(named, prefix)))
			return true;
	return false;
}

bool visit_lists(const struct list_request *r, struct slice name)
{
	if (r->select & SELECT_SUBSCRIBED)
		return false;
	for (size_t i = 0; i < VISIT_NAMESPACES; i++) {
		struct slice before = visit_namespaces[i].prefix;
		size_t end = slice_find_byte(slice_from(name, before.len), '/');

		if (slice_starts(name, before) && end != SLICE_NONE)
			return asks(r, r->n_patterns, before,
			            slice_first(name, before.len + end + 1));
	}
	return false;
}

/* He is listed if he shows anything. */
static struct err ask_whether_listed(struct session *s, struct visit *v,
                                     bool *is)
{
	struct slice line;
	uint64_t octets;
	struct err e = OK;

	*is = false;
	while (is_ok(e)) {
		e = visit_line(v, &line, &octets);
		if (!is_ok(e) || visit_is_tagged(line, S(ERRAND)))
			break;
		if (slice_starts(line, S("* LIST ")) && octets == 0)
			*is = true;
		else
			e = visit_pass_line(s, v, line, octets);
	}
	return e;
}

/* Who is out of reach does, as far as we know. */
static bool shows_anything(struct session *s, struct slice prefix)
{
	struct buf text = { 0 };
	struct visit *v;
	bool is;
	struct err e = visit_to(s, prefix, &v);

	if (!is_ok(e) || v == NULL)
		return e.code != ERR_NONEXISTENT;
	buf_add(&text, S(ERRAND " LIST \"\" "));
	reply_mailbox(&text, slice_first(prefix, prefix.len - 1), has_utf8(s));
	buf_add(&text, S("\r\n"));
	e = visit_say(v, buf_slice(&text));
	buf_free(&text);
	if (is_ok(e))
		e = ask_whether_listed(s, v, &is);
	if (is_ok(e))
		return is;
	visit_leave(s, v, e);
	return true;
}

/* By its name, or as a level of names; a '*' does not reach there. */
static bool asks_for_top(const struct list_request *r, struct slice top)
{
	for (size_t i = 0; i < r->n_patterns; i++)
		if (slice_find_byte(r->texts[i], '*') == SLICE_NONE &&
		    pattern_matches(r->patterns[i], top))
			return true;
	return false;
}

/* What all their names begin with is there if any of them is. */
static void list_top(struct session *s, const struct list_request *r,
                     size_t which)
{
	const struct visit_namespace *space = &visit_namespaces[which];
	struct slice top = visit_top(space);
	struct mailbox_info own;
	struct slice *owners;
	size_t n = owners_of(s, which, &owners);

	if (!asks_for_top(r, top) || r->select & SELECT_SPECIAL_USE ||
	    is_ok(mailbox_get_info(s->account, top, &own)))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!shows_anything(s, owners[i]))
			continue;
		reply_list_begin(s, r);
		buf_add(session_out(s), S("\\Noselect \\HasChildren) \"/\" "));
		reply_mailbox(session_out(s), top, has_utf8(s));
		buf_add(session_out(s), S("\r\n"));
		return;
	}
}

/* Each owner is asked once: all patterns are looked at there. */
static void list_namespace(struct session *s, const struct list_request *r,
                           size_t which)
{
	struct slice prefix;

	for (size_t i = 0; i < r->n_patterns; i++)
		if (slice_starts(r->texts[i], visit_namespaces[which].prefix) &&
		    !names_owner(r->texts[i], visit_namespaces[which].prefix,
		                 &prefix)) {
			list_all(s, r, which);
			return;
		}
	for (size_t i = 0; i < r->n_patterns; i++) {
		if (!slice_starts(r->texts[i], visit_namespaces[which].prefix))
			continue;
		names_owner(r->texts[i], visit_namespaces[which].prefix,
		            &prefix);
		if (!asks(r, i, visit_namespaces[which].prefix, prefix))
			list_there(s, r, prefix);
	}
}

void visit_list(struct session *s, const struct list_request *r)
{
	if (s->config->visits == NULL || is_visit(s) ||
	    r->select & SELECT_SUBSCRIBED)
		return;
	for (size_t i = 0; i < VISIT_NAMESPACES; i++) {
		list_top(s, r, i);
		list_namespace(s, r, i);
	}
}
