/*
 * verdict.c -- a table of fixed size, VERDICT_WAYS places for each key.
 *
 * A new verdict takes the place that ends first among those of its key, so
 * the table needs no other care. Keys are HMACs: nobody outside can choose
 * where they fall.
 */
#include "auth/verdict.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"

enum { VERDICT_SETS = 8192, VERDICT_WAYS = 4 };

struct verdict {
	struct verdict_key key;
	uint64_t until_ms; /* 0: never used */
};

struct verdicts {
	EVP_MAC_CTX *keyed; /* initialised with the process's key */
	struct verdict table[VERDICT_SETS][VERDICT_WAYS];
};

static void must(bool done)
{
	if (done)
		return;
	fputs("level=error event=hmac_failed\n", stderr);
	abort();
}

struct verdicts *verdicts_new(void)
{
	struct verdicts *v = mem_new(1, sizeof *v);
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
		                       sizeof digest - 1),
		OSSL_PARAM_END,
	};
	uint8_t key[VERDICT_KEY];

	random_bytes(key, sizeof key);
	v->keyed = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	must(v->keyed != NULL &&
	     EVP_MAC_init(v->keyed, key, sizeof key, params) == 1);
	mem_wipe(key, sizeof key);
	return v;
}

void verdicts_free(struct verdicts *v)
{
	EVP_MAC_CTX_free(v->keyed);
	mem_wipe(v, sizeof *v);
	free(v);
}

struct verdict_key verdict_key(struct verdicts *v,
                               const struct verdict_subject *s)
{
	EVP_MAC_CTX *mac = v->keyed;
	struct verdict_key out;
	uint8_t head[4 * 8];
	size_t size = 0;

	put_le64(head, s->account);
	put_le64(head + 8, s->credential);
	put_le64(head + 16, s->generation);
	put_le64(head + 24, s->mechanism.len);
	must(EVP_MAC_init(mac, NULL, 0, NULL) == 1); /* the same key again */
	must(EVP_MAC_update(mac, head, sizeof head) == 1);
	must(EVP_MAC_update(mac, (const unsigned char *)s->mechanism.ptr,
	                    s->mechanism.len) == 1);
	must(EVP_MAC_update(mac, (const unsigned char *)s->secret.ptr,
	                    s->secret.len) == 1);
	must(EVP_MAC_final(mac, out.bytes, &size, sizeof out.bytes) == 1);
	assert(size == VERDICT_KEY);
	return out;
}

static size_t set_of(const struct verdict_key *key)
{
	return get_le64(key->bytes) % VERDICT_SETS;
}

static struct slice bytes_of(const struct verdict_key *key)
{
	return slice_of(key->bytes, VERDICT_KEY);
}

bool verdicts_has(const struct verdicts *v, const struct verdict_key *key,
                  uint64_t now_ms)
{
	const struct verdict *set = v->table[set_of(key)];
	bool found = false;

	for (size_t i = 0; i < VERDICT_WAYS; i++)
		if (now_ms < set[i].until_ms &&
		    secret_eq(bytes_of(&set[i].key), bytes_of(key)))
			found = true;
	return found;
}

void verdicts_add(struct verdicts *v, const struct verdict_key *key,
                  uint64_t now_ms, uint64_t until_ms)
{
	struct verdict *set = v->table[set_of(key)];
	struct verdict *place = &set[0];

	assert(until_ms <= now_ms + VERDICT_SECONDS_MOST * 1000);
	for (size_t i = 0; i < VERDICT_WAYS; i++) {
		if (set[i].until_ms < place->until_ms)
			place = &set[i];
		if (secret_eq(bytes_of(&set[i].key), bytes_of(key))) {
			place = &set[i];
			break;
		}
	}
	*place = (struct verdict){ *key, until_ms };
}
