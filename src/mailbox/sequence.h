/*
 * sequence.h -- messages in their order: from a message sequence number to a
 * UID, and back. RFC 9051 section 2.3.1.2
 *
 * A set of UIDs, as ranges, each with the count of the messages before it:
 *
 *	uids      3:5   9   12:13
 *	before    0     3   4		number 4 is UID 9
 *
 * Either way costs the logarithm of the ranges, and each range a few octets.
 * Zeroed, it is empty.
 */
#pragma once

#include "base/uidset.h"

struct sequence {
	struct uidset uids; /* to be read */
	uint32_t *before;
	size_t before_cap;
};

/* These, in place of what was there. */
void sequence_set(struct sequence *, const struct uidset *);
/* All of it is above what is there. */
void sequence_append(struct sequence *, struct uidrange);
void sequence_subtract(struct sequence *, const struct uidset *);
void sequence_free(struct sequence *);

uint32_t sequence_count(const struct sequence *);

/* seq is 1 to the count (asserted) */
uint32_t sequence_uid(const struct sequence *, uint32_t seq);
/* 0 when it is not there */
uint32_t sequence_seq(const struct sequence *, uint32_t uid);

/* Asserts that the counts are right. */
void sequence_check(const struct sequence *);
