/* tls.c -- OpenSSL's knobs, all in one place. */
#include "gate/tls.h"

#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/slice.h"

/* What we must know of a session, in the pointer that OpenSSL keeps for us:
 * the KeyUpdates of this minute, and who accepted it. */
struct facts {
	uint32_t minute;
	uint16_t key_updates;
	uint8_t listener;
	uint8_t unused;
};

_Static_assert(sizeof(struct facts) == sizeof(void *),
               "the facts fit the pointer they are kept in");

static struct facts facts_get(const SSL *ssl)
{
	void *data = SSL_get_app_data(ssl);
	struct facts f;

	memcpy(&f, &data, sizeof f);
	return f;
}

static void facts_set(SSL *ssl, struct facts f)
{
	void *data;

	memcpy(&data, &f, sizeof data);
	SSL_set_app_data(ssl, data);
}

static uint32_t minute_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint32_t)(t.tv_sec / 60);
}

static void count_key_update(SSL *ssl)
{
	struct facts f = facts_get(ssl);
	uint32_t minute = minute_now();

	if (f.minute != minute)
		f.key_updates = 0;
	f.minute = minute;
	if (f.key_updates <= LIMIT_KEY_UPDATES)
		f.key_updates++;
	facts_set(ssl, f);
}

bool tls_is_abused(const SSL *ssl)
{
	return facts_get(ssl).key_updates > LIMIT_KEY_UPDATES;
}

static void on_message(int is_ours, int version, int type, const void *bytes,
                       size_t size, SSL *ssl, void *arg)
{
	(void)version;
	(void)arg;
	if (!is_ours && type == SSL3_RT_HANDSHAKE && size != 0 &&
	    *(const uint8_t *)bytes == SSL3_MT_KEY_UPDATE)
		count_key_update(ssl);
}

/* A client that names protocols must name ours: who expects HTTP here is
 * being led astray. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = { 4, 'i', 'm', 'a', 'p' };

	(void)ssl;
	(void)arg;
	return SSL_select_next_proto((unsigned char **)out, out_len, ours,
	                             sizeof ours, in,
	                             in_len) == OPENSSL_NPN_NEGOTIATED
	               ? SSL_TLSEXT_ERR_OK
	               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A ticket is good for the listener and the server name it was given for:
 * what one tenant's client may go on with is nothing to another's. */
static int on_hello(SSL *ssl, int *alert, void *arg)
{
	const uint8_t listener = facts_get(ssl).listener;
	const unsigned char *name = NULL;
	unsigned char id[EVP_MAX_MD_SIZE];
	unsigned id_size = 0;
	size_t size = 0;

	(void)alert;
	(void)arg;
	SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &name, &size);
	return HMAC(EVP_sha256(), &listener, sizeof listener, name, size, id,
	            &id_size) != NULL &&
	                       SSL_set_session_id_context(ssl, id, id_size) == 1
	               ? SSL_CLIENT_HELLO_SUCCESS
	               : SSL_CLIENT_HELLO_ERROR;
}

static SSL_CTX *context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
	SSL_CTX_set1_groups_list(ctx, "X25519:P-256");
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	                                 SSL_OP_NO_COMPRESSION |
	                                 SSL_OP_CLEANSE_PLAINTEXT |
	                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
	                                 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	                              SSL_MODE_ENABLE_PARTIAL_WRITE |
	                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_msg_callback(ctx, on_message);
	return ctx;
}

SSL *tls_session_new(SSL_CTX *ctx, uint8_t listener)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl != NULL)
		facts_set(ssl, (struct facts){ .listener = listener });
	return ssl;
}

/* The first certificate is the server's, the others are its chain. */
static bool use_certificates(SSL_CTX *ctx, BIO *pem)
{
	bool ok = true;
	X509 *x;

	for (unsigned n = 0;
	     ok && (x = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL;
	     n++) {
		ok = n == 0 ? SSL_CTX_use_certificate(ctx, x) == 1
		            : SSL_CTX_add1_chain_cert(ctx, x) == 1;
		X509_free(x);
	}
	return ok && SSL_CTX_get0_certificate(ctx) != NULL;
}

static bool use_key(SSL_CTX *ctx, BIO *pem)
{
	/* the empty passphrase: nobody can be asked here */
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, (void *)"");
	bool ok = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	EVP_PKEY_free(key);
	return ok;
}

static const char *fill_context(SSL_CTX *ctx, struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	const char *problem = NULL;

	if (!use_certificates(ctx, bio))
		problem = "the file holds no certificate that can be used";
	BIO_free(bio);
	if (problem != NULL)
		return problem;
	bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	if (!use_key(ctx, bio) || SSL_CTX_check_private_key(ctx) != 1)
		problem = "the file holds no key that matches its certificate";
	BIO_free(bio);
	return problem;
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

SSL_CTX *tls_load(int fd, struct resumption *resumption, const char **problem)
{
	SSL_CTX *ctx = context_new();
	char *pem = mem_new(1, TLS_PEM_MOST);
	size_t len = read_file(fd, pem, TLS_PEM_MOST);

	*problem = ctx != NULL ? fill_context(ctx, slice_of(pem, len))
	                       : "OpenSSL refused to start";
	mem_wipe(pem, len);
	free(pem);
	ERR_clear_error();
	if (*problem != NULL) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	resumption_attach(ctx, resumption);
	return ctx;
}

void tls_free(SSL_CTX *ctx)
{
	SSL_CTX_free(ctx);
}

int tls_days_left(SSL_CTX *ctx)
{
	const X509 *x = SSL_CTX_get0_certificate(ctx);
	int days = 0;
	int seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) != 1)
		return -1;
	return seconds < 0 ? days - 1 : days;
}

void tls_end_of_secrets(SSL *ssl)
{
	SSL_clear_options(ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

void tls_secrets_again(SSL *ssl)
{
	SSL_set_options(ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

void tls_describe(const SSL *ssl, char *out, size_t size)
{
	snprintf(out, size, "%s %s", SSL_get_version(ssl),
	         SSL_get_cipher_name(ssl));
}
