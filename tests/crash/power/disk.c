/*
 * disk.c -- see disk.h.
 *
 * Pending changes stay in order of time. A change that became sure behind
 * one that did not must still be applied behind it, so what is sure is taken
 * into the base (fold) only from the front of the list.
 */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum {
	SECTOR = 512,
	MOST_FILES = 256,
	MOST_ENTRIES = 128,
	PATH_SIZE = 512,
};

struct change {
	uint32_t event;
	uint32_t kind; /* WRITE, TRUNCATE, PUNCH */
	bool sure;
	uint64_t at;
	uint64_t len;
	const char *bytes;
};

struct file {
	uint64_t number;
	bool is_dir;
	bool mapped;
	struct buf base;
	struct change *changes;
	size_t n;
	size_t room;
};

struct entry {
	uint64_t dir;
	uint64_t file;
	char name[RECORD_NAME];
};

struct naming {
	struct record_event e; /* MAKE, REMOVE, RENAME */
	uint32_t event;
	bool sure;
	bool sure2; /* RENAME: the other directory */
};

struct entries {
	struct entry v[MOST_ENTRIES];
	size_t n;
};

struct disk {
	uint64_t root;
	struct file *files[MOST_FILES];
	size_t n_files;
	struct entries entries; /* sure */
	struct naming *namings;
	size_t n_namings;
	size_t room;
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
	abort();
}

/* -- chance -- */

static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t chance(uint64_t seed, uint64_t a, uint64_t b)
{
	return mix(mix(mix(seed) ^ a) ^ b);
}

/* -- files -- */

static struct file *find_file(struct disk *d, uint64_t number)
{
	for (size_t i = d->n_files; i-- > 0;)
		if (d->files[i]->number == number)
			return d->files[i];
	return NULL;
}

static struct file *add_file(struct disk *d, uint64_t number, bool is_dir)
{
	struct file *f = mem_new(1, sizeof *f);

	must(d->n_files < MOST_FILES, "too many files");
	*f = (struct file){ .number = number, .is_dir = is_dir };
	d->files[d->n_files++] = f;
	return f;
}

static void resize(struct buf *b, uint64_t size)
{
	if (size > b->len)
		memset(buf_room(b, size - b->len), 0, size - b->len);
	b->len = size;
}

static void apply(struct buf *b, const struct change *c)
{
	uint64_t end = c->at + c->len;

	if (c->kind == RECORD_TRUNCATE) {
		resize(b, c->at);
		return;
	}
	if (c->kind == RECORD_PUNCH && end > b->len)
		end = b->len;
	if (end > b->len)
		resize(b, end);
	if (c->kind == RECORD_WRITE)
		memcpy(b->data + c->at, c->bytes, c->len);
	else if (c->at < end)
		memset(b->data + c->at, 0, end - c->at);
}

static void fold(struct file *f)
{
	size_t n = 0;

	while (n < f->n && f->changes[n].sure)
		apply(&f->base, &f->changes[n++]);
	if (n == 0)
		return;
	f->n -= n;
	memmove(f->changes, f->changes + n, f->n * sizeof *f->changes);
}

static void add_change(struct file *f, struct change c)
{
	if (f->n == f->room) {
		f->room = f->room * 2 + 16;
		f->changes =
			mem_resize(f->changes, f->room, sizeof *f->changes);
	}
	f->changes[f->n++] = c;
	fold(f);
}

/* -- entries -- */

static struct entry *find_entry(struct entries *t, uint64_t dir,
                                const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].dir == dir && !strcmp(t->v[i].name, name))
			return &t->v[i];
	return NULL;
}

static void put_entry(struct entries *t, uint64_t dir, const char *name,
                      uint64_t file)
{
	struct entry *e = find_entry(t, dir, name);

	if (e == NULL) {
		must(t->n < MOST_ENTRIES, "too many entries");
		e = &t->v[t->n++];
	}
	e->dir = dir;
	e->file = file;
	memcpy(e->name, name, sizeof e->name);
}

static void drop_entry(struct entries *t, uint64_t dir, const char *name)
{
	struct entry *e = find_entry(t, dir, name);

	if (e != NULL)
		*e = t->v[--t->n];
}

