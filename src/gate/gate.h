/*
 * gate.h -- the process that talks to strangers.
 *
 * It accepts connections, speaks TLS, IMAP up to the log-in and LMTP, and
 * limits what an address may do. It asks auth who somebody is and hands the
 * client on to the mail process of the account: the TCP socket itself, or
 * one end of a socketpair when gate goes on as the TLS relay. It holds no
 * mail and no password, and reaches no file.
 */
#pragma once

#include <stdint.h>

#include "base/network.h"
#include "base/sasl.h"
#include "base/slice.h"
#include "task/task.h"

/* Connections whose client has not logged in; docs/operating.md. */
struct gate_limits {
	uint32_t per_host;    /* an IPv4 address, or an IPv6 /64 */
	uint32_t per_site;    /* an IPv6 /56 */
	uint32_t per_network; /* an IPv4 /24, or an IPv6 /48 */
	uint32_t in_all;
	uint32_t lmtp;              /* LMTP connections in all */
	uint32_t login_seconds;     /* from the accept to the log-in, in all */
	uint32_t write_seconds;     /* a relay whose client takes nothing */
	uint32_t keepalive_seconds; /* of silence, then probes; listener.c */
	uint32_t lmtp_seconds; /* of LMTP's silence; 0: LIMIT_LMTP_SECONDS */
};

enum { REFUSAL_MS_DEFAULT = 2000 };

struct gate_options {
	struct slice hostname;        /* in the greetings */
	uint64_t message_limit_bytes; /* SIZE of LMTP */

	/* Clients there may log in without TLS and are not counted by
	 * address. */
	const struct network *trusted;
	size_t trusted_count;

	/* From there a connection to a listener that is marked begins with a
	 * PROXY header; proxy_tls: TLS that it speaks of is believed. */
	const struct network *balancers;
	size_t balancers_count;
	bool proxy_tls;

	struct gate_limits limits;

	uint32_t mechanisms; /* sasl_bit() of those that are offered */

	/* A log-in is refused so long after it was asked for, or twice so
	 * long, and so on; 0: REFUSAL_MS_DEFAULT. */
	uint32_t refusal_ms;

	/*
	 * Reads a new configuration (FRAME_RELOAD); the descriptor stays the
	 * caller's. What is returned must stay valid until the next call or
	 * the end of gate_main(); NULL: keep the old one. May be NULL.
	 */
	const struct gate_options *(*reload)(void *arg, int fd);
	void *reload_arg;
};

/*
 * Serves until FRAME_STOP has been obeyed or the parent has gone. Takes
 * parent_fd over (a link, ipc/protocol.h) and runs the loop; listeners,
 * peers and the certificate come as frames. The options must outlive it.
 */
void gate_main(struct loop *, const struct gate_options *, int parent_fd);
