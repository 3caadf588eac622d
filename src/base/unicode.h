/*
 * unicode.h -- UTF-8 checked once, and text folded for comparison.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Well-formed UTF-8 (no surrogates, no overlong forms, NUL is allowed). */
bool utf8_is_valid(struct slice);

/* The longest prefix that is valid; slice.len when all of it is. */
size_t utf8_valid_prefix(struct slice);

/* The longest prefix that is US-ASCII. */
size_t utf8_ascii_prefix(struct slice);

/* The longest prefix of valid UTF-8 that has `most` octets at most and cuts no
 * character. */
struct slice utf8_cut(struct slice, size_t most);

/* Takes the first code point off *s, which is not empty; U+FFFD for what is
 * ill-formed, as utf8_repair() would write it. */
uint32_t utf8_take(struct slice *s);

/* Appends one code point; U+FFFD for what is none. */
void utf8_put(struct buf *out, uint32_t code_point);

/* Appends s with every invalid sequence replaced by U+FFFD. */
void utf8_repair(struct slice s, struct buf *out);

/*
 * Appends s in the form in which text is compared: Unicode case folding and
 * canonical composition (NFKC_Casefold, utf8proc); invalid bytes are first
 * replaced. ASCII takes a short way. Same folding for what is stored in a
 * digest and for what a client searches.
 */
void unicode_fold(struct slice s, struct buf *out);

/*
 * Appends the sort key of s under i;unicode-casemap (RFC 5051): each code
 * point in title case, then decomposed, so that keys compare as octets.
 * Invalid bytes are first replaced.
 */
void unicode_casemap(struct slice s, struct buf *out);

/*
 * Appends s, which is folded, without accents and without the vowel points of
 * Hebrew and Arabic: a code point at a time, so that s may end between any two.
 */
void unicode_unmark(struct slice s, struct buf *out);

/* Appends s in normal form C; s is valid UTF-8 (asserted). */
void unicode_nfc(struct slice s, struct buf *out);
