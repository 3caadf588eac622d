/* scram_keys.c -- see scram_keys.h. */
#include "directory/scram_keys.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/unicode.h"

enum { SALT_SIZE = 16, KEY_MOST = 32 };

struct key {
	uint8_t bytes[KEY_MOST];
};

static const EVP_MD *digest(enum scram_hash hash)
{
	return hash == SCRAM_SHA_1 ? EVP_sha1() : EVP_sha256();
}

static int key_size(enum scram_hash hash)
{
	return EVP_MD_get_size(digest(hash));
}

bool scram_keys_parse(struct slice text, struct scram_keys *out)
{
	struct slice rounds, rest;

	if (!slice_cut(text, ',', &rounds, &rest) ||
	    !slice_cut(rest, ',', &out->salt, &rest))
		return false;
	out->server_key = S("");
	slice_cut(rest, ',', &out->stored_key, &out->server_key);
	return out->stored_key.len != 0 && slice_number(rounds, &out->rounds) &&
	       out->rounds != 0 && out->rounds <= SCRAM_ROUNDS_MOST;
}

/* The password as clients prepare it, RFC 4013; as it is when it can't be. That
 * leaves US-ASCII as it was, and the library leaves copies behind. */
static char *prepared(struct slice secret)
{
	char *plain = mem_cstr(secret);
	char *made = NULL;
	char *copy;

	if (utf8_ascii_prefix(secret) == secret.len ||
	    gsasl_saslprep(plain, GSASL_ALLOW_UNASSIGNED, &made, NULL) !=
	            GSASL_OK)
		return plain;
	mem_wipe(plain, secret.len);
	free(plain);
	copy = mem_cstr(slice_cstr(made));
	mem_wipe(made, strlen(made));
	gsasl_free(made);
	return copy;
}

static bool salted(enum scram_hash hash, struct slice secret, struct slice salt,
                   uint64_t rounds, struct key *out)
{
	char *text = prepared(secret);
	size_t len = strlen(text);
	bool made = PKCS5_PBKDF2_HMAC(text, (int)len,
	                              (const unsigned char *)salt.ptr,
	                              (int)salt.len, (int)rounds, digest(hash),
	                              key_size(hash), out->bytes) == 1;

	mem_wipe(text, len);
	free(text);
	return made;
}

static bool derived(enum scram_hash hash, const struct key *from,
                    struct slice name, struct key *out)
{
	return HMAC(digest(hash), from->bytes, key_size(hash),
	            (const unsigned char *)name.ptr, name.len, out->bytes,
	            NULL) != NULL;
}

struct pair {
	struct key stored;
	struct key server;
};

static bool make_pair(enum scram_hash hash, struct slice secret,
                      struct slice salt, uint64_t rounds, struct pair *out)
{
	struct key from;
	struct key client;
	bool made =
		slice_find_byte(secret, '\0') == SLICE_NONE &&
		salted(hash, secret, salt, rounds, &from) &&
		derived(hash, &from, S("Client Key"), &client) &&
		derived(hash, &from, S("Server Key"), &out->server) &&
		EVP_Digest(client.bytes, (size_t)key_size(hash),
	                   out->stored.bytes, NULL, digest(hash), NULL) == 1;

	mem_wipe(&from, sizeof from);
	mem_wipe(&client, sizeof client);
	return made;
}

static struct slice key_slice(enum scram_hash hash, const struct key *key)
{
	return slice_of((const char *)key->bytes, (size_t)key_size(hash));
}

static void put_keys(enum scram_hash hash, uint64_t rounds, struct slice salt,
                     const struct pair *pair, struct buf *out)
{
	buf_printf(out, "%llu,", (unsigned long long)rounds);
	base64_encode(salt, out);
	buf_byte(out, ',');
	base64_encode(key_slice(hash, &pair->stored), out);
	buf_byte(out, ',');
	base64_encode(key_slice(hash, &pair->server), out);
}

bool scram_keys_make(enum scram_hash hash, struct slice secret, uint64_t rounds,
                     struct buf *out)
{
	char random[SALT_SIZE];
	struct slice salt = slice_of(random, sizeof random);
	struct pair pair = { 0 };
	bool made;

	random_bytes(random, sizeof random);
	made = make_pair(hash, secret, salt, rounds, &pair);
	if (made)
		put_keys(hash, rounds, salt, &pair, out);
	mem_wipe(&pair, sizeof pair);
	return made;
}

/* One of three that a name has. */
static struct key imitation(struct slice secret, char which, struct slice name)
{
	struct buf text = { 0 };
	struct key out;

	buf_byte(&text, which);
	buf_add(&text, name);
	if (HMAC(EVP_sha256(), secret.ptr, (int)secret.len,
	         (const unsigned char *)text.data, text.len, out.bytes,
	         NULL) == NULL)
		abort();
	buf_free(&text);
	return out;
}

void scram_keys_imitate(enum scram_hash hash, struct slice secret,
                        struct slice name, uint64_t rounds, struct buf *out)
{
	struct key salt = imitation(secret, 'a', name);
	struct pair pair = { imitation(secret, 'b', name),
		             imitation(secret, 'c', name) };

	put_keys(hash, rounds, slice_of((const char *)salt.bytes, SALT_SIZE),
	         &pair, out);
}

bool scram_keys_verify(enum scram_hash hash, struct slice text,
                       struct slice secret, bool *is_right)
{
	struct scram_keys keys;
	struct buf salt = { 0 };
	struct buf stored = { 0 };
	struct pair pair = { 0 };
	bool good =
		scram_keys_parse(text, &keys) &&
		base64_decode(keys.salt, &salt) &&
		base64_decode(keys.stored_key, &stored) &&
		stored.len == (size_t)key_size(hash) &&
		make_pair(hash, secret, buf_slice(&salt), keys.rounds, &pair);

	if (good)
		*is_right = secret_eq(key_slice(hash, &pair.stored),
		                      buf_slice(&stored));
	mem_wipe(&pair, sizeof pair);
	buf_free(&salt);
	buf_free(&stored);
	return good;
}