static void apply_naming(struct entries *t, const struct record_event *e)
{
	if (e->kind != RECORD_MAKE)
		drop_entry(t, e->dir, e->name);
	if (e->kind == RECORD_MAKE)
		put_entry(t, e->dir, e->name, e->file);
	if (e->kind == RECORD_RENAME)
		put_entry(t, e->dir2, e->name2, e->file);
}

static bool naming_is_sure(const struct naming *n)
{
	return n->sure && (n->sure2 || n->e.kind != RECORD_RENAME);
}

static void fold_namings(struct disk *d)
{
	size_t n = 0;

	while (n < d->n_namings && naming_is_sure(&d->namings[n]))
		apply_naming(&d->entries, &d->namings[n++].e);
	if (n == 0)
		return;
	d->n_namings -= n;
	memmove(d->namings, d->namings + n, d->n_namings * sizeof *d->namings);
}

static void add_naming(struct disk *d, const struct record_event *e, uint32_t n)
{
	if (d->n_namings == d->room) {
		d->room = d->room * 2 + 16;
		d->namings =
			mem_resize(d->namings, d->room, sizeof *d->namings);
	}
	d->namings[d->n_namings++] = (struct naming){ .e = *e, .event = n };
}

/* -- events -- */

static void sync_dir(struct disk *d, uint64_t dir, uint32_t begun)
{
	for (size_t i = 0; i < d->n_namings; i++) {
		struct naming *n = &d->namings[i];

		if (n->event >= begun)
			continue;
		n->sure |= n->e.dir == dir;
		n->sure2 |= n->e.dir2 == dir;
	}
	fold_namings(d);
}

static void sync_file(struct disk *d, uint64_t number, uint32_t begun)
{
	struct file *f = find_file(d, number);

	if (f == NULL || f->is_dir) {
		sync_dir(d, number, begun);
		return;
	}
	for (size_t i = 0; i < f->n; i++)
		f->changes[i].sure |= f->changes[i].event < begun;
	fold(f);
}

static void change(struct disk *d, const struct recording *r, uint32_t n)
{
	const struct record_event *e = &r->events[n];
	struct file *f = find_file(d, e->file);

	must(f != NULL, "a file that was never made is changed");
	add_change(f, (struct change){
			      .event = n,
			      .kind = e->kind,
			      .sure = e->sure,
			      .at = e->at,
			      .len = e->len,
			      .bytes = record_bytes(r, e).ptr,
		      });
}

void disk_event(struct disk *d, const struct recording *r, uint32_t n)
{
	const struct record_event *e = &r->events[n];

	switch ((enum record_kind)e->kind) {
	case RECORD_MAKE:
		add_file(d, e->file, e->is_dir);
		add_naming(d, e, n);
		break;
	case RECORD_REMOVE:
	case RECORD_RENAME:
		add_naming(d, e, n);
		break;
	case RECORD_WRITE:
	case RECORD_TRUNCATE:
	case RECORD_PUNCH:
		change(d, r, n);
		break;
	case RECORD_MAP:
		find_file(d, e->file)->mapped = true;
		break;
	case RECORD_SYNC_END:
		sync_file(d, e->file, (uint32_t)e->at);
		break;
	case RECORD_SYNC_BEGIN:
	case RECORD_BEGIN:
	case RECORD_ACK:
	case RECORD_STATE:
	case RECORD_PHASE:
		break;
	}
}

bool disk_is_pending(const struct disk *d)
{
	for (size_t i = 0; i < d->n_files; i++)
		if (d->files[i]->n != 0 || d->files[i]->mapped)
			return true;
	return d->n_namings != 0;
}

/* -- what a seed decides -- */

/* How the changes of one file fare. */
struct fate {
	uint64_t seed;
	uint32_t of_16; /* of 16 changes so many are kept */
	size_t first;   /* but all before this one, */
	size_t last;    /* and all from this one on */
	bool torn;
	bool longer; /* lost writes have made it longer */
	uint64_t sum;
};

static struct fate fate_of(const struct file *f, uint64_t seed)
{
	static const uint32_t shares[] = { 0, 2, 8, 8, 14, 16 };
	uint64_t x = chance(seed, f->number, 1);
	struct fate fate = { .seed = chance(seed, f->number, 2), .last = f->n };

