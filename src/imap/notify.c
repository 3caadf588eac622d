/*
 * notify.c -- NOTIFY: hearing, and telling.
 *
 *	a change is durable ──► hear() ──► news ──(the session runs)──► told
 *
 * What is heard is only which mailbox and what kind of news; what there is
 * to say of it is looked up when it is told, so that much news of one
 * mailbox costs one line. News of too many mailboxes, which means that the
 * client takes nothing, end it with NOTIFICATIONOVERFLOW.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/door.h"
#include "imap/fetch.h"
#include "imap/list.h"
#include "imap/notify.h"
#include "imap/status.h"
#include "task/task.h"

struct news {
	char *name; /* heap, as the next */
	char *oldname;
	struct buf entries; /* annotations, '\0' behind each */
	unsigned kinds;     /* enum notice_kind */
};

struct notify {
	struct session *session;
	struct arena *arena; /* the request's */
	struct notify_request request;
	struct notice_listener listener;
	struct news *news; /* in the order in which they were heard first */
	size_t n_news;
	bool overflow;
};

/* -- hearing -- */

/* Whether it is subscribed is looked at when it is told. */
static bool may_want(const struct notify *n, const struct notice *notice)
{
	unsigned events = 0;

	for (int subscribed = 0; subscribed < 2; subscribed++) {
		const struct notify_group *g =
			notify_group_of(&n->request, notice->name, subscribed);

		events |= g != NULL ? g->events : 0;
	}
	return events & notice->kind;
}

static struct news *find_news(struct notify *n, struct slice name)
{
	for (size_t i = 0; i < n->n_news; i++)
		if (slice_eq(slice_cstr(n->news[i].name), name))
			return &n->news[i];
	return NULL;
}

static void free_news(struct news *news)
{
	free(news->name);
	free(news->oldname);
	buf_free(&news->entries);
}

static void drop_news(struct notify *n)
{
	for (size_t i = 0; i < n->n_news; i++)
		free_news(&n->news[i]);
	free(n->news);
	n->news = NULL;
	n->n_news = 0;
}

static struct news *add_news(struct notify *n, struct slice name)
{
	if (n->n_news == LIMIT_NOTIFY_NEWS) {
		n->overflow = true;
		return NULL;
	}
	n->news = mem_resize(n->news, n->n_news + 1, sizeof *n->news);
	n->news[n->n_news] = (struct news){ .name = mem_cstr(name) };
	return &n->news[n->n_news++];
}

static void add_entry(struct notify *n, struct buf *entries, struct slice name)
{
	if (entries->len + name.len >= LIMIT_NOTIFY_ENTRIES) {
		n->overflow = true;
		return;
	}
	buf_add(entries, name);
	buf_byte(entries, '\0');
}

static void add_kind(struct notify *n, struct news *news,
                     const struct notice *notice)
{
	news->kinds |= notice->kind;
	if (notice->kind & NOTIFY_METADATA)
		add_entry(n, &news->entries, notice->detail);
	if (notice->kind != NOTICE_NAME)
		return;
	free(news->oldname);
	news->oldname = mem_cstr(notice->detail);
}

static void hear(void *arg, const struct notice *notice)
{
	struct notify *n = arg;
	struct news *news;

	if (n->overflow || !may_want(n, notice))
		return;
	news = find_news(n, notice->name);
	if (news == NULL)
		news = add_news(n, notice->name);
	if (news != NULL)
		add_kind(n, news, notice);
	n->session->wake(n->session->wake_arg);
}

/* -- telling -- */

/* Of a name that is no mailbox there is still whether it is subscribed. */
static struct err get_info(struct session *s, struct slice name,
                           struct mailbox_info *out)
{
	struct err e = mailbox_get_info(s->account, name, out);

	if (e.code != ERR_NONEXISTENT)
		return e;
	*out = (struct mailbox_info){ .name = name };
	return mailbox_is_subscribed(s->account, name, &out->subscribed);
}

