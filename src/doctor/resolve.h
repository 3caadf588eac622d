/*
 * resolve.h -- what the DNS says.
 *
 * Addresses come as every program gets them (getaddrinfo), or from a name
 * server that was named, which is asked directly; other records from it, or
 * from the machine's.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

struct resolver {
	struct sockaddr_in server; /* family 0: the machine's */
};

enum { ADDRESSES_MOST = 16, SRV_MOST = 16, DNS_NAME = 256 };

struct where {
	struct sockaddr_storage address;
	socklen_t len;
	char text[64]; /* "192.0.2.1:993", "[2001:db8::1]:993" */
};

/* "192.0.2.53", "192.0.2.53:5353". ERR_SYNTAX. */
struct err resolver_parse(const char *text, struct resolver *out);

/* ERR_ABSENT: there is no such name, or it has no addresses; ERR_UNAVAILABLE:
 * nobody says. */
struct err resolve_addresses(const struct resolver *, const char *name,
                             uint16_t port, struct where *out, size_t *n);

struct srv {
	uint16_t priority;
	uint16_t weight;
	uint16_t port;
	char target[DNS_NAME]; /* without the last dot; "": not offered */
};

/* RFC 2782; at most SRV_MOST. ERR_ABSENT, ERR_UNAVAILABLE. */
struct err resolve_srv(const struct resolver *, const char *name,
                       struct srv *out, size_t *n);
