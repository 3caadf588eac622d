/*
 * notify.c -- NOTIFY: the command, and telling.
 *
 *	a change is durable ──► hear() ──► news ──(the session runs)──► told
 *
 * What is heard (notify_hear.c) is only which mailbox and what kind of news;
 * what there is to say of it is looked up when it is told, so that much news of
 * one mailbox costs one line.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/door.h"
#include "imap/list.h"
#include "imap/notify_internal.h"
#include "imap/status.h"
#include "task/task.h"

/* -- telling -- */

static bool is_closed(struct session *s, const struct mailbox_info *info)
{
	return info->exists && !info->noselect &&
	       door_for(s, S("STATUS"), info->name).code == ERR_NOPERM;
}

static void tell_name(struct session *s, const struct news *news)
{
	static const struct list_request request = {
		.returns = RETURN_SUBSCRIBED,
	};
	struct list_row row = { .oldname = slice_cstr(news->oldname) };

	if (!is_ok(list_find(s, slice_cstr(news->name), &row.info)))
		return;
	/* RFC 5465 section 5.9 */
	row.noaccess = is_closed(s, &row.info) ||
	               (!row.info.exists && news->kinds & NOTICE_RIGHTS);
	reply_list_row(s, &request, &row);
}

/* RFC 5465 sections 5.1 to 5.3 */
static unsigned status_items(const struct session *s, unsigned kinds)
{
	struct slice text = S("(MESSAGES UIDNEXT UIDVALIDITY)");
	struct cursor c;

	if (has_condstore(s))
		text = kinds & NOTICE_FLAGS
		               ? S("(MESSAGES UIDNEXT UIDVALIDITY UNSEEN "
		                   "HIGHESTMODSEQ)")
		               : S("(MESSAGES UIDNEXT UIDVALIDITY "
		                   "HIGHESTMODSEQ)");
	else if (kinds & NOTICE_FLAGS)
		text = S("(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)");
	c = cursor_of(text, s->arena, false);
	return parse_status_items(&c);
}

static void tell_status(struct session *s, struct slice name, unsigned kinds)
{
	struct mailbox_status status;

	/* gone: its name says so, to whom wants to know */
	if (is_ok(door_for(s, S("STATUS"), name)) &&
	    is_ok(mailbox_status(s->account, s->who.account, name, &status)))
		reply_mailbox_status(s, name, &status, status_items(s, kinds));
}

/* metadata-resp = "METADATA" SP mailbox SP entry *(SP entry)
 * RFC 5464 section 4.4.2 */
static void tell_metadata(struct session *s, const struct news *news)
{
	struct buf *out = session_out(s);
	struct slice rest = buf_slice(&news->entries);

	if (*news->name != '\0' &&
	    !is_ok(door_for(s, S("GETMETADATA"), slice_cstr(news->name))))
		return;

	buf_add(out, S("* METADATA "));
	session_reply_name(s, slice_cstr(news->name));
	while (rest.len != 0) {
		struct slice entry = slice_cstr(rest.ptr);

		buf_byte(out, ' ');
		reply_astring(out, entry);
		rest = slice_from(rest, entry.len + 1);
	}
	buf_add(out, S("\r\n"));
}

/* Subscriptions here are the owner's, which a visitor's are not. */
static struct err is_subscribed(struct session *s, struct slice name, bool *is)
{
	*is = false;
	return is_visit(s) ? OK : mailbox_is_subscribed(s->account, name, is);
}

unsigned notify_events_now(struct session *s, struct slice name, unsigned kinds)
{
	bool subscribed;

	if (!is_ok(is_subscribed(s, name, &subscribed)))
		return 0;
	return notify_events_of(&s->notify->request, name,
	                        visit_is_name(s, name),
	                        subscribed || kinds & NOTICE_SUBSCRIPTION);
}

static void tell_news(struct session *s, const struct news *news)
{
	struct slice name = slice_cstr(news->name);
	unsigned events = notify_events_now(s, name, news->kinds);
	unsigned kinds = news->kinds & events;

	if (news->oldname != NULL)
		kinds |= news->kinds & NOTICE_NAME &
		         notify_events_now(s, slice_cstr(news->oldname), 0);
	if (events != 0)
		kinds |= news->kinds & NOTICE_RIGHTS;
	if (kinds & (NOTIFY_NAMES | NOTICE_RIGHTS))
		tell_name(s, news);
	if (kinds & NOTIFY_METADATA)
		tell_metadata(s, news);
	if (kinds & NOTIFY_MESSAGES && !session_has_selected(s, name))
		tell_status(s, name, kinds);
}

/* One at a time: more may be heard while one is told. */
static bool take_news(struct notify *n, struct news *out)
{
	if (n->n_news == 0)
		return false;
	*out = n->news[0];
	n->n_news--;
	memmove(n->news, n->news + 1, n->n_news * sizeof *n->news);
	return true;
}

