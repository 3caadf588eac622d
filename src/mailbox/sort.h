/*
 * sort.h -- the messages of a mailbox in the order of some keys.
 * RFC 5256 section 3, RFC 5957
 *
 * All that messages are sorted by is in their records and digests. Texts are
 * compared under i;unicode-casemap, in which form the digest has them.
 */
#pragma once

#include "mailbox/mailbox.h"

enum sort_field {
	SORT_ARRIVAL,
	SORT_CC,
	SORT_DATE, /* Date:, or INTERNALDATE where there is none */
	SORT_DISPLAYFROM,
	SORT_DISPLAYTO,
	SORT_FROM,
	SORT_GIVEN,
	SORT_SIZE,
	SORT_SUBJECT,
	SORT_TO,
	SORT_FIELDS
};

struct sort_key {
	enum sort_field field;
	bool reverse;
	const uint8_t *given; /* SORT_GIVEN: of each of uids, in their order */
};

/*
 * out has room for each of uids: by the first key, then by the second and so
 * on, at last by UID. One that is no longer there counts as having nothing, or
 * as what it had.
 * ERR_LIMIT: too many to sort, or task_go_on(). Suspends.
 */
struct err mailbox_sort(struct mailbox *, const struct uidset *uids,
                        const struct sort_key *keys, size_t n_keys,
                        uint32_t *out);
