/*
 * password.c -- one table of schemes, one function a family.
 *
 * Not accepted, because a leaked hash is as good as the password: MD5, DES,
 * and what needs the plain password on the wire (CRAM-MD5, NTLM). {PLAIN}
 * only when the configuration says so.
 */
#include "directory/password.h"

#include <argon2.h>
#include <crypt.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
	SALT_SIZE = 16,
	KEY_SIZE = 32,
	ARGON2_MEMORY_KIB = 1 << 20, /* what a stored hash may ask for */
	ARGON2_PASSES = 100,
	ARGON2_LANES = 64, /* each is a thread */
	PBKDF2_ROUNDS = 10000000,
};

struct scheme {
	const char *name;
	enum password_answer (*verify)(const struct scheme *, struct slice hash,
	                               struct slice secret);
	const char *detail; /* prefix, or digest, as verify likes it */
	bool is_plain;
	bool is_salted; /* digest, then salt */
	bool is_raw;    /* bytes, in base64 if nothing else is said */
	bool is_quick;  /* to say no */
};

static enum password_answer answer(bool right)
{
	return right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

/* -- Argon2 -- */

struct argon2_head {
	unsigned version, memory_kib, passes, lanes;
};

/* "$argon2id$v=19$m=19456,t=2,p=1$", whatever the variant. */
static bool parse_argon2(const char *hash, struct argon2_head *out)
{
	char variant[12];
	int end = 0;
	int n = sscanf(hash, "$%11[a-z0-9]$v=%u$m=%u,t=%u,p=%u$%n", variant,
	               &out->version, &out->memory_kib, &out->passes,
	               &out->lanes, &end);

	return n == 5 && end != 0 && out->memory_kib <= ARGON2_MEMORY_KIB &&
	       out->passes <= ARGON2_PASSES && out->lanes <= ARGON2_LANES;
}

static enum password_answer verify_argon2(const struct scheme *scheme,
                                          struct slice hash,
                                          struct slice secret)
{
	struct argon2_head head;
	argon2_type type =
		slice_starts(hash, S("$argon2id$")) ? Argon2_id : Argon2_i;
	char *encoded = mem_cstr(hash);
	int code = ARGON2_DECODING_FAIL;

	(void)scheme;
	if (parse_argon2(encoded, &head))
		code = argon2_verify(encoded, secret.ptr, secret.len, type);
	free(encoded);
	if (code != ARGON2_OK && code != ARGON2_VERIFY_MISMATCH)
		return PASSWORD_UNUSABLE;
	return answer(code == ARGON2_OK);
}

/* -- crypt(3) -- */

static bool is_strong_crypt(struct slice hash)
{
	static const char *const methods[] = {
		"$y$",  "$gy$", "$7$", "$2a$", "$2b$",
		"$2x$", "$2y$", "$6$", "$5$",
	};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (slice_starts(hash, slice_cstr(methods[i])))
			return true;
	return false;
}

/* One that was cut off, or is nothing but a salt, is like none that crypt
 * makes. */
static enum password_answer run_crypt(struct slice hash, struct slice secret)
{
	struct crypt_data *data = mem_new(1, sizeof *data);
	char *setting = mem_cstr(hash);
	char *phrase = mem_cstr(secret);
	const char *made = crypt_rn(phrase, setting, data, sizeof *data);
	enum password_answer a = PASSWORD_UNUSABLE;

