/*
 * lmtp_parse.h -- the grammar of LMTP's commands, and nothing of its state.
 * RFC 2033, RFC 5321 section 4.1, RFC 1870, RFC 6152, RFC 6531
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum lmtp_verb {
	LMTP_LHLO,
	LMTP_MAIL,
	LMTP_RCPT,
	LMTP_DATA,
	LMTP_RSET,
	LMTP_NOOP,
	LMTP_VRFY,
	LMTP_QUIT,
};

struct lmtp_command {
	enum lmtp_verb verb;
	struct slice path; /* what stands between < and >, without a source
	                      route; empty for <> */
	uint64_t size;     /* SIZE=, or 0 */
	bool smtputf8;
};

/*
 * The line without its CRLF; slices of *out point into it. NULL, or the
 * reply that refuses the command ("501 5.5.4 ...", without CRLF).
 */
const char *lmtp_parse(struct slice line, struct lmtp_command *out);

/* The path with its quoted local part unquoted: "b\ob"@x is bob@x. `to` has
 * room for path.len bytes; the length. */
size_t lmtp_unquote(struct slice path, char *to);
