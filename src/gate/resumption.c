/* resumption.c -- what OpenSSL asks for when it seals or opens a ticket. */
#include "gate/resumption.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

/* What the callback may answer; SSL_CTX_set_tlsext_ticket_key_evp_cb(3). */
enum { TICKET_ERROR = -1, TICKET_UNKNOWN = 0, TICKET_GOOD = 1, TICKET_RENEW };

void resumption_init(struct resumption *r)
{
	random_bytes(r, sizeof *r);
}

void resumption_wipe(struct resumption *r)
{
	mem_wipe(r, sizeof *r);
}

bool resumption_use(struct resumption *r, struct slice now, struct slice before)
{
	if (now.len != sizeof r->now || before.len != sizeof r->before)
		return false;
	memcpy(&r->now, now.ptr, now.len);
	memcpy(&r->before, before.ptr, before.len);
	return true;
}

static bool set_mac(EVP_MAC_CTX *mac, struct resumption_key *key)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac,
		                                  sizeof key->mac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
		                                 (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static int seal(struct resumption_key *key, unsigned char *name,
                unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	memcpy(name, key->name, sizeof key->name);
	random_bytes(iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()));
	return EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher,
	                          iv) == 1 &&
	                       set_mac(mac, key)
	               ? TICKET_GOOD
	               : TICKET_ERROR;
}

static int unseal(struct resumption_key *key, const unsigned char *iv,
                  EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	return set_mac(mac, key) &&
	                       EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(),
	                                          NULL, key->cipher, iv) == 1
	               ? TICKET_GOOD
	               : TICKET_ERROR;
}

static bool is_of(const unsigned char *name, const struct resumption_key *key)
{
	return memcmp(name, key->name, sizeof key->name) == 0;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
	struct resumption *r = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	int result;

	if (sealing)
		return seal(&r->now, name, iv, cipher, mac);
	if (!is_of(name, &r->now) && !is_of(name, &r->before))
		return TICKET_UNKNOWN;
	if (!is_of(name, &r->now)) {
		result = unseal(&r->before, iv, cipher, mac);
		return result == TICKET_GOOD ? TICKET_RENEW : result;
	}
	result = unseal(&r->now, iv, cipher, mac);
	/* RFC 8446 appendix C.4: a client uses each ticket once */
	return result == TICKET_GOOD && SSL_version(ssl) >= TLS1_3_VERSION
	               ? TICKET_RENEW
	               : result;
}

static int on_seal(SSL *ssl, void *arg)
{
	(void)ssl;
	(void)arg;
	return 1;
}

/* A client that has shown a certificate shows it, and that it has the key,
 * each time: of its chain a ticket has nothing, and of its end neither. */
static SSL_TICKET_RETURN on_open(SSL *ssl, SSL_SESSION *session,
                                 const unsigned char *name, size_t size,
                                 SSL_TICKET_STATUS status, void *arg)
{
	(void)ssl;
	(void)name;
	(void)size;
	(void)arg;
	if (session != NULL && SSL_SESSION_get0_peer(session) != NULL)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	switch (status) {
	case SSL_TICKET_SUCCESS:
		return SSL_TICKET_RETURN_USE;
	case SSL_TICKET_SUCCESS_RENEW:
		return SSL_TICKET_RETURN_USE_RENEW;
	default:
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	}
}

void resumption_attach(SSL_CTX *ctx, struct resumption *r)
{
	SSL_CTX_set_app_data(ctx, r);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
	SSL_CTX_set_session_ticket_cb(ctx, on_seal, on_open, NULL);
}
