/*
 * builder.h -- the digest builder's insides, shared by its files:
 *
 *	parser.c        bytes to lines: header, body, delimiter
 *	structure.c     delimiters and headers to a tree of nodes
 *	collect.c       header fields, one after another
 *	content.c       all of a header to what is said of a node
 *	bodystructure.c the tree to its wire forms
 *	digest_build.c  all of it to one digest
 *
 * Memory: nodes (60 octets each), the pool, the fields of one header, and
 * the message's own ENVELOPE and search text; all bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "mime/digest.h"
#include "mime/envelope.h"
#include "mime/param.h"
#include "mime/preview.h"

enum {
	BOUNDARY_MOST = 1000,   /* octets; RFC 2046 says 70 */
	LINE_MOST = 1100,       /* of a line that is looked at as a whole */
	FIELD_MOST = 1 << 20,   /* of one field, folding included */
	POOL_MOST = 768 * 1024, /* what is said of all parts */
	CHARSETS_MOST = 1024,   /* their charsets' names */
};

/* One entity, as in struct part, and its wire forms in the pool. */
struct node {
	uint32_t header;
	uint32_t header_len;
	uint32_t body;
	uint32_t body_len;
	uint32_t lines;
	uint32_t next;
	uint32_t child;
	uint32_t parent; /* the root: itself */
	struct span head;
	struct span tail;
	struct span envelope; /* of an embedded message's entity */
	uint16_t charset;     /* offset in charsets */
	uint8_t type;
	uint8_t encoding;
};

/* An entity that is still open. */
struct level {
	uint32_t node;
	uint32_t last_child; /* 0: none */
	uint32_t lines;      /* line ends before its body */
	bool message;        /* its header is a message's */
	bool embedded;       /* within a message that is a part */
	bool digest;         /* multipart/digest */
	char *boundary;      /* of a multipart that is not closed, or NULL */
	size_t boundary_len;
};

/* Fields that say what an entity is, in the order of the wire form. */
enum content_field {
	CONTENT_TYPE,
	CONTENT_ID,
	CONTENT_DESCRIPTION,
	CONTENT_ENCODING,
	CONTENT_MD5,
	CONTENT_DISPOSITION,
	CONTENT_LANGUAGE,
	CONTENT_LOCATION,
	CONTENT_FIELDS
};

/* A header, while it is read. */
struct header_state {
	const struct field_rule *rule; /* of the field; NULL: not wanted */
	struct buf field;              /* its octets so far */
	size_t fields;                 /* seen in this header */
	struct buf content[CONTENT_FIELDS];
	bool has[CONTENT_FIELDS];
	struct envelope envelope;
	struct params params;      /* of Content-Type */
	struct params disposition; /* of Content-Disposition */
};

struct digest_builder {
	/* parser.c */
	uint32_t offset;   /* of the next byte */
	uint32_t newlines; /* line ends so far */
	uint32_t eol;      /* octets of the last line end, 1 or 2 */
	bool mid_line;     /* the line's start has been dealt with */
	bool after_cr;     /* the last byte was CR */
	bool in_header;
	size_t held_len;
	char held[LINE_MOST]; /* start of a line that isn't complete */

	/* structure.c */
	struct node *nodes;
	size_t n_nodes;
	size_t cap_nodes;
	size_t depth;      /* index of the innermost level */
	size_t boundaries; /* levels with a boundary */
	struct level levels[LIMIT_MIME_DEPTH + 1];

	/* collect.c, content.c */
	struct header_state header;
	struct header_budget budget;
	struct word_decoder words;
	struct buf pool;
	struct buf charsets; /* NUL-terminated names, the first empty */
	struct buf scratch;

	/* of the whole message */
	struct search_text search;
	struct buf envelope;
	struct preview preview;
	uint32_t flags;
};

static inline struct level *innermost(struct digest_builder *b)
{
	return &b->levels[b->depth];
}

static inline struct node *innermost_node(struct digest_builder *b)
{
	return &b->nodes[innermost(b)->node];
}

/* -- parser.c -- */

/* Deals with what is held and closes all that is open. */
void parser_finish(struct digest_builder *);

/* -- structure.c -- */

/* Opens the message itself, at offset 0. */
void structure_start(struct digest_builder *);

/* The header has ended before b->offset: the entity's body begins. */
void structure_begin_body(struct digest_builder *);

enum delimiter { DELIMITER_NONE, DELIMITER_PART, DELIMITER_CLOSE };

/* What the line that begins at b->offset is. A delimiter closes what its
 * multipart encloses. */
enum delimiter structure_delimiter(struct digest_builder *, struct slice line);

/* A part of the innermost multipart begins at b->offset. */
void structure_open_part(struct digest_builder *);

/* The message has ended at b->offset. */
void structure_finish(struct digest_builder *);

/* May an entity have parts of its own? */
bool structure_has_room(const struct digest_builder *);

/* -- collect.c -- */

/* A new header begins. */
void collect_start(struct digest_builder *);

/* A line of the header (complete but for its continuation lines), or more
 * of one. */
void collect_field(struct digest_builder *, struct slice line);
void collect_more(struct digest_builder *, struct slice line);
void collect_end(struct digest_builder *);

/* -- content.c -- */

/* What the pool begins with: of a text/plain part about which nothing is
 * said. */
void content_start(struct digest_builder *);
struct span content_default_head(void);
struct span content_default_tail(void);

/* What the structure must know of an entity besides its node. */
struct description {
	struct slice boundary; /* of a multipart; valid until the next header */
	bool plain;            /* text/plain, text/html: may be previewed */
	bool html;
};

/* All fields are read: describes the innermost node. */
struct description content_describe(struct digest_builder *);

/* -- bodystructure.c -- */

void bodystructure_write(const struct digest_builder *, bool extended,
                         struct buf *out);
