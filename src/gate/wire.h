/*
 * wire.h -- a non-blocking connection, with TLS or without.
 *
 * Nothing here waits or calls back: each function does what can be done now
 * and answers what its caller has to wait for.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* OpenSSL's SSL and SSL_CTX: its headers stay in wire.c and tls.c. */
struct ssl_st;
struct ssl_ctx_st;
struct transcript;

enum io {
	IO_DONE,
	IO_WANT_READ,
	IO_WANT_WRITE,
	IO_WAIT,   /* for something else: an answer, a timer */
	IO_CLOSED, /* the client has gone, or broke the protocol */
};

struct wire {
	int fd;
	struct ssl_st *ssl;            /* NULL: in clear */
	struct transcript *transcript; /* NULL: no certificate is asked for */
};

/* Puts a server's side of TLS on it (tls_session_new()); then
 * wire_handshake() until IO_DONE. */
void wire_start_tls(struct wire *, struct ssl_ctx_st *, uint8_t listener);
enum io wire_handshake(struct wire *); /* IO_WAIT: for a certificate */

/* At least one byte when IO_DONE. */
enum io wire_read(struct wire *, void *to, size_t size, size_t *got);

/* Some of it; after IO_WANT_... call again with the same bytes first. */
enum io wire_write(struct wire *, struct slice, size_t *sent);

/* All of it; what is sent is dropped, and the memory too in the end. */
enum io wire_flush(struct wire *, struct buf *out);

/* No more will be sent, says so to the client (close_notify, FIN), closes. */
void wire_end(struct wire *);
