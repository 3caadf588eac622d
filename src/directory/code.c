/* code.c -- see code.h. */
#include "directory/code.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"

enum { GROUP = 4, HASH = 32 };

static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

void code_make(size_t symbols, struct buf *out)
{
	uint8_t bytes[CODE_MOST];

	assert(symbols <= CODE_MOST);
	random_bytes(bytes, symbols);
	buf_room(out, symbols + symbols / GROUP);
	for (size_t i = 0; i < symbols; i++) {
		if (i != 0 && i % GROUP == 0)
			buf_byte(out, ' ');
		buf_byte(out, alphabet[bytes[i] % 32]);
	}
	mem_wipe(bytes, sizeof bytes);
}

/* Without spaces, in lower case; false: that many symbols are not there. */
static bool normal(struct slice typed, size_t symbols, char out[CODE_MOST])
{
	size_t n = 0;

	for (size_t i = 0; i < typed.len; i++) {
		char c = ascii_lower(typed.ptr[i]);

		if (c == ' ')
			continue;
		if (n == symbols || c == '\0' || strchr(alphabet, c) == NULL)
			return false;
		out[n++] = c;
	}
	return n == symbols;
}

/* purpose NUL account code: no two can be the same text */
static void hash(struct slice key, const char *purpose, uint64_t account,
                 struct slice code, char out[CODE_STORED])
{
	struct buf text = { 0 };
	struct buf hex = { 0 };
	uint8_t bytes[8];
	uint8_t mac[HASH];

	put_le64(bytes, account);
	buf_room(&text, strlen(purpose) + 1 + sizeof bytes + code.len);
	buf_add(&text, slice_of(purpose, strlen(purpose) + 1));
	buf_add(&text, slice_of(bytes, sizeof bytes));
	buf_add(&text, code);
	if (HMAC(EVP_sha256(), key.ptr, (int)key.len,
	         (const unsigned char *)text.data, text.len, mac, NULL) == NULL)
		abort(); /* there is no memory */
	hex_encode(slice_of(mac, sizeof mac), &hex);
	memcpy(out, hex.data, CODE_STORED);
	mem_wipe(text.data, text.cap);
	buf_free(&text);
	buf_free(&hex);
}

bool code_keep(struct slice key, const char *purpose, uint64_t account,
               struct slice typed, size_t symbols, char out[CODE_STORED])
{
	char code[CODE_MOST];
	bool good = normal(typed, symbols, code);

	if (good)
		hash(key, purpose, account, slice_of(code, symbols), out);
	mem_wipe(code, sizeof code);
	return good;
}
