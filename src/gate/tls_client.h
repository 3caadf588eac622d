/*
 * tls_client.h -- certificates of clients, which come in by EXTERNAL.
 *
 * One is asked for where there are authorities, and by TLS 1.3 only: there
 * what its key signs is of one form, which auth can check (client_proof.h).
 * A client without one, or with one that nobody trusts, is served all the
 * same; it is not offered EXTERNAL. Who has shown one is not resumed.
 */
#pragma once

#include <stdbool.h>

#include "base/authorities.h"
#include "gate/transcript.h"

struct ssl_st;     /* OpenSSL's SSL */
struct ssl_ctx_st; /* and SSL_CTX */

/* New sessions of the context are asked for one of theirs, or not asked if
 * there are none. */
void tls_client_ask(struct ssl_ctx_st *, const struct authorities *);

/* A handshake has come as far as its version: those before 1.3 are not
 * asked. */
void tls_client_spare(struct ssl_st *);

/* Of a session that will be asked, which must not outlive it; else NULL. */
struct transcript *tls_client_watch(struct ssl_st *);

/* It has shown one that one of the authorities vouches for, and that it has
 * the key. transcript may be NULL. */
bool tls_client_is_good(const struct ssl_st *, const struct transcript *);

/* Of one that has shown any: what is wrong with it; NULL: nothing, or it has
 * shown none. */
const char *tls_client_problem(const struct ssl_st *);

/* Appends it (client_proof.h), or nothing: there is none. */
void tls_client_proof(const struct ssl_st *, const struct transcript *,
                      struct buf *out);
