/*
 * digest.h -- what there is to know about a message, found out once.
 *
 * A builder is fed a message's bytes while they arrive, in any chunks, in
 * bounded memory (LIMIT_MIME_*, LIMIT_HEADER_*), and leaves a digest: one
 * immutable string of bytes, stored beside the message, from which FETCH
 * ENVELOPE, BODYSTRUCTURE and section offsets, SEARCH, SORT and THREAD are
 * answered without opening the message.
 *
 * The builder sees the message in the form in which it is stored: lines end
 * in CRLF (mime/crlf.h makes it so). Offsets are octets of that form.
 *
 * Layout: a fixed head (offsets and lengths of all below, so that opening is
 * a bounds check), the search fields, the wire forms, the part table.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum { DIGEST_VERSION = 1 };

struct digest_builder;

struct digest_builder *digest_builder_new(void);
void digest_builder_feed(struct digest_builder *, struct slice bytes);

/* Appends the digest to out and frees the builder. Every sequence of bytes
 * is a message: broken ones are described as far as they can be read. */
void digest_builder_finish(struct digest_builder *, struct buf *out);
void digest_builder_free(struct digest_builder *); /* without finishing */

/* The whole of it for a message in memory. */
void digest_make(struct slice message, struct buf *out);

/* -- reading -- */

enum digest_field {
	/* decoded to UTF-8 and folded (unicode_fold), for SEARCH: */
	DIGEST_SUBJECT,
	DIGEST_FROM, /* "display name <mailbox@host>, ..." */
	DIGEST_TO,
	DIGEST_CC,
	DIGEST_BCC,
	/* for SORT: of the first address, the display name (or, without one,
	 * mailbox@host), RFC 5957, and the local part, RFC 5256; in the form
	 * that compares as octets (unicode_casemap) */
	DIGEST_FROM_NAME,
	DIGEST_TO_NAME,
	DIGEST_FROM_MAILBOX,
	DIGEST_TO_MAILBOX,
	DIGEST_CC_MAILBOX,
	DIGEST_BASE_SUBJECT, /* RFC 5256 section 2.1, in that form */
	/* for THREAD: without angle brackets; several separated by spaces */
	DIGEST_MESSAGE_ID,
	DIGEST_IN_REPLY_TO,
	DIGEST_REFERENCES,
	/* up to 200 code points of decoded text, one line; RFC 8970 */
	DIGEST_PREVIEW,
	/* wire forms: ASCII, complete parenthesised lists, no literals; raw
	 * 8-bit text appears in them as RFC 2047 encoded words */
	DIGEST_ENVELOPE,
	DIGEST_BODYSTRUCTURE,
	DIGEST_BODY, /* BODYSTRUCTURE without extension data */
	DIGEST_FIELDS
};

enum digest_flag {
	DIGEST_HAS_NUL = 1 << 0,  /* the message holds NUL octets */
	DIGEST_HAS_DATE = 1 << 1, /* Date: could be parsed */
	DIGEST_IS_REPLY = 1 << 2, /* subject is a reply or forward */
	DIGEST_HAS_ATTACHMENT = 1 << 3,
	DIGEST_CUT = 1 << 4,      /* a limit of limits.h was met */
	DIGEST_UNPARSED = 1 << 5, /* opaque (mime/digest_check.h) */
};

enum part_type {
	PART_OTHER,
	PART_TEXT,
	PART_MULTIPART,
	PART_MESSAGE,
	PART_REPORT, /* any other message/..., which reads as text */
};

enum part_encoding {
	ENCODING_IDENTITY, /* 7bit, 8bit, binary, or none given */
	ENCODING_QUOTED_PRINTABLE,
	ENCODING_BASE64,
	ENCODING_UNKNOWN,
};

/*
 * One MIME entity. Part 0 is the message itself; children follow their
 * parent (depth first), so an index only grows on the way down and a cycle
 * can't be. A PART_MESSAGE (message/rfc822, message/global) has exactly one
 * child, the embedded message's entity, when it was parsed.
 */
struct part {
	uint32_t header;     /* offset of its header's first octet */
	uint32_t header_len; /* with the empty line */
	uint32_t body;       /* offset */
	uint32_t body_len;
	uint32_t lines;   /* of the body */
	uint32_t next;    /* index of the next sibling, 0: none */
	uint32_t child;   /* index of the first child, 0: none */
	uint8_t type;     /* enum part_type */
	uint8_t encoding; /* enum part_encoding */
	char charset[38]; /* NUL-terminated, lower case; "" when not given */
};

/* A checked view of a stored digest; points into it. */
struct digest {
	struct slice raw;
	uint32_t size;     /* octets of the message, RFC822.SIZE */
	uint32_t flags;    /* enum digest_flag */
	int64_t sent;      /* Date: in seconds since 1970, UTC */
	int16_t sent_zone; /* minutes east of UTC */
	uint32_t parts;    /* how many */
};

/* When it was written: RFC 5256 section 2.2, for what came at `arrived`. */
static inline int64_t digest_date(const struct digest *d, int64_t arrived)
{
	return (d->flags & DIGEST_HAS_DATE) != 0 ? d->sent : arrived;
}

/* ERR_CORRUPT when raw is not a digest; every offset has been checked. */
struct err digest_open(struct slice raw, struct digest *out);

/*
 * The same without looking at the parts: for whoever wants nothing but fields
 * of many digests, which then costs the memory that these lie in, not all of
 * it. *out has no parts (parts is 0).
 */
struct err digest_open_fields(struct slice raw, struct digest *out);

/* A field of the digest; points into it. Absent fields are empty. */
struct slice digest_field(const struct digest *, enum digest_field);

/* index < parts (asserted) */
struct part digest_part(const struct digest *, uint32_t index);

/* -- sections, RFC 9051 section 6.4.5 -- */

enum section_text {
	SECTION_ALL,    /* BODY[], BODY[1.2] */
	SECTION_HEADER, /* BODY[HEADER], BODY[3.HEADER] */
	SECTION_HEADER_FIELDS,
	SECTION_HEADER_FIELDS_NOT,
	SECTION_TEXT,
	SECTION_MIME,
};

/* A stretch of the stored message. */
struct span {
	uint32_t offset;
	uint32_t len;
};

/*
 * Where a section is: path is the part numbers (none: the message). False
 * when there is no such part, or the part has no such text (HEADER and TEXT
 * of something that is not a message). For the HEADER_FIELDS kinds the span
 * is that of the whole header.
 */
bool digest_section(const struct digest *, const uint32_t *path, size_t n,
                    enum section_text, struct span *out);

/* The leaf part of a numeric path, for BINARY and for SEARCH; false if none. */
bool digest_find_part(const struct digest *, const uint32_t *path, size_t n,
                      struct part *out);
