/*
 * recover.c -- after a kill: what is in the packs that no commit knows of.
 *
 * The index is whole by itself; a pack may be longer than its row says,
 * when the process ended between writing it and committing. That tail is
 * sealed: it is counted dead and the next record goes behind it. A pack
 * without a row is dead as a whole (it is kept till it is reclaimed, for
 * the case that an older index was put back). Nothing is cut off or removed
 * here, and a full disk doesn't keep the partition from opening: then the
 * counts are put right at another time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/internal.h"

struct recovery {
	struct partition *partition;
	MDB_txn *txn;
	uint32_t last;     /* the highest number there is */
	uint64_t last_end; /* 0: it has no file */
	bool changed;
};

static struct err seal(struct recovery *r, uint32_t number, uint64_t size)
{
	const struct index *index = &r->partition->index;
	struct pack_row row;
	struct err e = pack_row_get(index, r->txn, number, &row);
	struct log_line l;

	if (number >= r->last) {
		r->last = number;
		r->last_end = record_size(0, size);
	}
	if (!is_ok(e) || size == row.total)
		return e;
	l = log_open(LOG_LEVEL_WARN, "store_pack_tail");
	log_number(&l, "pack", number);
	log_number(&l, "committed", row.total);
	log_number(&l, "size", size);
	log_close(&l);
	if (size < row.total)
		return OK; /* its messages will be found damaged when read */
	r->changed = true;
	row.dead += size - row.total;
	row.total = size;
	return pack_row_put(index, r->txn, number, &row);
}

static struct err seal_file(struct recovery *r, const char *name)
{
	struct stat st;
	uint32_t number;

	if (!pack_number(name, &number))
		return OK;
	if (fstatat(r->partition->pack_fd, name, &st, 0) != 0)
		return err_errno(errno);
	return seal(r, number, (uint64_t)st.st_size);
}

static struct err open_dir(int dir_fd, DIR **out)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(errno);
	*out = fdopendir(fd);
	if (*out != NULL)
		return OK;
	close(fd);
	return err_errno(ENOMEM);
}

static struct err seal_files(struct recovery *r)
{
	struct dirent *entry;
	DIR *dir;
	struct err e = open_dir(r->partition->pack_fd, &dir);

	if (!is_ok(e))
		return e;
	errno = 0;
	while (is_ok(e) && (entry = readdir(dir)) != NULL)
		e = seal_file(r, entry->d_name);
	if (is_ok(e) && errno != 0)
		e = err_errno(errno);
	closedir(dir);
	return e;
}

/* Numbers of packs that have only a row are not used again either. */
static struct err last_row(struct recovery *r)
{
	struct store_key end = key_table(0, T_BLOB);
	struct store_key prefix = key_table(0, T_PACK);
	MDB_val key = mdb_val(store_key_slice(&end));
	MDB_val value;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(r->txn, r->partition->index.dbi, &cursor);

	if (rc != 0)
		return err_mdb(rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	rc = mdb_cursor_get(cursor, &key, &value,
	                    rc == 0 ? MDB_PREV : MDB_LAST);
	if (rc == 0 && slice_starts(mdb_slice(key), store_key_slice(&prefix)))
		r->last = key_uid(mdb_slice(key));
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? OK : err_mdb(rc);
}

static struct err run(struct recovery *r)
{
	struct err e = last_row(r);

	return is_ok(e) ? seal_files(r) : e;
}

/* What couldn't be written is still true: the last pack's tail is `lost`. A
 * pack that was cut off, or is gone, is not gone on with: the index still
 * knows other records where the next ones would go. */
static struct err finish(struct recovery *r, struct pack_writer *out)
{
	struct partition *p = r->partition;
	struct pack_row row;
	struct err e;

	e = pack_row_get(&p->index, r->txn, r->last, &row);
	mdb_txn_abort(r->txn);
	if (is_ok(e) && row.total > r->last_end)
		r->last_end = p->options.pack_bytes;
	if (is_ok(e))
		e = pack_writer_init(out, p->pack_fd, r->last, r->last_end,
		                     p->options.pack_bytes);
	if (is_ok(e) && out->fd >= 0 && row.total < r->last_end)
		out->lost = r->last_end - row.total;
	return e;
}

struct err recover_packs(struct partition *p, struct pack_writer *out)
{
	struct recovery r = { .partition = p };
	struct err e = err_mdb(mdb_txn_begin(p->index.env, NULL, 0, &r.txn));

	if (!is_ok(e))
		return e;
	e = run(&r);
	if (is_ok(e) && r.changed) {
		int rc = mdb_txn_commit(r.txn);

		if (rc != 0)
			log_note(LOG_LEVEL_WARN, "store_recover",
			         err_mdb(rc).text);
	} else {
		mdb_txn_abort(r.txn);
	}
	if (!is_ok(e))
		return e;
	e = err_mdb(mdb_txn_begin(p->index.env, NULL, MDB_RDONLY, &r.txn));
	return is_ok(e) ? finish(&r, out) : e;
}

struct err recover_tmp(int dir_fd)
{
	struct dirent *entry;
	DIR *dir;
	struct err e = open_dir(dir_fd, &dir);

	if (!is_ok(e))
		return e;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dir_fd, entry->d_name, 0);
	closedir(dir);
	return OK;
}
