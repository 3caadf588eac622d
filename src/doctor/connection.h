/*
 * connection.h -- to a server that talks in lines, with TLS or without.
 *
 * It waits, and never beyond its deadline: who answers a byte at a time, or
 * never, costs that long and no more.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"

enum { CONNECTION_LINE = 8192 };

struct connection {
	int fd;               /* -1: closed */
	SSL *ssl;             /* NULL: in clear text */
	uint64_t deadline_ms; /* of the monotonic clock */
	uint64_t opened_ms;
	char in[CONNECTION_LINE];
	size_t n_in;
};

/* ERR_TIMEOUT, ERR_CLOSED, ERR_IO; the text says why, of this thread till the
 * next call. Nothing is to be closed then. */
struct err connection_open(struct connection *, const struct sockaddr *,
                           socklen_t, uint64_t seconds);
void connection_close(struct connection *);

/* What goes on until the deadline is TLS; the server's certificate has been
 * looked at, but whatever it is, it is taken. What came in clear text behind
 * the last line is thrown away. */
struct err connection_start_tls(struct connection *, SSL_CTX *,
                                const char *server_name);

struct err connection_send(struct connection *, struct slice);

/* The next line, without its end; valid till the next call. ERR_LIMIT: it is
 * too long. */
struct err connection_line(struct connection *, struct slice *out);

/* All there is till the server closes; at most `most` octets. */
struct err connection_rest(struct connection *, size_t most, struct buf *out);

/* Since it was opened. */
uint64_t connection_ms(const struct connection *);
