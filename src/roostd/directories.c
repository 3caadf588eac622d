/* directories.c -- lock, make, and give to whoever will use it. */
#include "roostd/directories.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum { PATH_MOST = 4096, LOCK_TRIES = 50, LOCK_PAUSE_MS = 100 };

static bool complain(const char *path, const char *why)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "directory");

	log_text(&l, "path", slice_cstr(path));
	log_text(&l, "error", slice_cstr(why));
	log_close(&l);
	return false;
}

static bool make(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return true;
	return complain(path, strerrordesc_np(errno));
}

/* One that was killed a moment ago may still be there for a moment. */
static bool lock_patiently(int fd)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return complain(path, strerrordesc_np(errno));
	if (lock_patiently(fd))
		return true;
	close(fd);
	return complain(path, "another roostd runs on this directory");
}

/* -- giving a tree to a user -- */

static bool give_entry(const FTSENT *e, const struct identity *to)
{
	switch (e->fts_info) {
	case FTS_D: /* it comes again, behind what is in it */
		return true;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return complain(e->fts_path, strerrordesc_np(e->fts_errno));
	default:
		if (lchown(e->fts_path, to->uid, to->gid) == 0)
			return true;
		return complain(e->fts_path, strerrordesc_np(errno));
	}
}

/* Every entry below and the directory itself, which comes last: when it has
 * its owner, all of it has. */
static bool give_tree(const char *path, const struct identity *to)
{
	char *const roots[] = { (char *)(uintptr_t)path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	bool ok = true;
	FTSENT *e;

	if (fts == NULL)
		return complain(path, strerrordesc_np(errno));
	while (ok && (errno = 0, e = fts_read(fts)) != NULL)
		ok = give_entry(e, to);
	if (ok && errno != 0)
		ok = complain(path, strerrordesc_np(errno));
	fts_close(fts);
	return ok;
}

static bool give(const char *path, const struct identity *to)
{
	struct stat st;

	if (!to->change || lstat(path, &st) != 0 || st.st_uid == to->uid)
		return true;
	return give_tree(path, to);
}

static bool give_partitions(const struct server *s)
{
	bool ok = true;

	for (uint64_t i = 0; ok && i < s->start->partitions; i++) {
		char *path = config_partition_path(s->start, i);

		ok = give(path, &s->users[ROLE_MAIL]);
		free(path);
	}
	return ok;
}

/* Users of their own must be able to pass through, though not to look. */
static bool let_through(const char *path, const struct server *s)
{
	struct stat st;

	if (!s->users[ROLE_AUTH].change && !s->users[ROLE_MAIL].change)
		return true;
	if (stat(path, &st) != 0)
		return errno == ENOENT;
	if ((st.st_mode & 0111) == 0111 ||
	    chmod(path, (st.st_mode & 0777) | 0111) == 0)
		return true;
	return complain(path, strerrordesc_np(errno));
}

bool directories_prepare(const struct server *s)
{
	const char *top = s->start->directory;
	char run[PATH_MOST], file[PATH_MOST], auth[PATH_MOST];
	char partitions[PATH_MOST];

	if (strlen(top) > PATH_MOST - 64)
		return complain(top, "its name is too long");
	snprintf(run, sizeof run, "%s/run", top);
	snprintf(file, sizeof file, "%s/run/lock", top);
	snprintf(auth, sizeof auth, "%s/auth", top);
	snprintf(partitions, sizeof partitions, "%s/partition", top);
	return make(run, 0711) && lock(file) && make(auth, 0700) &&
	       let_through(top, s) && let_through(partitions, s) &&
	       give(auth, &s->users[ROLE_AUTH]) && give_partitions(s);
}
