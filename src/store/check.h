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
#include "store/blob.h"

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

/* Of a partition that nobody serves: is its index damaged (ERR_CORRUPT)?
 * Takes no lock and makes no file. */
struct err store_look(const char *dir);

/*
 * What a pack holds, record by record, also without an index. fn returning
 * false ends the walk. Expunged messages are there until their pack has been
 * reclaimed. Torn or rotten records are counted, not reported.
 */
enum salvaged_kind {
	SALVAGED_MESSAGE,   /* a message, and the mailbox it first came to */
	SALVAGED_REFERENCE, /* one more mailbox that it is in */
	SALVAGED_NAME, /* no message: what a mailbox is called from `uid` on */
};

struct salvaged {
	enum salvaged_kind kind;
	struct content_hash hash;
	struct blob_origin origin; /* valid during the call, */
	struct slice message;      /* as this is */
};

/* Every message, decompressed and true to its hash. */
struct err pack_walk(const char *dir,
                     bool (*fn)(void *arg, const struct salvaged *), void *arg,
                     uint64_t *broken);

/* Every record of whatever kind, by its header alone: no bytes, and nothing
 * is said of whether they are whole. */
struct err pack_walk_headers(const char *dir,
                             bool (*fn)(void *arg, const struct salvaged *),
                             void *arg);
