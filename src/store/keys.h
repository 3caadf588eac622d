/*
 * keys.h -- the keys of the index, as bytes whose order is what we walk.
 *
 *   account(8) table(1) ...          big-endian: one account, one key range
 *
 *   T_ACCOUNT                        the account's own record
 *   T_MAILBOX      mailbox(4)        mailbox record
 *   T_NAME         name              -> mailbox(4); UTF-8, INBOX in capitals
 *   T_SUBSCRIPTION name              -> the name; outlives the mailbox
 *   T_RECORDS      mailbox(4) uid(4) chunk of message records (uid: first)
 *   T_DIGEST       mailbox(4) uid(4) blob id(32), thread(8), the digest
 *   T_EXPUNGED     mailbox(4) modseq(8) -> UID ranges expunged at it
 *   T_THREAD       id(8)             -> thread(8) of a message id's hash
 *   T_METADATA     mailbox(4) user(8) entry -> value (mailbox/metadata.h)
 *   T_ACL          mailbox(4)        -> its list of rights (mailbox/acl.c)
 *   T_SEEN         mailbox(4) user(8) -> UIDs that he has seen (mailbox/seen.c)
 *   T_HEADS        mailbox(4) uid(4) -> head of the chunk with that key
 *
 * Account 0 is the partition itself: T_BLOB hash(32), T_PACK number(4),
 * T_META.
 */
#pragma once

#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"

enum table {
	T_ACCOUNT = 1,
	T_MAILBOX = 2,
	T_NAME = 3,
	T_SUBSCRIPTION = 4,
	T_RECORDS = 5,
	T_DIGEST = 6,
	T_EXPUNGED = 7,
	T_THREAD = 8,
	T_METADATA = 9,
	T_ACL = 10,
	T_SEEN = 11,
	T_HEADS = 12,

	/* of account 0 */
	T_META = 32,
	T_PACK = 33,
	T_BLOB = 34,
};

/* LMDB's own bound is 511; a mailbox name of LIMIT_NAME octets does not fit
 * and is keyed by its first 400 octets and a SHA-256 of the whole. */
enum { STORE_KEY_MAX = 480 };

struct store_key {
	uint16_t len;
	uint8_t bytes[STORE_KEY_MAX];
};

static inline struct slice store_key_slice(const struct store_key *k)
{
	return slice_of(k->bytes, k->len);
}

/* The prefix of a whole account, and of one of its tables. */
struct store_key key_of_account(uint64_t account);
struct store_key key_table(uint64_t account, enum table);

struct store_key key_mailbox(uint64_t account, uint32_t mailbox);
struct store_key key_name(uint64_t account, enum table, struct slice name);

/* T_RECORDS, T_HEADS, T_DIGEST: the prefix of a mailbox, and one key in it. */
struct store_key key_messages(uint64_t account, enum table, uint32_t mailbox);
struct store_key key_message(uint64_t account, enum table, uint32_t mailbox,
                             uint32_t uid);
struct store_key key_expunged(uint64_t account, uint32_t mailbox,
                              uint64_t modseq);
struct store_key key_thread(uint64_t account, uint64_t id);
/* The prefix of a mailbox's annotations, and one of them; entry is at most
 * LIMIT_METADATA_NAME octets. */
struct store_key key_annotations(uint64_t account, uint32_t mailbox);
struct store_key key_annotation(uint64_t account, uint32_t mailbox,
                                uint64_t user, struct slice entry);
struct store_key key_seen(uint64_t account, uint32_t mailbox, uint64_t user);
struct store_key key_blob(const struct content_hash *);
struct store_key key_pack(uint32_t number);
struct store_key key_meta(struct slice name);

/* The last four bytes (uid), the last eight (modseq, id, user) of a key. */
uint32_t key_uid(struct slice key);
uint64_t key_modseq(struct slice key);
uint64_t key_user(struct slice key);
