/*
 * partition.c -- a partition's directory: made, opened, closed, counted.
 *
 * DIR/id is written last when a partition is made, so that a directory
 * without it was never one; it names the format version, and the index has
 * the same random id, so that parts of two partitions can't be mixed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/mem.h"
#include "store/internal.h"

enum { DIR_MODE = 0700, FILE_MODE = 0600, ID_LINE = 128, PARTITION_ID = 32 };

/* What an id file begins with, up to the id. */
#define FORMAT  "roost partition "
#define VERSION "3"

static const uint32_t default_pack_bytes = UINT32_C(128) << 20;

/* -- making -- */

static struct err is_empty_dir(const char *path)
{
	struct dirent *entry;
	bool empty = true;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return err_errno(errno);
	while (empty && (entry = readdir(dir)) != NULL)
		empty = !strcmp(entry->d_name, ".") ||
		        !strcmp(entry->d_name, "..");
	closedir(dir);
	return empty ? OK
	             : err(ERR_ALREADYEXISTS, "the directory is not empty");
}

static struct err make_dir(const char *path)
{
	if (mkdir(path, DIR_MODE) == 0)
		return OK;
	return errno == EEXIST ? is_empty_dir(path) : err_errno(errno);
}

static struct err write_line(int fd, const char *line, size_t len)
{
	ssize_t n = write(fd, line, len);

	if (n < 0)
		return err_errno(errno);
	return (size_t)n == len ? OK : err_errno(ENOSPC);
}

static struct err write_id(int dir_fd, struct slice id)
{
	char line[ID_LINE];
	int len = snprintf(line, sizeof line, FORMAT VERSION " %.*s\n",
	                   (int)id.len, id.ptr);
	int fd = openat(dir_fd, "id", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	                FILE_MODE);
	struct err e;

	if (fd < 0)
		return err_errno(errno);
	e = write_line(fd, line, (size_t)len);
	if (is_ok(e) && (fsync(fd) != 0 || fsync(dir_fd) != 0))
		e = err_errno(errno);
	close(fd);
	return e;
}

static struct err sync_parent(int dir_fd)
{
	struct err e = OK;
	int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(errno);
	if (fsync(fd) != 0)
		e = err_errno(errno);
	close(fd);
	return e;
}

static struct err fill_dir(const char *dir, int dir_fd)
{
	struct buf id = { 0 };
	uint8_t raw[PARTITION_ID / 2];
	struct err e;

	if (mkdirat(dir_fd, "pack", DIR_MODE) != 0 ||
	    mkdirat(dir_fd, "tmp", DIR_MODE) != 0)
		return err_errno(errno);
	random_bytes(raw, sizeof raw);
	hex_encode(slice_of(raw, sizeof raw), &id);
	e = index_make(dir, buf_slice(&id));
	if (is_ok(e))
		e = write_id(dir_fd, buf_slice(&id));
	if (is_ok(e))
		e = sync_parent(dir_fd);
	buf_free(&id);
	return e;
}

struct err partition_make(const char *dir)
{
	struct err e = make_dir(dir);
	int dir_fd;

	if (!is_ok(e))
		return e;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return err_errno(errno);
	e = fill_dir(dir, dir_fd);
	close(dir_fd);
	return e;
}

/* -- opening -- */

static struct err parse_id(struct slice line, char id[PARTITION_ID])
{
	struct slice version;
	struct slice rest;

	if (!slice_starts(line, S(FORMAT)))
		return err(ERR_CORRUPT, "the id file is not a partition's");
	line = slice_from(line, strlen(FORMAT));
	if (!slice_cut(line, ' ', &version, &rest) ||
	    !slice_eq(version, S(VERSION)))
		return err(ERR_CORRUPT, "the partition was made by another "
		                        "version of roost: use that one");
	if (rest.len != PARTITION_ID + 1 || rest.ptr[PARTITION_ID] != '\n')
		return err(ERR_CORRUPT, "the id file is damaged");
	memcpy(id, rest.ptr, PARTITION_ID);
	return OK;
}

/* Is this a partition, and of a version we know? The id is copied. */
static struct err read_id(int dir_fd, char id[PARTITION_ID])
{
	char line[ID_LINE];
	ssize_t n;
	int fd = openat(dir_fd, "id", O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err(ERR_CORRUPT, "the directory is not a partition of "
		                        "a mail store: its id file is "
		                        "missing");
	if (fd < 0)
		return err_errno(errno);
	n = read(fd, line, sizeof line);
	close(fd);
	if (n < 0)
		return err(ERR_IO, "the partition's id file can't be read");
	return parse_id(slice_of(line, (size_t)n), id);
}

static struct err open_dir(int at, const char *name, int *out)
{
	*out = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out >= 0)
		return OK;
	if (errno == ENOENT)
		return err(ERR_CORRUPT, "a directory of the partition is "
		                        "missing");
	return err_errno(errno);
}

