/* tls.c -- OpenSSL's knobs, all in one place. */
#include "gate/tls.h"

#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/slice.h"
#include "gate/tls_client.h"

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

/* arg: the session's transcript, or NULL */
static void on_message(int is_ours, int version, int type, const void *bytes,
                       size_t size, SSL *ssl, void *arg)
{
	(void)version;
	if (type != SSL3_RT_HANDSHAKE || size == 0)
		return;
	if (!is_ours && *(const uint8_t *)bytes == SSL3_MT_KEY_UPDATE)
		count_key_update(ssl);
	if (arg != NULL)
		transcript_add(arg, is_ours != 0, slice_of(bytes, size));
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
 * what one tenant's client may go on with is nothing to another's. And for
 * those who issued certificates then. */
static int on_hello(SSL *ssl, int *alert, void *arg)
{
	const struct authorities *a = arg;
	uint8_t key[1 + sizeof a->digest] = { facts_get(ssl).listener };
	const unsigned char *name = NULL;
	unsigned char id[EVP_MAX_MD_SIZE];
	unsigned id_size = 0;
	size_t size = 0;

	(void)alert;
	memcpy(key + 1, a->digest, sizeof a->digest);
	SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &name, &size);
	return HMAC(EVP_sha256(), key, sizeof key, name, size, id, &id_size) !=
	                               NULL &&
	                       SSL_set_session_id_context(ssl, id, id_size) == 1
	               ? SSL_CLIENT_HELLO_SUCCESS
	               : SSL_CLIENT_HELLO_ERROR;
}

static SSL_CTX *context_new(const struct authorities *authorities)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		return NULL;
	/* one that could not have them would have OpenSSL's own */
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
	    SSL_CTX_set1_groups_list(ctx, "X25519:P-256") != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
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
	SSL_CTX_set_client_hello_cb(ctx, on_hello, (void *)authorities);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_msg_callback(ctx, on_message);
	tls_client_ask(ctx, authorities);
	return ctx;
}

SSL *tls_session_new(SSL_CTX *ctx, uint8_t listener)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl != NULL)
		facts_set(ssl, (struct facts){ .listener = listener });
	return ssl;
}

/* The certificate of the name that the client asks for; else the context's
 * own, which is there from the start. -1: the handshake waits. */
static int on_certificate(SSL *ssl, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct pair *p;

	tls_client_spare(ssl);
	if (name == NULL)
		return 1;
	switch (sni_pick(arg, slice_cstr(name), &p)) {
	case SNI_NONE:
		return 1;
	case SNI_WAIT:
		return -1;
	case SNI_HERE:
		break;
	}
	SSL_certs_clear(ssl);
	return SSL_use_cert_and_key(ssl, p->leaf, p->key, p->chain, 1);
}

SSL_CTX *tls_load(int fd, const struct tls_house *house, const char **problem)
{
	struct pair p = { 0 };
	SSL_CTX *ctx;

	*problem = pair_read(&p, fd);
	if (*problem != NULL)
		return NULL;
	ctx = context_new(house->authorities);
	if (ctx == NULL ||
	    SSL_CTX_use_cert_and_key(ctx, p.leaf, p.key, p.chain, 1) != 1) {
		*problem = "OpenSSL refuses it";
		ERR_clear_error();
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	pair_free(&p);
	if (ctx == NULL)
		return NULL;
	resumption_attach(ctx, house->resumption);
	SSL_CTX_set_cert_cb(ctx, on_certificate, house->sni);
	return ctx;
}

void tls_free(SSL_CTX *ctx)
{
	SSL_CTX_free(ctx);
}

void tls_describe(const SSL *ssl, char *out, size_t size)
{
	snprintf(out, size, "%s %s", SSL_get_version(ssl),
	         SSL_get_cipher_name(ssl));
}

bool tls_has_exporter(const SSL *ssl)
{
	return ssl != NULL && SSL_version(ssl) == TLS1_3_VERSION;
}

bool tls_exporter(SSL *ssl, char *out)
{
	static const char label[] = "EXPORTER-Channel-Binding";

	return tls_has_exporter(ssl) &&
	       SSL_export_keying_material(ssl, (unsigned char *)out,
	                                  TLS_EXPORTER, label, sizeof label - 1,
	                                  NULL, 0, 0) == 1;
}
