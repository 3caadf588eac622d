/* certificate.c -- X.509 by OpenSSL. */
#include "cli/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/check.h"

enum { DAYS = 3650 };

static bool add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = extension != NULL && X509_add_ext(x, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_names(X509 *x, const char *hostname)
{
	X509_NAME *name = X509_get_subject_name(x);
	char names[400];

	snprintf(names, sizeof names, "%s%s%sDNS:localhost,IP:127.0.0.1,IP:::1",
	         strcmp(hostname, "localhost") ? "DNS:" : "",
	         strcmp(hostname, "localhost") ? hostname : "",
	         strcmp(hostname, "localhost") ? "," : "");
	/* a common name has at most 64 octets; the names that count follow */
	return X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_ASC,
		       (const unsigned char *)(strlen(hostname) <= 64
	                                               ? hostname
	                                               : "localhost"),
		       -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, name) == 1 &&
	       add_extension(x, NID_subject_alt_name, names);
}

static bool set_serial(X509 *x)
{
	BIGNUM *number = BN_new();
	bool ok = number != NULL && BN_rand(number, 127, -1, 0) == 1 &&
	          BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;

	BN_free(number);
	return ok;
}

static X509 *make(EVP_PKEY *key, const char *hostname)
{
	X509 *x = X509_new();

	if (x != NULL && X509_set_version(x, 2) == 1 && set_serial(x) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), DAYS * 86400L) != NULL &&
	    X509_set_pubkey(x, key) == 1 && set_names(x, hostname) &&
	    add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(x, NID_ext_key_usage, "serverAuth") &&
	    X509_sign(x, key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

/* By write(2): a key that is in a stream's buffer is in two places. */
static bool write_synced(int fd, BIO *pem)
{
	char *data;
	long len = BIO_get_mem_data(pem, &data);

	return len > 0 && write(fd, data, (size_t)len) == len && fsync(fd) == 0;
}

static const char *write_pem(const char *path, X509 *x, EVP_PKEY *key)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	BIO *pem;
	bool ok;

	if (fd < 0)
		return strerror(errno);
	pem = BIO_new(BIO_s_secmem());
	ok = pem != NULL && PEM_write_bio_X509(pem, x) == 1 &&
	     PEM_write_bio_PKCS8PrivateKey(pem, key, NULL, NULL, 0, NULL,
	                                   NULL) == 1 &&
	     write_synced(fd, pem);
	BIO_free(pem);
	return close(fd) == 0 && ok ? NULL : "it can't be written";
}

const char *certificate_make(const char *path, const char *hostname)
{
	const char *wrong = "OpenSSL can't make it";
	EVP_PKEY *key;
	X509 *x;

	/* it becomes part of a list */
	if (!config_is_hostname(slice_cstr(hostname)))
		return "that is no host name";
	key = EVP_EC_gen("P-256");
	x = key != NULL ? make(key, hostname) : NULL;
	if (x != NULL)
		wrong = write_pem(path, x, key);
	X509_free(x);
	EVP_PKEY_free(key);
	return wrong;
}
