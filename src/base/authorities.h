/*
 * authorities.h -- those who issue certificates for clients, and what they
 * have taken back: CAs and CRLs, in one PEM file.
 *
 * gate asks clients for certificates of theirs, and auth verifies what it is
 * brought: each has a copy of its own, from the parent. Intermediate ones may
 * stand in the file, too; what is self-signed in it is trusted.
 */
#pragma once

#include <stdint.h>

struct x509_store_st; /* OpenSSL's X509_STORE */

enum {
	AUTHORITIES_PEM_MOST = 1 << 20,
	AUTHORITIES_DEPTH = 4, /* certificates between the client's and a CA */
};

/* Zeroed there are none. */
struct authorities {
	struct x509_store_st *store; /* NULL: none */
	uint8_t digest[32];          /* of the file */
};

/* The descriptor's file takes their place; -1: nobody does. NULL, or what is
 * wrong with it, and nothing has changed. */
const char *authorities_read(struct authorities *, int fd);
void authorities_free(struct authorities *);
