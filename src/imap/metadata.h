/* metadata.h -- the grammar and the response of METADATA. RFC 5464, 9590 */
#pragma once

#include "imap/internal.h"
#include "mailbox/metadata.h"

struct metadata_request {
	struct slice mailbox; /* "": the account itself */
	struct slice *names;
	size_t n;
	enum metadata_depth depth;
	uint64_t most; /* octets of a value; UINT64_MAX: any */
};

struct err parse_getmetadata(struct cursor *, struct metadata_request *);

/* entries = entry / "(" entry *(SP entry) ")" */
void parse_metadata_entries(struct cursor *, struct slice **names, size_t *n);

struct err parse_setmetadata(struct cursor *, struct slice *mailbox,
                             struct metadata_entry **entries, size_t *n);

/* "* METADATA ...", if there is any entry to tell. *longest: octets of the
 * longest value that was left out, 0 for none. Suspends. */
struct err reply_metadata(struct session *, const struct metadata_request *,
                          uint64_t *longest);
