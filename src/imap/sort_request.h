/* sort_request.h -- a SORT as it was asked for. RFC 5256, RFC 5267 */
#pragma once

#include "imap/search.h"
#include "mailbox/sort.h"

struct sort_request {
	struct search_request search;
	struct sort_key keys[SORT_FIELDS];
	size_t n_keys;
};

/* sort = "SORT" SP ... */
struct err parse_sort(struct cursor *, struct sort_request *);
