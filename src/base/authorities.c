/* authorities.c -- the file read, and the rules by which it verifies. */
#include "base/authorities.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/slice.h"

/* -- the rules -- */

/* A CA that has no list takes nothing back. One that has must have one for
 * now, so that an old list is no way around it. */
static int on_problem(int ok, X509_STORE_CTX *ctx)
{
	STACK_OF(X509_CRL) * lists;
	X509 *x = X509_STORE_CTX_get_current_cert(ctx);

	if (ok || x == NULL ||
	    X509_STORE_CTX_get_error(ctx) != X509_V_ERR_UNABLE_TO_GET_CRL)
		return ok;
	lists = X509_STORE_CTX_get1_crls(ctx, X509_get_issuer_name(x));
	ok = sk_X509_CRL_num(lists) <= 0;
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
	if (ok)
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return ok;
}

static void set_rules(X509_STORE *store, bool has_lists)
{
	X509_VERIFY_PARAM *rules = X509_STORE_get0_param(store);

	X509_VERIFY_PARAM_set_depth(rules, AUTHORITIES_DEPTH);
	if (!has_lists)
		return;
	X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_CRL_CHECK |
	                                           X509_V_FLAG_CRL_CHECK_ALL);
	X509_STORE_set_verify_cb(store, on_problem);
}

/* -- the file -- */

static int no_passphrase(char *to, int size, int writes, void *arg)
{
	(void)to;
	(void)size;
	(void)writes;
	(void)arg;
	return -1;
}

/* Keys that stand in the file are left alone. */
static const char *fill(X509_STORE *store, const STACK_OF(X509_INFO) * all)
{
	bool has_lists = false;
	int authorities = 0;

	for (int i = 0; i < sk_X509_INFO_num(all); i++) {
		const X509_INFO *one = sk_X509_INFO_value(all, i);

		if (one->x509 != NULL &&
		    X509_STORE_add_cert(store, one->x509) != 1)
			return "a certificate in it can't be used";
		if (one->crl != NULL &&
		    X509_STORE_add_crl(store, one->crl) != 1)
			return "a list (CRL) in it can't be used";
		authorities += one->x509 != NULL;
		has_lists |= one->crl != NULL;
	}
	set_rules(store, has_lists);
	return authorities != 0 ? NULL : "there is no certificate in it";
}

static const char *read_pem(X509_STORE *store, struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	STACK_OF(X509_INFO) *all =
		PEM_X509_INFO_read_bio(bio, NULL, no_passphrase, NULL);
	const char *problem =
		all != NULL ? fill(store, all) : "it is damaged, or no PEM";

	sk_X509_INFO_pop_free(all, X509_INFO_free);
	BIO_free(bio);
	return problem;
}

/* From its start, whoever else reads the same descriptor. */
static struct slice read_file(int fd, char *to, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size &&
	       (n = pread(fd, to + len, size - len, (off_t)len)) > 0)
		len += (size_t)n;
	return slice_of(to, len);
}

const char *authorities_read(struct authorities *a, int fd)
{
	struct authorities fresh = { 0 };
	const char *problem = NULL;
	struct slice pem;
	char *room;

	if (fd < 0) {
		authorities_free(a);
		return NULL;
	}
	room = mem_new(1, AUTHORITIES_PEM_MOST + 1);
	pem = read_file(fd, room, AUTHORITIES_PEM_MOST + 1);
	fresh.store = X509_STORE_new();
	if (pem.len > AUTHORITIES_PEM_MOST)
		problem = "it is too long";
	else if (fresh.store == NULL ||
	         EVP_Digest(pem.ptr, pem.len, fresh.digest, NULL, EVP_sha256(),
	                    NULL) != 1)
		problem = "OpenSSL refuses it";
	else
		problem = read_pem(fresh.store, pem);
	free(room);
	ERR_clear_error();
	authorities_free(problem == NULL ? a : &fresh);
	if (problem == NULL)
		*a = fresh;
	return problem;
}

void authorities_free(struct authorities *a)
{
	X509_STORE_free(a->store);
	*a = (struct authorities){ 0 };
}
