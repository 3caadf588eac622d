/*
 * mimepart.h -- SEARCH MIMEPART: keys that each part of a message is asked
 * for by itself. draft-bosch-imap-search-mimepart-00
 *
 * A message matches when one of its parts does. What BODYSTRUCTURE says comes
 * from the digest; HEADER, BODY and TEXT look into the message. What the
 * draft leaves open, docs/decisions/33-mimepart.md decides.
 */
#pragma once

#include "imap/search.h"
#include "mime/described.h"

enum part_test {
	MPART_TYPE, /* text that BODYSTRUCTURE has */
	MPART_SUBTYPE,
	MPART_ID,
	MPART_DESCRIPTION,
	MPART_ENCODING,
	MPART_MD5,
	MPART_LOCATION,
	MPART_LANGUAGE, /* one of several */
	MPART_PARAM,    /* `name` is the parameter's */
	MPART_DISPOSITION,
	MPART_DISPOSITION_PARAM,
	MPART_FILENAME,
	MPART_SIZE,
	MPART_SMALLER,
	MPART_LARGER,
	MPART_DEPTH,
	MPART_DEPTH_MIN,
	MPART_DEPTH_MAX,
	MPART_INDEX,
	MPART_SUBJECT, /* of an embedded message */
	MPART_FROM,
	MPART_SENDER,
	MPART_REPLY_TO,
	MPART_TO,
	MPART_CC,
	MPART_BCC,
	MPART_IN_REPLY_TO,
	MPART_MESSAGE_ID,
	MPART_SENTBEFORE,
	MPART_SENTON,
	MPART_SENTSINCE,
	MPART_HEADER, /* in the message itself */
	MPART_BODY,
	MPART_TEXT,
	MPART_TESTS
};

/* A message whose parts are looked at. */
struct part_look {
	struct session *s;
	struct mailbox *mailbox;
	uint32_t uid;
	struct digest digest;     /* a copy */
	struct described *v;      /* its parts */
	struct blob_reader *blob; /* NULL until it is needed */
	struct buf text;          /* of the part, decoded */
	struct buf folded;
	uint64_t *looked_at; /* of the whole search */
	struct err e;
};

/* Does part i match? base is the depth of the part below which it is. Suspends
 * for those that look into the message (mimepart_test.c). */
bool part_matches(struct part_look *, const struct search_key *, uint32_t i,
                  uint32_t base);

/* Does the message, whose digest may lie in the map and may have been opened
 * for its fields alone, match k, a
 * SEARCH_MIMEPART? ERR_ABSENT: it has gone meanwhile. Suspends. */
struct err search_mimepart(struct session *, struct mailbox *, uint32_t uid,
                           const struct digest *, const struct search_key *k,
                           uint64_t *looked_at, bool *matches);
