/*
 * client_proof.h -- what gate shows auth of a client's certificate.
 *
 * A certificate is public: it proves nothing. Its key has signed the
 * handshake (CertificateVerify, RFC 8446 section 4.4.3), and auth verifies
 * that, so that a gate without a client that has the key has nothing to show.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct client_proof {
	struct slice certificate; /* DER */
	struct slice chain;       /* further ones, DER, one behind the other */
	uint16_t scheme;          /* of the signature, RFC 8446 section 4.2.3 */
	struct slice transcript;  /* the handshake's hash as far as the
	                             certificate */
	struct slice signature;
};

/* Appended, as the field of FRAME_VERIFY. */
void client_proof_write(const struct client_proof *, struct buf *out);

/* False: that is none. The slices are the field's. */
bool client_proof_read(struct slice field, struct client_proof *out);
