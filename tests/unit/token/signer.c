/* signer.c -- see signer.h. */
#include "token/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/encode.h"

void base64url(struct slice s, struct buf *out)
{
	size_t from = out->len;

	base64_encode(s, out);
	while (out->len > from && out->data[out->len - 1] == '=')
		out->len--;
	for (size_t i = from; i < out->len; i++) {
		if (out->data[i] == '+')
			out->data[i] = '-';
		if (out->data[i] == '/')
			out->data[i] = '_';
	}
}

static bool is_rsa(const struct signer *s)
{
	return s->alg[0] == 'R' || s->alg[0] == 'P';
}

static size_t octets_of(const struct signer *s)
{
	return strcmp(s->alg, "ES384") == 0 ? 48 : 32;
}

struct signer signer_new(const char *alg, const char *kid)
{
	struct signer s = { .alg = alg, .kid = kid };

	if (is_rsa(&s))
		s.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	else if (strncmp(alg, "ES", 2) == 0)
		s.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC",
		                           octets_of(&s) == 48 ? "P-384"
		                                               : "P-256");
	else
		s.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(s.pkey);
	return s;
}

void signer_free(struct signer *s)
{
	EVP_PKEY_free(s->pkey);
}

/* -- JWK -- */

static void add_number(const struct signer *s, const char *param,
                       const char *name, size_t octets, struct buf *out)
{
	BIGNUM *n = NULL;
	unsigned char bytes[1024];
	int size;

	assert_int_equal(EVP_PKEY_get_bn_param(s->pkey, param, &n), 1);
	size = octets != 0 ? (int)octets : BN_num_bytes(n);
	assert_int_equal(BN_bn2binpad(n, bytes, size), size);
	buf_printf(out, ",\"%s\":\"", name);
	base64url(slice_of(bytes, (size_t)size), out);
	buf_byte(out, '"');
	BN_free(n);
}

static void add_rsa(const struct signer *s, struct buf *out)
{
	buf_add(out, S("\"kty\":\"RSA\""));
	add_number(s, OSSL_PKEY_PARAM_RSA_N, "n", 0, out);
	add_number(s, OSSL_PKEY_PARAM_RSA_E, "e", 0, out);
}

static void add_ec(const struct signer *s, struct buf *out)
{
	buf_printf(out, "\"kty\":\"EC\",\"crv\":\"P-%d\"",
	           octets_of(s) == 48 ? 384 : 256);
	add_number(s, OSSL_PKEY_PARAM_EC_PUB_X, "x", octets_of(s), out);
	add_number(s, OSSL_PKEY_PARAM_EC_PUB_Y, "y", octets_of(s), out);
}

static void add_ed25519(const struct signer *s, struct buf *out)
{
	unsigned char bytes[32];
	size_t size = sizeof bytes;

	assert_int_equal(EVP_PKEY_get_raw_public_key(s->pkey, bytes, &size), 1);
	buf_add(out, S("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\""));
	base64url(slice_of(bytes, size), out);
	buf_byte(out, '"');
}

void signer_jwk(const struct signer *s, const char *more, struct buf *out)
{
	buf_byte(out, '{');
	if (is_rsa(s))
		add_rsa(s, out);
	else if (s->alg[1] == 'S')
		add_ec(s, out);
	else
		add_ed25519(s, out);
	if (s->kid != NULL)
		buf_printf(out, ",\"kid\":\"%s\"", s->kid);
	buf_add(out, slice_cstr(more));
	buf_byte(out, '}');
}

void signer_set(const struct signer *s, size_t n, struct buf *out)
{
	buf_add(out, S("{\"keys\":["));
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			buf_byte(out, ',');
		signer_jwk(&s[i], "", out);
	}
	buf_add(out, S("]}"));
}

/* -- JWS -- */

static const char *digest_of(const struct signer *s)
{
	if (s->alg[0] == 'E' && s->alg[1] != 'S')
		return NULL;
	return strstr(s->alg, "384") != NULL   ? "SHA384"
	       : strstr(s->alg, "512") != NULL ? "SHA512"
	                                       : "SHA256";
}

static size_t raw_of(const struct signer *s, unsigned char *sig, size_t size)
{
	const unsigned char *at = sig;
	ECDSA_SIG *der = d2i_ECDSA_SIG(NULL, &at, (long)size);
	int octets = (int)octets_of(s);

	assert_non_null(der);
	BN_bn2binpad(ECDSA_SIG_get0_r(der), sig, octets);
	BN_bn2binpad(ECDSA_SIG_get0_s(der), sig + octets, octets);
	ECDSA_SIG_free(der);
	return 2 * (size_t)octets;
}

static void add_signature(const struct signer *s, struct slice input,
                          struct buf *out)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;
	unsigned char sig[1024];
	size_t size = sizeof sig;

	assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, digest_of(s), NULL,
	                                       NULL, s->pkey, NULL),
	                 1);
	if (s->alg[0] == 'P') {
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST);
	}
	assert_int_equal(EVP_DigestSign(md, sig, &size,
	                                (const unsigned char *)input.ptr,
	                                input.len),
	                 1);
	EVP_MD_CTX_free(md);
	if (strncmp(s->alg, "ES", 2) == 0)
		size = raw_of(s, sig, size);
	base64url(slice_of(sig, size), out);
}

void signer_token(const struct signer *s, const char *header,
                  const char *claims, struct buf *out)
{
	struct buf input = { 0 };

	base64url(slice_cstr(header), &input);
	buf_byte(&input, '.');
	base64url(slice_cstr(claims), &input);
	buf_add(out, buf_slice(&input));
	buf_byte(out, '.');
	add_signature(s, buf_slice(&input), out);
	buf_byte(out, '\0');
	out->len--;
	buf_free(&input);
}

void signer_claims(const struct signer *s, const char *claims, struct buf *out)
{
	struct buf header = { 0 };

	buf_printf(&header, "{\"alg\":\"%s\"", s->alg);
	if (s->kid != NULL)
		buf_printf(&header, ",\"kid\":\"%s\"", s->kid);
	buf_add(&header, S(",\"typ\":\"at+jwt\"}"));
	buf_byte(&header, '\0');
	signer_token(s, header.data, claims, out);
	buf_free(&header);
}