static void tell_name(struct session *s, const struct news *news)
{
	static const struct list_request request = {
		.returns = RETURN_SUBSCRIBED,
	};
	struct list_row row = { .oldname = slice_cstr(news->oldname) };

	if (is_ok(get_info(s, slice_cstr(news->name), &row.info)))
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
	    is_ok(mailbox_status(s->account, name, &status)))
		reply_mailbox_status(s, name, &status, status_items(s, kinds));
}

/* metadata-resp = "METADATA" SP mailbox SP entry *(SP entry)
 * RFC 5464 section 4.4.2 */
static void tell_metadata(struct session *s, const struct news *news)
{
	struct buf *out = session_out(s);
	struct slice rest = buf_slice(&news->entries);

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

static void tell_news(struct session *s, const struct news *news)
{
	struct slice name = slice_cstr(news->name);
	const struct notify_group *g;
	bool subscribed;
	unsigned kinds;

	if (!is_ok(mailbox_is_subscribed(s->account, name, &subscribed)))
		return;
	/* who is no longer subscribed hears of that, too */
	g = notify_group_of(&s->notify->request, name,
	                    subscribed || news->kinds & NOTICE_SUBSCRIPTION);
	kinds = g != NULL ? news->kinds & g->events : 0;
	if (kinds & NOTIFY_NAMES)
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

static void tell_overflow(struct session *s)
{
	buf_add(session_out(s), S("* OK [NOTIFICATIONOVERFLOW] Too much news, "
	                          "ask again\r\n"));
	notify_stop(s);
}

void notify_tell(struct session *s)
{
	struct news news;

	while (s->notify != NULL && !s->notify->overflow && !s->over &&
	       take_news(s->notify, &news)) {
		tell_news(s, &news);
		free_news(&news);
		out_drain(&s->out);
	}
	if (s->notify != NULL && s->notify->overflow)
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

void notify_new(struct session *s, uint32_t last)
{
	const struct notify_group *g = selected_group(s);
	const struct uidset *known = view_uids(s->view);
	struct uidset fresh = { 0 };

	if (g == NULL || g->items.len == 0 || view_last_uid(s->view) <= last)
		return;
	for (size_t i = uidset_find(known, last + 1); i < known->n; i++)
		uidset_add_range(&fresh,
		                 known->v[i].first > last ? known->v[i].first
		                                          : last + 1,
		                 known->v[i].last);
	fetch_new(s, g->items, &fresh);
	uidset_free(&fresh);
}

/* -- the command -- */

void notify_stop(struct session *s)
{
	struct notify *n = s->notify;

	if (n == NULL)
		return;
	s->notify = NULL;
	account_unlisten(s->account, &n->listener);
	drop_news(n);
	arena_free(n->arena);
	free(n);
}

/* RFC 5465 section 3.1: before the tagged OK */
static struct err tell_all_status(struct session *s)
{
	const struct notify_request *r = &s->notify->request;
	struct mailbox_info *v;
	size_t n;
	struct err e = mailbox_list(s->account, s->arena, &v, &n);

	for (size_t i = 0; is_ok(e) && r->status && i < n; i++) {
		const struct notify_group *g =
			notify_group_of(r, v[i].name, v[i].subscribed);

		if (g != NULL && g->events & NOTIFY_MESSAGES &&
		    !session_has_selected(s, v[i].name))
			tell_status(s, v[i].name, g->events);
		out_drain(&s->out);
		e = task_go_on();
	}
	return e;
}

struct err cmd_notify(struct session *s, struct slice args)
{
	struct notify *n = mem_new(1, sizeof *n);
	struct cursor c;
	struct err e = OK;

	n->arena = arena_new(LIMIT_COMMAND_ARENA);
	c = cursor_of(arena_copy(n->arena, args), n->arena, has_utf8(s));
	if (!is_ok(parse_notify(&c, &n->request))) {
		arena_free(n->arena);
		free(n);
		return c.e;
	}
	notify_stop(s);
	n->session = s;
	n->listener = (struct notice_listener){ NULL, hear, n };
	account_listen(s->account, &n->listener);
	s->notify = n;
	if (n->request.status)
		e = tell_all_status(s);
	if (!is_ok(e))
		notify_stop(s);
	return e;
}
