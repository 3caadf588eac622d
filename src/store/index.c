/*
 * index.c -- the LMDB environment: open, close, and its errors in our words.
 *
 * One environment, one database, no flag that trades durability for speed:
 * when mdb_txn_commit() returns 0 the transaction is on stable storage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "store/index_file.h"
#include "store/internal.h"

enum { INDEX_MODE = 0600 };

static const uint64_t default_map_bytes = UINT64_C(64) << 30;

struct err err_mdb(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return OK;
	case MDB_NOTFOUND:
		return err(ERR_ABSENT, "no such key");
	case MDB_MAP_FULL:
		return err(ERR_NOSPACE, "the index has reached its map size");
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return index_damaged();
	default:
		if (rc > 0)
			return err_errno(rc);
		return err(ERR_IO, "the index can't be used");
	}
}

struct err index_err(const struct index *i, int rc)
{
	struct err e = err_mdb(rc);

	if (e.code == ERR_CORRUPT && i->on_damage != NULL)
		i->on_damage(e);
	return e;
}

static char *index_path(const char *dir)
{
	char *path = NULL;

	if (asprintf(&path, "%s/index.lmdb", dir) < 0)
		abort();
	return path;
}

static struct err env_open(const char *dir, uint64_t map_bytes, unsigned flags,
                           struct index *out)
{
	char *path = index_path(dir);
	MDB_txn *txn = NULL;
	int rc = mdb_env_create(&out->env);

	if (rc == 0 && map_bytes != 0)
		rc = mdb_env_set_mapsize(out->env, map_bytes);
	if (rc == 0)
		rc = mdb_env_open(out->env, path,
		                  MDB_NOSUBDIR | MDB_NOTLS | flags, INDEX_MODE);
	if (rc == 0)
		rc = mdb_txn_begin(out->env, NULL, MDB_RDONLY, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, &out->dbi);
	if (txn != NULL)
		mdb_txn_abort(txn);
	free(path);
	if (rc != 0)
		index_close(out);
	return err_mdb(rc);
}

/* LMDB would make what isn't there; an index that is gone is not an empty
 * one. */
static struct err index_exists(const char *dir)
{
	char *path = index_path(dir);
	struct stat st;
	int rc = stat(path, &st);
	int error = errno;

	free(path);
	if (rc != 0 && error != ENOENT)
		return err_errno(error);
	if (rc != 0 || st.st_size == 0)
		return err(ERR_CORRUPT, "the index (index.lmdb) is missing "
		                        "or empty: restore it, or rebuild it "
		                        "from the packs");
	return OK;
}

/* While a reader holds what the newest transaction refers to, a server that
 * is running uses none of it for anything else. */
static struct err check_trees(const char *path, const struct index *i,
                              bool whole)
{
	MDB_txn *reader;
	struct err e =
		err_mdb(mdb_txn_begin(i->env, NULL, MDB_RDONLY, &reader));

	if (is_ok(e)) {
		e = index_file_check_trees(path, whole);
		mdb_txn_abort(reader);
	}
	return e;
}

struct err index_open(const char *dir, uint64_t map_bytes, unsigned flags,
                      struct index *out)
{
	struct err e = index_exists(dir);
	char *path;

	*out = (struct index){ 0 };
	if (!is_ok(e))
		return e;
	if (map_bytes == 0 && (flags & MDB_RDONLY) == 0)
		map_bytes = default_map_bytes;
	path = index_path(dir);
	e = index_file_check(path);
	if (is_ok(e))
		e = env_open(dir, map_bytes, flags, out);
	if (is_ok(e))
		e = check_trees(path, out, false);
	if (!is_ok(e))
		index_close(out);
	free(path);
	return e;
}

struct err index_check(const char *dir, const struct index *i)
{
	char *path = index_path(dir);
	struct err e = check_trees(path, i, true);

	free(path);
	return e;
}

struct err index_look(const char *dir)
{
	struct err e = index_exists(dir);
	char *path;

	if (!is_ok(e))
		return e;
	path = index_path(dir);
	e = index_file_check_trees(path, true);
	free(path);
	return e;
}

struct err index_make(const char *dir, struct slice id)
{
	struct store_key key = key_meta(S("id"));
	struct index index = { 0 };
	MDB_txn *txn;
	struct err e = env_open(dir, 0, 0, &index);

	if (!is_ok(e))
		return e;
	e = err_mdb(mdb_txn_begin(index.env, NULL, 0, &txn));
	if (is_ok(e)) {
		e = index_put(&index, txn, store_key_slice(&key), id);
		if (is_ok(e))
			e = err_mdb(mdb_txn_commit(txn));
		else
			mdb_txn_abort(txn);
	}
	index_close(&index);
	return e;
}

struct err index_forget(const char *dir, uint64_t transaction)
{
	char *path = index_path(dir);
	struct err e = index_file_forget(path, transaction);

	free(path);
	return e;
}

void index_close(struct index *i)
{
	if (i->env != NULL)
		mdb_env_close(i->env);
	i->env = NULL;
}

struct err index_get(const struct index *i, MDB_txn *txn, struct slice key,
                     struct slice *value)
{
	MDB_val k = mdb_val(key);
	MDB_val v;
	int rc = mdb_get(txn, i->dbi, &k, &v);

	if (rc == 0)
		*value = mdb_slice(v);
	return index_err(i, rc);
}

struct err index_put(const struct index *i, MDB_txn *txn, struct slice key,
                     struct slice value)
{
	MDB_val k = mdb_val(key);
	MDB_val v = mdb_val(value);

	return index_err(i, mdb_put(txn, i->dbi, &k, &v, 0));
}

struct err index_delete(const struct index *i, MDB_txn *txn, struct slice key)
{
	MDB_val k = mdb_val(key);
	int rc = mdb_del(txn, i->dbi, &k, NULL);

	return rc == MDB_NOTFOUND ? OK : index_err(i, rc);
}
