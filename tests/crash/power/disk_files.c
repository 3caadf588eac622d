/* disk_files.c -- the model of a disk on a real file system, and back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../remove_all.h"
#include "base/mem.h"
#include "disk_model.h"

enum { PATH_SIZE = 512 };

/* -- building -- */

/* Over what is there: its memory needn't be given back and asked for. */
static void write_file(const char *path, struct slice s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	size_t size = s.len;
	struct stat st;

	disk_must(fd >= 0 && fstat(fd, &st) == 0, path);
	while (s.len > 0) {
		ssize_t n = write(fd, s.ptr, s.len);

		disk_must(n > 0, path);
		s = slice_from(s, (size_t)n);
	}
	if (st.st_size > (off_t)size)
		disk_must(ftruncate(fd, (off_t)size) == 0, path);
	close(fd);
}

static void join(char out[PATH_SIZE], const char *dir, const char *name)
{
	disk_must(snprintf(out, PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE,
	          "a path is too long");
}

struct building {
	struct disk *disk;
	uint64_t seed;
	struct entries entries;
	struct buf content;
};

static bool is_wanted(struct building *b, uint64_t dir, const struct dirent *d)
{
	const struct entry *e = disk_entry(&b->entries, dir, d->d_name);

	return e != NULL &&
	       disk_file(b->disk, e->file)->is_dir == (d->d_type == DT_DIR);
}

/* What the disk hasn't, or has as something else, goes. */
static void clear_dir(struct building *b, uint64_t dir, const char *path)
{
	DIR *there = opendir(path);
	char below[PATH_SIZE];
	struct dirent *d;

	disk_must(there != NULL, path);
	while ((d = readdir(there)) != NULL) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		    is_wanted(b, dir, d))
			continue;
		join(below, path, d->d_name);
		remove_all(below);
	}
	closedir(there);
}

/* As deep as the recorded program made it. */
static void build_dir(struct building *b, uint64_t dir, const char *path)
{
	char below[PATH_SIZE];

	clear_dir(b, dir, path);
	for (size_t i = 0; i < b->entries.n; i++) {
		const struct entry *e = &b->entries.v[i];
		const struct file *f = disk_file(b->disk, e->file);

		if (e->dir != dir)
			continue;
		join(below, path, e->name);
		if (f->is_dir) {
			disk_must(mkdir(below, 0700) == 0 || errno == EEXIST,
			          below);
			build_dir(b, e->file, below);
			continue;
		}
		disk_content(f, b->seed, &b->content);
		write_file(below, buf_slice(&b->content));
	}
}

void disk_build(struct disk *d, uint64_t seed, const char *root)
{
	struct building *b = mem_new(1, sizeof *b);

	b->disk = d;
	b->seed = seed;
	disk_names(d, seed, &b->entries);
	build_dir(b, d->root, root);
	buf_free(&b->content);
	free(b);
}

/* -- reading and comparing -- */

static bool read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool ok;

	out->len = 0;
	if (fd < 0)
		return false;
	ok = fstat(fd, &st) == 0 && read(fd, buf_room(out, (size_t)st.st_size),
	                                 (size_t)st.st_size) == st.st_size;
	out->len = (size_t)st.st_size;
	close(fd);
	return ok;
}

static void read_below(struct disk *d, uint64_t dir, const char *path);

static void read_entry(struct disk *d, uint64_t dir, const char *path,
                       const char *name)
{
	char below[PATH_SIZE];
	struct stat st;
	struct file *f;

	join(below, path, name);
	disk_must(lstat(below, &st) == 0, below);
	f = disk_add_file(d, st.st_ino, S_ISDIR(st.st_mode));
	disk_put_entry(&d->entries, dir, name, f->number);
	if (f->is_dir)
		read_below(d, f->number, below);
	else
		disk_must(read_file(below, &f->base), below);
}

static void read_below(struct disk *d, uint64_t dir, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);

	disk_must(n >= 0, path);
	for (int i = 0; i < n; i++) {
		char name[RECORD_NAME] = { 0 };

		disk_must(strlen(entries[i]->d_name) < sizeof name,
		          entries[i]->d_name);
		strcpy(name, entries[i]->d_name);
		if (name[0] != '.')
			read_entry(d, dir, path, name);
		free(entries[i]);
	}
	free(entries);
}

struct disk *disk_read(const char *root)
{
	struct disk *d;
	struct stat st;

	disk_must(stat(root, &st) == 0, root);
	d = disk_new(st.st_ino);
	read_below(d, st.st_ino, root);
	return d;
}

struct comparison {
	struct disk *disk;
	const struct disk *real;
	struct entries entries; /* the disk's */
	bool same;
};

static void differ(struct comparison *c, const char *name, const char *how)
{
	c->same = false;
	fprintf(stderr, "past the recorder: %s %s\n", name, how);
}

/* Files that only running processes share; made anew after a cut. */
static bool is_scratch(const char *name)
{
	return strstr(name, "-lock") != NULL || strstr(name, "-shm") != NULL;
}

static void compare_file(struct comparison *c, const char *name,
                         const struct file *f, const struct file *real)
{
	struct buf content = { 0 };

	disk_content(f, DISK_ALL, &content);
	if (f->mapped && !is_scratch(name))
		differ(c, name, "is written through a map");
	if (!f->mapped &&
	    !slice_eq(buf_slice(&content), buf_slice(&real->base)))
		differ(c, name, "has other content");
	buf_free(&content);
}

static void compare_entry(struct comparison *c, const struct entry *real)
{
	struct entry *e = disk_entry(&c->entries, real->dir, real->name);
	struct file *f = e != NULL ? disk_file(c->disk, e->file) : NULL;

	if (f == NULL || f->number != real->file)
		differ(c, real->name, "is not in the recording");
	else if (!f->is_dir)
		compare_file(c, real->name, f,
		             disk_file((struct disk *)c->real, real->file));
}

bool disk_compare(struct disk *d, const char *root)
{
	struct comparison *c = mem_new(1, sizeof *c);
	struct disk *real = disk_read(root);
	bool same;

	*c = (struct comparison){ .disk = d, .real = real, .same = true };
	disk_names(d, DISK_ALL, &c->entries);
	for (size_t i = 0; i < real->entries.n; i++)
		compare_entry(c, &real->entries.v[i]);
	if (real->entries.n != c->entries.n)
		differ(c, root, "has other entries");
	same = c->same;
	disk_free(real);
	free(c);
	return same;
}
