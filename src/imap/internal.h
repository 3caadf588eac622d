/*
 * internal.h -- what the files of this folder share about a session.
 *
 * Invariants (session_check), between commands:
 *
 *	1. view != NULL exactly when a mailbox of this account is selected,
 *	   away != NULL when one of another is; never both;
 *	2. saved ("$") is empty when none is selected;
 *	3. pending != NULL only while a command waits for a line (IDLE);
 *	4. no message is on its way in unless the framer is in a command;
 *	5. bad < LIMIT_BAD.
 */
#pragma once

#include "base/arena.h"
#include "base/uidset.h"
#include "imap/extensions.h"
#include "imap/frame.h"
#include "imap/grammar.h"
#include "imap/handlers.h"
#include "imap/out.h"
#include "imap/reply.h"
#include "imap/session.h"
#include "mailbox/acl.h"
#include "mailbox/mailbox.h"
#include "mailbox/notice.h"
#include "mailbox/view.h"

/* A command that goes on with the client's next line. */
struct pending {
	struct err (*line)(struct session *, struct slice);
};

struct session {
	const struct session_config *config;
	struct account *account;
	struct identity who; /* who works with it; its name is our copy */
	struct slice prefix; /* of all names here (heap); a visit has one */
	struct notice_listener rights; /* a visit hears of its own */
	struct view *view;
	struct uidset saved; /* "$": UIDs, RFC 9051 section 6.4.4.1 */
	uint32_t enabled;
	size_t keywords_told;  /* how many the client has seen in FLAGS */
	uint32_t limited_to;   /* the lowest UID that a command came to, of
	                          more messages than allowed; 0: to all */
	uint64_t modseq_shown; /* the highest since the last tagged reply */
	bool view_gone;        /* the selected mailbox was deleted */
	struct visit *visits;  /* in others' accounts */
	struct visit *away;    /* where a mailbox is selected, or NULL */
	bool away_readonly;
	struct notify *notify;    /* NULL: NOTIFY was never said */
	struct context *contexts; /* results that are kept up to date */
	uint32_t shown; /* UID up to which messages are not new (fresh.c) */

	/* the command that is running */
	struct arena *arena; /* NULL while idle */
	struct slice tag;
	const struct command *command;
	bool uid;                     /* it was "UID ..." */
	bool by_number;               /* and has message numbers all the same */
	struct slice code;            /* response code of the OK, "" if none */
	struct slice said;            /* a visit's whole answer, "" if none */
	bool tell_modseq;             /* that is to be HIGHESTMODSEQ */
	struct audit_entry *recorded; /* of it, or NULL */
	const struct pending *pending;
	char *pending_tag;     /* heap */
	struct append *append; /* messages on their way in, or NULL */

	/* bytes */
	struct framer framer;
	struct frame_hooks hooks;
	struct buf in; /* read, not yet framed */
	struct out out;

	/* the whole session */
	struct arena *visitor; /* what a visit was told of who comes */
	char *id;              /* heap, as all char * here */
	char *peer;
	char *client_id;
	char *hidden;    /* capabilities; NULL: none */
	char *login_tag; /* NULL once it was answered */
	const char *bye; /* said when the command has ended */
	const char *last_command;
	uint64_t told_ms;   /* when it began, or when progress was told */
	uint64_t looked_ms; /* whether the client is there */
	bool over;
	bool leaving;       /* UNAUTHENTICATE: no other command is run */
	bool compress_next; /* what follows this command is compressed */
	bool idling;
	bool running;
	bool tls;
	bool read_only; /* a policy: nothing is changed */
	bool audited;   /* a policy: what is deleted is recorded */
	unsigned bad;   /* in a row */
	int64_t since_s;
	uint64_t active_ms;
	uint64_t commands, bytes_in, deleted, expunged;
	uint64_t fetched, body_bytes; /* messages with content, and that */
	void (*wake)(void *arg);
	void *wake_arg;
};

/* -- the command table (commands.c) -- */

/* For metrics: a command waits for the client's next line, or no longer. */
void session_waits(const struct session *, bool);

enum command_state {
	ST_AUTH = 1 << 0, /* no mailbox is selected */
	ST_SELECTED = 1 << 1,
	ST_ANY = ST_AUTH | ST_SELECTED,
};

enum command_rules {
	CMD_UID = 1 << 0,          /* also exists as "UID name" */
	CMD_SEQNUMS = 1 << 1,      /* no EXPUNGE may be sent while it runs,
	                              RFC 9051 section 7.5.1 */
	CMD_ALL = 1 << 4,          /* without "UID" it names no messages */
	CMD_SILENT = 1 << 2,       /* nothing unasked before its tagged reply */
	CMD_LITERAL8 = 1 << 3,     /* has strings that may be literal8 */
	CMD_NAMES = 1 << 5,        /* its first argument is a mailbox */
	CMD_NAMES_SECOND = 1 << 6, /* its second one is */
	CMD_AWAY = 1 << 7,         /* goes where the selected mailbox is */
	CMD_HERE = 1 << 8,         /* never does: its messages come here */
	CMD_VISIT = 1 << 9,        /* only a visit's home says it */
	CMD_CHANGES = 1 << 10, /* not for whom a policy has made read-only */
};

struct command {
	struct slice name;
	unsigned states; /* 0: never after log-in */
	unsigned rules;
	struct err (*run)(struct session *, struct slice args);
	const char *done; /* text of the tagged OK */
};

