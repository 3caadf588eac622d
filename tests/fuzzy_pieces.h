/*
 * fuzzy_pieces.h -- the score of a text that comes in pieces, one after the
 * other: for tests and for fuzzing.
 */
#pragma once

#include "base/buf.h"
#include "mime/fuzzy.h"

static inline unsigned score_pieces(const struct fuzzy *f, struct slice text,
                                    size_t piece)
{
	struct fuzzy_match m = { 0 };
	struct buf held = { 0 };

	for (; text.len > piece; text = slice_from(text, piece)) {
		buf_add(&held, slice_first(text, piece));
		buf_drop(&held, fuzzy_look(f, buf_slice(&held), false,
		                           FUZZY_IN_HEADER, &m));
	}
	buf_add(&held, text);
	fuzzy_look(f, buf_slice(&held), true, FUZZY_IN_HEADER, &m);
	buf_free(&held);
	return fuzzy_score(f, &m);
}
