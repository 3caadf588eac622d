/*
 * extensions.h -- the table of what is announced after log-in.
 *
 * A row stands here when the extension works, whole. docs/extensions.md is
 * written from it (tools/extensions), with the transcripts whose first
 * comment names the RFC; a row without one fails the check.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "imap/session.h"

/* What ENABLE has switched on. */
enum {
	ENABLED_REV2 = 1 << 0,
	ENABLED_CONDSTORE = 1 << 1,
	ENABLED_QRESYNC = 1 << 2,
	ENABLED_UTF8 = 1 << 3,
	ENABLED_UIDONLY = 1 << 4,
};

struct capability {
	struct slice name;  /* as CAPABILITY says it */
	uint32_t enable;    /* what ENABLE name switches on, 0: nothing */
	const char *rfc;    /* its number, or a draft */
	const char *source; /* where to begin reading, in src/imap */
	/* of "NAME=value", 0: not announced; NULL: it has none */
	uint64_t (*value)(const struct session_config *);
};

extern const struct capability capabilities[];
extern const size_t n_capabilities;
