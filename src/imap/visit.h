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
struct imap_url;
struct list_request;
struct list_row;
struct session;
struct visit;

/* The tag of what a visit is asked for by its home, not by the client: one that
 * no client can have. Its greeting has it, too. */
#define ERRAND "visit+"

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
	/* Does the account administer the owner's domain? ERR_NOPERM: no */
	struct err (*administers)(void *ctx, uint64_t account, uint64_t owner);
	void *ctx;
	struct grant_listener **listeners; /* NULL: nobody is told */
};

/* Who wants to know when somebody is let in who wasn't before. */
struct grant_listener {
	struct grant_listener *next;
	/* Does not suspend. */
	void (*hear)(void *arg, struct slice identifier);
	void *arg;
};

void visit_granted(const struct visit_office *, struct slice identifier);

/* The listener stays the caller's, until it is forgotten (watch.c). */
void visit_hear_grants(struct session *, struct grant_listener *);
void visit_forget_grants(struct session *, struct grant_listener *);

/* Before a command: the visit where a mailbox is selected may have ended. */
void visit_look(struct session *);

/* Is this SELECT or EXAMINE BAD, whatever mailboxes there are? (select.c) */
bool select_is_bad(struct session *, struct slice args);

/* True: the running command was done elsewhere, with this result. */
bool visit_takes(struct session *, struct slice args, struct err *result);

/* The visit to whom the name belongs, NULL if it is our own. ERR_NONEXISTENT,
 * ERR_UNAVAILABLE */
struct err visit_to(struct session *, struct slice name, struct visit **);

/* Is it a name in one of the others' namespaces? */
bool visit_is_name(const struct session *, struct slice name);

/* Or one that NAMESPACE keeps for them, so that none of ours is made there? */
bool visit_is_taken(const struct session *, struct slice name);

/* The same, and what all names of its owner's begin with: a part of it. */
bool visit_prefix(const struct session *, struct slice name,
                  struct slice *prefix);

/* LIST of all the others' names that the patterns can mean. */
void visit_list(struct session *, const struct list_request *);
/* LIST of that one name; false: it is our own, or there was nothing to tell. */
bool visit_list_one(struct session *, const struct list_request *,
                    const struct list_row *);
/* Would it tell of that name, which is another's, if it is there? */
bool visit_lists(const struct list_request *, struct slice name);

/* What has been enabled is enabled where a mailbox is selected, too. */
void visit_enable(struct session *);

/* Is a mailbox of that name there, and to be seen? Who is out of reach keeps
 * what he has. */
bool visit_knows(struct session *, struct slice name);

/* At the end of a command: what is new in the mailbox that is selected there,
 * unless the command has been there itself. */
void visit_news(struct session *);

/* In IDLE, or as NOTIFY asks: what the visit has said since. */
void visit_tell(struct session *);

/* For `roost who`: the mailbox selected there, "" for none, and whose accounts
 * are visited; at most LIMIT_VISITS, valid until the session runs again. */
struct slice visit_selected(const struct session *);
size_t visit_owners(const struct session *, struct slice *owners);

/* The mailbox selected there no longer is. */
void visit_unselect(struct session *);

/* The octets that the URL names, to the message that is coming (visit_url.c).
 * ERR_ABSENT, ERR_NONEXISTENT, ERR_NOPERM */
struct err visit_url(struct session *, const struct imap_url *);

void visit_end_all(struct session *); /* does not suspend */

/* s->append has the messages (visit_append.c). */
struct err visit_append(struct session *, struct visit *,
                        const struct append_request *);
/* The same for REPLACE; NULL: into our own mailbox (visit_replace.c). */
struct err visit_replace(struct session *, struct visit *,
                         const struct append_request *);
