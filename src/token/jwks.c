/* jwks.c -- from a JWK to OpenSSL's key, and its signatures verified. */
#include "token/jwks.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "token/json.h"

enum {
	RSA_BITS_LEAST = 2048, /* RFC 7518 section 3.3 */
	RSA_BITS_MOST = 8192,  /* what is larger takes long to verify */
	EXPONENT_MOST = 4,     /* octets: the same */
	SIGNATURE_MOST = RSA_BITS_MOST / 8,
};

/* -- kinds of keys, and the algorithms for each -- */

struct kind {
	struct slice kty;
	struct slice crv;
	char *group;   /* OpenSSL's name of the curve */
	size_t octets; /* of a coordinate */
};

enum { KIND_RSA, KIND_P256, KIND_P384, KIND_ED25519, KINDS };

static char group_p256[] = "P-256";
static char group_p384[] = "P-384";

static const struct kind kinds[KINDS] = {
	[KIND_RSA] = { { "RSA", 3 }, { "", 0 }, NULL, 0 },
	[KIND_P256] = { { "EC", 2 }, { "P-256", 5 }, group_p256, 32 },
	[KIND_P384] = { { "EC", 2 }, { "P-384", 5 }, group_p384, 48 },
	[KIND_ED25519] = { { "OKP", 3 }, { "Ed25519", 7 }, NULL, 32 },
};

struct algorithm {
	struct slice name;
	int kind;
	const char *digest; /* NULL: the algorithm's own */
	int padding;        /* of RSA */
};

static const struct algorithm algorithms[] = {
	{ { "RS256", 5 }, KIND_RSA, "SHA256", RSA_PKCS1_PADDING },
	{ { "RS384", 5 }, KIND_RSA, "SHA384", RSA_PKCS1_PADDING },
	{ { "RS512", 5 }, KIND_RSA, "SHA512", RSA_PKCS1_PADDING },
	{ { "PS256", 5 }, KIND_RSA, "SHA256", RSA_PKCS1_PSS_PADDING },
	{ { "ES256", 5 }, KIND_P256, "SHA256", 0 },
	{ { "ES384", 5 }, KIND_P384, "SHA384", 0 },
	{ { "EdDSA", 5 }, KIND_ED25519, NULL, 0 },
	{ { "Ed25519", 7 }, KIND_ED25519, NULL, 0 }, /* RFC 9864 */
};

static const struct algorithm *algorithm_of(struct slice name)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (slice_eq(algorithms[i].name, name))
			return &algorithms[i];
	return NULL;
}

struct key {
	char *kid; /* "": it has none */
	char *alg; /* "": any of its kind */
	int kind;
	EVP_PKEY *pkey;
};

struct jwks {
	size_t n;
	struct key v[JWKS_MOST];
};

/* -- from JSON -- */

static bool has_octets(const json_t *jwk, const char *name, struct buf *out)
{
	struct slice text = json_text(jwk, name);

	return text.len != 0 && base64url_decode(text, out);
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static BIGNUM *number_of(const struct buf *b)
{
	return BN_bin2bn((const unsigned char *)b->data, (int)b->len, NULL);
}

static EVP_PKEY *rsa_of(const struct buf *n, const struct buf *e)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *modulus = number_of(n);
	BIGNUM *exponent = number_of(e);
	EVP_PKEY *pkey = NULL;

	if (BN_num_bits(modulus) >= RSA_BITS_LEAST && BN_is_odd(exponent) &&
	    !BN_is_one(exponent) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent))
		pkey = from_params("RSA", build);
	BN_free(modulus);
	BN_free(exponent);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

static EVP_PKEY *rsa_key(const json_t *jwk)
{
	struct buf n = { 0 };
	struct buf e = { 0 };
	EVP_PKEY *pkey = NULL;

	if (has_octets(jwk, "n", &n) && has_octets(jwk, "e", &e) &&
	    n.len <= RSA_BITS_MOST / 8 && e.len <= EXPONENT_MOST)
		pkey = rsa_of(&n, &e);
	buf_free(&n);
	buf_free(&e);
	return pkey;
}

/* OpenSSL takes only points of the curve. */
static EVP_PKEY *point_key(const struct kind *kind, const struct buf *point)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;

	if (OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
	                                    kind->group, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	                                     point->data, point->len))
		pkey = from_params("EC", build);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

/* Uncompressed: 4, x, y. SEC 1 section 2.3.3 */
static EVP_PKEY *ec_key(const json_t *jwk, const struct kind *kind)
{
	struct buf point = { 0 };
	EVP_PKEY *pkey = NULL;

	buf_byte(&point, 4);
	if (has_octets(jwk, "x", &point) && point.len == 1 + kind->octets &&
	    has_octets(jwk, "y", &point) && point.len == 1 + 2 * kind->octets)
		pkey = point_key(kind, &point);
	buf_free(&point);
	return pkey;
}

static EVP_PKEY *ed25519_key(const json_t *jwk, const struct kind *kind)
{
	struct buf x = { 0 };
	EVP_PKEY *pkey = NULL;

	if (has_octets(jwk, "x", &x) && x.len == kind->octets)
		pkey = EVP_PKEY_new_raw_public_key(
			EVP_PKEY_ED25519, NULL, (const unsigned char *)x.data,
			x.len);
	buf_free(&x);
	return pkey;
}

