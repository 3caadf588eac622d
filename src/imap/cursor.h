/*
 * cursor.h -- a place in a command's text, for the parsers.
 *
 * The cursor keeps its first error; from then on it stands at its end, so
 * that every take() says no, every loop ends, and one look at `e` when the
 * parser is done is enough.
 *
 * The text is one whole command as the framer left it: literals stand in it
 * as "{n}" CRLF and n octets; a message on its way in is one NUL octet,
 * which no client can write outside a literal.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

struct cursor {
	const char *p;
	const char *end;
	struct arena *arena; /* where what is parsed lives */
	bool utf8;           /* 8-bit is legal in quoted strings */
	struct slice prefix; /* what every mailbox's name must begin with */
	struct err e;
};

static inline struct cursor cursor_of(struct slice text, struct arena *a,
                                      bool utf8)
{
	return (struct cursor){ .p = text.ptr,
		                .end = text.ptr + text.len,
		                .arena = a,
		                .utf8 = utf8 };
}

/* Keeps the first error only. */
void fail(struct cursor *, const char *text); /* ERR_SYNTAX */
void fail_with(struct cursor *, enum err_code, const char *text);

static inline bool at_end(const struct cursor *c)
{
	return c->p == c->end;
}

/*
 * Zeroed, in the arena. A command that would fill the arena fails with
 * ERR_LIMIT; there is room for one element then, since a loop finds out
 * behind its first one that nothing more can be taken.
 */
void *cursor_array(struct cursor *, size_t count, size_t size);

/* The next octet, or NUL at the end. */
static inline char peek(const struct cursor *c)
{
	return c->p != c->end ? *c->p : '\0';
}

/* Steps over the octet if it is the next one. */
static inline bool take(struct cursor *c, char octet)
{
	if (c->p == c->end || *c->p != octet)
		return false;
	c->p++;
	return true;
}

/* The same for a word, letters without case. What follows is not looked
 * at: "FLAGS" is also taken from "FLAGS.SILENT". */
bool take_word(struct cursor *, struct slice word);

/* take(), or else the error. */
void expect(struct cursor *, char octet, const char *text);
void expect_end(struct cursor *);

static inline struct slice rest(const struct cursor *c)
{
	return slice_of(c->p, (size_t)(c->end - c->p));
}
