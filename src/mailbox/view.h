/*
 * view.h -- what one session has been told about a mailbox.
 *
 * The only place with message sequence numbers. A view is the list of UIDs
 * that the client knows, in order, as ranges with running counts (number to
 * UID in log time, a few bytes a range). What others change is queued in
 * the view; view_sync() turns the queue into events, in an order that is
 * legal to send, and only then does the view change:
 *
 *	expunges (if allowed now), highest number first, or all at once,
 *	then EXISTS, then flag changes of messages the client knows.
 *
 * Invariants (view_check): the view's UIDs are sorted; each is in the
 * mailbox or among the expunges not yet told; a queued flag change concerns
 * a UID in the view.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/uidset.h"
#include "mailbox/mailbox.h"

struct view;

/*
 * Opens a view of the mailbox as it is now; the view holds a reference.
 * wake(arg) is called (on the loop, at most once until the next view_sync)
 * when there is something to tell: IDLE waits for it. \Seen is what that user
 * (0: the owner) has seen.
 */
struct view *view_new(struct mailbox *, uint64_t user, bool readonly,
                      void (*wake)(void *arg), void *arg);
void view_free(struct view *);

struct mailbox *view_mailbox(struct view *);
bool view_is_readonly(const struct view *);
uint32_t view_exists(const struct view *); /* messages the client knows of */

/* seq is 1 to view_exists() (asserted) */
uint32_t view_uid(const struct view *, uint32_t seq);
/* 0 when the client does not know that UID */
uint32_t view_seq(const struct view *, uint32_t uid);
uint32_t view_last_uid(const struct view *); /* 0 when empty */

/* All UIDs the client knows; valid until the view changes. */
const struct uidset *view_uids(const struct view *);

/* As mailbox_walk(), mailbox_record(), mailbox_find(); \Seen is whose the view
 * is. */
struct record_walk view_walk(struct view *, const struct uidset *uids);
struct err view_record(struct view *, uint32_t uid, struct record *out);
struct err view_find(struct view *, uint8_t mask, uint8_t want,
                     uint64_t since_modseq, struct uidset *out);

/* The lowest UID without \Seen, 0 if none; to the owner. */
struct err view_first_unseen(struct view *, uint32_t *uid);
struct err mailbox_first_unseen(struct mailbox *, uint32_t *uid);

struct view_event {
	enum {
		VIEW_EXPUNGE,
		VIEW_VANISHED,
		VIEW_EXISTS,
		VIEW_FLAGS,
		VIEW_KEYWORDS,
		VIEW_GONE
	} kind;
	uint32_t seq; /* EXPUNGE: the number; EXISTS: how many; FLAGS: the
	                 number */
	uint32_t uid; /* EXPUNGE, FLAGS */
	const struct uidset *uids; /* VANISHED */
};

enum view_later {
	EXPUNGES_LATER,     /* what is expunged stays in the view */
	EXPUNGES_BY_NUMBER, /* VIEW_EXPUNGE, one by one */
	EXPUNGES_BY_UID,    /* VIEW_VANISHED, all in one */
	FLAGS_LATER = 4,    /* with any of these: changed flags wait, too */
};

/*
 * Brings the view up to date and calls fn for each event, in the order in
 * which they must be sent; how: enum view_later. EXPUNGES_LATER: RFC 9051
 * section 5.5; FLAGS_LATER: RFC 5465 section 5. VIEW_KEYWORDS:
 * the mailbox has new keywords (FLAGS and PERMANENTFLAGS must be sent before).
 * VIEW_GONE: the mailbox was deleted. fn may suspend.
 */
void view_sync(struct view *, unsigned how,
               void (*fn)(void *arg, const struct view_event *), void *arg);

/* Only EXISTS of all that; the rest waits for view_sync(), which must be
 * called before the next wake is waited for. */
void view_sync_exists(struct view *,
                      void (*fn)(void *arg, const struct view_event *),
                      void *arg);

bool view_has_news(const struct view *);

/* The HIGHESTMODSEQ that the client may keep: it has been told of every change
 * up to it, expunges included. What it was told beyond that, it will be told
 * of again. RFC 7162 section 6 */
uint64_t view_modseq(const struct view *);

void view_check(const struct view *);
