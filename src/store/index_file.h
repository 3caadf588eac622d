/*
 * index_file.h -- index.lmdb as a file: what its newest meta page says.
 *
 * For index_file.c and index_trees.c; to index.c, what is said of a bad one.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define INDEX_NO_PAGE UINT64_MAX

enum { INDEX_DEPTH_MOST = 32 };

struct index_tree {
	uint64_t root; /* INDEX_NO_PAGE: it is empty */
	uint16_t depth;
};

struct index_file {
	int fd;
	uint64_t pages; /* that are there, whole */
	uint32_t page_size;
	uint64_t last; /* page, says the newest meta page */
	uint64_t transaction;
	struct index_tree free;
	struct index_tree main;
};

/* ERR_CORRUPT, and what to do. */
struct err index_damaged(void);
struct err index_cut_off(void);

/* Every page that the trees use is there, is what it has to be there, and is
 * used once. ERR_CORRUPT, ERR_IO. */
struct err index_trees_check(const struct index_file *);