	if (made != NULL && strlen(made) == hash.len)
		a = answer(secret_eq(slice_cstr(made), hash));
	mem_wipe(phrase, secret.len);
	mem_wipe(data, sizeof *data);
	free(phrase);
	free(setting);
	free(data);
	return a;
}

static enum password_answer verify_crypt(const struct scheme *scheme,
                                         struct slice hash, struct slice secret)
{
	if (!slice_starts(hash, slice_cstr(scheme->detail)) ||
	    !is_strong_crypt(hash))
		return PASSWORD_UNUSABLE;
	/* crypt would compare only what stands before the NUL */
	if (slice_find_byte(secret, '\0') != SLICE_NONE ||
	    secret.len >= CRYPT_MAX_PASSPHRASE_SIZE)
		return PASSWORD_UNUSABLE;
	return run_crypt(hash, secret);
}

/* -- one round of a hash, perhaps with salt behind it -- */

static enum password_answer verify_digest(const struct scheme *scheme,
                                          struct slice hash,
                                          struct slice secret)
{
	const EVP_MD *md = EVP_get_digestbyname(scheme->detail);
	size_t size = (size_t)EVP_MD_get_size(md);
	uint8_t made[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (scheme->is_salted ? hash.len <= size : hash.len != size) {
		EVP_MD_CTX_free(ctx);
		return PASSWORD_UNUSABLE;
	}

	struct slice salt = slice_from(hash, size);
	bool made_it = EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
	               EVP_DigestUpdate(ctx, secret.ptr, secret.len) == 1 &&
	               EVP_DigestUpdate(ctx, salt.ptr, salt.len) == 1 &&
	               EVP_DigestFinal_ex(ctx, made, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	if (!made_it)
		return PASSWORD_UNUSABLE;
	return answer(secret_eq(slice_of(made, size), slice_first(hash, size)));
}

/* -- PBKDF2: "$1$salt$rounds$" and 20 octets of HMAC-SHA-1 in hex -- */

static bool parse_pbkdf2(struct slice hash, struct slice *salt,
                         uint64_t *rounds, struct slice *key)
{
	struct slice rest, number;

	if (!slice_starts(hash, S("$1$")))
		return false;
	if (!slice_cut(slice_from(hash, 3), '$', salt, &rest) ||
	    !slice_cut(rest, '$', &number, key))
		return false;
	return slice_number(number, rounds) && *rounds != 0 &&
	       *rounds <= PBKDF2_ROUNDS && key->len == 40;
}

static enum password_answer verify_pbkdf2(const struct scheme *scheme,
                                          struct slice hash,
                                          struct slice secret)
{
	struct slice salt, key;
	uint64_t rounds;
	uint8_t made[20];
	struct buf hex = { 0 };

	(void)scheme;
	if (!parse_pbkdf2(hash, &salt, &rounds, &key))
		return PASSWORD_UNUSABLE;
	if (PKCS5_PBKDF2_HMAC(secret.ptr, (int)secret.len,
	                      (const unsigned char *)salt.ptr, (int)salt.len,
	                      (int)rounds, EVP_sha1(), sizeof made, made) != 1)
		return PASSWORD_UNUSABLE;
	hex_encode(slice_of(made, sizeof made), &hex);

	bool right = secret_eq(buf_slice(&hex), key);

	buf_free(&hex);
	return answer(right);
}

/* -- SCRAM: the same keys serve a password that comes in clear -- */

static enum password_answer verify_scram(const struct scheme *scheme,
                                         struct slice hash, struct slice secret)
{
	bool is_right;

	if (!scram_keys_verify(slice_eq(slice_cstr(scheme->detail), S("SHA1"))
	                               ? SCRAM_SHA_1
	                               : SCRAM_SHA_256,
	                       hash, secret, &is_right))
		return PASSWORD_UNUSABLE;
	return answer(is_right);
}

static enum password_answer verify_plain(const struct scheme *scheme,
                                         struct slice hash, struct slice secret)
{
	(void)scheme;
	return answer(secret_eq(hash, secret));
}

/* -- the table -- */

static const struct scheme schemes[] = {
	{ "ARGON2ID", verify_argon2 },
	{ "ARGON2I", verify_argon2 },
	{ "ARGON2", verify_argon2 },
	{ "BLF-CRYPT", verify_crypt, "$2" },
	{ "SHA512-CRYPT", verify_crypt, "$6$" },
	{ "SHA256-CRYPT", verify_crypt, "$5$" },
	{ "CRYPT", verify_crypt, "$" },
	{ "SSHA512", verify_digest, "SHA512", 0, 1, 1, 1 },
	{ "SSHA256", verify_digest, "SHA256", 0, 1, 1, 1 },
	{ "SSHA", verify_digest, "SHA1", 0, 1, 1, 1 },
	{ "SHA512", verify_digest, "SHA512", 0, 0, 1, 1 },
	{ "SHA256", verify_digest, "SHA256", 0, 0, 1, 1 },
	{ "SHA1", verify_digest, "SHA1", 0, 0, 1, 1 },
	{ "SHA", verify_digest, "SHA1", 0, 0, 1, 1 },
	{ "PBKDF2", verify_pbkdf2 },
	{ "SCRAM-SHA-1", verify_scram, "SHA1" },
	{ "SCRAM-SHA-256", verify_scram, "SHA256" },
	{ "PLAIN", verify_plain, .is_plain = 1, .is_quick = 1 },
	{ "CLEAR", verify_plain, .is_plain = 1, .is_quick = 1 },
	{ "CLEARTEXT", verify_plain, .is_plain = 1, .is_quick = 1 },
};

static const struct scheme *scheme_named(struct slice name)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (slice_ieq(name, slice_cstr(schemes[i].name)))
			return &schemes[i];
	return NULL;
}

/* "{NAME}hash" or "{NAME.ENCODING}hash"; "$..." is crypt's. */
struct split {
	struct slice name;
	struct slice encoding;
	struct slice hash;
};

static struct split split_form(struct slice form)
{
	struct split s = { S(""), S(""), form };
	struct slice head;

