/*
 * list.c -- LIST, LSUB and XLIST: which of the account's names are listed.
 * RFC 9051 section 6.3.9; RFC 3501 section 6.3.9; RFC 5258
 *
 * The names are the mailboxes, the subscribed names without a mailbox, and
 * the parents of these that are neither. They are in the order of
 * mailbox_list(): a name comes right before what is below it.
 */
#include <stdlib.h>

#include "imap/door.h"
#include "imap/list.h"
#include "imap/status.h"
#include "imap/visit.h"
#include "mailbox/name.h"

struct names {
	struct mailbox_info *v;
	size_t n;
	bool *matches; /* the patterns, each name for itself */
};

/* Bytewise, but the delimiter first: children follow their parent. */
static int by_level(const void *a, const void *b)
{
	struct slice x = ((const struct mailbox_info *)a)->name;
	struct slice y = ((const struct mailbox_info *)b)->name;
	size_t n = x.len < y.len ? x.len : y.len;

	for (size_t i = 0; i < n; i++) {
		int cx =
			x.ptr[i] == MAILBOX_DELIM ? 0 : (unsigned char)x.ptr[i];
		int cy =
			y.ptr[i] == MAILBOX_DELIM ? 0 : (unsigned char)y.ptr[i];

		if (cx != cy)
			return cx - cy;
	}
	return (x.len > y.len) - (x.len < y.len);
}

/* INBOX and what is below it come first. */
static int by_place(const void *a, const void *b)
{
	const struct mailbox_info *x = a;
	const struct mailbox_info *y = b;
	struct slice inbox = S("INBOX/");
	bool first_x =
		slice_starts(x->name, inbox) || slice_eq(x->name, S("INBOX"));
	bool first_y =
		slice_starts(y->name, inbox) || slice_eq(y->name, S("INBOX"));

	if (first_x != first_y)
		return first_x ? -1 : 1;
	return by_level(a, b);
}

static bool is_below(struct slice name, struct slice parent)
{
	return name.len > parent.len && slice_starts(name, parent) &&
	       name.ptr[parent.len] == MAILBOX_DELIM;
}

static bool has_name(const struct names *names, size_t sorted,
                     struct slice name)
{
	struct mailbox_info key = { .name = name };

	return bsearch(&key, names->v, sorted, sizeof key, by_place) != NULL;
}

static size_t count_levels(const struct names *names, bool all_names)
{
	size_t levels = 0;

	for (size_t i = 0; i < names->n; i++) {
		if (names->v[i].exists && !all_names)
			continue;
		for (size_t at = 0; at < names->v[i].name.len; at++)
			levels += names->v[i].name.ptr[at] == MAILBOX_DELIM;
	}
	return levels;
}

/* -- what a visitor sees -- */

static bool may_look_up(struct session *s, struct slice name)
{
	return is_ok(door_for(s, S("MYRIGHTS"), name));
}

/* Subscriptions and uses are the owner's. Suspends. */
static struct err keep_visible(struct session *s, struct names *names)
{
	struct err e = OK;
	size_t kept = 0;

	for (size_t i = 0; i < names->n && is_ok(e); i++) {
		struct mailbox_info info = names->v[i];

		info.special_use = 0;
		info.subscribed = false;
		if (info.exists && may_look_up(s, info.name))
			names->v[kept++] = info;
		e = task_go_on();
	}
	names->n = kept;
	return e;
}

/* A parent that may not be looked up is no more than a part of names. */
static void veil_parents(struct names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		struct mailbox_info *info = &names->v[i];

		info->noselect |= !info->exists;
		info->exists = true;
		info->has_children = i + 1 < names->n &&
		                     is_below(names->v[i + 1].name, info->name);
	}
}

/* -- parents -- */

/* Parents that are known only by a name below them: a subscribed one, or (all)
 * any. */
static void add_parents(struct names *names, struct arena *a, bool all_names)
{
	size_t n = names->n;
	struct mailbox_info *all =
		arena_array(a, n + count_levels(names, all_names), sizeof *all);
	size_t distinct = 0;

	if (n != 0)
		memcpy(all, names->v, n * sizeof *all);
	names->v = all;
	for (size_t i = 0; i < n; i++) {
		struct slice name = all[i].name;

		while ((all_names || !all[i].exists) &&
		       (name = mailbox_name_parent(name)).len != 0)
			if (!has_name(names, n, name))
				all[names->n++] =
					(struct mailbox_info){ .name = name };
	}
	if (names->n == n)
		return;
	qsort(all, names->n, sizeof *all, by_place);
	for (size_t i = 0; i < names->n; i++)
		if (i == 0 || !slice_eq(all[i].name, all[distinct - 1].name))
			all[distinct++] = all[i];
	names->n = distinct;
}

