/*
 * resumption.h -- TLS sessions that go on without a whole handshake.
 *
 * A session's ticket is kept by its client and opened by the server with
 * keys that it shows nobody. They come from the parent (FRAME_RESUMPTION), so
 * that every gate opens the tickets of every other, and of itself before it
 * was started again. Those of the generation before still open what they
 * closed, and the client gets a ticket of now.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "ipc/protocol.h"

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

struct resumption_key {
	uint8_t name[16]; /* in clear in each ticket: which key it needs */
	uint8_t cipher[32];
	uint8_t mac[32];
};

_Static_assert(sizeof(struct resumption_key) == RESUMPTION_KEY_SIZE,
               "it is what the parent sends");

struct resumption {
	struct resumption_key now;
	struct resumption_key before;
};

/* Random keys, until the parent's come. */
void resumption_init(struct resumption *);
void resumption_wipe(struct resumption *);

/* False, and nothing has changed: they have not the right size. */
bool resumption_use(struct resumption *, struct slice now, struct slice before);

/* Sessions of the context use these keys, which must outlive it. */
void resumption_attach(struct ssl_ctx_st *, struct resumption *);
