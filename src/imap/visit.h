/*
 * visit.h -- a command goes where its mailbox lives.
 *
 * Names of others' mailboxes begin with "Other Users/NAME/", those of accounts
 * that nobody logs in to with "Shared/NAME/". A command that names one, and
 * each that is about the selected mailbox while one of them is selected, is
 * sent whole to a *visit*: a session that the owner's process runs for us, in
 * the owner's account, with our rights. Its responses come back whole.
 *
 *	client ──► session ──(command, whole)──► visit: a session with a prefix
 *	       ◄── tag,    ◄─(responses, whole)─        and a visitor
 *	           limits
 *
 * It is the one way to others' mailboxes, whether their owner's partition is
 * another or the same. A visit ends with its session; when it ends by itself,
 * the mailbox selected there is closed and the session goes on.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

struct append_request;
struct list_request;
struct session;
struct visit;

/* Where visits are asked for; of the process. All suspend. */
struct visit_office {
	/* A stream to a session of that account in the owner's. ERR_ABSENT:
	 * there is no such owner, or none who has let it in. */
	struct err (*open)(void *ctx, uint64_t account, struct slice session_id,
	                   bool shared, struct slice owner, int *fd);
	/* Whoever may have let the account in; names in the arena. */
	struct err (*owners)(void *ctx, uint64_t account, bool shared,
	                     struct arena *, struct slice **names, size_t *n);
	/* From now on it may be that it has rights to a mailbox of the owner:
	 * told before it gets them. */
	struct err (*grant)(void *ctx, uint64_t owner, struct slice identifier);
	void *ctx;
};

/* Before a command: the visit where a mailbox is selected may have ended. */
void visit_look(struct session *);

/* True: the running command was done elsewhere, with this result. */
bool visit_takes(struct session *, struct slice args, struct err *result);

/* The visit to whom the name belongs, NULL if it is our own. ERR_NONEXISTENT,
 * ERR_UNAVAILABLE */
struct err visit_to(struct session *, struct slice name, struct visit **);

/* Is it a name in one of the others' namespaces? */
bool visit_is_name(const struct session *, struct slice name);

/* LIST of all the others' names that the patterns can mean. */
void visit_list(struct session *, const struct list_request *);

/* In IDLE: what the visit has said since. */
void visit_tell(struct session *);

/* The mailbox selected there no longer is. */
void visit_unselect(struct session *);

void visit_end_all(struct session *); /* does not suspend */

/* s->append has the messages (visit_copy.c). */
struct err visit_append(struct session *, struct visit *,
                        const struct append_request *);
