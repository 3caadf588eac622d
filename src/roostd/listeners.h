/*
 * listeners.h -- the sockets that strangers, the MTA and `roost` connect to.
 *
 * Made once, by the parent, before anything else starts; every gate gets a
 * copy of each (the kernel gives a connection to whoever accepts first).
 * A service manager may hand them over instead (sd_listen_fds(3)), named
 * imap, imaps, lmtp, auth or metrics, or imap-proxy and so on; those then take
 * the place of that option.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "ipc/protocol.h"

/* and the Unix sockets: lmtp_socket, auth_socket and control */
enum { LISTENERS_MOST = CONFIG_ADDRESSES_MOST + 3 };

enum { LISTENING_TEXT = 112 };

struct listening {
	int fd;
	enum listener_kind kind;
	uint16_t port; /* 0: a Unix socket */
	bool proxy;    /* balancers begin with a header, gate/proxy.h */
	char where[LISTENING_TEXT]; /* "ADDRESS:PORT", or a path */
};

struct listeners {
	struct listening v[LISTENERS_MOST];
	size_t n;
	bool metrics_failed; /* some of listen_metrics can't be had */
};

/* False: the log says what can't be listened on. */
bool listeners_open(struct listeners *, const struct config *);
/* "imap", "lmtp-proxy", ...; NULL: that is for us alone. */
const char *listening_name(const struct listening *);
bool listeners_have(const struct listeners *, enum listener_kind);
void listeners_close(struct listeners *);
