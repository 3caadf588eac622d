/*
 * fuzzy.c -- what an exact search finds in a text a fuzzy one finds, with the
 * best score; scores are scores. Cutting the text makes no difference, unless a
 * word is too long to be held.
 *
 * What is sought ends in a line feed, the text is behind it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../tests/fuzzy_pieces.h"
#include "base/unicode.h"

enum { HELD = 256 }; /* octets of a word */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
