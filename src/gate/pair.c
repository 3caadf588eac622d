/* pair.c -- PEM, read from a descriptor and wiped. */
#include "gate/pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/slice.h"

/* The first certificate is the server's, the others are its chain. */
static bool read_certificates(struct pair *p, BIO *pem)
{
	X509 *x;

	p->leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	p->chain = sk_X509_new_null();
	while (p->leaf != NULL && p->chain != NULL &&
	       (x = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(p->chain, x) != 0)
			continue;
		X509_free(x);
		return false;
	}
	return p->leaf != NULL && p->chain != NULL;
}

static const char *fill(struct pair *p, struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	bool ok = read_certificates(p, bio);

	BIO_free(bio);
	if (!ok)
		return "the file holds no certificate that can be used";
	bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	/* the empty passphrase: nobody can be asked here */
	p->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	BIO_free(bio);
	if (p->key == NULL || X509_check_private_key(p->leaf, p->key) != 1)
		return "the file holds no key that matches its certificate";
	return NULL;
}

/* From the start of the file, whoever else reads the same descriptor. */
static size_t read_file(int fd, char *to, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = pread(fd, to + len, size - len, (off_t)len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return len;
}

const char *pair_read(struct pair *p, int fd)
{
	char *pem = mem_new(1, PAIR_PEM_MOST);
	size_t len = read_file(fd, pem, PAIR_PEM_MOST);
	const char *problem = fill(p, slice_of(pem, len));

	mem_wipe(pem, len);
	free(pem);
	ERR_clear_error();
	if (problem != NULL)
		pair_free(p);
	return problem;
}

void pair_free(struct pair *p)
{
	X509_free(p->leaf);
	sk_X509_pop_free(p->chain, X509_free);
	EVP_PKEY_free(p->key);
	*p = (struct pair){ 0 };
}
