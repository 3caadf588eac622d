/*
 * transcript.h -- the hash of a handshake as far as the client's certificate,
 * and what the client's key has signed of it.
 *
 * OpenSSL keeps both to itself, so the messages are hashed once more as they
 * go by. TLS 1.3 only; RFC 8446 sections 4.4.1 and 4.4.3.
 *
 *	transcript_new ──► messages ──► CertificateVerify ──► signed
 *	                       └──► the client's Finished ──► nothing to show
 */
#pragma once

#include <stdbool.h>

#include "ipc/client_proof.h"

struct transcript;

struct transcript *transcript_new(void);
void transcript_free(struct transcript *); /* NULL is fine */

/* A message of the handshake, whole, with its head; in their order. What
 * comes behind its end is left alone. */
void transcript_add(struct transcript *, bool is_ours, struct slice message);

/* transcript, scheme and signature; hash_size is that of the cipher's hash,
 * 32 or 48. False: the client has not signed. They are the transcript's. */
bool transcript_proof(const struct transcript *, size_t hash_size,
                      struct client_proof *out);
