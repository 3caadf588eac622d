/*
 * auth.h -- the process that knows who may come in.
 *
 *      gate ──VERIFY──► ┌──────┐ ──EXPECT, CREATE, DELETE, KICK──► mail
 *           ◄─VERDICT── │ auth │ ◄──────────── DONE ──────────────
 *           ──LOOKUP──► │      │ ──FOUND──► gate
 *                       └──┬───┘
 *      roost ── control ───┤ users, status, links to mail
 *   Postfix, Exim ─ AUTH ──┘ OK or FAIL
 *
 * It holds the directory of domains, accounts and credentials (SQLite), and
 * no mail. It never sees a client's socket: a request of gate carries what a
 * client said, and is checked like any foreign bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "auth/certificate.h"
#include "base/network.h"
#include "base/sasl.h"
#include "directory/password.h"
#include "guard/limit_rules.h"
#include "task/task.h"

enum { AUTH_SOURCES = 16, AUTH_SOURCE_NAME = 255 };

/* One that accounts come from; "": the directory. */
struct auth_source {
	char name[AUTH_SOURCE_NAME + 1];
	bool finds;    /* it can say who there is */
	bool verifies; /* it is told passwords, and says whether they are right
	                */
};

/* kind: "imap", "imaps", "lmtp", "auth" or "metrics", with "-proxy" behind it
 * if balancers alone may ask there. */
struct auth_listener {
	const char *kind;
	const char *where; /* "ADDRESS:PORT" or a path */
};

struct auth_options {
	const char *directory; /* path of the database; made when absent */
	uint32_t partitions;   /* of the store; fixed when the directory is
	                          made, a different one later is refused */

	/* of a new account; 0: none */
	uint64_t quota_bytes;
	uint64_t quota_messages;

	const char *hostname; /* that alerts are from */

	/* Where they go: "owner", accounts here, URLs. */
	const char *const *alerts;
	size_t alerts_count;

	const char *country_data; /* a file (country.h), or "" or NULL; not
	                             read again, but for what is in it */
	uint32_t mechanisms;      /* sasl_bit() of those that may be used */
	struct password_cost password_cost;

	const char *const *issuers; /* of tokens, base/issuer.h; checked */
	size_t issuers_count;
	uint32_t token_skew_seconds; /* by which clocks may differ */

	enum certificate_name certificate_name;

	bool allow_plain;         /* {PLAIN} and {CLEAR} hashes are accepted */
	uint32_t verdict_seconds; /* how long a slow hash's verdict is kept; at
	                             most 300, 0: not at all */

	uint32_t refusal_ms; /* a mail transfer agent hears of a refusal so long
	                        after it has asked (a gate counts by itself) */
	bool log_dovecot;    /* log-ins are written in Dovecot's words */
	struct limit_rules limits;
	struct history_rules history; /* beside the directory's file */
	uint32_t known_s; /* how long a place is one where an account signs in,
	                     from the last time on */
	const struct network *trusted; /* they are not counted themselves */
	size_t trusted_count;

	/* in the order in which they are asked; none when there is the
	 * directory alone */
	struct auth_source sources[AUTH_SOURCES];
	size_t n_sources;

	const char *metrics; /* are they shown? for `roost status` */

	/* where there is somebody to be met, all kinds, for `roost doctor`;
	 * does not change with the options */
	const struct auth_listener *listeners;
	size_t listeners_count;

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
