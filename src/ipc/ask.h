/*
 * ask.h -- what auth asks of those outside, and what it is told: the fields of
 * ASK and TOLD (ipc/protocol.h).
 */
#pragma once

#include "base/limits.h"

/* What auth asks of those outside, and the fields of each. */
enum ask_kind {
	ASK_HTTP_GET,  /* url, authorization ("": none): status and body as
	                  HTTP has them */
	ASK_HTTP_POST, /* url, authorization, content type, body: the same */
	ASK_FIND,      /* source, user: status enum told_account, ERR_ABSENT */
	ASK_VERIFY,    /* source, user, password: the same */
	ASKS
};

/* Of an account at its source. */
enum told_account {
	TOLD_EXISTS,
	TOLD_STORED, /* body: its stored password (directory/password.h) */
	TOLD_RIGHT,  /* the password */
	TOLD_WRONG,
	TOLD_ACCOUNTS
};

enum {
	ASK_FIELDS = 4,                /* at most */
	ASK_SECONDS = 10,              /* for an answer, in all */
	ASKS_MOST = 256,               /* that wait for one */
	TOLD_BODY = LIMIT_FRAME - 512, /* octets of a body, at most */
	TOLD_TEXT = 200,
};
