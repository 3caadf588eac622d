/*
 * transcript.c -- both hashes that there are in TLS 1.3 run along: which one
 * counts is only known behind the ServerHello.
 */
#include "gate/transcript.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { HASHES = 2, HASH_MOST = 48, SIGNATURE_MOST = 2048 };

/* RFC 8446 section 4; a message is a type, 24 bits of length, and a body. */
enum {
	SERVER_HELLO = 2,
	CERTIFICATE_VERIFY = 15,
	FINISHED = 20,
	MESSAGE_HASH = 254,
	HEAD = 4,
};

struct transcript {
	EVP_MD_CTX *running[HASHES]; /* NULL: it is over */
	uint8_t hash[HASHES][HASH_MOST];
	uint16_t scheme;
	struct buf signature; /* empty: there is none */
};

static const EVP_MD *kind(int i)
{
	return i == 0 ? EVP_sha256() : EVP_sha384();
}

static void end(struct transcript *t)
{
	for (int i = 0; i < HASHES; i++) {
		EVP_MD_CTX_free(t->running[i]);
		t->running[i] = NULL;
	}
}

/* Out of memory, in truth: then there is nothing to show. */
static void must(struct transcript *t, int result)
{
	if (result != 1)
		end(t);
}

static void start(struct transcript *t, int i)
{
	if (t->running[i] == NULL)
		end(t);
	else
		must(t, EVP_DigestInit_ex(t->running[i], kind(i), NULL));
}

struct transcript *transcript_new(void)
{
	struct transcript *t = mem_new(1, sizeof *t);

	t->signature = buf_limit(SIGNATURE_MOST);
	for (int i = 0; i < HASHES; i++)
		t->running[i] = EVP_MD_CTX_new();
	for (int i = 0; i < HASHES; i++)
		start(t, i);
	return t;
}

void transcript_free(struct transcript *t)
{
	if (t == NULL)
		return;
	end(t);
	buf_free(&t->signature);
	free(t);
}

static bool is_over(const struct transcript *t)
{
	return t->running[0] == NULL;
}

static void update(struct transcript *t, int i, struct slice s)
{
	if (!is_over(t))
		must(t, EVP_DigestUpdate(t->running[i], s.ptr, s.len));
}

static void finish(struct transcript *t, int i)
{
	if (!is_over(t))
		must(t, EVP_DigestFinal_ex(t->running[i], t->hash[i], NULL));
}

/* A ServerHello whose random is this asks for another ClientHello. */
static bool is_retry(struct slice message)
{
	static const uint8_t random[] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
		0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
		0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
		0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};
	struct slice at =
		slice_first(slice_from(message, HEAD + 2), sizeof random);

	return slice_eq(at, slice_of(random, sizeof random));
}

/* The first ClientHello counts as a message that is its hash. */
static void fold(struct transcript *t)
{
	for (int i = 0; i < HASHES && !is_over(t); i++) {
		uint8_t size = (uint8_t)EVP_MD_get_size(kind(i));
		uint8_t head[HEAD] = { MESSAGE_HASH, 0, 0, size };

		finish(t, i);
		start(t, i);
		update(t, i, slice_of(head, sizeof head));
		update(t, i, slice_of(t->hash[i], size));
	}
}

static uint16_t get_be16(struct slice s)
{
	return (uint16_t)((uint8_t)s.ptr[0] << 8 | (uint8_t)s.ptr[1]);
}

/* SignatureScheme, opaque<0..2^16-1> */
static void take_signature(struct transcript *t, struct slice message)
{
	struct reader r = reader_of(slice_from(message, HEAD));
	struct slice scheme = read_bytes(&r, 2);
	struct slice size = read_bytes(&r, 2);

	for (int i = 0; i < HASHES; i++)
		finish(t, i);
	if (r.failed || is_over(t) || get_be16(size) != r.rest.len ||
	    r.rest.len > SIGNATURE_MOST)
		return;
	t->scheme = get_be16(scheme);
	buf_add(&t->signature, r.rest);
}

void transcript_add(struct transcript *t, bool is_ours, struct slice message)
{
	uint8_t type = message.len >= HEAD ? (uint8_t)message.ptr[0] : FINISHED;

	if (is_over(t))
		return;
	if (is_ours && type == SERVER_HELLO && is_retry(message))
		fold(t);
	if (!is_ours && type == CERTIFICATE_VERIFY)
		take_signature(t, message);
	if (!is_ours && (type == CERTIFICATE_VERIFY || type == FINISHED)) {
		end(t);
		return;
	}
	for (int i = 0; i < HASHES; i++)
		update(t, i, message);
}

bool transcript_proof(const struct transcript *t, size_t hash_size,
                      struct client_proof *out)
{
	const uint8_t *hash = t->hash[hash_size == 32 ? 0 : 1];

	if (t->signature.len == 0)
		return false;
	out->scheme = t->scheme;
	out->transcript = slice_of(hash, hash_size);
	out->signature = buf_slice(&t->signature);
	return true;
}
