/* client_certificate.c -- roost certificate: which of clients are whose. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "admin/verbs.h"
#include "base/ascii.h"
#include "base/encode.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "ipc/protocol.h"

enum { SUBJECT_MOST = 255, DIGITS = 64 };

/* What auth is told of one. */
struct told {
	struct buf fingerprint;
	char subject[SUBJECT_MOST + 1];
	char expires[24];
};

/* What isn't is the name of a file. */
static bool is_fingerprint(struct slice text)
{
	size_t digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (ascii_hex(text.ptr[i]) < 0 && text.ptr[i] != ':')
			return false;
		digits += text.ptr[i] != ':';
	}
	return digits == DIGITS;
}

static void take_end(const X509 *x, struct told *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1)
		snprintf(out->expires, sizeof out->expires, "%lld",
		         (long long)timegm(&tm));
}

static void take(X509 *x, struct told *out)
{
	unsigned char hash[DIGITS / 2];
	BIO *bio = BIO_new(BIO_s_mem());
	int len;

	if (X509_digest(x, EVP_sha256(), hash, NULL) == 1)
		hex_encode(slice_of(hash, sizeof hash), &out->fingerprint);
	X509_NAME_print_ex(bio, X509_get_subject_name(x), 0, XN_FLAG_RFC2253);
	len = BIO_read(bio, out->subject, SUBJECT_MOST);
	out->subject[len > 0 ? len : 0] = '\0';
	BIO_free(bio);
	take_end(x, out);
}

static int read_file(const char *path, struct told *out)
{
	FILE *file = fopen(path, "re");
	X509 *x;

	if (file == NULL)
		return fail(EX_NOINPUT, "%s: %s", path, strerror(errno));
	x = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	ERR_clear_error();
	if (x == NULL)
		return fail(EX_DATAERR, "%s: there is no certificate in it",
		            path);
	take(x, out);
	X509_free(x);
	return EX_OK;
}

static int find(const char *which, struct told *out)
{
	if (!is_fingerprint(slice_cstr(which)))
		return read_file(which, out);
	buf_add(&out->fingerprint, slice_cstr(which));
	return EX_OK;
}

int run_certificate_add(const struct call *c)
{
	struct frame_out f = { 0 };
	struct told told = { 0 };
	int status = find(c->args[1], &told);

	if (status == EX_OK) {
		frame_begin(&f, FRAME_CLIENT_CERTIFICATE_ADD);
		frame_slice(&f, slice_cstr(c->args[0]));
		frame_slice(&f, buf_slice(&told.fingerprint));
		frame_slice(&f, slice_cstr(told.subject));
		frame_slice(&f, slice_cstr(told.expires));
		status = server_do(c, &f, c->args[0]);
	}
	buf_free(&told.fingerprint);
	return status;
}

int run_certificate_list(const struct call *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_CLIENT_CERTIFICATE_LIST);
	frame_slice(&f, slice_cstr(c->args[0]));
	return server_table(c, &f, c->args[0], certificate_list_columns,
	                    CERTIFICATE_LIST_COLUMNS);
}

int run_certificate_remove(const struct call *c)
{
	struct frame_out f = { 0 };
	struct told told = { 0 };
	int status = find(c->args[1], &told);

	if (status == EX_OK) {
		frame_begin(&f, FRAME_CLIENT_CERTIFICATE_REMOVE);
		frame_slice(&f, slice_cstr(c->args[0]));
		frame_slice(&f, buf_slice(&told.fingerprint));
		status = server_do(c, &f, c->args[0]);
	}
	buf_free(&told.fingerprint);
	return status;
}
