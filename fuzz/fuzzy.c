/*
 * fuzzy.c -- what an exact search finds in a text a fuzzy one finds, with the
 * best score; scores are scores. Cutting the text makes no difference, unless a
 * word is too long to be held.
 *
 * What is sought ends in a line feed, the text is behind it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/unicode.h"
#include "mime/fuzzy.h"

enum { HELD = 256 }; /* octets of a word */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned score_pieces(const struct fuzzy *f, struct slice text,
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

static void check(struct slice sought, struct slice text, size_t piece)
{
	struct arena *a = arena_new(SIZE_MAX);
	const struct fuzzy *f = fuzzy_new(a, sought);
	struct buf unmarked = { 0 };
	unsigned score = fuzzy_score_text(f, text);

	if (score > FUZZY_BEST)
		abort();
	if ((sought.len == 0 || slice_find(text, sought) != SLICE_NONE) &&
	    score != FUZZY_BEST)
		abort();
	unicode_unmark(text, &unmarked);
	if (unmarked.len < HELD &&
	    score_pieces(f, buf_slice(&unmarked), piece) != score)
		abort();
	buf_free(&unmarked);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice sought, text;
	struct buf folded[2] = { 0 };

	slice_cut(slice_of(data, size), '\n', &sought, &text);
	unicode_fold(sought, &folded[0]);
	unicode_fold(text, &folded[1]);
	check(buf_slice(&folded[0]), buf_slice(&folded[1]), 1 + size % 7);
	buf_free(&folded[0]);
	buf_free(&folded[1]);
	return 0;
}
