/*
 * handshake.c -- the messages of a handshake, from which gate takes what the
 * client's key has signed. Each is two octets of length (the highest bit: it
 * is ours) and so many of the message. What is shown is the last message that
 * counted, its signature whole; the hash is that of all messages before it,
 * made here at once; what comes behind it changes nothing.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gate/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 8446 section 4 */
enum { SERVER_HELLO = 2, CERTIFICATE_VERIFY = 15, FINISHED = 20, HEAD = 4 };

static void must(bool ok)
{
	if (!ok)
		abort();
}

struct message {
	bool is_ours;
	struct slice text;
};

/* False: there are no more. */
static bool next(struct slice *in, struct message *out)
{
	size_t size;

	if (in->len < 2)
		return false;
	size = (size_t)(uint8_t)in->ptr[0] << 8 | (uint8_t)in->ptr[1];
	out->is_ours = (size & 0x8000) != 0;
	out->text = slice_first(slice_from(*in, 2), size & 0x7fff);
	*in = slice_from(*in, 2 + (size & 0x7fff));
	return true;
}

static int type_of(const struct message *m)
{
	return m->text.len >= HEAD ? (uint8_t)m->text.ptr[0] : FINISHED;
}

static bool is_end(const struct message *m)
{
	return !m->is_ours &&
	       (type_of(m) == CERTIFICATE_VERIFY || type_of(m) == FINISHED);
}

/* Messages until the end; where that is, and whether one of ours may have
 * asked for another ClientHello (it counts in another way). */
static size_t plain_hash(struct slice in, const EVP_MD *md, uint8_t *hash,
                         struct message *last, bool *retried)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct slice rest = in;

	*retried = false;
	*last = (struct message){ 0 };
	must(ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1);
	while (next(&rest, last) && !is_end(last)) {
		*retried |= last->is_ours && type_of(last) == SERVER_HELLO;
		EVP_DigestUpdate(ctx, last->text.ptr, last->text.len);
	}
	must(EVP_DigestFinal_ex(ctx, hash, NULL) == 1);
	EVP_MD_CTX_free(ctx);
	return in.len - rest.len;
}

static struct transcript *run(struct slice in)
{
	struct transcript *t = transcript_new();
	struct message m;

	while (next(&in, &m))
		transcript_add(t, m.is_ours, m.text);
	return t;
}

static void check_proof(const struct client_proof *p, struct slice in,
                        size_t hash_size)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct message last;
	bool retried;

	plain_hash(in, hash_size == 32 ? EVP_sha256() : EVP_sha384(), hash,
	           &last, &retried);
	must(!last.is_ours && type_of(&last) == CERTIFICATE_VERIFY);
	must(slice_ends(last.text, p->signature));
	must(last.text.len == HEAD + 4 + p->signature.len);
	must(p->scheme == ((uint8_t)last.text.ptr[HEAD] << 8 |
	                   (uint8_t)last.text.ptr[HEAD + 1]));
	must(p->transcript.len == hash_size);
	must(retried || slice_eq(p->transcript, slice_of(hash, hash_size)));
}

/* The same without what stands behind the end. */
static void check_cut(struct slice in, size_t hash_size,
                      const struct client_proof *p)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct message last;
	bool retried;
	size_t end = plain_hash(in, EVP_sha256(), hash, &last, &retried);
	struct transcript *t = run(slice_first(in, end));
	struct client_proof again = { 0 };

	must(transcript_proof(t, hash_size, &again));
	must(again.scheme == p->scheme);
	must(slice_eq(again.transcript, p->transcript));
	must(slice_eq(again.signature, p->signature));
	transcript_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t sizes[] = { 32, 48 };
	struct slice in = slice_of(data, size);
	struct transcript *t = run(in);

	for (int i = 0; i < 2; i++) {
		struct client_proof p = { 0 };

		if (!transcript_proof(t, sizes[i], &p))
			continue;
		check_proof(&p, in, sizes[i]);
		check_cut(in, sizes[i], &p);
	}
	transcript_free(t);
	return 0;
}
