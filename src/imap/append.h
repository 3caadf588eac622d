/*
 * append.h -- APPEND and REPLACE as they were asked for, and the messages
 * that they bring.
 *
 * What such a command says is a row of steps: a message begins, parts of it
 * come, it ends. While the command arrives it is parsed as far as it is there,
 * whenever a literal is announced, and the steps up to that literal are done;
 * when it is whole, the rest. So a message streams into the store's spool, and
 * nothing of it is kept here.
 */
#pragma once

#include "imap/internal.h"

enum append_step_kind {
	APPEND_BEGIN,
	APPEND_LITERAL, /* one NUL in the text: its octets have streamed by */
	APPEND_URL,
	APPEND_END,
};

struct append_step {
	enum append_step_kind kind;
	struct slice url;
	struct append_step *next;
};

/* Where in its grammar a command stands. */
enum append_place {
	APPEND_MESSAGES, /* a message may begin */
	APPEND_CATENATE, /* in the parentheses of CATENATE */
	APPEND_UTF8,     /* in those of UTF8 */
};

struct append_message {
	struct flag_list flags;
	bool has_date;
	struct date_time date;
	struct append_message *next;
};

struct append_request {
	bool replaces;
	bool uid;                /* as yet known: UID REPLACE */
	struct seq_set replaced; /* the one message of REPLACE */
	struct slice mailbox;
	struct slice asked; /* the mailbox, as it was written */
	struct append_message *messages;
	size_t n;
	struct append_step *steps;
	size_t urls;
	enum append_place place;
	/* the text ends where a message's octets must follow, or, for all
	 * that could be seen so far, any other literal */
	bool wants_octets;
	bool wants_text;

	struct append_message **last_message;
	struct append_step **last_step;
};

/* All of a command behind its name. */
void parse_append(struct cursor *, struct append_request *);
void parse_replace(struct cursor *, struct append_request *);

/* A command that has not arrived whole, from its tag on; another command's, or
 * up to the mailbox only: wants_text. */
void parse_append_start(struct cursor *, struct append_request *);
/* The same behind a literal that came in `place`. */
void parse_append_more(struct cursor *, enum append_place,
                       struct append_request *);

/* The messages of a command, while they come. */
struct append {
	uint64_t bytes;   /* of the messages that have ended */
	uint64_t current; /* of the one that is coming */
	size_t done;      /* steps */
	size_t urls;
	enum append_place place;
	bool replaces; /* it is REPLACE */
	bool binary;   /* the literal that is coming is literal8 */
	bool away;     /* to another's mailbox (visit.h) */
	bool coming;   /* messages[n - 1] has begun and not ended */
	char *bad_url; /* text of the error, on the heap */
	size_t n;
	struct incoming *messages[LIMIT_APPEND_MESSAGES];
};

/* Is there room for so many octets more? ERR_TOOBIG, ERR_LIMIT, ERR_OVERQUOTA
 */
struct err append_check_size(struct session *, uint64_t more);

/* "APPENDUID v uids", in the command's arena; "" for who may add to the mailbox
 * and not open it. RFC 9051 section 6.3.12 */
struct slice append_uids(struct session *, struct mailbox *,
                         const uint32_t *uids, size_t n);

/* The message that REPLACE takes away from the selected mailbox. ERR_NO,
 * ERR_READONLY, ERR_UIDREQUIRED */
struct err append_find_replaced(struct session *, const struct append_request *,
                                bool uid, uint32_t *out);

/* "* OK [APPENDUID v uid]" */
void reply_replaced(struct session *, struct slice code);

/* catenate.c: what the URL names, at the end of the message that is coming.
 * ERR_NO, with BADURL. Suspends. */
struct err append_url(struct session *, struct slice url);