static struct err lock(struct partition *p)
{
	p->lock_fd = openat(p->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC,
	                    FILE_MODE);
	if (p->lock_fd < 0)
		return err_errno(errno);
	if (flock(p->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return OK;
	if (errno == EWOULDBLOCK)
		return err(ERR_INUSE, "another process has the partition open "
		                      "(it holds the file named lock)");
	return err_errno(errno);
}

static struct err check_index(struct partition *p, struct slice id)
{
	struct store_key key = key_meta(S("id"));
	struct slice value;
	struct err e = store_get(p, store_key_slice(&key), &value);

	if (e.code == ERR_ABSENT || (is_ok(e) && !slice_eq(value, id)))
		e = err(ERR_CORRUPT, "the index belongs to another "
		                     "partition");
	snapshot_drop(p);
	return e;
}

static struct err open_index(struct partition *p, unsigned flags,
                             const char id[PARTITION_ID])
{
	int dead_readers;
	struct err e =
		index_open(p->dir, p->options.map_bytes, flags, &p->index);

	if (!is_ok(e))
		return e;
	(void)mdb_reader_check(p->index.env, &dead_readers);
	if (p->options.check_index)
		e = index_check(p->dir, &p->index);
	if (!is_ok(e))
		return e;
	e = open_dir(p->dir_fd, "pack", &p->pack_fd);
	p->packs.dir = p->pack_fd;
	return is_ok(e) ? check_index(p, slice_of(id, PARTITION_ID)) : e;
}

/* What a damaged index says is wrong may be anything. */
static struct err reason(const struct partition *p, struct err e)
{
	struct err of_index = OK;

	if (e.code == ERR_CORRUPT && p->index.env != NULL &&
	    !p->options.check_index) /* else it has been looked at */
		of_index = index_check(p->dir, &p->index);
	return is_ok(of_index) ? e : of_index;
}

static struct err open_to_write(struct partition *p)
{
	struct pack_writer writer;
	char id[PARTITION_ID];
	struct err e = open_dir(AT_FDCWD, p->dir, &p->dir_fd);

	if (is_ok(e))
		e = read_id(p->dir_fd, id);
	if (is_ok(e))
		e = lock(p);
	if (is_ok(e))
		e = open_dir(p->dir_fd, "tmp", &p->tmp_fd);
	if (is_ok(e))
		e = recover_tmp(p->tmp_fd);
	if (is_ok(e))
		e = open_index(p, 0, id);
	if (is_ok(e))
		e = recover_packs(p, &writer);
	if (!is_ok(e))
		return reason(p, e);
	p->index.on_damage = p->options.on_damage;
	p->committer = committer_new(p, writer);
	return OK;
}

static struct err open_to_read(struct partition *p)
{
	char id[PARTITION_ID];
	struct err e = open_dir(AT_FDCWD, p->dir, &p->dir_fd);

	if (is_ok(e))
		e = read_id(p->dir_fd, id);
	return is_ok(e) ? open_index(p, MDB_RDONLY, id) : e;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void free_partition(struct partition *p)
{
	snapshot_close(p);
	index_close(&p->index);
	pack_files_fini(&p->packs);
	close_fd(p->tmp_fd);
	close_fd(p->pack_fd);
	close_fd(p->lock_fd);
	close_fd(p->dir_fd);
	ZSTD_freeCCtx(p->compressor);
	ZSTD_freeDCtx(p->decompressor);
	free(p->spare_block);
	uidset_free(&p->stuck);
	free(p->looked);
	free(p->dir);
	free(p);
}

static void end_turn(void *arg)
{
	struct partition *p = arg;

	snapshot_drop(p);
	committer_hand_over(p->committer);
}

static struct partition *new_partition(struct loop *loop, const char *dir,
                                       struct partition_options options)
{
	struct partition *p = mem_new(1, sizeof *p);

	if (options.pack_bytes == 0)
		options.pack_bytes = default_pack_bytes;
	p->loop = loop;
	p->dir = mem_cstr(slice_cstr(dir));
	p->dir_fd = p->lock_fd = p->pack_fd = p->tmp_fd = -1;
	p->options = options;
	p->compressor = ZSTD_createCCtx();
	p->decompressor = ZSTD_createDCtx();
	if (p->compressor == NULL || p->decompressor == NULL)
		abort();
	return p;
}

struct err partition_open(struct loop *loop, const char *dir,
                          struct partition_options options,
                          struct partition **out)
{
	struct partition *p = new_partition(loop, dir, options);
	struct err e = open_to_write(p);

	if (!is_ok(e)) {
		free_partition(p);
		return e;
	}
	loop_before_sleep(loop, end_turn, p);
	*out = p;
	return OK;
}

struct err partition_open_to_read(const char *dir, struct partition **out)
{
	struct partition_options options = { .check_index = true };
	struct partition *p = new_partition(NULL, dir, options);
	struct err e = open_to_read(p);

	if (!is_ok(e)) {
		free_partition(p);
		return e;
	}
	*out = p;
	return OK;
}

void partition_settle(struct partition *p)
{
	committer_settle(p->committer);
}

bool partition_is_settled(const struct partition *p)
{
	return committer_is_settled(p->committer);
}

void partition_close(struct partition *p)
{
	if (p == NULL)
		return;
	if (p->committer != NULL) {
		committer_free(p->committer);
		loop_before_sleep_stop(p->loop, end_turn, p);
	}
	free_partition(p);
}

/* -- figures -- */

static void count_packs(struct partition *p, struct partition_stats *out)
{
	struct store_key prefix = key_table(0, T_PACK);
	struct store_cursor c =
		store_cursor(p, store_key_slice(&prefix), S(""));
	struct cursor_row row;

	while (store_cursor_next(&c, &row)) {
		struct pack_row pack;

		if (!is_ok(pack_row_parse(row.value, &pack)))
			continue;
		out->pack_bytes += pack.total;
		out->dead_bytes += pack.dead;
	}
}

void partition_stats(struct partition *p, struct partition_stats *out)
{
	MDB_stat st;
	MDB_envinfo info;

	committer_stats(p->committer, out);
	count_packs(p, out);
	if (mdb_env_info(p->index.env, &info) == 0)
		out->index_limit = info.me_mapsize;
	if (p->snapshot.live &&
	    mdb_stat(p->snapshot.txn, p->index.dbi, &st) == 0)
		out->index_bytes = (st.ms_branch_pages + st.ms_leaf_pages +
		                    st.ms_overflow_pages) *
		                   st.ms_psize;
}
