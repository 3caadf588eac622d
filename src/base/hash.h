/*
 * hash.h -- three hashes, one for each purpose.
 *
 * - hash_content: what a message is (SHA-256): deduplication, verification.
 * - hash_check:   has this record been torn or rotted? (XXH3, 64 bit)
 * - hash_keyed:   tables over foreign keys (SipHash-1-3, key a process), so
 *                 that nobody outside can choose collisions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { CONTENT_HASH_SIZE = 32 };

struct content_hash {
	uint8_t bytes[CONTENT_HASH_SIZE];
};

/* Incremental, for messages that stream by. */
struct content_hasher;
struct content_hasher *content_hasher_new(void);
void content_hasher_add(struct content_hasher *, struct slice);
/* Frees the hasher. */
struct content_hash content_hasher_end(struct content_hasher *);

uint64_t hash_check(struct slice);
uint64_t hash_keyed(struct slice);

/* What hash_keyed does, with a key of the caller's choice. */
uint64_t hash_siphash(const uint64_t key[2], struct slice);

/* size bytes from the kernel's generator; ends the process if it fails. */
void random_bytes(void *out, size_t size);
uint64_t random_u64(void);

/* In time that depends on the sizes only. */
bool secret_eq(struct slice a, struct slice b);
