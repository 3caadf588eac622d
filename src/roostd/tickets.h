/*
 * tickets.h -- log-ins that auth has announced and gate has yet to bring.
 *
 * A ticket is good once, for the session it was made for, for TICKET_MS.
 * There are few at a time: each is taken within a moment, or runs out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "ipc/protocol.h"

enum { TICKET_MS = 30 * 1000, TICKETS_MOST = 4096 };

/* Who comes with it, as auth said. */
struct ticket_holder {
	uint64_t account;
	uint64_t credential; /* that let it in; 0: none that is ended alone */
	char *hidden;        /* names of capabilities; heap, or NULL */
	uint8_t terms;       /* enum term */
};

struct ticket {
	char secret[TICKET_SIZE];
	char session_id[SESSION_ID_SIZE];
	uint64_t until_ms;
	struct ticket_holder holder;
};

/* Zeroed it is empty. */
struct tickets {
	struct ticket *v; /* the oldest first */
	size_t n;
};

/* Both slices have their full size (asserted). Takes the holder's `hidden`.
 * Beyond TICKETS_MOST the oldest is forgotten. */
void tickets_add(struct tickets *, uint64_t now_ms, struct slice secret,
                 struct slice session_id, struct ticket_holder);

/* False: unknown, used, run out, or of another session. The holder's `hidden`
 * is the caller's to free. */
bool tickets_take(struct tickets *, uint64_t now_ms, struct slice secret,
                  struct slice session_id, struct ticket_holder *);

/* All of an account (0: of all), or (not 0) those that one credential let
 * in. */
void tickets_void(struct tickets *, uint64_t account, uint64_t credential);

void tickets_free(struct tickets *);
