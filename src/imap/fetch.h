/*
 * fetch.h -- a FETCH as it was asked for, and one message's answer.
 *
 * What an item is called and what answering it needs is in one table
 * (fetch_parse.c); what answers it in another (fetch_items.c).
 */
#pragma once

#include "imap/internal.h"
#include "imap/partial.h"
#include "mime/digest.h"

enum fetch_kind {
	FETCH_UID,
	FETCH_FLAGS,
	FETCH_INTERNALDATE,
	FETCH_SIZE,
	FETCH_MODSEQ,
	FETCH_ENVELOPE,
	FETCH_BODY,
	FETCH_BODYSTRUCTURE,
	FETCH_PREVIEW,
	FETCH_SAVEDATE,
	FETCH_EMAILID,
	FETCH_THREADID,
	FETCH_SECTION,
	FETCH_BINARY,
	FETCH_BINARY_SIZE,
	FETCH_KINDS
};

struct section {
	const uint32_t *path; /* part numbers, none: the message */
	size_t depth;
	enum section_text text;
	struct slice *names; /* of HEADER.FIELDS and .NOT, by slice_icmp() */
	size_t n_names;
};

struct fetch_item {
	enum fetch_kind kind;
	struct slice label; /* as it is answered, with a space behind it */
	struct section section;
	bool sets_seen;
	bool partial;
	uint64_t offset; /* of the partial */
	uint64_t most;
};

struct fetch_modifiers {
	bool changedsince;
	bool vanished; /* RFC 7162 section 3.2.6 */
	uint64_t since;
	struct partial_range partial; /* from is 0: it isn't there */
};

struct fetch_request {
	struct seq_set set;
	struct fetch_item *items;
	size_t n;
	struct fetch_modifiers modifiers;
};

/* fetch = "FETCH" SP sequence-set SP ... ; uid: UID is among the items */
struct err parse_fetch(struct cursor *, bool uid, struct fetch_request *);

/* "(" fetch-att *(SP fetch-att) ")", as NOTIFY and UPDATE have them: checked,
 * and kept as text. */
struct slice parse_fetch_items_text(struct cursor *);

/* Such a list, or several made one; UID is among the items, and none of them
 * sets \Seen. */
void parse_fetch_items(struct cursor *, struct fetch_request *);

/* FETCH of messages that the client did not ask for: items as above. */
void fetch_new(struct session *, struct slice items, const struct uidset *);

/* MODSEQ is among the items: asked for, or as CHANGEDSINCE wants it. */
bool fetch_has_modseq(const struct fetch_request *);
void fetch_add_modseq(struct fetch_request *); /* if it is not */

/* section = "[" [section-spec] "]"; of URLs, too */
void parse_fetch_section(struct cursor *, struct section *);
void reply_section(struct buf *, const struct section *);

/* What a request asks for, as a client would write it; for tests. */
void reply_fetch_request(struct buf *, const struct fetch_request *);

/* fetch_modifiers.c */
void parse_fetch_modifiers(struct cursor *, struct fetch_modifiers *);
void reply_fetch_modifiers(struct buf *, const struct fetch_modifiers *);

/* Leaves of uids those that the modifiers let pass. Suspends. */
struct err fetch_narrow(struct mailbox *, const struct fetch_modifiers *,
                        struct uidset *uids);

/* What must be at hand to answer. */
enum fetch_needs {
	NEEDS_DIGEST = 1 << 0,
	NEEDS_MESSAGE = 1 << 1,
};

unsigned fetch_needs(const struct fetch_request *);

/* One message. The digest is there only if nothing suspends. */
struct fetch_row {
	struct session *s;
	struct mailbox *mailbox;
	struct record record;
	const struct digest *digest;
	const struct object_ids *ids; /* there when the digest is */
	struct blob_reader *blob;     /* NULL unless NEEDS_MESSAGE */
	struct err unread;            /* why it is NULL nevertheless */
	struct err e;                 /* the first item that failed */
	bool seen;                    /* one that sets \Seen did not */
};

/* Writes the whole untagged FETCH. Suspends only if NEEDS_MESSAGE. */
void fetch_row_write(struct fetch_row *, const struct fetch_request *);

/* fetch_body.c: items that need the message. They suspend. */
void fetch_section(struct fetch_row *, const struct fetch_item *);
void fetch_binary(struct fetch_row *, const struct fetch_item *);
void fetch_binary_size(struct fetch_row *, const struct fetch_item *);