	if (slice_starts(form, S("$"))) {
		s.name = S("CRYPT");
		return s;
	}
	if (!slice_starts(form, S("{")) ||
	    !slice_cut(slice_from(form, 1), '}', &head, &s.hash))
		return s;
	slice_cut(head, '.', &s.name, &s.encoding);
	return s;
}

/* Of the first form, which is the one that verifies. */
static struct split split_stored(struct slice stored)
{
	return split_form(slice_first(stored, slice_find_byte(stored, '\n')));
}

struct slice password_form(struct slice stored, struct slice scheme)
{
	struct slice form;

	while (stored.len != 0) {
		slice_cut(stored, '\n', &form, &stored);

		struct split s = split_form(form);

		if (slice_ieq(s.name, scheme) && s.encoding.len == 0)
			return s.hash;
	}
	return S("");
}

struct slice password_scheme(struct slice stored)
{
	return slice_first(split_stored(stored).name, PASSWORD_SCHEME);
}

static bool hex_decode(struct slice s, struct buf *out)
{
	if (s.len % 2 != 0)
		return false;
	for (size_t i = 0; i < s.len; i += 2) {
		int high = ascii_hex(s.ptr[i]);
		int low = ascii_hex(s.ptr[i + 1]);

		if (high < 0 || low < 0)
			return false;
		buf_u8(out, (uint8_t)(high << 4 | low));
	}
	return true;
}

static bool decode_hash(const struct scheme *scheme, const struct split *s,
                        struct buf *out)
{
	if (slice_ieq(s->encoding, S("hex")))
		return hex_decode(s->hash, out);
	if (slice_ieq(s->encoding, S("b64")) ||
	    slice_ieq(s->encoding, S("base64")) ||
	    (s->encoding.len == 0 && scheme->is_raw))
		return base64_decode(s->hash, out);
	if (s->encoding.len != 0)
		return false;
	buf_add(out, s->hash);
	return true;
}

/* Where the hash is text, its bytes become a C string. */
static bool is_text(struct slice s)
{
	return slice_find_byte(s, '\0') == SLICE_NONE;
}

enum password_answer password_verify(struct slice stored, struct slice secret,
                                     bool allow_plain)
{
	struct split s = split_stored(stored);
	const struct scheme *scheme = scheme_named(s.name);
	struct buf hash = { 0 };
	enum password_answer a = PASSWORD_UNUSABLE;

	if (secret.len == 0 || secret.len > LIMIT_PASSWORD)
		return PASSWORD_WRONG;
	if (scheme == NULL || (scheme->is_plain && !allow_plain))
		return PASSWORD_UNUSABLE;
	if (is_text(s.hash) && decode_hash(scheme, &s, &hash) &&
	    hash.len != 0 && (scheme->is_raw || is_text(buf_slice(&hash))))
		a = scheme->verify(scheme, buf_slice(&hash), secret);
	mem_wipe(hash.data, hash.len);
	buf_free(&hash);
	return a;
}

bool password_is_quick(struct slice stored)
{
	const struct scheme *scheme = scheme_named(split_stored(stored).name);

	return scheme == NULL || scheme->is_quick;
}

static bool hash_argon2(struct slice secret, const struct password_cost *cost,
                        struct buf *out)
{
	char encoded[PASSWORD_STORED];
	uint8_t salt[SALT_SIZE];
	int code;

