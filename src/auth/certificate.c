/* certificate.c -- three questions to OpenSSL: is it valid, is it the
 * client's, whose is it? */
#include "auth/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/encode.h"
#include "directory/name.h"

enum {
	HASH_MOST = 48,
	LEVEL = 2, /* of keys and signatures: at least 112 bits */
};

/* -- DER -- */

/* The next one; NULL: there is none. */
static X509 *next_certificate(struct slice *der)
{
	const unsigned char *at = (const unsigned char *)der->ptr;
	X509 *x;

	if (der->len == 0)
		return NULL;
	x = d2i_X509(NULL, &at, (long)der->len);
	if (x != NULL)
		*der = slice_from(*der, (size_t)((const char *)at - der->ptr));
	return x;
}

/* NULL: it is none, or there is more than one. */
static X509 *only_certificate(struct slice der)
{
	X509 *x = next_certificate(&der);

	if (der.len == 0)
		return x;
	X509_free(x);
	return NULL;
}

/* NULL: something in it is none. */
static STACK_OF(X509) * chain_of(struct slice der)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *x;

	while (chain != NULL && (x = next_certificate(&der)) != NULL) {
		if (sk_X509_push(chain, x) == 0)
			X509_free(x);
	}
	if (der.len == 0)
		return chain;
	sk_X509_pop_free(chain, X509_free);
	return NULL;
}

/* -- is it valid? -- */

static struct err check_in(X509_STORE_CTX *ctx, const struct authorities *a,
                           X509 *leaf, STACK_OF(X509) * chain, int64_t now_s)
{
	X509_VERIFY_PARAM *rules;

	if (ctx == NULL ||
	    X509_STORE_CTX_init(ctx, a->store, leaf, chain) != 1 ||
	    X509_STORE_CTX_set_default(ctx, "ssl_client") != 1)
		return err(ERR_UNAVAILABLE, "OpenSSL can't verify it now");
	rules = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(rules, now_s);
	X509_VERIFY_PARAM_set_auth_level(rules, LEVEL);
	if (X509_verify_cert(ctx) == 1)
		return OK;
	return err(
		ERR_AUTHENTICATIONFAILED,
		X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
}

static struct err check_chain(const struct authorities *a, X509 *leaf,
                              struct slice der, int64_t now_s)
{
	STACK_OF(X509) *chain = chain_of(der);
	X509_STORE_CTX *ctx;
	struct err e;

	if (chain == NULL)
		return err(ERR_AUTHENTICATIONFAILED,
		           "its chain is no certificates");
	ctx = X509_STORE_CTX_new();
	e = check_in(ctx, a, leaf, chain, now_s);
	X509_STORE_CTX_free(ctx);
	sk_X509_pop_free(chain, X509_free);
	return e;
}

/* -- is it the client's? -- */

/* RFC 8446 section 4.2.3: what CertificateVerify may use. */
static const struct scheme {
	uint16_t number;
	int key;
	const char *digest; /* NULL: a part of the signature */
} schemes[] = {
	{ 0x0403, EVP_PKEY_EC, "SHA256" },
	{ 0x0503, EVP_PKEY_EC, "SHA384" },
	{ 0x0603, EVP_PKEY_EC, "SHA512" },
	{ 0x0804, EVP_PKEY_RSA, "SHA256" },
	{ 0x0805, EVP_PKEY_RSA, "SHA384" },
	{ 0x0806, EVP_PKEY_RSA, "SHA512" },
	{ 0x0807, EVP_PKEY_ED25519, NULL },
	{ 0x0808, EVP_PKEY_ED448, NULL },
	{ 0x0809, EVP_PKEY_RSA_PSS, "SHA256" },
	{ 0x080a, EVP_PKEY_RSA_PSS, "SHA384" },
	{ 0x080b, EVP_PKEY_RSA_PSS, "SHA512" },
};

static const struct scheme *scheme_of(uint16_t number, const EVP_PKEY *key)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (schemes[i].number == number &&
		    schemes[i].key == EVP_PKEY_get_base_id(key))
			return &schemes[i];
	return NULL;
}

/* RFC 8446 section 4.4.3. What begins so has been signed for this purpose and
 * for no other. */
static void add_signed(struct slice transcript, struct buf *out)
{
	static const char label[] = "TLS 1.3, client CertificateVerify";

	for (int i = 0; i < 64; i++)
		buf_byte(out, ' ');
	buf_add(out, slice_of(label, sizeof label)); /* its NUL, too */
	buf_add(out, transcript);
}

static bool begin(EVP_MD_CTX *ctx, const struct scheme *s, EVP_PKEY *key)
{
	EVP_PKEY_CTX *how;

	if (EVP_DigestVerifyInit_ex(ctx, &how, s->digest, NULL, NULL, key,
	                            NULL) != 1)
		return false;
	if (s->key != EVP_PKEY_RSA && s->key != EVP_PKEY_RSA_PSS)
		return true;
	return EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) ==
	               1;
}