/* From then on it is as after NOTIFY NONE. RFC 5465 section 5.8 */
static void tell_overflow(struct session *s)
{
	struct notify *n = s->notify;

	n->overflow = false;
	n->request.n = 0;
	notify_drop_news(n);
	watches_end(&n->watches);
	buf_add(session_out(s), S("* OK [NOTIFICATIONOVERFLOW] Too much news, "
	                          "ask again\r\n"));
	notify_there(s);
}

/* Owners come and go. */
static void look_around(struct session *s)
{
	struct notify *n = s->notify;

	if (!n->moved || n->overflow)
		return;
	n->moved = false;
	n->overflow = !is_ok(watches_sync(s, &n->request, &n->watches, true));
}

void notify_tell(struct session *s)
{
	struct news news;

	if (s->notify == NULL)
		return;
	look_around(s);
	if (!s->notify->overflow)
		s->notify->overflow = !watches_tell(s, s->notify->watches);
	while (!s->notify->overflow && !s->over &&
	       take_news(s->notify, &news)) {
		tell_news(s, &news);
		news_free(&news);
		out_drain(&s->out);
	}
	if (s->notify->overflow)
		tell_overflow(s);
}

/* -- the selected mailbox -- */

static const struct notify_group *selected_group(const struct session *s)
{
	return s->notify != NULL ? notify_selected(&s->notify->request) : NULL;
}

bool notify_wants_selected(const struct session *s)
{
	const struct notify_group *g = selected_group(s);

	return g != NULL && g->events != 0;
}

/* Amid IDLE an expunge is told in any case. */
bool notify_allows_expunges(const struct session *s)
{
	const struct notify_group *g = selected_group(s);

	return s->idling || (g != NULL && g->filter == NOTIFY_SELECTED);
}

bool notify_wants_flags(const struct session *s)
{
	const struct notify_group *g = selected_group(s);

	return g == NULL || g->events & NOTICE_FLAGS;
}

struct slice notify_items(const struct session *s)
{
	const struct notify_group *g = selected_group(s);

	return g != NULL ? g->items : S("");
}

const struct notify_request *notify_asked(const struct session *s)
{
	return s->notify != NULL ? &s->notify->request : NULL;
}

/* -- the command -- */

static void notify_free(struct notify *n)
{
	watches_end(&n->watches);
	notify_drop_news(n);
	arena_free(n->arena);
	free(n);
}

void notify_stop(struct session *s)
{
	struct notify *n = s->notify;

	if (n == NULL)
		return;
	s->notify = NULL;
	account_unlisten(s->account, &n->listener);
	visit_forget_grants(s, &n->grants);
	notify_free(n);
}

static void notify_start(struct session *s, struct notify *n)
{
	n->session = s;
	n->listener = (struct notice_listener){ NULL, notify_hear, n };
	n->grants = (struct grant_listener){ NULL, notify_hear_grant, n };
	account_listen(s->account, &n->listener);
	visit_hear_grants(s, &n->grants);
	s->notify = n;
}

/* What there is to be said of a mailbox at once. */
static void tell_first(struct session *s, const struct mailbox_info *info,
                       unsigned events)
{
	const struct notify_request *r = &s->notify->request;
	struct news news = { .name = mem_cstr(info->name) };

	if (is_closed(s, info) || (r->fresh && events & NOTICE_NAME &&
	                           is_ok(door_for(s, S("STATUS"), info->name))))
		tell_name(s, &news);
	if (r->status && events & NOTIFY_MESSAGES &&
	    !session_has_selected(s, info->name))
		tell_status(s, info->name, events);
	news_free(&news);
}

/* RFC 5465 section 3.1: before the tagged OK */
static struct err tell_all(struct session *s)
{
	const struct notify_request *r = &s->notify->request;
	struct mailbox_info *v;
	size_t n;
	struct err e = mailbox_list(s->account, s->arena, &v, &n);

	for (size_t i = 0; is_ok(e) && i < n; i++) {
		unsigned events = notify_events_of(
			r, v[i].name, visit_is_name(s, v[i].name),
			v[i].subscribed && !is_visit(s));

		if (events != 0 && v[i].exists)
			tell_first(s, &v[i], events);
		out_drain(&s->out);
		e = task_go_on();
	}
	return e;
}

static struct err parse(struct session *s, struct slice args, struct notify *n)
{
	struct cursor c;

	n->arena = arena_new(LIMIT_COMMAND_ARENA);
	c = cursor_of(arena_copy(n->arena, args), n->arena, has_utf8(s));
	c.prefix = s->prefix;
	return parse_notify(&c, &n->request);
}

struct err cmd_notify(struct session *s, struct slice args)
{
	struct notify *n = mem_new(1, sizeof *n);
	struct err e = parse(s, args, n);

	if (is_ok(e))
		e = watches_sync(s, &n->request, &n->watches, false);
	if (!is_ok(e)) {
		notify_free(n);
		return e;
	}
	notify_tell(s); /* what was asked for until now */
	notify_stop(s);
	notify_start(s, n);
	notify_there(s);
	if (n->request.n == 0) /* the numbers that the client has stay */
		return OK;
	session_sync(s, true); /* SET is a NOOP, too: RFC 5465 section 3.1 */
	e = tell_all(s);
	if (!is_ok(e))
		notify_stop(s);
	return e;
}
