/*
 * chain.h -- lines that can't be changed without its being seen.
 *
 * Each line ends with the hash of it and of the line before it:
 *
 *	seq=7 ts=... event=... user=... chain=SHA-256(chain of 6, this line)
 *
 * so that who changes, adds or takes out a line has to make all those behind
 * it anew. Whoever has seen one of them elsewhere knows then. The chain of no
 * line is 64 zeroes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum { CHAIN_HEX = 64 };

struct chain {
	uint64_t seq; /* of the last line, 0: there is none */
	char hex[CHAIN_HEX];
};

struct chain chain_start(void);

/* Appends the next line, with its number, its hash and its end. rest has no
 * line end in it. */
void chain_append(struct chain *, struct slice rest, struct buf *out);

/* A line without its end: is it the next one? If so the chain moves on. Where
 * nothing is known of what was before, `blind`, any line of the right form
 * is. *rest is what chain_append() was given. */
bool chain_follow(struct chain *, struct slice line, bool blind,
                  struct slice *rest);
