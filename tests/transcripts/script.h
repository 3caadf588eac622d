/*
 * script.h -- a transcript, read into steps.
 *
 *	# comment
 *	mailbox Work with 3 messages       made-up messages, UIDs 1 to 3
 *	message INBOX (\Seen) " 1-Jan-2026 00:00:00 +0000"
 *	| Subject: a message in full       every line gets CRLF
 *	|
 *	| body
 *	quota 2048 3 10 0                  limits: octets, messages, mailboxes,
 *	                                   octets of annotations; 0: none
 *	account bob@example.org staff      the second session is this one's, who
 *	                                   is in the group
 *	shared support@example.org         an account that nobody logs in to
 *	administrator bob@example.org      one of those administers the domain
 *	most 3                             messages that a command may be about
 *	C: a1 SELECT INBOX                 a line that the client sends
 *	S: * FLAGS (...)                   a line that must come, in this order
 *	S?: * 3 EXISTS                     neighbours with '?' in any order
 *	C2: S2: S2?:                       the second session, logged in alike,
 *	                                   or as the other account
 *	T: 60                              seconds go by
 *
 * In S lines "..." at the end stands for any rest, and ${name} for one word
 * that the server may choose: what it was the first time it must be again. In
 * C lines it stands for that word.
 * "\xNN" in any line is that byte.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/slice.h"
#include "mailbox/account.h"

enum step_kind {
	STEP_MAILBOX,       /* name, number */
	STEP_MESSAGE,       /* name, flags, date, text */
	STEP_QUOTA,         /* limit */
	STEP_ACCOUNT,       /* name, text (the group) */
	STEP_SHARED,        /* name */
	STEP_ADMINISTRATOR, /* name */
	STEP_MOST,          /* number */
	STEP_SEND,          /* session, text without CRLF */
	STEP_EXPECT,        /* session, text, any_order */
	STEP_TIME,          /* number */
};

struct step {
	enum step_kind kind;
	int line;    /* in the file, from 1 */
	int session; /* 0 or 1 */
	bool any_order;
	unsigned number;
	uint64_t limit[QUOTA_RESOURCES];
	struct slice name;
	struct slice flags; /* "\Seen $Junk" */
	struct slice date;  /* as in APPEND, or "" */
	struct slice text;
};

struct script {
	const char *path;
	struct arena *arena;
	struct step *steps;
	size_t n;
};

/* Ends the program with a message when the file can't be read or parsed. */
struct script script_read(const char *path);
void script_free(struct script *);

/* Can all client lines be sent at once? (One session, no waiting.) */
bool script_can_pipeline(const struct script *);

/* Names and values of ${...}; with an arena and n 0: none yet. */
enum { SCRIPT_VARIABLES = 32 };

struct bindings {
	struct arena *arena;
	struct slice name[SCRIPT_VARIABLES];
	struct slice value[SCRIPT_VARIABLES];
	size_t n;
};

/* A C line with its variables filled in; in the arena. */
struct slice script_fill(struct slice text, struct bindings *);

/* Does the line match the pattern? Binds variables only if it does. */
bool script_matches(struct slice pattern, struct slice line, struct bindings *);
