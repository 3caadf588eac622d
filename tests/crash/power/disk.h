/*
 * disk.h -- the disk as it could be after the power has failed.
 *
 * A disk is fed the events of a recording one by one. What has been synced
 * is sure; everything else is pending. disk_build() lays out below a real
 * directory what could be found there: all that is sure, and of the pending
 * changes, as a seed has it,
 *
 *	a file's writes     none, all, all but one, the first or the last few,
 *	                    or any; each whole or torn at any 512 octets; a
 *	                    write that was lost may still have made the file
 *	                    longer (zeros)
 *	truncating, holes   done or not
 *	entries of a        made, removed or renamed, or not, in the same ways:
 *	directory           only the directory's own sync makes them sure,
 *	                    never that of the file
 *	mapped files        as recorded, or any octets at all
 *
 * This is what POSIX allows, and more than common file systems do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

struct disk;

struct disk *disk_new(uint64_t root);
void disk_free(struct disk *);

/* The disk begins with what is below a real directory, all of it sure. */
struct disk *disk_read(const char *root);

/* `n` is the event's number. The recording must outlive the disk. */
void disk_event(struct disk *, const struct recording *, uint32_t n);

enum {
	DISK_NOTHING, /* the seed by which all that is pending is lost, */
	DISK_ALL,     /* and by which nothing is */
};

/* What the seed decides, as one number: equal ones build equal disks. */
uint64_t disk_fate(struct disk *, uint64_t seed);

/* Below `root`, whatever is there before. */
void disk_build(struct disk *, uint64_t seed, const char *root);

/* Is what is below `root` the disk with nothing lost? If not, says so: then
 * something went past the recorder. */
bool disk_compare(struct disk *, const char *root);
