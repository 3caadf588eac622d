/*
 * fuzzy.h -- is this text something like the one sought, and how much?
 * SEARCH FUZZY, RFC 6203
 *
 * Accents count for nothing (unicode_unmark). A text is found when it has what
 * is sought as it stands, or two thirds of its words, in whatever order. A word
 * is found as itself, as a part of another or, if it has four letters or more,
 * as one like it: with a letter missing, too many or another one, with two
 * neighbours exchanged, or with another ending ("meetings", "meeting").
 *
 * So what an exact search finds is found. Time is in proportion to the text,
 * whatever is in it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

enum {
	FUZZY_WORDS = 16, /* those beyond count for nothing */
	FUZZY_BEST = 100, /* of scores, which begin at 1 */
};

/* A subject that has it says more than a body. */
enum fuzzy_place { FUZZY_IN_HEADER, FUZZY_IN_BODY, FUZZY_PLACES };

/* What is sought. */
struct fuzzy {
	struct slice text;
	struct slice words[FUZZY_WORDS];
	size_t n;
};

/* What has been found of it so far, in points; zeroed: nothing. */
struct fuzzy_match {
	uint8_t text;
	uint8_t words[FUZZY_WORDS];
};

/* Of a text that is folded (unicode_fold); it lives in the arena. */
const struct fuzzy *fuzzy_new(struct arena *, struct slice folded);

/*
 * Looks at some unmarked text. Unless it is the last of it, its last word may
 * go on. Returns how many octets, from its beginning, need not be there when
 * it is looked at again with more behind it.
 */
size_t fuzzy_look(const struct fuzzy *, struct slice text, bool last,
                  enum fuzzy_place, struct fuzzy_match *);

/* 1 to FUZZY_BEST; 0: it is not found. */
unsigned fuzzy_score(const struct fuzzy *, const struct fuzzy_match *);

/* The score of one whole text of a header, folded. */
unsigned fuzzy_score_text(const struct fuzzy *, struct slice folded);
