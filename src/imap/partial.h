/*
 * partial.h -- a page of what was found: PARTIAL of SEARCH, SORT and FETCH.
 * RFC 9394, RFC 5267 section 4.4
 */
#pragma once

#include "base/uidset.h"
#include "imap/grammar.h"

/* Positions, from 1; backward: from the end. */
struct partial_range {
	struct slice text; /* as it was written */
	bool backward;
	uint32_t from; /* not above to; 0: there is no range */
	uint32_t to;
};

struct partial_range parse_partial_range(struct cursor *);

/* From 0; end is not among them. */
struct positions {
	uint64_t first;
	uint64_t end;
};

/* Those of the range that there are among n. */
struct positions partial_positions(struct partial_range, uint64_t n);

/* The members at these positions; out is overwritten. */
void positions_take(struct positions, const struct uidset *from,
                    struct uidset *out);
