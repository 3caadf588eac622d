/*
 * pair.h -- a certificate, its chain, and the key that belongs to it.
 */
#pragma once

/* OpenSSL's X509, STACK_OF(X509), EVP_PKEY, SSL, SSL_CTX */
struct x509_st;
struct stack_st_X509;
struct evp_pkey_st;

enum { PAIR_PEM_MOST = 1 << 20 };

/* Zeroed it is empty. */
struct pair {
	struct x509_st *leaf;
	struct stack_st_X509 *chain; /* of the others */
	struct evp_pkey_st *key;
};

/* The descriptor's file, in PEM: a whole pair that matches. NULL, or what is
 * wrong with it, and the pair is empty. */
const char *pair_read(struct pair *, int fd);
void pair_free(struct pair *);
