/* check_certificate.c -- a certificate and the key that belongs to it. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/authorities.h"
#include "config/check_internal.h"

/* NULL, and the error has been noted. */
static FILE *open_file(struct check *k, char *const *field)
{
	FILE *file = fopen(*field, "re");

	if (file == NULL)
		check_error(k, field, "%s: %s", *field, strerrordesc_np(errno));
	return file;
}

static X509 *read_certificate(struct check *k, char *const *field)
{
	FILE *file = open_file(k, field);
	X509 *x;

	if (file == NULL)
		return NULL;
	x = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	if (x == NULL)
		check_error(k, field, "%s: there is no certificate in it",
		            *field);
	return x;
}

static EVP_PKEY *read_key(struct check *k, char *const *field)
{
	FILE *file = open_file(k, field);
	EVP_PKEY *key;

	if (file == NULL)
		return NULL;
	/* the empty passphrase: a server has nobody to ask */
	key = PEM_read_PrivateKey(file, NULL, NULL, (void *)"");
	fclose(file);
	if (key == NULL)
		check_error(k, field, "%s: there is no key in it", *field);
	return key;
}

static void check_time(struct check *k, const X509 *x)
{
	char *const *field = &k->config->certificate;

	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		check_warning(k, field, "%s: it has expired", *field);
	else if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
		check_warning(k, field, "%s: it is not valid yet", *field);
}

void check_client_ca(struct check *k)
{
	char *const *field = &k->config->client_ca;
	struct authorities a = { 0 };
	const char *problem;
	FILE *file;

	if ((*field)[0] == '\0')
		return;
	file = open_file(k, field);
	if (file == NULL)
		return;
	problem = authorities_read(&a, fileno(file));
	if (problem != NULL)
		check_error(k, field, "%s: %s", *field, problem);
	authorities_free(&a);
	fclose(file);
}

void check_certificate(struct check *k)
{
	const struct config *c = k->config;
	char *const *key_field = c->certificate_key[0] != '\0'
	                                 ? &c->certificate_key
	                                 : &c->certificate;
	X509 *x = read_certificate(k, &c->certificate);
	EVP_PKEY *key = NULL;

	if (x != NULL)
		check_time(k, x);
	if (x != NULL || key_field != &c->certificate)
		key = read_key(k, key_field);
	if (x != NULL && key != NULL && X509_check_private_key(x, key) != 1)
		check_error(k, key_field,
		            "%s: its key is not the certificate's", *key_field);
	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
}
