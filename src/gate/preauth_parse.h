/*
 * preauth_parse.h -- the grammar of IMAP before log-in, and nothing of its
 * state. RFC 9051 section 9
 *
 * First preauth_cut() finds where a command ends, literals and all, while
 * bytes arrive in pieces; then preauth_parse() sees it whole. Neither keeps
 * memory of its own: what a stranger can make us hold is the caller's
 * buffer of LIMIT_PREAUTH_LINE bytes. There is nothing to nest: the only
 * list is that of ID, which is flat.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/slice.h"

/* How far the bytes of the command have been looked at; zeroed at its
 * start. */
struct preauth_cutter {
	size_t line;    /* the line begins here whose end is looked for */
	size_t scanned; /* no end of it before this */
};

enum preauth_cut {
	CUT_MORE,     /* not whole yet */
	CUT_COMMAND,  /* whole */
	CUT_CONTINUE, /* the client waits for "+" before it sends a literal;
	                 said once for each literal */
	CUT_TOO_LONG, /* more than LIMIT_PREAUTH_LINE; its line may go on */
	CUT_TOO_BIG,  /* asks to send a literal that is too big; the whole
	                 command is here */
	CUT_FLOOD,    /* sends such a literal without asking */
};

/*
 * `in` begins with the command and may go on behind it. *len is what the
 * command takes of it, its last line end included, for CUT_COMMAND and
 * CUT_TOO_BIG. A line ends in LF, with or without a CR before it: people
 * type at `openssl s_client`.
 */
enum preauth_cut preauth_cut(struct preauth_cutter *, struct slice in,
                             size_t *len);

enum preauth_verb {
	VERB_CAPABILITY,
	VERB_NOOP,
	VERB_LOGOUT,
	VERB_STARTTLS,
	VERB_ID,
	VERB_LOGIN,
	VERB_AUTHENTICATE,
};

struct preauth_id {
	size_t n;
	struct slice key[LIMIT_ID_PAIRS];
	struct slice value[LIMIT_ID_PAIRS]; /* ptr NULL: NIL */
};

struct preauth_command {
	struct slice tag; /* empty when there is none: answer with "*" */
	enum preauth_verb verb;
	struct slice user;      /* LOGIN */
	struct slice secret;    /* LOGIN */
	struct slice mechanism; /* AUTHENTICATE */
	struct slice initial;   /* its initial response, in base64 */
	bool has_initial;
	struct preauth_id id; /* ID */
};

/*
 * `command` as preauth_cut() cut it, `scratch` at least as long. Slices of
 * *out point into either. Only ERR_SYNTAX; the tag is set even then if
 * there was one.
 */
struct err preauth_parse(struct slice command, char *scratch,
                         struct preauth_command *out);

/* The tag a command begins with, or an empty slice; the command may be cut
 * anywhere. */
struct slice preauth_parse_tag(struct slice command);

/* Is this the first line of another protocol: HTTP or a TLS hello? */
bool preauth_is_foreign(struct slice first_line);
