/*
 * pack_walk.c -- every record in the packs, without asking the index.
 *
 * In the order of pack and offset, which is the order of writing but for
 * what reclaiming has moved. A message that was expunged is there until its
 * pack is reclaimed, and one may be there twice.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/internal.h"

struct walk {
	bool (*fn)(void *arg, const struct salvaged *);
	void *arg;
	bool headers; /* of every record, nothing else */
	uint64_t broken;
	ZSTD_DCtx *z;
	struct buf message;
	bool ended;
};

static enum salvaged_kind kind_of(const struct pack_record *r)
{
	if (!r->is_reference)
		return SALVAGED_MESSAGE;
	return hash_is_none(&r->hash) ? SALVAGED_NAME : SALVAGED_REFERENCE;
}

static void give(struct walk *w, const struct pack_record *r)
{
	struct salvaged found = {
		.kind = kind_of(r),
		.hash = r->hash,
		.origin = r->origin,
		.message = buf_slice(&w->message),
	};

	w->ended = !w->fn(w->arg, &found);
}

static void walk_scan(struct walk *w, struct pack_scan *s)
{
	while (!w->ended && pack_scan_next(s)) {
		if (w->headers)
			give(w, &s->record);
		else if (s->record.is_reference)
			continue;
		else if (pack_scan_message(s, w->z, &w->message))
			give(w, &s->record);
		else
			w->broken++;
		s->e = OK; /* a bad sector is not the end of the pack */
	}
	w->broken += s->broken;
}

static struct err walk_pack(struct walk *w, int dir, uint32_t number)
{
	struct pack_scan s;
	struct err e = pack_scan_open(&s, dir, number);

	if (e.code == ERR_ABSENT)
		return OK; /* reclaimed meanwhile */
	if (!is_ok(e))
		return e;
	walk_scan(w, &s);
	e = s.e;
	pack_scan_close(&s);
	return e;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The numbers of the packs in a directory, sorted; the caller frees. */
static struct err list_packs(int dir_fd, uint32_t **out, size_t *n)
{
	struct dirent *entry;
	DIR *dir = fdopendir(dir_fd);
	uint32_t number;

	*out = NULL;
	*n = 0;
	if (dir == NULL)
		return err_errno(errno);
	while ((entry = readdir(dir)) != NULL) {
		if (!pack_number(entry->d_name, &number))
			continue;
		*out = mem_resize(*out, *n + 1, sizeof **out);
		(*out)[(*n)++] = number;
	}
	closedir(dir);
	if (*n > 1)
		qsort(*out, *n, sizeof **out, by_number);
	return OK;
}

static struct err walk_dir(struct walk *w, int dir)
{
	uint32_t *numbers;
	size_t n;
	struct err e = list_packs(dup(dir), &numbers, &n);

	for (size_t i = 0; is_ok(e) && !w->ended && i < n; i++)
		e = walk_pack(w, dir, numbers[i]);
	free(numbers);
	return e;
}

static struct err walk(struct walk *w, const char *dir)
{
	char *path = NULL;
	struct err e;
	int fd;

	if (asprintf(&path, "%s/pack", dir) < 0)
		abort();
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	if (fd < 0)
		return err_errno(errno);
	w->z = ZSTD_createDCtx();
	e = walk_dir(w, fd);
	ZSTD_freeDCtx(w->z);
	buf_free(&w->message);
	close(fd);
	return e;
}

struct err pack_walk(const char *dir,
                     bool (*fn)(void *arg, const struct salvaged *), void *arg,
                     uint64_t *broken)
{
	struct walk w = { .fn = fn, .arg = arg };
	struct err e = walk(&w, dir);

	*broken = w.broken;
	return e;
}

struct err pack_walk_headers(const char *dir,
                             bool (*fn)(void *arg, const struct salvaged *),
                             void *arg)
{
	struct walk w = { .fn = fn, .arg = arg, .headers = true };

	return walk(&w, dir);
}
