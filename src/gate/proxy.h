/*
 * proxy.h -- the PROXY protocol: a balancer says for whom it has connected.
 *
 * Versions 1 (a line) and 2 (octets) of haproxy's proxy-protocol.txt. A header
 * comes before anything else, once; who sends it is listener.c's business to
 * know, since nothing in it proves anything.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/network.h"
#include "base/slice.h"

enum proxy {
	PROXY_MORE, /* it is not all there */
	PROXY_DONE,
	PROXY_BAD,
};

struct proxy_header {
	size_t size;   /* octets of it; what follows is the client's */
	bool has_peer; /* or it speaks for the balancer itself */
	bool tls;      /* the balancer says that the client came by TLS */
	uint16_t port; /* of the peer */
	struct address peer;
};

/* Looks at what came from the first octet on. Never PROXY_MORE when there are
 * LIMIT_PROXY octets. */
enum proxy proxy_parse(struct slice in, struct proxy_header *out);