	if (seed == DISK_NOTHING)
		return fate;
	if (seed == DISK_ALL) {
		fate.of_16 = 16;
		return fate;
	}
	fate.of_16 = shares[x % 6];
	fate.torn = (x >> 8 & 1) != 0;
	fate.longer = (x >> 9 & 1) != 0;
	if ((x >> 10 & 3) == 0 && f->n > 0) {
		fate.of_16 = 0;
		fate.first = (x >> 16) % (f->n + 1);
	} else if ((x >> 10 & 3) == 1 && f->n > 0) {
		fate.of_16 = 0;
		fate.last = (x >> 16) % (f->n + 1);
	}
	return fate;
}

static bool decide(struct fate *fate, bool kept, uint64_t what)
{
	fate->sum = mix(fate->sum ^ what << 1 ^ (uint64_t)kept);
	return kept;
}

static bool is_kept(struct fate *fate, const struct change *c, size_t i)
{
	bool kept = c->sure || i < fate->first || i >= fate->last ||
	            chance(fate->seed, c->event, 0) % 16 < fate->of_16;

	return decide(fate, kept, c->event);
}

static struct change sector_of(const struct change *c, uint64_t at)
{
	uint64_t end = (at / SECTOR + 1) * SECTOR;
	struct change part = *c;

	if (end > c->at + c->len)
		end = c->at + c->len;
	part.at = at;
	part.len = end - at;
	part.bytes = c->bytes + (at - c->at);
	return part;
}

/* Some of its sectors; out NULL: only decide. */
static void apply_torn(struct fate *fate, const struct change *c,
                       struct buf *out)
{
	uint64_t end = c->at + c->len;
	uint64_t share = 1 + chance(fate->seed, c->event, 3) % 15;

	for (uint64_t at = c->at; at < end;) {
		struct change part = sector_of(c, at);
		bool kept = chance(fate->seed, c->event, at) % 16 < share;

		if (decide(fate, kept, at) && out != NULL)
			apply(out, &part);
		at += part.len;
	}
}

static void apply_lost(struct fate *fate, const struct change *c,
                       struct buf *out)
{
	if (c->kind == RECORD_WRITE && out != NULL && fate->longer &&
	    out->len < c->at + c->len)
		resize(out, c->at + c->len);
}

/* The file by its fate; out NULL: only decide. */
static uint64_t run_fate(const struct file *f, uint64_t seed, struct buf *out)
{
	struct fate fate = fate_of(f, seed);

	fate.sum = f->n != 0 ? fate.longer : 0;
	for (size_t i = 0; i < f->n; i++) {
		const struct change *c = &f->changes[i];

		if (!is_kept(&fate, c, i))
			apply_lost(&fate, c, out);
		else if (fate.torn && !c->sure && c->kind == RECORD_WRITE)
			apply_torn(&fate, c, out);
		else if (out != NULL)
			apply(out, c);
	}
	return fate.sum;
}

static void scribble(struct buf *b, uint64_t seed)
{
	for (size_t i = 0; i + 8 <= b->len; i += 8) {
		uint64_t x = chance(seed, i, 5);

		memcpy(b->data + i, &x, 8);
	}
}

static bool is_scribbled(const struct file *f, uint64_t seed)
{
	return f->mapped && seed != DISK_ALL &&
	       chance(seed, f->number, 4) % 2 == 0;
}

static bool naming_is_kept(const struct naming *n, uint64_t seed)
{
	uint64_t share = chance(seed, 7, 7) % 4;

	if (naming_is_sure(n) || seed == DISK_ALL)
		return true;
	return seed != DISK_NOTHING && chance(seed, n->event, 6) % 3 < share;
}

static uint64_t name_all(const struct disk *d, uint64_t seed,
                         struct entries *out)
{
	uint64_t sum = 0;

	if (out != NULL)
		*out = d->entries;
	for (size_t i = 0; i < d->n_namings; i++) {
		bool kept = naming_is_kept(&d->namings[i], seed);

		sum = mix(sum ^ (uint64_t)kept);
		if (kept && out != NULL)
			apply_naming(out, &d->namings[i].e);
	}
	return sum;
}

uint64_t disk_fate(struct disk *d, uint64_t seed)
{
	uint64_t sum = name_all(d, seed, NULL);

	for (size_t i = 0; i < d->n_files; i++)
		sum = mix(sum ^ run_fate(d->files[i], seed, NULL));
	return sum;
}

/* -- on a real file system -- */

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level == 0 ? 0 : remove(path);
}

