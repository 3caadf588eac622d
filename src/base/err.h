/*
 * err.h -- the one way a function says that it failed.
 *
 * The zero value is success. The code decides what a client sees (imap and
 * lmtp each have one table from code to wire); the text is for humans, is
 * always safe to show to the client, and is a literal or lives in the
 * command's arena.
 */
#pragma once

#include <stdbool.h>

enum err_code {
	ERR_OK = 0,

	/* what the client got wrong */
	ERR_SYNTAX,      /* BAD: the command could not be parsed */
	ERR_NOTNOW,      /* BAD: not now */
	ERR_UIDREQUIRED, /* BAD: message numbers after ENABLE UIDONLY */
	ERR_CLIENTBUG,   /* BAD: well formed, and never to be sent */

	/* what can't be done: NO with a response code, RFC 9051 section 7.1 */
	ERR_NO, /* without a code */
	ERR_NONEXISTENT,
	ERR_ALREADYEXISTS,
	ERR_TRYCREATE,
	ERR_CANNOT,
	ERR_HASCHILDREN,
	ERR_USEATTR,
	ERR_METADATA_MAXSIZE, /* RFC 5464 section 4.3 */
	ERR_METADATA_TOOMANY,
	ERR_NOPERM,
	ERR_READONLY,
	ERR_EXPUNGEISSUED,
	ERR_BADCHARSET,
	ERR_TOOBIG,
	ERR_TOOFEW,  /* RFC 10022 */
	ERR_TOOMANY, /* RFC 10022 */
	ERR_LIMIT,
	ERR_OVERQUOTA,
	ERR_UNKNOWNCTE,
	ERR_PRIVACYREQUIRED,
	ERR_AUTHENTICATIONFAILED,
	ERR_AUTHORIZATIONFAILED,
	ERR_EXPIRED,
	ERR_CONTACTADMIN,
	ERR_UNAVAILABLE,
	ERR_INUSE,
	ERR_BADEVENT,             /* RFC 5465 */
	ERR_NOTIFICATIONOVERFLOW, /* RFC 5465 */

	/* what went wrong here */
	ERR_ABSENT,  /* no such key; neither an error nor an empty value */
	ERR_IO,      /* the disk refused; nothing was changed */
	ERR_NOSPACE, /* the disk is full; nothing was changed */
	ERR_CORRUPT, /* what was read is not what was written */
	ERR_CLOSED,  /* the peer has gone */
	ERR_TIMEOUT,

	ERR_CODES
};

struct err {
	enum err_code code; /* ERR_OK is 0 */
	const char *text;   /* may be NULL when code is ERR_OK */
};

#define OK ((struct err){ ERR_OK, NULL })

static inline struct err err(enum err_code code, const char *text)
{
	return (struct err){ code, text };
}

static inline bool is_ok(struct err e)
{
	return e.code == ERR_OK;
}

/* ERR_NOSPACE for ENOSPC and EDQUOT, ERR_CLOSED for EPIPE and ECONNRESET,
 * else ERR_IO; the text is strerror's. */
struct err err_errno(int error);