	random_bytes(salt, sizeof salt);
	code = argon2id_hash_encoded(cost->passes, cost->memory_kib,
	                             cost->lanes, secret.ptr, secret.len, salt,
	                             sizeof salt, KEY_SIZE, encoded,
	                             sizeof encoded);
	if (code != ARGON2_OK)
		return false;
	buf_add(out, S("{ARGON2ID}"));
	buf_add(out, slice_cstr(encoded));
	return true;
}

const struct slice password_scram_schemes[SCRAM_HASHES] = {
	[SCRAM_SHA_256] = { "SCRAM-SHA-256", 13 },
	[SCRAM_SHA_1] = { "SCRAM-SHA-1", 11 },
};

static bool hash_scram(enum scram_hash hash, struct slice secret,
                       uint64_t rounds, struct buf *out)
{
	buf_add(out, S("\n{"));
	buf_add(out, password_scram_schemes[hash]);
	buf_byte(out, '}');
	return scram_keys_make(hash, secret, rounds, out);
}

bool password_hash(struct slice secret, struct password_cost cost,
                   struct buf *out)
{
	bool made = hash_argon2(secret, &cost, out);

	for (int h = 0; made && h < SCRAM_HASHES; h++)
		if (cost.scram_rounds[h] != 0)
			made = hash_scram((enum scram_hash)h, secret,
			                  cost.scram_rounds[h], out);
	return made;
}

static bool is_argon2_current(struct slice hash, const struct password_cost *c)
{
	struct argon2_head head;
	char *text;
	bool parsed;

	if (!is_text(hash) || !slice_starts(hash, S("$argon2id$")))
		return false;
	text = mem_cstr(hash);
	parsed = parse_argon2(text, &head);
	free(text);
	return parsed && head.version == ARGON2_VERSION_NUMBER &&
	       head.memory_kib == c->memory_kib && head.passes == c->passes &&
	       head.lanes == c->lanes;
}

static bool is_scram_current(struct slice stored, enum scram_hash hash,
                             uint64_t rounds)
{
	struct slice form = password_form(stored, password_scram_schemes[hash]);
	struct scram_keys keys;

	if (rounds == 0)
		return form.len == 0;
	return scram_keys_parse(form, &keys) && keys.rounds == rounds;
}

bool password_is_current(struct slice stored, struct password_cost cost)
{
	struct split first = split_stored(stored);
	bool current = slice_eq(first.name, S("ARGON2ID")) &&
	               is_argon2_current(first.hash, &cost);

	for (int h = 0; h < SCRAM_HASHES; h++)
		current =
			current && is_scram_current(stored, (enum scram_hash)h,
		                                    cost.scram_rounds[h]);
	return current;
}
