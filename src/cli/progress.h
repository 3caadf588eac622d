/*
 * progress.h -- a bar on a terminal, nothing elsewhere.
 *
 *	import [##########............]  41 %  1234 messages
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	bool on;
	uint64_t total; /* of done; 0: not known, then there is no bar */
	uint64_t done;
	uint64_t messages;
	int64_t shown_ms;
};

struct progress progress_begin(const char *what, uint64_t total);

/* So much of the total, and one message. Draws ten times a second at most. */
void progress_message(struct progress *, uint64_t more);
void progress_end(struct progress *);
