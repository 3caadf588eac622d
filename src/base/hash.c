/* hash.c -- SHA-256 and XXH3 from libraries, SipHash-1-3 written out. */
#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"

struct content_hasher {
	EVP_MD_CTX *md;
};

static void must(int ok)
{
	if (ok == 1)
		return;
	fputs("level=error event=sha256_failed\n", stderr);
	abort();
}

struct content_hasher *content_hasher_new(void)
{
	struct content_hasher *h = mem_new(1, sizeof *h);

	h->md = EVP_MD_CTX_new();
	must(h->md != NULL);
	must(EVP_DigestInit_ex(h->md, EVP_sha256(), NULL));
	return h;
}

void content_hasher_add(struct content_hasher *h, struct slice s)
{
	must(EVP_DigestUpdate(h->md, s.ptr, s.len));
}

struct content_hash content_hasher_end(struct content_hasher *h)
{
	struct content_hash out;
	unsigned int size = 0;

	must(EVP_DigestFinal_ex(h->md, out.bytes, &size));
	assert(size == CONTENT_HASH_SIZE);
	EVP_MD_CTX_free(h->md);
	free(h);
	return out;
}

uint64_t hash_check(struct slice s)
{
	return XXH3_64bits(s.ptr, s.len);
}

/* -- SipHash (Aumasson and Bernstein), one round a word, three at the end -- */

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t n, unsigned int by)
{
	return n << by | n >> (64 - by);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* The last word: what is left over, and the length in its top byte. */
static uint64_t sip_tail(struct slice rest, size_t len)
{
	uint64_t word = (uint64_t)len << 56;

	for (size_t i = 0; i < rest.len; i++)
		word |= (uint64_t)(unsigned char)rest.ptr[i] << (8 * i);
	return word;
}

uint64_t hash_siphash(const uint64_t key[2], struct slice s)
{
	struct slice rest = s;
	struct sip sip = { key[0] ^ 0x736f6d6570736575,
		           key[1] ^ 0x646f72616e646f6d,
		           key[0] ^ 0x6c7967656e657261,
		           key[1] ^ 0x7465646279746573 };

	for (; rest.len >= 8; rest = slice_from(rest, 8))
		sip_word(&sip, get_le64(rest.ptr));
	sip_word(&sip, sip_tail(rest, s.len));
	sip.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&sip);
	return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

/* The process's key, chosen when it is first needed, then constant. */
static uint64_t process_key[2];

static void choose_key(void)
{
	random_bytes(process_key, sizeof process_key);
}

uint64_t hash_keyed(struct slice s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, choose_key);
	return hash_siphash(process_key, s);
}

void random_bytes(void *out, size_t size)
{
	char *p = out;

	while (size != 0) {
		ssize_t n = getrandom(p, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fputs("level=error event=no_random\n", stderr);
			abort();
		}
		p += n;
		size -= (size_t)n;
	}
}

uint64_t random_u64(void)
{
	uint64_t n;

	random_bytes(&n, sizeof n);
	return n;
}

bool secret_eq(struct slice a, struct slice b)
{
	return a.len == b.len &&
	       (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
