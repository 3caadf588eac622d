/*
 * certificate.h -- a client's certificate, and whether it is the client's.
 *
 * gate has looked at all this and is not believed: what it brings is verified
 * here against auth's own copy of the authorities. RFC 5280, RFC 8446
 */
#pragma once

#include "base/authorities.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "ipc/client_proof.h"

struct x509_st;

/* What in a certificate is the name of an account. */
enum certificate_name {
	CERTIFICATE_NAME_EMAIL, /* rfc822Name, RFC 5280 section 4.2.1.6 */
	CERTIFICATE_NAME_UPN,   /* userPrincipalName, of Active Directory */
	CERTIFICATE_NAME_CN,    /* commonName of the subject */
	CERTIFICATE_NAME_NONE,  /* nothing is: only those that were added */
};

enum { FINGERPRINT_TEXT = 64, SUBJECT_TEXT = 256 };

struct certificate {
	struct x509_st *x509;                   /* OpenSSL's X509 */
	char fingerprint[FINGERPRINT_TEXT + 1]; /* SHA-256, hexadecimal */
	char subject[SUBJECT_TEXT]; /* RFC 2253, ASCII, for the log; cut */
};

/* What it says, true or not. False: that is no certificate. Free it whatever
 * the answer. */
bool certificate_read(struct slice der, struct certificate *out);
void certificate_free(struct certificate *);

/* It is good now, somebody vouches for it, and its key has signed the
 * handshake. ERR_AUTHENTICATIONFAILED, ERR_UNAVAILABLE: the text says why,
 * for the log. */
struct err certificate_verify(const struct certificate *,
                              const struct authorities *,
                              const struct client_proof *, int64_t now_s);

/* The one account that it names: appended in normal form, or nothing.
 * ERR_AUTHENTICATIONFAILED, as above. */
struct err certificate_account(const struct certificate *,
                               enum certificate_name, struct buf *out);

/* As people write it, with colons and in any case, to 64 digits. False: it is
 * none. */
bool fingerprint_normal(struct slice text, char out[FINGERPRINT_TEXT + 1]);
