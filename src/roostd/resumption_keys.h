/*
 * resumption_keys.h -- what TLS session tickets are sealed with, as the
 * parent has it: one key for all gates, and the one before it.
 *
 * Whoever has a key can read what TLS 1.2 clients resumed with its tickets,
 * so a key is used for RESUMPTION_KEY_MS and forgotten as much later. It is
 * never on disk: the page it is on comes into no core, and a process that is
 * forked has zeros there.
 */
#pragma once

#include <stdint.h>

#include "ipc/protocol.h"

enum { RESUMPTION_KEY_MS = 6 * 60 * 60 * 1000 };

struct resumption_keys {
	uint8_t now[RESUMPTION_KEY_SIZE];
	uint8_t before[RESUMPTION_KEY_SIZE];
};

/* Both random. Ends the process when there is no such page. */
struct resumption_keys *resumption_keys_new(void);
void resumption_keys_free(struct resumption_keys *); /* wiped */

/* `before` is what `now` was. */
void resumption_keys_renew(struct resumption_keys *);
