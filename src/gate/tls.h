/*
 * tls.h -- what we offer in TLS.
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

#include "base/authorities.h"
#include "gate/resumption.h"
#include "gate/sni.h"

struct ssl_st;     /* OpenSSL's SSL */
struct ssl_ctx_st; /* and SSL_CTX */

/* What a context uses, and what must outlive it. */
struct tls_house {
	struct resumption *resumption; /* the keys of its tickets */
	struct sni *sni;
	const struct authorities *authorities; /* of clients' certificates */
};

/* The descriptor's file: the certificate, its chain and its key in PEM, for
 * clients that ask for no name that is in `sni`. A whole pair that matches, or
 * NULL and *problem. */
struct ssl_ctx_st *tls_load(int fd, const struct tls_house *,
                            const char **problem);
void tls_free(struct ssl_ctx_st *); /* sessions that have it keep it */

/* A server's side of a session that such a listener (enum listener_kind) has
 * accepted; NULL: OpenSSL refuses. Tickets are good for that kind only, and
 * for the server name that the client asks for. */
struct ssl_st *tls_session_new(struct ssl_ctx_st *, uint8_t listener);

enum { TLS_TEXT = 128 };

/* "TLSv1.3 TLS_AES_256_GCM_SHA384" */
void tls_describe(const struct ssl_st *, char *out, size_t size);

enum { TLS_EXPORTER = 32 };

/* The channel binding tls-exporter, TLS_EXPORTER octets: of TLS 1.3 only, since
 * before it clients don't agree on what is bound to. RFC 9266; NULL has none.
 */
bool tls_has_exporter(const struct ssl_st *);
bool tls_exporter(struct ssl_st *, char *out);

/* More KeyUpdates came in the last minute than anybody needs. */
bool tls_is_abused(const struct ssl_st *);
