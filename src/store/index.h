/* index.h -- LMDB in our words, and the rows that this room keeps in it. */
#pragma once

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "store/keys.h"

/* -- index.c: LMDB -- */

struct index {
	MDB_env *env; /* NULL: lost, see reopen_index() in commit.c */
	MDB_dbi dbi;
	void (*on_damage)(struct err); /* see partition_options; or NULL */
};

struct err err_mdb(int rc);
/* The same of what was done with this index. */
struct err index_err(const struct index *, int rc);

/* flags: 0 or MDB_RDONLY. ERR_CORRUPT when it is damaged or has been cut
 * off, before any page is touched that isn't there. Never makes a new one: that
 * is index_make(). */
struct err index_open(const char *dir, uint64_t map_bytes, unsigned flags,
                      struct index *out);
struct err index_make(const char *dir, struct slice id);
/* Every page of it is what it has to be: ERR_CORRUPT, ERR_IO. Reads all pages
 * that are in use. A server may be running. */
struct err index_check(const char *dir, const struct index *);
/* The same of one that nobody has open to write, without LMDB and its lock. */
struct err index_look(const char *dir);
void index_close(struct index *);

/* The value lives as long as the transaction, or until it writes. */
struct err index_get(const struct index *, MDB_txn *, struct slice key,
                     struct slice *value);
struct err index_put(const struct index *, MDB_txn *, struct slice key,
                     struct slice value);
struct err index_delete(const struct index *, MDB_txn *, struct slice key);

static inline MDB_val mdb_val(struct slice s)
{
	return (MDB_val){ s.len, (void *)(uintptr_t)s.ptr };
}

static inline struct slice mdb_slice(MDB_val v)
{
	return slice_of(v.mv_data, v.mv_size);
}

/* -- index_file.c: the file, before it is believed. ERR_CORRUPT, ERR_IO -- */

/* The meta pages are sound and there. */
struct err index_file_check(const char *path);
/* So is every page that they lead to, and it is sound (index_trees.c). Unless
 * `whole`, a file that is long enough is believed. */
struct err index_file_check_trees(const char *path, bool whole);
/* This transaction could not be committed, and the disk may have it: it never
 * was, from now on and durably, even if the file already says so. No other
 * one is touched. Nobody has the file open. */
struct err index_file_forget(const char *path, uint64_t transaction);
/* The same, of the partition in `dir`. */
struct err index_forget(const char *dir, uint64_t transaction);

/* -- rows.c: the values of T_BLOB and T_PACK -- */

/* Where a blob is. Its record has `header` octets before the first block. */
struct blob_place {
	uint32_t refs;
	uint32_t pack;
	uint64_t offset;
	uint32_t header;
	uint64_t raw;    /* octets of the message */
	uint64_t stored; /* octets of all blocks as stored */
	uint64_t check;  /* of the only block, or else of the header */
};

/* Invariant: the record sizes of a pack's live blobs are total - dead.
 * References count as dead (pack_write.c). */
struct pack_row {
	uint64_t total; /* octets up to the last committed record's end */
	uint64_t dead;
};

struct err blob_row_get(const struct index *, MDB_txn *, struct slice key,
                        struct blob_place *out);
struct err blob_row_put(const struct index *, MDB_txn *, struct slice key,
                        const struct blob_place *);
/* ERR_CORRUPT when it is none. */
struct err blob_row_parse(struct slice value, struct blob_place *out);

/* An absent row is a zero one. */
struct err pack_row_get(const struct index *, MDB_txn *, uint32_t pack,
                        struct pack_row *out);
struct err pack_row_put(const struct index *, MDB_txn *, uint32_t pack,
                        const struct pack_row *);
struct err pack_row_parse(struct slice value, struct pack_row *out);
