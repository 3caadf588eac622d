/*
 * reserve.c -- room behind the index's last page that only the index can take.
 *
 *	index.lmdb  | pages, in use or free |····· set aside ·····|
 *	            0                       ^end                   ^until
 *
 * LMDB writes a page anew before it frees the old one, so on a full disk not
 * even an expunge could be committed. The file system is asked for blocks
 * behind the end of the file (the file's size stays as it is): they are the
 * index's whatever else fills the disk, and need no giving back.
 *
 * 1. While less than reserve_size() is set aside behind `end`, nothing that
 *    takes room is committed (ERR_NOSPACE); what only frees (batch_frees())
 *    is, and may use it up.
 * 2. Each group that takes room asks for what is missing, so that service
 *    returns with the first of them after there is room.
 * 3. From 0 to `until` the file has no hole: a page within it that was never
 *    written has its block, too.
 *
 * A file system that can't set blocks aside has no reserve.
 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/log.h"
#include "store/internal.h"

enum {
	RESERVE = 16 << 20, /* octets; the default of four partitions: 64 MiB */
	RESERVE_STEP = 256 << 10, /* more is asked for at once */
	RESERVE_SHARE = 16,       /* of the map, at most one in so many */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t reserve_size(const MDB_envinfo *info)
{
	return least(info->me_mapsize / RESERVE_SHARE, RESERVE);
}

static struct err set_aside(struct reserve *r, int fd, uint64_t until)
{
	int rc;

	do {
		rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)r->until,
		               (off_t)(until - r->until));
	} while (rc != 0 && errno == EINTR);
	if (rc != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
		return err_errno(errno);
	r->until = until;
	return OK;
}

struct err reserve_keep(struct reserve *r, const struct index *index)
{
	MDB_envinfo info;
	MDB_stat st;
	uint64_t end;
	uint64_t wanted;
	int fd;

	if (mdb_env_info(index->env, &info) != 0 ||
	    mdb_env_stat(index->env, &st) != 0 ||
	    mdb_env_get_fd(index->env, &fd) != 0)
		return err(ERR_IO, "the index can't be used");
	end = (info.me_last_pgno + 1) * st.ms_psize;
	wanted = least(end + reserve_size(&info), info.me_mapsize);
	if (wanted <= r->until)
		return OK;
	return set_aside(r, fd, least(wanted + RESERVE_STEP, info.me_mapsize));
}

/* -- what is said of it -- */

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* On a disk that is nearly full, small messages find room between large ones
 * that don't: not each of them is worth two lines. */
void disk_note(struct disk_room *d, struct err e)
{
	bool full = e.code == ERR_NOSPACE;

	if (full && !d->full)
		log_note(LOG_LEVEL_ERROR, "disk_full", e.text);
	if (full) {
		d->full = true;
		d->full_s = now_s();
	}
	if (!d->full || full || now_s() <= d->full_s)
		return;
	d->full = false;
	log_note(LOG_LEVEL_INFO, "disk_has_room", "");
}
