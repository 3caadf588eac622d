/*
 * code.h -- random secrets that we make and people type.
 *
 * App passwords and recovery codes: letters and digits that are not mistaken
 * for one another (no l, o, 0, 1), five bits each, shown once in groups of
 * four. Whoever types one may leave the spaces out, or use capitals.
 *
 * Nobody guesses such a secret, so what is kept is a quick hash: under a key
 * of the directory, with what it is for and whose it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
	CODE_APP_PASSWORD = 24, /* symbols: 120 bits */
	CODE_RECOVERY = 12,     /* 60 bits */
	CODE_MOST = 24,
	CODE_STORED = 64, /* hexadecimal digits */
};

/* Appends a new one, as it is shown. */
void code_make(size_t symbols, struct buf *out);

/* What somebody typed, or code_make() made, as it is kept: false if it can't
 * be such a code. The caller wipes out. */
bool code_keep(struct slice key, const char *purpose, uint64_t account,
               struct slice typed, size_t symbols, char out[CODE_STORED]);
