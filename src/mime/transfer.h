/*
 * transfer.h -- undoing base64 and quoted-printable, leniently, in pieces.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

/* Zeroed: the start. */
struct base64_state {
	uint32_t bits;
	unsigned int have; /* bits that count: 0, 6, 12 or 18 */
};

/* Foreign characters are passed over; padding ends a group, not the text
 * (parts are concatenated in practice). */
void base64_lenient(struct base64_state *, struct slice, struct buf *out);

/* Zeroed: the start. What has been seen of an "=" and what follows it. */
struct qp_state {
	enum { QP_TEXT, QP_EQUALS, QP_DIGIT, QP_SPACES, QP_CR } at;
	char digit;    /* QP_DIGIT: the first of the two */
	size_t spaces; /* QP_SPACES, QP_CR: between "=" and the line's end */
};

void qp_decode(struct qp_state *, struct slice, struct buf *out);
/* What was unfinished stands for itself. */
void qp_end(struct qp_state *, struct buf *out);

/* The "Q" encoding of RFC 2047 section 4.2. */
void q_decode(struct slice, struct buf *out);
