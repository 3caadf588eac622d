/*
 * certificate.c -- what gate brings of a client's certificate: the field of
 * FRAME_VERIFY. What parses, written out, is the same. A name found in a
 * certificate is an account's, in normal form; what is for the log is ASCII.
 * Nobody vouches for any of them, so none is ever good.
 */
#include <openssl/x509_vfy.h>
#include <stdint.h>
#include <stdlib.h>

#include "auth/certificate.h"
#include "base/ascii.h"
#include "directory/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void try_name(const struct certificate *c, enum certificate_name field)
{
	struct buf name = { 0 };
	struct buf again = { 0 };

	if (is_ok(certificate_account(c, field, &name))) {
		must(is_ok(user_name_normal(buf_slice(&name), &again)));
		must(slice_eq(buf_slice(&name), buf_slice(&again)));
	} else {
		must(name.len == 0);
	}
	buf_free(&name);
	buf_free(&again);
}

static void try_certificate(const struct client_proof *p)
{
	struct authorities nobody = { .store = X509_STORE_new() };
	struct certificate c;

	if (certificate_read(p->certificate, &c)) {
		char same[FINGERPRINT_TEXT + 1];

		must(fingerprint_normal(slice_cstr(c.fingerprint), same));
		for (const char *s = c.subject; *s != '\0'; s++)
			must(!ascii_is_8bit(*s));
		for (int i = 0; i <= CERTIFICATE_NAME_NONE; i++)
			try_name(&c, (enum certificate_name)i);
		must(!is_ok(certificate_verify(&c, &nobody, p, 1800000000)));
	}
	certificate_free(&c);
	authorities_free(&nobody);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_proof p;
	struct buf again = { 0 };

	if (client_proof_read(slice_of(data, size), &p)) {
		client_proof_write(&p, &again);
		must(slice_eq(buf_slice(&again), slice_of(data, size)));
		try_certificate(&p);
	}
	buf_free(&again);
	return 0;
}
