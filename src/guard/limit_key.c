/* limit_key.c -- what an attempt is counted under: keys, and words for them. */
#include "guard/limit_key.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

void limit_keys_init(struct limit_keys *k, struct slice secret)
{
	struct content_hasher *h = content_hasher_new();
	struct content_hash hash;

	content_hasher_add(h, S("limits"));
	content_hasher_add(h, secret);
	hash = content_hasher_end(h);
	memcpy(k->names, hash.bytes, sizeof k->names);
	random_bytes(k->secrets, sizeof k->secrets);
}

struct network limit_place(const struct address *a)
{
	return network_of(a, address_is_ipv4(a) ? 120 : 64);
}

void limit_network_text(const struct network *n, char out[ADDRESS_TEXT + 4])
{
	bool v4 = address_is_ipv4(&n->base);
	size_t len;

	address_text(&n->base, out);
	len = strlen(out);
	if (n->bits != 128)
		snprintf(out + len, ADDRESS_TEXT + 4 - len, "/%d",
		         n->bits - (v4 ? 96 : 0));
}

static struct network network_at(const struct limit_try *t,
                                 enum limit_kind kind)
{
	bool v4 = address_is_ipv4(&t->address);

	if (kind == LIMIT_KIND_ADDRESS)
		return network_of(&t->address, v4 ? 128 : 64);
	return network_of(&t->address, v4 ? 120 : 48);
}

static uint64_t hash_of(const uint64_t key[2], struct slice text)
{
	uint64_t hash = hash_siphash(key, text);

	return hash != 0 ? hash : 1;
}

static uint64_t network_key(const struct limit_keys *k, const struct network *n,
                            uint64_t account)
{
	uint8_t bytes[sizeof n->base.bytes + 1 + 8];

	memcpy(bytes, n->base.bytes, sizeof n->base.bytes);
	bytes[sizeof n->base.bytes] = n->bits;
	put_le64(bytes + sizeof n->base.bytes + 1, account);
	return hash_of(k->names, slice_of(bytes, sizeof bytes));
}

/* Of an account that is there: its number, so that nothing it may be called
 * is another one. */
static uint64_t account_key(const struct limit_keys *k,
                            const struct limit_try *t)
{
	uint8_t bytes[9] = { 'a' };

	if (t->account == 0)
		return hash_of(k->names, t->name);
	put_le64(bytes + 1, t->account);
	return hash_of(k->names, slice_of(bytes, sizeof bytes));
}

/* The same secret, whoever it is tried on. */
static uint64_t secret_key(const struct limit_keys *k,
                           const struct limit_try *t)
{
	return hash_of(k->secrets, t->secret);
}

/* A secret compared with this password of this account. */
uint64_t limit_repeat(const struct limit_keys *k, const struct limit_try *t)
{
	uint8_t bytes[24];

	put_le64(bytes, t->account);
	put_le64(bytes + 8, t->generation);
	put_le64(bytes + 16, secret_key(k, t));
	return hash_of(k->secrets, slice_of(bytes, sizeof bytes));
}

uint64_t limit_key(const struct limit_keys *k, const struct limit_try *t,
                   enum limit_kind kind)
{
	struct network n;

	switch (kind) {
	case LIMIT_KIND_ACCOUNT:
		return account_key(k, t);
	case LIMIT_KIND_SECRET:
		return secret_key(k, t);
	case LIMIT_KIND_PLACE:
		n = limit_place(&t->address);
		return network_key(k, &n, t->account);
	default:
		n = network_at(t, kind);
		return network_key(k, &n, 0);
	}
}

struct slice limit_label(const struct limit_try *t, enum limit_kind kind,
                         char text[LIMIT_TEXT])
{
	struct network n = kind == LIMIT_KIND_PLACE ? limit_place(&t->address)
	                                            : network_at(t, kind);
	char network[ADDRESS_TEXT + 4];

	if (kind == LIMIT_KIND_SECRET)
		return S("");
	if (kind == LIMIT_KIND_ACCOUNT)
		return t->name;
	limit_network_text(&n, network);
	if (kind != LIMIT_KIND_PLACE)
		snprintf(text, LIMIT_TEXT, "%s", network);
	else
		snprintf(text, LIMIT_TEXT, "%.*s from %s", (int)t->name.len,
		         t->name.ptr, network);
	return slice_cstr(text);
}
