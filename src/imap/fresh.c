/*
 * fresh.c -- new messages, shown to who has asked for that.
 *
 *	EXISTS ──► FETCH of what joins a result ──► ADDTO ──► FETCH of others
 *
 * NOTIFY's items are shown of all new messages, UPDATE's of those that join its
 * result; each message once, with all that is asked for of it. Where the two
 * meet, RFC 5465 has the FETCH on either side of ADDTO (sections 5.2 and 7):
 * the rule for UPDATE counts, which says it twice.
 */
#include "base/limits.h"
#include "imap/context.h"
#include "imap/fetch.h"
#include "imap/notify.h"

enum { LISTS = LIMIT_CONTEXTS + 1 };

static bool has_list(const struct slice *lists, size_t n, struct slice list)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(lists[i], list))
			return true;
	return false;
}

/* "(a b)" and "(c)" are "(a b c)" */
static void join(struct buf *out, const struct slice *lists, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice inner = slice_from(lists[i], 1);

		if (has_list(lists, i, lists[i]))
			continue;
		buf_byte(out, out->len == 0 ? '(' : ' ');
		buf_add(out, slice_first(inner, inner.len - 1));
	}
	buf_byte(out, ')');
}

/* Takes those that it shows out of both sets. */
static void show_joining(struct session *s, struct uidset *joining,
                         struct uidset *fresh)
{
	struct slice wanted = notify_items(s);

	for (uint32_t uid = 0; uidset_next(joining, &uid); uid = 0) {
		struct slice lists[LISTS];
		struct uidset same = { 0 };
		struct buf items = { 0 };
		size_t n;

		uidset_copy(&same, joining);
		n = contexts_items(s, uid, lists, &same);
		if (wanted.len != 0)
			lists[n++] = wanted;
		join(&items, lists, n);
		fetch_new(s, buf_slice(&items), &same);
		uidset_subtract(joining, &same);
		uidset_subtract(fresh, &same);
		buf_free(&items);
		uidset_free(&same);
	}
}

/* What the client has got to know of since this was called last. */
static void take_fresh(struct session *s, struct uidset *out)
{
	uidset_copy(out, view_uids(s->view));
	if (s->shown != 0)
		uidset_remove_range(out, 1, s->shown);
	if (s->shown < view_last_uid(s->view))
		s->shown = view_last_uid(s->view);
}

void session_tell_fresh(struct session *s)
{
	struct uidset fresh = { 0 };
	struct uidset joining = { 0 };

	if (s->contexts == NULL && s->notify == NULL) {
		s->shown = view_last_uid(s->view);
		return;
	}
	take_fresh(s, &fresh);
	contexts_look(s);
	contexts_joining(s, &joining);
	show_joining(s, &joining, &fresh);
	contexts_tell(s);
	if (!uidset_is_empty(&fresh) && notify_items(s).len != 0)
		fetch_new(s, notify_items(s), &fresh);
	uidset_free(&fresh);
	uidset_free(&joining);
}