static bool matches(struct session *s, const struct list_request *r,
                    struct slice name)
{
	if (is_visit(s))
		name = arena_printf(s->arena, "%.*s%.*s", (int)s->prefix.len,
		                    s->prefix.ptr, (int)name.len, name.ptr);
	for (size_t i = 0; i < r->n_patterns; i++)
		if (pattern_matches(r->patterns[i], name))
			return true;
	return false;
}

/* Of others' mailboxes those that are subscribed to are asked for, unless the
 * visit lists them itself. Suspends. */
static void ask_for_others(struct session *s, const struct list_request *r,
                           struct names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		struct mailbox_info *info = &names->v[i];

		if (info->subscribed && visit_is_name(s, info->name) &&
		    !visit_lists(r, info->name) && matches(s, r, info->name))
			info->exists = visit_knows(s, info->name);
	}
}

/* Once a name: it is asked for by what is above it, too. Suspends. */
static struct err match_names(struct session *s, const struct list_request *r,
                              struct names *names)
{
	struct err e = OK;

	names->matches =
		arena_array(s->arena, names->n + 1, sizeof *names->matches);
	for (size_t i = 0; i < names->n && is_ok(e); i++) {
		names->matches[i] = matches(s, r, names->v[i].name);
		e = task_go_on();
	}
	return e;
}

/* By the selection options alone. */
static bool is_chosen(const struct list_request *r,
                      const struct mailbox_info *info)
{
	if (r->select & SELECT_SPECIAL_USE && info->special_use == 0)
		return false;
	if (r->select & SELECT_SUBSCRIBED)
		return info->subscribed;
	return info->exists;
}

/*
 * What is below names->v[at] and chosen: is there any, and is there one
 * that the patterns leave out?
 */
static void look_below(const struct list_request *r, const struct names *names,
                       size_t at, bool *any, bool *hidden)
{
	*any = false;
	*hidden = false;
	for (size_t i = at + 1; i < names->n && !*hidden; i++) {
		if (!is_below(names->v[i].name, names->v[at].name))
			return;
		if (!is_chosen(r, &names->v[i]))
			continue;
		*any = true;
		*hidden = !names->matches[i];
	}
}

static bool has_percent(const struct list_request *r)
{
	for (size_t i = 0; i < r->n_patterns; i++)
		if (pattern_has_percent(r->patterns[i]))
			return true;
	return false;
}

/* Is there a row for names->v[at]? The caller knows that it matches. */
static bool make_row(const struct list_request *r, const struct names *names,
                     size_t at, struct list_row *row)
{
	bool recursive = r->lsub || r->select & SELECT_RECURSIVEMATCH;
	bool any = false;
	bool hidden = false;

	*row = (struct list_row){ .info = names->v[at] };
	if (recursive)
		look_below(r, names, at, &any, &hidden);
	if (is_chosen(r, &row->info)) {
		row->childinfo = any;
		row->more = row->info.exists && !row->info.noselect;
		return true;
	}
	/* LSUB shows it as a name that can't be selected, RFC 3501 6.3.9 */
	row->info.noselect |= r->lsub;
	row->childinfo = hidden;
	return hidden && (!r->lsub || has_percent(r));
}

/* What is listed only for what is below it has no STATUS; and what may not be
 * read can't be selected. RFC 5819 sections 2 and 3 */
static void look_at_status(struct session *s, const struct list_request *r,
                           struct list_row *row)
{
	if (r->returns & RETURN_STATUS && row->more)
		row->info.noselect =
			!is_ok(door_for(s, S("STATUS"), row->info.name));
}

static void reply_row_status(struct session *s, const struct list_request *r,
                             const struct list_row *row)
{
	struct mailbox_status status;

	if (!(r->returns & RETURN_STATUS) || !row->more || row->info.noselect)
		return;
	if (is_ok(mailbox_status(s->account, s->who.account, row->info.name,
	                         &status)))
		reply_mailbox_status(s, row->info.name, &status, r->status);
}

/* RFC 9590 section 3: behind its LIST response. */
static void reply_row_metadata(struct session *s, const struct list_request *r,
                               const struct list_row *row)
{
	struct metadata_request metadata = r->metadata;
	uint64_t longest;

	if (!(r->returns & RETURN_METADATA) || !row->more)
		return;
	metadata.mailbox = row->info.name;
	if (is_ok(door_for(s, S("GETMETADATA"), row->info.name)))
		reply_metadata(s, &metadata, &longest);
}

/* RFC 8440 section 3 */
static void reply_row_rights(struct session *s, const struct list_request *r,
                             const struct list_row *row)
{
	if (r->returns & RETURN_MYRIGHTS && row->more)
		reply_myrights(s, row->info.name);
}

