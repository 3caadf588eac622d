/*
 * auth.h -- the process that knows who may come in.
 *
 *      gate ──VERIFY──► ┌──────┐ ──EXPECT, CREATE, DELETE, KICK──► mail
 *           ◄─VERDICT── │ auth │ ◄──────────── DONE ──────────────
 *           ──LOOKUP──► │      │ ──FOUND──► gate
 *                       └──┬───┘
 *      roost ── control ───┘ users, status, links to mail
 *
 * It holds the directory of domains, accounts and credentials (SQLite), and
 * no mail. It never sees a client's socket: a request of gate carries what a
 * client said, and is checked like any foreign bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "task/task.h"

/* What a new hash costs: RFC 9106; OWASP's figures for Argon2id. */
struct password_cost {
	uint32_t memory_kib;
	uint32_t passes;
	uint32_t lanes;
};

#define PASSWORD_COST_DEFAULT ((struct password_cost){ 19456, 2, 1 })

struct auth_options {
	const char *directory; /* path of the database; made when absent */
	uint32_t partitions;   /* of the store; fixed when the directory is
	                          made, a different one later is refused */

	/* of a new account; 0: none */
	uint64_t quota_bytes;
	uint64_t quota_messages;

	struct password_cost password_cost;
	bool allow_plain;         /* {PLAIN} and {CLEAR} hashes are accepted */
	uint32_t verdict_seconds; /* how long a slow hash's verdict is kept; at
	                             most 300, 0: not at all */

	/*
	 * Reads a new configuration (FRAME_RELOAD); the descriptor stays the
	 * caller's. What is returned must stay valid until the next call or
	 * the end of auth_main(); NULL: keep the old one. May be NULL.
	 * directory and partitions are not read again.
	 */
	const struct auth_options *(*reload)(void *arg, int fd);
	void *reload_arg;
};

/*
 * Serves until FRAME_STOP has been obeyed or the parent has gone. Takes
 * parent_fd over (a link, ipc/protocol.h) and runs the loop; peers and the
 * control listener come as frames. The options must outlive it. Returns the
 * process's exit status: 0, or EX_CONFIG or EX_CANTCREAT when the directory
 * can't be used (the log says why).
 */
int auth_main(struct loop *, const struct auth_options *, int parent_fd);