/* By the beginning of a command: tag, name and more. */
bool command_takes_literal8(struct slice text);

/* That of a row; NULL behind the last. */
const char *command_name(size_t row);

/* Runs one whole command and answers it. */
void command_run(struct session *, struct slice text, struct err framing);

/* -- for the handlers -- */

static inline struct buf *session_out(struct session *s)
{
	return &s->out.bytes;
}

static inline bool is_rev2(const struct session *s)
{
	return s->enabled & ENABLED_REV2;
}

static inline bool has_qresync(const struct session *s)
{
	return s->enabled & ENABLED_QRESYNC;
}

static inline bool is_uidonly(const struct session *s)
{
	return s->enabled & ENABLED_UIDONLY;
}

static inline bool has_condstore(const struct session *s)
{
	return s->enabled & ENABLED_CONDSTORE;
}

/* UTF-8 in names and quoted strings: either of two extensions has it. */
static inline bool has_utf8(const struct session *s)
{
	return s->enabled & (ENABLED_REV2 | ENABLED_UTF8);
}

/* A mailbox's name in the form that this session has names in; "" too. */
void session_reply_name(struct session *s, struct slice name);

/* A session of somebody's in another's account (visit.h). */
static inline bool is_visit(const struct session *s)
{
	return s->prefix.len != 0;
}

static inline struct cursor args_cursor(struct session *s, struct slice args)
{
	struct cursor c = cursor_of(args, s->arena, has_utf8(s));

	c.prefix = s->prefix;
	return c;
}

/* -- the selected mailbox (select.c, tell.c) -- */

void session_unselect(struct session *);

/* Is it the mailbox of that name? */
bool session_has_selected(const struct session *, struct slice name);

/* The view's wake: session is the argument. */
void session_on_news(void *session);

/* Tells what has changed, expunges only if they may be told now. */
void session_sync(struct session *, bool expunges);

/* The same outside commands, and amid IDLE: what NOTIFY has asked for. */
void session_sync_unasked(struct session *);

/* The end of that: new messages and results that are kept up to date. Suspends
 * (fresh.c). */
void session_tell_fresh(struct session *);

/* Tells what has come, before a command that can mean it. */
void session_sync_exists(struct session *);

/* FLAGS and PERMANENTFLAGS: always, or if there are keywords that the
 * client has not seen in them. */
void session_tell_permanent(struct session *);
void session_tell_keywords(struct session *);

/* "* n FETCH (" of a message that the client knows. */
void reply_fetch_begin(struct session *, uint32_t uid);

/* "* n FETCH (FLAGS (...))" for those of uids that are there. Suspends. */
struct err session_tell_flags(struct session *, const struct uidset *uids);

/* The same with MODSEQ alone: what .SILENT doesn't silence. */
struct err session_tell_modseqs(struct session *, const struct uidset *uids);

enum set_kind {
	SET_UIDS,     /* those that the client doesn't know are passed over */
	SET_SEQS,     /* ERR_SYNTAX for a number beyond the last */
	SET_SEARCHED, /* numbers too, those beyond the last passed over */
};

/* The UIDs of a set as it was written, there or not; "*" is `last`. */
void session_named(struct session *, const struct seq_set *, uint32_t last,
                   struct uidset *out);

/* The messages of a set: as UIDs that the client knows, in order. */
struct err session_resolve(struct session *, const struct seq_set *,
                           enum set_kind, struct uidset *out);

/* UIDs, all of them in the view, as message numbers: a range is a range. */
void session_to_seqs(struct session *, const struct uidset *uids,
                     struct uidset *seqs);

/* Of a command that exists with and without "UID". */
static inline enum set_kind session_set_kind(const struct session *s)
{
	return s->uid ? SET_UIDS : SET_SEQS;
}

/* ERR_EXPUNGEISSUED when some of them are no longer there and the command
 * named them by number. RFC 2180 section 4.1.2 */
struct err session_all_there(struct session *, const struct uidset *);

/* -- modification sequences (modseq.c) -- */

/* The client knows of them. Says HIGHESTMODSEQ the first time, if a mailbox
 * is selected. Suspends. */
void session_enable_condstore(struct session *);

/* "* OK [HIGHESTMODSEQ n]": up to where the client has been told all */
void session_tell_highestmodseq(struct session *);

/* "(n)", of a message */
void reply_modseq(struct session *, uint64_t modseq);

/* Before a tagged reply: HIGHESTMODSEQ where it is due. */
void session_settle_modseq(struct session *);

/* "* VANISHED uids", "* VANISHED (EARLIER) uids"; nothing of no UIDs. Suspends
 * (qresync.c). */
void reply_vanished(struct session *, const struct uidset *, bool earlier);

/* "* VANISHED (EARLIER)": those named that were expunged since. Suspends. */
struct err session_tell_vanished(struct session *, uint64_t since,
                                 const struct seq_set *);

/* -- messages on their way in (append.c) -- */

struct err append_literal(struct session *, const struct frame_literal *,
                          enum frame_sink *);
struct err append_octets(struct session *, struct slice);
struct err append_end(struct session *);
void append_free(struct session *);

/* -- capabilities (capability.c) -- */

/* Has the operator taken it from this account? */
bool session_hides(const struct session *, struct slice name);

void reply_capabilities(struct session *, struct buf *);

/* asserts the invariants */
void session_check(const struct session *);
