/*
 * envelope.h -- the ENVELOPE of one header, collected field by field, and
 * (for the message itself) its text for SEARCH, SORT and THREAD.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mime/encoded_word.h"

enum {
	ENVELOPE_MOST = 512 * 1024, /* octets of wire form */
	SEARCH_MOST = 512 * 1024,   /* octets of text for SEARCH */
	SUBJECT_MOST = 16 * 1024,   /* octets of a field of text */
};

enum envelope_list {
	LIST_FROM,
	LIST_SENDER,
	LIST_REPLY_TO,
	LIST_TO,
	LIST_CC,
	LIST_BCC,
	ENVELOPE_LISTS
};

enum envelope_text {
	ENV_DATE,
	ENV_SUBJECT,
	ENV_IN_REPLY_TO,
	ENV_MESSAGE_ID,
	ENVELOPE_TEXTS
};

/* What SEARCH, SORT and THREAD ask of the message itself, as it will stand
 * in the digest. */
struct search_text {
	struct buf list[ENVELOPE_LISTS];
	struct buf name[ENVELOPE_LISTS];    /* of the first address */
	struct buf mailbox[ENVELOPE_LISTS]; /* of the first address */
	struct buf subject;                 /* decoded, not yet folded */
	struct buf message_id;
	struct buf in_reply_to;
	struct buf references;
	size_t used;        /* octets of list */
	struct buf scratch; /* decoded, to be folded */
	bool has_date;
	int64_t sent;
	int16_t sent_zone;
};

struct envelope {
	struct buf list[ENVELOPE_LISTS]; /* addresses in wire form */
	struct buf text[ENVELOPE_TEXTS]; /* unfolded */
	bool has[ENVELOPE_TEXTS];
	size_t used;   /* octets of list, From counted three times */
	bool in_group; /* a group has begun in the list being written */
	struct buf scratch;
};

/* What is shared by all headers of a message. */
struct header_budget {
	size_t addresses;  /* left of LIMIT_ADDRESSES */
	size_t parameters; /* left of LIMIT_PARAMETERS_ALL */
	size_t octets;     /* left of LIMIT_HEADER_BYTES */
	bool cut;
};

/* Empty again; keeps its memory. */
void envelope_reset(struct envelope *);
void envelope_free(struct envelope *);
void search_text_free(struct search_text *);

/* Several fields of one name are one list. search may be NULL. */
void envelope_add_list(struct envelope *, enum envelope_list,
                       struct slice value, struct header_budget *,
                       struct word_decoder *, struct search_text *search);

/* The first field of a name counts. */
void envelope_add_text(struct envelope *, enum envelope_text,
                       struct slice value, struct header_budget *);

/* The complete list. RFC 9051 section 7.5.2 */
void envelope_write(const struct envelope *, struct buf *out);
