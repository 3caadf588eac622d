/*
 * context_internal.h -- one context, for context.c and context_tell.c alone.
 */
#pragma once

#include "imap/context.h"

struct context {
	struct context *next;
	struct arena *arena; /* what the request is made of, and the tag */
	struct slice tag;
	bool uid;
	struct sort_request request;
	struct uidset result;
	uint32_t *order; /* the result, sorted; NULL: it is not */
	size_t n;        /* of them */
	uint64_t since;  /* MODSEQ up to which it is right */
	uint32_t last;   /* and the UID */
	/* what was found by looking again, and is not told yet */
	struct uidset lost;
	struct uidset more;
	struct uidset joining; /* of more: those that have just come */
};

void context_free(struct context *);

/* Of the selected mailbox, whether the client knows of it or not. */
uint64_t context_highest_modseq(const struct session *);

/* NO [NOUPDATE "tag"] */
void context_stop(struct session *, struct slice tag, const char *why);
