/*
 * network.h -- addresses and networks as values.
 *
 * Every address is 16 bytes: IPv6, or IPv4 in its mapped form
 * (::ffff:192.0.2.1), so that one comparison serves both. A peer on a Unix
 * socket has the address of zeroes, which no peer on the net can have.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"

struct address {
	uint8_t bytes[16];
};

/* The bits behind the prefix are zero. */
struct network {
	struct address base;
	uint8_t bits; /* 0 to 128; an IPv4 prefix counts from 96 */
};

enum { ADDRESS_TEXT = 46 }; /* bytes that hold any, with NUL */

/* *port is 0 for a Unix socket. */
struct address address_of(const struct sockaddr_storage *, uint16_t *port);

bool address_is_ipv4(const struct address *);

/* "192.0.2.1", "2001:db8::1" or, for a Unix socket, "unix". */
void address_text(const struct address *, char out[ADDRESS_TEXT]);

/* Of such a text: "192.0.2.1:25", "[2001:db8::1]:25"; out has room for it. */
struct slice address_port_text(struct slice address, uint16_t port, char *out,
                               size_t size);

/* The address with all but its first `bits` bits zero. */
struct network network_of(const struct address *, uint8_t bits);

/* "192.0.2.0/24", "2001:db8::/32", or an address alone; false when it is
 * neither, or when bits behind the prefix are set. */
bool network_parse(struct slice text, struct network *out);

bool network_has(const struct network *, const struct address *);
