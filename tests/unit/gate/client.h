/*
 * client.h -- the other end of a connection: a blocking client, with TLS by
 * OpenSSL or without. Every wait ends after 60 s and fails the test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct client;
struct ssl_session_st; /* OpenSSL's SSL_SESSION */

/* As OpenSSL numbers them; its headers stay in client.c. */
enum { CLIENT_TLS_1_1 = 0x302, CLIENT_TLS_1_2 = 0x303 };

/* From 127.0.0.1, or another loopback address. */
struct client *client_new(uint16_t port);
struct client *client_new_from(uint16_t port, const char *address);
void client_free(struct client *); /* close without close_notify */

/* alpn in wire form or empty; most: the highest version, or 0. False: refused.
 */
bool client_start_tls(struct client *, struct slice alpn, int most);

/* As client_start_tls(), for a server of that name ("": none is said), and
 * with a ticket: what *session is, unless NULL. Reads a line, behind which
 * the new ticket has come, and puts it there. True: the server went on with
 * the old session. */
bool client_resume(struct client *, const char *name, int most,
                   struct ssl_session_st **session);
void client_session_free(struct ssl_session_st *);

void client_say(struct client *, const char *text);
void client_send(struct client *, struct slice);

/* The next line without CRLF; "(end)" when the server has closed. Valid
 * until the next call. */
const char *client_line(struct client *);

/* Exactly n bytes, or false. */
bool client_read(struct client *, char *to, size_t n);

/* Says close_notify, or shuts the clear socket down for writing. */
void client_end(struct client *);

/* Asks for one more TLS 1.3 key update. */
void client_update_key(struct client *);

int client_fd(struct client *);

/* Is this the certificate that was made for the common name? */
bool client_sees(struct client *, const char *name);

/* A self-signed certificate and its key; `key_of` NULL, or another pair
 * whose key is put in its place. Caller frees. */
struct buf certificate_new(const char *name, const struct buf *key_of);
