/*
 * notify_hear.c -- NOTIFY: what a session hears, until it is told.
 *
 * News of too many mailboxes, which means that the client takes nothing, end it
 * with NOTIFICATIONOVERFLOW.
 *
 * A visit does the same for the session that has sent it (watch.h): what the
 * visitor may not look up and read is not even heard, and may it no longer
 * when there is time to tell, it isn't told.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/notify_internal.h"
#include "mailbox/name.h"

/* Whether it is subscribed is looked at when it is told. */
static unsigned events_at_most(const struct notify *n, struct slice name)
{
	bool others = visit_is_name(n->session, name);

	return notify_events_of(&n->request, name, others, false) |
	       notify_events_of(&n->request, name, others, true);
}

/* That rights have changed is for whoever is told of anything; and that a
 * mailbox was called away is for whoever listened to its old name. */
static bool may_want(const struct notify *n, const struct notice *notice)
{
	unsigned events = events_at_most(n, notice->name);

	if (notice->kind == NOTICE_RIGHTS)
		return events != 0;
	if (notice->kind == NOTICE_NAME && notice->detail.len != 0)
		events |= events_at_most(n, notice->detail);
	return events & notice->kind;
}

/* Of what the session may do with the mailbox: look it up, read it. */
struct sight {
	unsigned before;
	unsigned now;
};

static struct sight sight_of(const struct session *s,
                             const struct notice *notice)
{
	const unsigned all = RIGHT_LOOKUP | RIGHT_READ;
	struct acl_entry v[LIMIT_ACL_ENTRIES];
	struct sight sight = { 0 };
	unsigned now;
	size_t n;

	if (is_ok(mailbox_rights(s->account, notice->name, &s->who, &now)))
		sight.now = now & all;
	sight.before = sight.now;
	if (notice->acl != NULL)
		sight.before = is_ok(acl_read(buf_slice(notice->acl), v, &n))
		                       ? acl_rights(v, n, &s->who) & all
		                       : 0;
	return sight;
}

/* Of what it may not see, and could not, a session hears nothing; and a
 * visitor nothing of what is the owner's own. */
static bool concerns(const struct session *s, const struct notice *notice,
                     struct sight sight)
{
	if (notice->user != 0 && notice->user != s->who.account)
		return false;
	switch (notice->kind) {
	case NOTICE_SUBSCRIPTION:
	case NOTICE_SERVER_METADATA:
		return !is_visit(s);
	case NOTICE_NAME:
		return (sight.now | sight.before) & RIGHT_LOOKUP;
	case NOTICE_RIGHTS:
		return sight.now != sight.before &&
		       (sight.now | sight.before) & RIGHT_LOOKUP;
	default:
		return sight.now == (RIGHT_LOOKUP | RIGHT_READ);
	}
}

/* It is there for the session since, or no longer. RFC 5465 section 5.4: that
 * is news of what is right above, too. */
static bool comes_or_goes(const struct notice *notice, struct sight sight)
{
	if (notice->kind == NOTICE_NAME)
		return notice->detail.len == 0;
	return notice->kind == NOTICE_RIGHTS &&
	       (sight.now ^ sight.before) & RIGHT_LOOKUP;
}

static struct news *find_news(struct notify *n, struct slice name)
{
	for (size_t i = 0; i < n->n_news; i++)
		if (slice_eq(slice_cstr(n->news[i].name), name))
			return &n->news[i];
	return NULL;
}

void news_free(struct news *news)
{
	free(news->name);
	free(news->oldname);
	buf_free(&news->entries);
}

void notify_drop_news(struct notify *n)
{
	for (size_t i = 0; i < n->n_news; i++)
		news_free(&n->news[i]);
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
	if (notice->kind != NOTICE_NAME ||
	    (notice->detail.len == 0 && notice->acl == NULL))
		return;
	free(news->oldname);
	news->oldname = mem_cstr(notice->detail);
}

static void add(struct notify *n, const struct notice *notice)
{
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

/* RFC 5465 section 5.4: what goes along with a RENAME is not told to who is
 * told of what was renamed. */
static bool goes_along(struct notify *n, const struct notice *notice)
{
	const struct notice *above = notice->above;
	struct session *s = n->session;

	return above != NULL && concerns(s, above, sight_of(s, above)) &&
	       (notify_events_now(s, above->name, 0) |
	        notify_events_now(s, above->detail, 0)) &
	               NOTICE_NAME;
}

static void look_around_later(struct notify *n)
{
	n->moved = true;
	n->session->wake(n->session->wake_arg);
}

void notify_hear(void *arg, const struct notice *notice)
{
	struct notify *n = arg;
	struct sight sight = sight_of(n->session, notice);
	struct notice above = { .kind = NOTICE_NAME };

	if (!concerns(n->session, notice, sight) || goes_along(n, notice))
		return;
	add(n, notice);
	above.name = mailbox_name_parent(notice->name);
	if (comes_or_goes(notice, sight) && above.name.len != 0)
		add(n, &above);
	if (notice->kind == NOTICE_SUBSCRIPTION &&
	    visit_is_name(n->session, notice->name))
		look_around_later(n);
}

/* Somebody may have been let in: us? */
void notify_hear_grant(void *arg, struct slice identifier)
{
	struct notify *n = arg;

	if (slice_eq(identifier, S("anyone")) ||
	    slice_starts(identifier, S("$")) ||
	    slice_ieq(identifier, n->session->who.name))
		look_around_later(n);
}
