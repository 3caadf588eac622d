/*
 * tls.h -- what we offer in TLS, with one certificate.
 *
 * TLS 1.2 and 1.3, ephemeral keys and AEAD ciphers only; no renegotiation,
 * no early data, no compression; of ALPN only "imap" or nothing. The
 * context is OpenSSL's, counted by reference: sessions keep theirs when
 * gate gets a new one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/resumption.h"

struct ssl_st;     /* OpenSSL's SSL */
struct ssl_ctx_st; /* and SSL_CTX */

enum { TLS_PEM_MOST = 1 << 20 };

/* The descriptor's file: the certificate, its chain and its key in PEM. A
 * whole pair that matches, or NULL and *problem. The keys of its tickets must
 * outlive it. */
struct ssl_ctx_st *tls_load(int fd, struct resumption *, const char **problem);
void tls_free(struct ssl_ctx_st *); /* sessions that have it keep it */

/* Whole days until clients will refuse its certificate; below 0: they do. */
int tls_days_left(struct ssl_ctx_st *);

/* A server's side of a session that such a listener (enum listener_kind) has
 * accepted; NULL: OpenSSL refuses. Tickets are good for that kind only, and
 * for the server name that the client asks for. */
struct ssl_st *tls_session_new(struct ssl_ctx_st *, uint8_t listener);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
void tls_describe(const struct ssl_st *, char *out, size_t size);

/* More KeyUpdates came in the last minute than anybody needs. */
bool tls_is_abused(const struct ssl_st *);

/* From now on no passwords come: OpenSSL need not overwrite what it has
 * handed out. */
void tls_end_of_secrets(struct ssl_st *);
void tls_secrets_again(struct ssl_st *); /* passwords may come once more */