/* 'LIST "" ""': the delimiter, and the root of the reference. */
static void reply_root(struct session *s, const struct list_request *r)
{
	reply_list_begin(s, r);
	buf_add(session_out(s), S("\\Noselect) \"/\" \"\"\r\n"));
}

/* Above all that a visitor sees: the owner. */
static void reply_owner(struct session *s, const struct list_request *r)
{
	struct slice name = slice_first(s->prefix, s->prefix.len - 1);
	struct buf *out = session_out(s);

	for (size_t i = 0; i < r->n_patterns; i++) {
		if (!pattern_matches(r->patterns[i], name))
			continue;
		reply_list_begin(s, r);
		buf_add(out, S("\\Noselect \\HasChildren) \"/\" "));
		reply_mailbox(out, name, has_utf8(s));
		buf_add(out, S("\r\n"));
		return;
	}
}

/* All names, as the session may see them. */
static struct err list_visible(struct session *s, const struct list_request *r,
                               struct names *names)
{
	struct err e = mailbox_list(s->account, s->arena, &names->v, &names->n);

	if (is_ok(e) && is_visit(s))
		e = keep_visible(s, names);
	if (!is_ok(e))
		return e;
	add_parents(names, s->arena, is_visit(s));
	if (is_visit(s))
		veil_parents(names);
	else
		ask_for_others(s, r, names);
	return OK;
}

static struct err list_names(struct session *s, const struct list_request *r,
                             struct names *names)
{
	struct err e = list_visible(s, r, names);

	if (is_ok(e) && is_visit(s) && names->n != 0 &&
	    !(r->select & SELECT_SPECIAL_USE))
		reply_owner(s, r);
	return e;
}

/* Of a name that is no mailbox there is still whether it is subscribed. */
static struct err find_own(struct session *s, struct slice name,
                           struct mailbox_info *out)
{
	struct err e = mailbox_get_info(s->account, name, out);

	if (e.code != ERR_NONEXISTENT)
		return e;
	*out = (struct mailbox_info){
		.name = name,
		.exists = visit_is_name(s, name) && visit_knows(s, name),
	};
	return mailbox_is_subscribed(s->account, name, &out->subscribed);
}

struct err list_find(struct session *s, struct slice name,
                     struct mailbox_info *out)
{
	static const struct list_request any = { 0 };
	struct names names;
	struct err e;

	if (!is_visit(s))
		return find_own(s, name, out);
	e = list_visible(s, &any, &names);
	*out = (struct mailbox_info){ .name = name };
	for (size_t i = 0; i < names.n && is_ok(e); i++)
		if (slice_eq(names.v[i].name, name))
			*out = names.v[i];
	return e;
}

static void reply_own_row(struct session *s, const struct list_request *r,
                          struct list_row *row)
{
	look_at_status(s, r, row);
	reply_list_row(s, r, row);
	reply_row_status(s, r, row);
	reply_row_metadata(s, r, row);
	reply_row_rights(s, r, row);
}

/* LSUB and XLIST say no more than that a name is there. Suspends. */
static void reply_row(struct session *s, const struct list_request *r,
                      struct list_row *row)
{
	if (!r->lsub && !r->xlist && visit_is_taken(s, row->info.name) &&
	    visit_list_one(s, r, row))
		return;
	if (visit_is_name(s, row->info.name))
		reply_list_row(s, r, row);
	else
		reply_own_row(s, r, row);
}

static struct err list_run(struct session *s, const struct list_request *r)
{
	struct names names;
	struct err e;

	if (r->root) {
		reply_root(s, r);
		return OK;
	}
	e = list_names(s, r, &names);
	if (is_ok(e))
		e = match_names(s, r, &names);
	for (size_t i = 0; i < names.n && is_ok(e); i++) {
		struct list_row row;

		e = task_go_on();
		if (!names.matches[i] || !make_row(r, &names, i, &row))
			continue;
		reply_row(s, r, &row);
		out_drain(&s->out);
	}
	return e;
}

struct err cmd_list(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct list_request r;
	struct err e = parse_list(&c, &r);

	if (is_ok(e))
		e = list_run(s, &r);
	if (is_ok(e))
		visit_list(s, &r);
	return e;
}

struct err cmd_lsub(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct list_request r;
	struct err e = parse_lsub(&c, &r);

	return is_ok(e) ? list_run(s, &r) : e;
}

struct err cmd_xlist(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct list_request r;
	struct err e = parse_xlist(&c, &r);

	if (is_ok(e))
		e = list_run(s, &r);
	if (is_ok(e))
		visit_list(s, &r);
	return e;
}
