/* tls_client.c -- OpenSSL is asked to ask. */
#include "gate/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/limits.h"

/* -- asking -- */

/* Whether it is good enough is seen later; the handshake goes on. */
static int on_certificate(X509_STORE_CTX *ctx, void *arg)
{
	(void)arg;
	if (X509_verify_cert(ctx) <= 0 &&
	    X509_STORE_CTX_get_error(ctx) == X509_V_OK)
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
	ERR_clear_error();
	return 1;
}

/* So that clients know which of theirs is meant. */
static STACK_OF(X509_NAME) * names_of(X509_STORE *store)
{
	STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();

	for (int i = 0; names != NULL && i < sk_X509_OBJECT_num(all); i++) {
		const X509 *x =
			X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
		X509_NAME *name =
			x != NULL ? X509_NAME_dup(X509_get_subject_name(x))
				  : NULL;

		if (name != NULL && sk_X509_NAME_push(names, name) == 0)
			X509_NAME_free(name);
	}
	return names;
}

void tls_client_ask(SSL_CTX *ctx, const struct authorities *a)
{
	if (a->store == NULL) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
		return;
	}
	SSL_CTX_set1_verify_cert_store(ctx, a->store);
	SSL_CTX_set_client_CA_list(ctx, names_of(a->store));
	SSL_CTX_set_max_cert_list(ctx, LIMIT_CLIENT_CHAIN);
	SSL_CTX_set_cert_verify_callback(ctx, on_certificate, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
}

void tls_client_spare(SSL *ssl)
{
	if (SSL_version(ssl) < TLS1_3_VERSION)
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
}

struct transcript *tls_client_watch(SSL *ssl)
{
	struct transcript *t;

	if ((SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) == 0)
		return NULL;
	t = transcript_new();
	SSL_set_msg_callback_arg(ssl, t);
	return t;
}

/* -- what it has shown -- */

bool tls_client_is_good(const SSL *ssl, const struct transcript *t)
{
	struct client_proof ignored;

	return ssl != NULL && t != NULL &&
	       SSL_get0_peer_certificate(ssl) != NULL &&
	       SSL_get_verify_result(ssl) == X509_V_OK &&
	       transcript_proof(t, 32, &ignored);
}

const char *tls_client_problem(const SSL *ssl)
{
	long result;

	if (ssl == NULL || SSL_get0_peer_certificate(ssl) == NULL)
		return NULL;
	result = SSL_get_verify_result(ssl);
	return result != X509_V_OK ? X509_verify_cert_error_string(result)
	                           : NULL;
}

static void add_der(X509 *x, struct buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	if (len > 0)
		buf_add(out, slice_of(der, (size_t)len));
	OPENSSL_free(der);
}

/* A server's view of the chain has the client's own certificate apart. */
static void add_chain(const SSL *ssl, struct buf *out)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	for (int i = 0; i < sk_X509_num(chain); i++)
		add_der(sk_X509_value(chain, i), out);
}

static size_t hash_size(const SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	const EVP_MD *md = SSL_CIPHER_get_handshake_digest(cipher);

	return (size_t)EVP_MD_get_size(md);
}

void tls_client_proof(const SSL *ssl, const struct transcript *t,
                      struct buf *out)
{
	struct buf leaf = { 0 };
	struct buf chain = { 0 };
	struct client_proof p = { 0 };

	if (!tls_client_is_good(ssl, t) ||
	    !transcript_proof(t, hash_size(ssl), &p))
		return;
	add_der(SSL_get0_peer_certificate(ssl), &leaf);
	add_chain(ssl, &chain);
	p.certificate = buf_slice(&leaf);
	p.chain = buf_slice(&chain);
	client_proof_write(&p, out);
	buf_free(&leaf);
	buf_free(&chain);
}