static int kind_of(const json_t *jwk)
{
	for (int k = 0; k < KINDS; k++)
		if (slice_eq(json_text(jwk, "kty"), kinds[k].kty) &&
		    (kinds[k].crv.len == 0 ||
		     slice_eq(json_text(jwk, "crv"), kinds[k].crv)))
			return k;
	return KINDS;
}

static EVP_PKEY *pkey_of(const json_t *jwk, int kind)
{
	switch (kind) {
	case KIND_RSA:
		return rsa_key(jwk);
	case KIND_P256:
	case KIND_P384:
		return ec_key(jwk, &kinds[kind]);
	case KIND_ED25519:
		return ed25519_key(jwk, &kinds[kind]);
	default:
		return NULL;
	}
}

static void add_key(struct jwks *set, const json_t *jwk)
{
	struct slice use = json_text(jwk, "use");
	int kind = kind_of(jwk);
	EVP_PKEY *pkey;

	if (set->n == JWKS_MOST || (use.len != 0 && !slice_eq(use, S("sig"))))
		return;
	pkey = pkey_of(jwk, kind);
	if (pkey == NULL)
		return;
	set->v[set->n++] = (struct key){ .kid = mem_cstr(json_text(jwk, "kid")),
		                         .alg = mem_cstr(json_text(jwk, "alg")),
		                         .kind = kind,
		                         .pkey = pkey };
}

struct jwks *jwks_parse(struct slice text)
{
	json_t *top = json_foreign(text);
	json_t *keys = json_object_get(top, "keys");
	struct jwks *set = NULL;

	if (json_is_array(keys)) {
		set = mem_new(1, sizeof *set);
		for (size_t i = 0; i < json_array_size(keys); i++)
			add_key(set, json_array_get(keys, i));
	}
	json_decref(top);
	return set;
}

void jwks_free(struct jwks *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++) {
		free(set->v[i].kid);
		free(set->v[i].alg);
		EVP_PKEY_free(set->v[i].pkey);
	}
	free(set);
}

size_t jwks_count(const struct jwks *set)
{
	return set->n;
}

/* -- verifying -- */

static bool fits(const struct key *k, const struct algorithm *a,
                 struct slice kid)
{
	return k->kind == a->kind &&
	       (k->alg[0] == '\0' || slice_eq(slice_cstr(k->alg), a->name)) &&
	       (kid.len == 0 || slice_eq(slice_cstr(k->kid), kid));
}

/* NULL: there is none, or of several nobody says which. */
static const struct key *find(const struct jwks *set, const struct algorithm *a,
                              struct slice kid)
{
	const struct key *found = NULL;

	for (size_t i = 0; i < set->n; i++) {
		if (!fits(&set->v[i], a, kid))
			continue;
		if (found != NULL)
			return NULL;
		found = &set->v[i];
	}
	return found;
}

/* r and s, side by side, as the SEQUENCE that OpenSSL wants: RFC 7518 section
 * 3.4. Empty: that is none. */
static void der_of(struct slice rs, size_t octets, struct buf *out)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	const unsigned char *at = (const unsigned char *)rs.ptr;
	unsigned char *to;

	if (rs.len == 2 * octets &&
	    ECDSA_SIG_set0(sig, BN_bin2bn(at, (int)octets, NULL),
	                   BN_bin2bn(at + octets, (int)octets, NULL))) {
		to = (unsigned char *)buf_room(out, 2 * octets + 16);
		out->len = (size_t)i2d_ECDSA_SIG(sig, &to);
	}
	ECDSA_SIG_free(sig);
}

static bool is_signed(EVP_PKEY *pkey, const struct algorithm *a,
                      struct slice input, struct slice signature)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	bool good = EVP_DigestVerifyInit_ex(md, &ctx, a->digest, NULL, NULL,
	                                    pkey, NULL) == 1;

	if (good && a->kind == KIND_RSA)
		good = EVP_PKEY_CTX_set_rsa_padding(ctx, a->padding) == 1;
	if (good && a->padding == RSA_PKCS1_PSS_PADDING)
		good = EVP_PKEY_CTX_set_rsa_pss_saltlen(
			       ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	good = good &&
	       EVP_DigestVerify(md, (const unsigned char *)signature.ptr,
	                        signature.len, (const unsigned char *)input.ptr,
	                        input.len) == 1;
	EVP_MD_CTX_free(md);
	return good;
}

enum jws_answer jwks_verify(const struct jwks *set, struct slice alg,
                            struct slice kid, struct slice input,
                            struct slice signature)
{
	const struct algorithm *a = algorithm_of(alg);
	struct buf der = { 0 };
	const struct key *k;
	bool good;

	if (a == NULL)
		return JWS_ALGORITHM;
	k = find(set, a, kid);
	if (k == NULL)
		return JWS_NO_KEY;
	if (signature.len == 0 || signature.len > SIGNATURE_MOST)
		return JWS_WRONG;
	if (kinds[a->kind].group != NULL) {
		der_of(signature, kinds[a->kind].octets, &der);
		signature = buf_slice(&der);
	}
	good = signature.len != 0 && is_signed(k->pkey, a, input, signature);
	buf_free(&der);
	return good ? JWS_GOOD : JWS_WRONG;
}
