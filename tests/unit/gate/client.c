/* client.c -- sockets and OpenSSL's client side. */
#include "client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct client {
	int fd;
	SSL *ssl;
	size_t len;
	char line[8192];
};

struct client *client_new_from(uint16_t port, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons(port) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct timeval most = { .tv_sec = 60 };
	struct client *c = calloc(1, sizeof *c);

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, address, &from.sin_addr);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
	assert_int_equal(bind(c->fd, (struct sockaddr *)&from, sizeof from), 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&to, sizeof to), 0);
	return c;
}

struct client *client_new(uint16_t port)
{
	return client_new_from(port, "127.0.0.1");
}

void client_free(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

int client_fd(struct client *c)
{
	return c->fd;
}

bool client_start_tls(struct client *c, struct slice alpn, int most)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	/* a gate that refuses closes: OpenSSL writes without MSG_NOSIGNAL */
	signal(SIGPIPE, SIG_IGN);
	SSL_CTX_set_max_proto_version(ctx, most);
	c->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	if (alpn.len != 0)
		SSL_set_alpn_protos(c->ssl, (const unsigned char *)alpn.ptr,
		                    (unsigned)alpn.len);
	SSL_set_fd(c->ssl, c->fd);
	ERR_clear_error();
	return SSL_connect(c->ssl) == 1;
}

bool client_resume(struct client *c, const char *name, int most,
                   SSL_SESSION **session)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_max_proto_version(ctx, most);
	c->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	if (name[0] != '\0')
		assert_int_equal(SSL_set_tlsext_host_name(c->ssl, name), 1);
	if (*session != NULL)
		SSL_set_session(c->ssl, *session);
	SSL_set_fd(c->ssl, c->fd);
	assert_int_equal(SSL_connect(c->ssl), 1);
	client_say(c, "a NOOP\r\n");
	client_line(c);
	SSL_SESSION_free(*session);
	*session = SSL_get1_session(c->ssl);
	return SSL_session_reused(c->ssl) == 1;
}

void client_session_free(SSL_SESSION *session)
{
	SSL_SESSION_free(session);
}

void client_send(struct client *c, struct slice s)
{
	size_t sent = s.len;

	if (c->ssl != NULL)
		assert_int_equal(SSL_write_ex(c->ssl, s.ptr, s.len, &sent), 1);
	else
		sent = (size_t)send(c->fd, s.ptr, s.len, MSG_NOSIGNAL);
	assert_int_equal(sent, s.len);
}

void client_say(struct client *c, const char *text)
{
	client_send(c, slice_cstr(text));
}

/* At least one byte; 0: the end. */
static size_t receive(struct client *c, char *to, size_t size)
{
	size_t got = 0;
	ssize_t n;

	if (c->ssl != NULL) {
		ERR_clear_error();
		return SSL_read_ex(c->ssl, to, size, &got) == 1 ? got : 0;
	}
	n = recv(c->fd, to, size, 0);
	return n > 0 ? (size_t)n : 0;
}

const char *client_line(struct client *c)
{
	c->len = 0;
	while (c->len + 1 < sizeof c->line) {
		if (receive(c, c->line + c->len, 1) == 0)
			return c->len == 0 ? "(end)" : "(cut)";
		if (c->line[c->len++] == '\n')
			break;
	}
	assert_true(c->len >= 2 && c->line[c->len - 2] == '\r');
	c->line[c->len - 2] = '\0';
	return c->line;
}

bool client_read(struct client *c, char *to, size_t n)
{
	while (n != 0) {
		size_t got = receive(c, to, n);

		if (got == 0)
			return false;
		to += got;
		n -= got;
	}
	return true;
}

void client_end(struct client *c)
{
	if (c->ssl != NULL)
		SSL_shutdown(c->ssl);
	else
		shutdown(c->fd, SHUT_WR);
}

void client_update_key(struct client *c)
{
	SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
	SSL_do_handshake(c->ssl);
}

bool client_sees(struct client *c, const char *name)
{
	X509 *x = SSL_get0_peer_certificate(c->ssl);
	char got[256] = "";

	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, got,
	                          sizeof got);
	return strcmp(got, name) == 0;
}

static void add_pem(BIO *bio, struct buf *out)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	buf_add(out, slice_of(data, (size_t)size));
	BIO_free(bio);
}

static X509 *sign(const char *name, EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	                           (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, subject);
	X509_sign(x, key, EVP_sha256());
	return x;
}

struct buf certificate_new(const char *name, const struct buf *key_of)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = sign(name, key);
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf out = { 0 };

	PEM_write_bio_X509(bio, x);
	if (key_of == NULL)
		PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	add_pem(bio, &out);
	if (key_of != NULL) {
		struct slice other = buf_slice(key_of);

		buf_add(&out,
		        slice_from(other,
		                   slice_find(other, S("-----BEGIN PR"))));
	}
	X509_free(x);
	EVP_PKEY_free(key);
	return out;
}
