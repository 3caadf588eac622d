/*
 * page.h -- the last words of a process that did not expect to die.
 *
 * A page of memory that parse writes and mail reads: which job of this link
 * is being worked at right now, 0: none. When parse has died, this is the
 * message that killed it, and all others are to be tried again. A parse
 * process that has been broken into can write what it likes here; it is one
 * number, read once.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct parse_page {
	_Atomic uint64_t working;
};
