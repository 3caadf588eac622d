/* keys.c -- account, table and what is behind them, in big-endian. */
#include "store/keys.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

enum { NAME_WHOLE = 400 };

static void key_bytes(struct store_key *k, const void *from, size_t size)
{
	assert(k->len + size < STORE_KEY_MAX);
	if (size != 0)
		memcpy(k->bytes + k->len, from, size);
	k->len = (uint16_t)(k->len + size);
}

static void key_u32(struct store_key *k, uint32_t n)
{
	uint8_t raw[4];

	put_be32(raw, n);
	key_bytes(k, raw, sizeof raw);
}

static void key_u64(struct store_key *k, uint64_t n)
{
	uint8_t raw[8];

	put_be64(raw, n);
	key_bytes(k, raw, sizeof raw);
}

/* A key is long, and made for each row that is looked up: it is copied once,
 * to who wants it, not from one of these functions to the next. */
static void key_begin(struct store_key *k, uint64_t account, enum table table)
{
	put_be64(k->bytes, account);
	k->bytes[8] = (uint8_t)table;
	k->len = 9;
}

static void key_begin_mailbox(struct store_key *k, uint64_t account,
                              enum table table, uint32_t mailbox)
{
	key_begin(k, account, table);
	key_u32(k, mailbox);
}

struct store_key key_of_account(uint64_t account)
{
	struct store_key k;

	k.len = 0;
	key_u64(&k, account);
	return k;
}

struct store_key key_table(uint64_t account, enum table table)
{
	struct store_key k;

	key_begin(&k, account, table);
	return k;
}

struct store_key key_mailbox(uint64_t account, uint32_t mailbox)
{
	struct store_key k;

	key_begin_mailbox(&k, account, T_MAILBOX, mailbox);
	return k;
}

/* A short name can't look like a hashed one: it is shorter. */
struct store_key key_name(uint64_t account, enum table table, struct slice name)
{
	struct store_key k;
	struct content_hasher *hasher;
	struct content_hash hash;

	key_begin(&k, account, table);
	assert(table == T_NAME || table == T_SUBSCRIPTION);
	key_bytes(&k, name.ptr, slice_first(name, NAME_WHOLE).len);
	if (name.len <= NAME_WHOLE)
		return k;
	hasher = content_hasher_new();
	content_hasher_add(hasher, name);
	hash = content_hasher_end(hasher);
	key_bytes(&k, hash.bytes, sizeof hash.bytes);
	return k;
}

struct store_key key_messages(uint64_t account, enum table table,
                              uint32_t mailbox)
{
	struct store_key k;

	key_begin_mailbox(&k, account, table, mailbox);
	return k;
}

struct store_key key_message(uint64_t account, enum table table,
                             uint32_t mailbox, uint32_t uid)
{
	struct store_key k;

	key_begin_mailbox(&k, account, table, mailbox);
	key_u32(&k, uid);
	return k;
}

struct store_key key_expunged(uint64_t account, uint32_t mailbox,
                              uint64_t modseq)
{
	struct store_key k;

	key_begin_mailbox(&k, account, T_EXPUNGED, mailbox);
	key_u64(&k, modseq);
	return k;
}

struct store_key key_thread(uint64_t account, uint64_t id)
{
	struct store_key k;

	key_begin(&k, account, T_THREAD);
	key_u64(&k, id);
	return k;
}

struct store_key key_annotations(uint64_t account, uint32_t mailbox)
{
	return key_messages(account, T_METADATA, mailbox);
}

struct store_key key_annotation(uint64_t account, uint32_t mailbox,
                                uint64_t user, struct slice entry)
{
	struct store_key k;

	key_begin_mailbox(&k, account, T_METADATA, mailbox);
	key_u64(&k, user);
	key_bytes(&k, entry.ptr, entry.len);
	return k;
}

struct store_key key_seen(uint64_t account, uint32_t mailbox, uint64_t user)
{
	struct store_key k;

	key_begin_mailbox(&k, account, T_SEEN, mailbox);
	key_u64(&k, user);
	return k;
}

struct store_key key_blob(const struct content_hash *hash)
{
	struct store_key k;

	key_begin(&k, 0, T_BLOB);
	key_bytes(&k, hash->bytes, sizeof hash->bytes);
	return k;
}

struct store_key key_pack(uint32_t number)
{
	struct store_key k;

	key_begin(&k, 0, T_PACK);
	key_u32(&k, number);
	return k;
}

struct store_key key_meta(struct slice name)
{
	struct store_key k;

	key_begin(&k, 0, T_META);
	key_bytes(&k, name.ptr, name.len);
	return k;
}

uint32_t key_uid(struct slice key)
{
	assert(key.len >= 4);
	return get_be32(key.ptr + key.len - 4);
}

static uint64_t last_eight(struct slice key)
{
	assert(key.len >= 8);
	return get_be64(key.ptr + key.len - 8);
}

uint64_t key_modseq(struct slice key)
{
	return last_eight(key);
}

uint64_t key_user(struct slice key)
{
	return last_eight(key);
}
