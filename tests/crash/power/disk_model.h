/*
 * disk_model.h -- what the files of a disk's model share (disk.h).
 *
 *	disk.c        events change the model
 *	disk_fate.c   a seed decides what becomes of the pending changes
 *	disk_files.c  the model on a real file system, and back
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "disk.h"

enum {
	MOST_FILES = 256,
	MOST_ENTRIES = 128,
};

struct change {
	uint32_t event;
	uint32_t kind; /* WRITE, TRUNCATE, PUNCH */
	bool sure;
	bool lost; /* a sync has failed: it will never be sure */
	uint64_t at;
	uint64_t len;
	const char *bytes;
};

struct file {
	uint64_t number;
	uint32_t ordinal; /* the same wherever the same is done again */
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
	bool lost;
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

/* Ends the process. */
void disk_must(bool holds, const char *what);

/* A number that depends on all three and on nothing else. */
uint64_t disk_chance(uint64_t seed, uint64_t a, uint64_t b);

/* NULL: there is none of that inode number. */
struct file *disk_file(struct disk *, uint64_t number);
struct file *disk_add_file(struct disk *, uint64_t number, bool is_dir);
void disk_resize(struct buf *, uint64_t size);
void disk_apply(struct buf *, const struct change *);

struct entry *disk_entry(struct entries *, uint64_t dir, const char *name);
void disk_put_entry(struct entries *, uint64_t dir, const char *name,
                    uint64_t file);
void disk_apply_naming(struct entries *, const struct record_event *);
bool disk_naming_is_sure(const struct naming *);

/* A file's bytes as the seed has them. */
void disk_content(const struct file *, uint64_t seed, struct buf *out);

/* All entries as the seed has them; what it decided, as a number. out NULL:
 * only decide. */
uint64_t disk_names(const struct disk *, uint64_t seed, struct entries *out);