static void write_file(const char *path, struct slice s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(fd >= 0, path);
	while (s.len > 0) {
		ssize_t n = write(fd, s.ptr, s.len);

		must(n > 0, path);
		s = slice_from(s, (size_t)n);
	}
	close(fd);
}

static void content_of(const struct file *f, uint64_t seed, struct buf *out)
{
	out->len = 0;
	buf_add(out, buf_slice(&f->base));
	run_fate(f, seed, out);
	if (is_scribbled(f, seed))
		scribble(out, seed);
}

static void join(char out[PATH_SIZE], const char *dir, const char *name)
{
	must(snprintf(out, PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE,
	     "a path is too long");
}

struct building {
	struct disk *disk;
	uint64_t seed;
	struct entries entries;
	struct buf content;
};

/* As deep as the recorded program made it. */
static void build_dir(struct building *b, uint64_t dir, const char *path)
{
	char below[PATH_SIZE];

	for (size_t i = 0; i < b->entries.n; i++) {
		const struct entry *e = &b->entries.v[i];
		const struct file *f = find_file(b->disk, e->file);

		if (e->dir != dir)
			continue;
		join(below, path, e->name);
		if (f->is_dir) {
			must(mkdir(below, 0700) == 0, below);
			build_dir(b, e->file, below);
			continue;
		}
		content_of(f, b->seed, &b->content);
		write_file(below, buf_slice(&b->content));
	}
}

void disk_build(struct disk *d, uint64_t seed, const char *root)
{
	struct building *b = mem_new(1, sizeof *b);

	b->disk = d;
	b->seed = seed;
	must(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, root);
	name_all(d, seed, &b->entries);
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
	must(lstat(below, &st) == 0, below);
	f = add_file(d, st.st_ino, S_ISDIR(st.st_mode));
	put_entry(&d->entries, dir, name, f->number);
	if (f->is_dir)
		read_below(d, f->number, below);
	else
		must(read_file(below, &f->base), below);
}

static void read_below(struct disk *d, uint64_t dir, const char *path)
{
	DIR *at = opendir(path);
	struct dirent *entry;

	must(at != NULL, path);
	while ((entry = readdir(at)) != NULL) {
		char name[RECORD_NAME] = { 0 };

		if (entry->d_name[0] == '.')
			continue;
		must(strlen(entry->d_name) < sizeof name, entry->d_name);
		strcpy(name, entry->d_name);
		read_entry(d, dir, path, name);
	}
	closedir(at);
}

struct disk *disk_new(uint64_t root)
{
	struct disk *d = mem_new(1, sizeof *d);

	d->root = root;
	add_file(d, root, true);
	return d;
}

struct disk *disk_read(const char *root)
{
	struct disk *d;
	struct stat st;

	must(stat(root, &st) == 0, root);
	d = disk_new(st.st_ino);
	read_below(d, st.st_ino, root);
	return d;
}

void disk_free(struct disk *d)
{
	for (size_t i = 0; i < d->n_files; i++) {
		buf_free(&d->files[i]->base);
		free(d->files[i]->changes);
		free(d->files[i]);
	}
	free(d->namings);
	free(d);
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

	content_of(f, DISK_ALL, &content);
	if (f->mapped && !is_scratch(name))
		differ(c, name, "is written through a map");
	if (!f->mapped &&
	    !slice_eq(buf_slice(&content), buf_slice(&real->base)))
		differ(c, name, "has other content");
	buf_free(&content);
}

static void compare_entry(struct comparison *c, const struct entry *real)
{
	struct entry *e = find_entry(&c->entries, real->dir, real->name);
	struct file *f = e != NULL ? find_file(c->disk, e->file) : NULL;

	if (f == NULL || f->number != real->file)
		differ(c, real->name, "is not in the recording");
	else if (!f->is_dir)
		compare_file(c, real->name, f,
		             find_file((struct disk *)c->real, real->file));
}

bool disk_compare(struct disk *d, const char *root)
{
	struct comparison *c = mem_new(1, sizeof *c);
	struct disk *real = disk_read(root);
	bool same;

	*c = (struct comparison){ .disk = d, .real = real, .same = true };
	name_all(d, DISK_ALL, &c->entries);
	for (size_t i = 0; i < real->entries.n; i++)
		compare_entry(c, &real->entries.v[i]);
	if (real->entries.n != c->entries.n)
		differ(c, root, "has other entries");
	same = c->same;
	disk_free(real);
	free(c);
	return same;
}
