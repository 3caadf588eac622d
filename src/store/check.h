/*
 * check.h -- is everything as it was promised? And: save what there is.
 *
 * Both work on a partition's directory, without a running server's help, and
 * not in a process that has the partition open (LMDB's locks are a process's).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"

struct check_report {
	uint64_t accounts, mailboxes, messages, blobs, packs;
	uint64_t problems; /* lines in text */
	struct buf text;   /* one line a problem */
};

/*
 * Recounts and verifies the store's own invariants: every blob reference
 * resolves, reference counts equal a recount, pack records are whole and
 * (with `deep`) their bytes hash to their name. Reads a consistent snapshot;
 * a server may be running. The mailbox model's own invariants are
 * mailbox_check()'s (mailbox/check.h).
 */
struct err store_check(const char *dir, bool deep, struct check_report *out);

/*
 * What a pack holds, record by record, also without an index. fn returning
 * false ends the walk. Expunged messages are there until their pack has been
 * reclaimed; of one UID the last that is given is the newest. Torn or rotten
 * records are counted, not reported.
 */
struct salvaged {
	struct slice message; /* decompressed; valid during the call */
	const struct content_hash *hash; /* its name, verified */
	uint64_t account;
	struct slice account_name;
	struct slice mailbox_name;
	uint32_t uidvalidity;
	uint32_t uid;
	int64_t internaldate;
	int16_t zone;
	uint8_t flags;
};

struct err pack_walk(const char *dir,
                     bool (*fn)(void *arg, const struct salvaged *), void *arg,
                     uint64_t *broken);
