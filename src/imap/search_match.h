/*
 * search_match.h -- does one message match one key?
 *
 * Of the keys that its record or its digest answers alone. Nothing is read,
 * and nothing waits: search_run.c walks.
 */
#pragma once

#include "imap/search.h"
#include "mime/digest.h"

typedef bool record_test(const struct search_key *, const struct record *);
typedef bool digest_test(const struct search_key *, const struct digest *);

/* For SEARCH_OLDER and SEARCH_YOUNGER `seconds` is the time meant, since 1970.
 * NULL: a record does not answer that kind. */
record_test *search_record_test(enum search_kind);

/* SEARCH_FIELD as it is written, and the dates of Date:. */
digest_test *search_digest_test(enum search_kind);