static bool has_signed(EVP_PKEY *key, const struct client_proof *p)
{
	const struct scheme *s = scheme_of(p->scheme, key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf said = { 0 };
	bool good = false;

	add_signed(p->transcript, &said);
	if (s != NULL && ctx != NULL && begin(ctx, s, key))
		good = EVP_DigestVerify(
			       ctx, (const unsigned char *)p->signature.ptr,
			       p->signature.len,
			       (const unsigned char *)said.data, said.len) == 1;
	EVP_MD_CTX_free(ctx);
	buf_free(&said);
	return good;
}

static struct err check_signature(X509 *leaf, const struct client_proof *p)
{
	EVP_PKEY *key = X509_get0_pubkey(leaf);

	if (key != NULL && p->signature.len != 0 &&
	    (p->transcript.len == 32 || p->transcript.len == HASH_MOST) &&
	    has_signed(key, p))
		return OK;
	return err(ERR_AUTHENTICATIONFAILED,
	           "its key has not signed this handshake");
}

/* -- whose is it? -- */

/* All that it says must be one account. */
struct names {
	struct buf one;
	const char *problem;
};

static void take_name(struct names *c, struct slice text)
{
	struct buf name = { 0 };

	if (!is_ok(user_name_normal(text, &name)))
		c->problem = "it has a name that no account can have";
	else if (c->one.len == 0)
		buf_add(&c->one, buf_slice(&name));
	else if (!slice_eq(buf_slice(&c->one), buf_slice(&name)))
		c->problem = "it has the names of several accounts";
	buf_free(&name);
}

static struct slice string_of(const ASN1_STRING *s)
{
	return slice_of(ASN1_STRING_get0_data(s),
	                (size_t)ASN1_STRING_length(s));
}

static void take_email(struct names *c, const GENERAL_NAME *g)
{
	struct slice text;

	if (g->type != GEN_EMAIL)
		return;
	text = string_of(g->d.rfc822Name);
	for (size_t i = 0; i < text.len; i++)
		if (ascii_is_8bit(text.ptr[i]))
			text.len = 0; /* IA5 has none: no name at all */
	take_name(c, text);
}

static void take_upn(struct names *c, const GENERAL_NAME *g)
{
	const OTHERNAME *o;

	if (g->type != GEN_OTHERNAME)
		return;
	o = g->d.otherName;
	if (OBJ_obj2nid(o->type_id) != NID_ms_upn)
		return;
	if (ASN1_TYPE_get(o->value) == V_ASN1_UTF8STRING)
		take_name(c, string_of(o->value->value.utf8string));
	else
		take_name(c, S(""));
}

static void take_alternatives(struct names *c, X509 *x,
                              void (*take)(struct names *,
                                           const GENERAL_NAME *))
{
	int found;
	GENERAL_NAMES *names =
		X509_get_ext_d2i(x, NID_subject_alt_name, &found, NULL);

	if (found == -2)
		c->problem = "it has its names twice";
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		take(c, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
}

static void take_common_names(struct names *c, const X509 *x)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >=
	       0) {
		unsigned char *text = NULL;
		int len = ASN1_STRING_to_UTF8(
			&text, X509_NAME_ENTRY_get_data(
				       X509_NAME_get_entry(subject, at)));

		take_name(c, slice_of(text, len > 0 ? (size_t)len : 0));
		OPENSSL_free(text);
	}
}

static void take_names(struct names *c, X509 *x, enum certificate_name field)
{
	switch (field) {
	case CERTIFICATE_NAME_EMAIL:
		take_alternatives(c, x, take_email);
		break;
	case CERTIFICATE_NAME_UPN:
		take_alternatives(c, x, take_upn);
		break;
	case CERTIFICATE_NAME_CN:
		take_common_names(c, x);
		break;
	case CERTIFICATE_NAME_NONE:
		break;
	}
}

struct err certificate_account(const struct certificate *c,
                               enum certificate_name field, struct buf *out)
{
	struct names names = { 0 };

	take_names(&names, c->x509, field);
	ERR_clear_error();
	if (names.problem == NULL && names.one.len == 0)
		names.problem = "it has no name of an account";
	if (names.problem == NULL)
		buf_add(out, buf_slice(&names.one));
	buf_free(&names.one);
	return names.problem == NULL
	               ? OK
	               : err(ERR_AUTHENTICATIONFAILED, names.problem);
}

/* -- the whole -- */

static void describe(struct certificate *c, X509 *x)
{
	unsigned char hash[FINGERPRINT_TEXT / 2];
	struct buf text = { 0 };
	BIO *bio = BIO_new(BIO_s_mem());
	int len;

	if (X509_digest(x, EVP_sha256(), hash, NULL) == 1)
		hex_encode(slice_of(hash, sizeof hash), &text);
	snprintf(c->fingerprint, sizeof c->fingerprint, "%.*s", (int)text.len,
	         text.data);
	buf_free(&text);
	X509_NAME_print_ex(bio, X509_get_subject_name(x), 0, XN_FLAG_RFC2253);
	len = BIO_read(bio, c->subject, sizeof c->subject - 1);
	c->subject[len > 0 ? len : 0] = '\0';
	BIO_free(bio);
}

bool certificate_read(struct slice der, struct certificate *out)
{
	*out = (struct certificate){ .x509 = only_certificate(der) };
	if (out->x509 != NULL)
		describe(out, out->x509);
	ERR_clear_error();
	return out->x509 != NULL;
}

struct err certificate_verify(const struct certificate *c,
                              const struct authorities *a,
                              const struct client_proof *p, int64_t now_s)
{
	struct err e = check_chain(a, c->x509, p->chain, now_s);

	if (is_ok(e))
		e = check_signature(c->x509, p);
	ERR_clear_error();
	return e;
}

void certificate_free(struct certificate *c)
{
	X509_free(c->x509);
}

bool fingerprint_normal(struct slice text, char out[FINGERPRINT_TEXT + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == ':' && n % 2 == 0 && n != 0)
			continue;
		if (ascii_hex(text.ptr[i]) < 0 || n == FINGERPRINT_TEXT)
			return false;
		out[n++] = ascii_lower(text.ptr[i]);
	}
	out[n] = '\0';
	return n == FINGERPRINT_TEXT;
}
