/*
 * search_match.c -- see search_match.h.
 */
#include "imap/search_match.h"

#include "imap/date.h"

/* -- records -- */

/* Days are days where the message came from; time of day does not count. */
static int64_t arrival_day(const struct record *r)
{
	return date_day(r->internaldate, r->zone);
}

static int64_t saved_day(const struct record *r)
{
	return date_day(r->savedate, 0);
}

static bool has_flag(const struct search_key *k, const struct record *r)
{
	return (r->flags & k->mask) == k->want;
}

static bool is_before(const struct search_key *k, const struct record *r)
{
	return arrival_day(r) < k->day;
}

static bool is_on(const struct search_key *k, const struct record *r)
{
	return arrival_day(r) == k->day;
}

static bool is_since(const struct search_key *k, const struct record *r)
{
	return arrival_day(r) >= k->day;
}

static bool is_older(const struct search_key *k, const struct record *r)
{
	return r->internaldate <= k->seconds;
}

static bool is_younger(const struct search_key *k, const struct record *r)
{
	return r->internaldate >= k->seconds;
}

static bool is_saved_before(const struct search_key *k, const struct record *r)
{
	return saved_day(r) < k->day;
}

static bool is_saved_on(const struct search_key *k, const struct record *r)
{
	return saved_day(r) == k->day;
}

static bool is_saved_since(const struct search_key *k, const struct record *r)
{
	return saved_day(r) >= k->day;
}

static bool is_larger(const struct search_key *k, const struct record *r)
{
	return r->size > k->size;
}

static bool is_smaller(const struct search_key *k, const struct record *r)
{
	return r->size < k->size;
}

record_test *search_record_test(enum search_kind kind)
{
	static record_test *const tests[SEARCH_KINDS] = {
		[SEARCH_FLAG] = has_flag,
		[SEARCH_BEFORE] = is_before,
		[SEARCH_ON] = is_on,
		[SEARCH_SINCE] = is_since,
		[SEARCH_OLDER] = is_older,
		[SEARCH_YOUNGER] = is_younger,
		[SEARCH_SAVEDBEFORE] = is_saved_before,
		[SEARCH_SAVEDON] = is_saved_on,
		[SEARCH_SAVEDSINCE] = is_saved_since,
		[SEARCH_LARGER] = is_larger,
		[SEARCH_SMALLER] = is_smaller,
	};

	return tests[kind];
}

/* -- digests -- */

/* A message without a usable Date: is in no range of them. */
static bool sent(const struct search_key *k, const struct digest *d)
{
	int64_t day = date_day(d->sent, d->sent_zone);

	if (!(d->flags & DIGEST_HAS_DATE))
		return false;
	if (k->kind == SEARCH_SENTBEFORE)
		return day < k->day;
	if (k->kind == SEARCH_SENTSINCE)
		return day >= k->day;
	return day == k->day;
}

static bool has_text(const struct search_key *k, const struct digest *d)
{
	struct slice field = digest_field(d, (enum digest_field)k->field);

	return k->text.len == 0 || slice_find(field, k->text) != SLICE_NONE;
}

digest_test *search_digest_test(enum search_kind kind)
{
	return kind == SEARCH_FIELD ? has_text : sent;
}
