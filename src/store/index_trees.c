/*
 * index_trees.c -- is every page of index.lmdb what its tree needs there?
 *
 * LMDB keeps no checksums and believes each page that it comes to: one that
 * was overwritten ends the process, or has it write beyond its memory. Here
 * all that LMDB relies on is looked at, by pread, from the roots down:
 *
 *	page: number u64, pad u16, flags u16, lower u16, upper u16; on a
 *	      branch or leaf then the places of its nodes, u16 each, to `lower`
 *	      overflow: number u64, pad u16, flags u16, pages u32
 *	node: two halves u16 of a size (leaf) or page number (branch), flags
 *	      u16 (branch: the page number's rest), key length u16, key, data
 *	      (or the first of its overflow pages u64)
 *	a row of the free list: a transaction's id -> count u64, pages u64
 *
 * 1. A page says its own number and what it is; its nodes lie within it.
 * 2. Keys rise, and are between those of the branches above.
 * 3. All leaves are as deep as the meta page says.
 * 4. No page is used twice, or used and free.
 *
 * What values mean is not looked at: who reads one checks it.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/slice.h"
#include "store/index_file.h"
#include "store/internal.h"

enum {
	PAGE_HEAD = 16,
	NODE_HEAD = 8,
	KEY_MOST = 511,
	NODES_READ = 64, /* page numbers of the free list at a time */
};

enum page_flag { P_BRANCH = 1, P_LEAF = 2, P_OVERFLOW = 4 };
enum { NODE_BIG = 1 };

struct level {
	uint16_t next; /* node */
	uint16_t nodes;
};

struct walk {
	const struct index_file *file;
	const struct index_tree *tree;
	uint8_t *used; /* a bit a page */
	char *pages;   /* one a level */
	struct level levels[INDEX_DEPTH_MOST];
	unsigned depth;
	char key[KEY_MOST]; /* the newest; the next is above it, */
	size_t key_len;
	bool has_key;
	bool may_equal; /* or equal to it: it was a branch's */
};

struct node {
	struct slice key;
	const char *at;
	size_t data; /* its place in the page */
};

static bool is_free_list(const struct walk *w)
{
	return w->tree == &w->file->free;
}

static char *level_page(const struct walk *w)
{
	return w->pages + (size_t)(w->depth - 1) * w->file->page_size;
}

static bool is_branch(const char *page)
{
	return get_le16(page + 10) == P_BRANCH;
}

/* -- which pages are used -- */

/* False: it is already. What is behind the file's end was never written. */
static bool use_page(struct walk *w, uint64_t page)
{
	uint8_t bit = (uint8_t)(1U << (page % 8));

	if (page < 2 || page > w->file->last)
		return false;
	if (page >= w->file->pages)
		return true;
	if ((w->used[page / 8] & bit) != 0)
		return false;
	w->used[page / 8] |= bit;
	return true;
}

static struct err use_pages(struct walk *w, uint64_t first, uint64_t n)
{
	if (first > w->file->last || n > w->file->last + 1 - first)
		return index_damaged();
	if (first + n > w->file->pages)
		return index_cut_off();
	for (uint64_t i = 0; i < n; i++)
		if (!use_page(w, first + i))
			return index_damaged();
	return OK;
}

static struct err read_at(const struct walk *w, char *to, size_t len,
                          uint64_t offset)
{
	return read_fully(w->file->fd, to, len, offset);
}

/* -- a page -- */

static bool is_sound(const struct walk *w, const char *page, uint64_t number)
{
	uint16_t kind = w->depth == w->tree->depth ? P_LEAF : P_BRANCH;
	uint16_t lower = get_le16(page + 12);
	uint16_t upper = get_le16(page + 14);
	size_t least = kind == P_BRANCH && !is_free_list(w) ? 2 : 1;

	return get_le64(page) == number && get_le16(page + 10) == kind &&
	       lower % 2 == 0 && lower >= PAGE_HEAD + 2 * least &&
	       lower <= upper && upper <= w->file->page_size;
}

static struct err descend(struct walk *w, uint64_t number)
{
	const struct index_file *f = w->file;
	struct err e;

	if (w->depth == w->tree->depth)
		return index_damaged();
	e = use_pages(w, number, 1);
	if (!is_ok(e))
		return e;
	w->depth++;
	e = read_at(w, level_page(w), f->page_size, number * f->page_size);
	if (is_ok(e) && !is_sound(w, level_page(w), number))
		e = index_damaged();
	w->levels[w->depth - 1] = (struct level){
		.nodes = (uint16_t)((get_le16(level_page(w) + 12) - PAGE_HEAD) /
		                    2),
	};
	return e;
}

/* -- a node -- */

static bool node_at(const struct walk *w, const char *page, size_t n,
                    struct node *out)
{
	size_t at = get_le16(page + PAGE_HEAD + 2 * n);
	size_t len;

	if (at < get_le16(page + 14) || at + NODE_HEAD > w->file->page_size)
		return false;
	out->at = page + at;
	len = get_le16(out->at + 6);
	out->key = slice_of(out->at + NODE_HEAD, len);
	out->data = at + NODE_HEAD + len;
	return len <= KEY_MOST && out->data <= w->file->page_size;
}

static int compare(const struct walk *w, struct slice key)
{
	struct slice before = slice_of(w->key, w->key_len);
	size_t least = key.len < before.len ? key.len : before.len;
	int order;

	if (is_free_list(w)) {
		uint64_t a = get_le64(key.ptr);
		uint64_t b = get_le64(before.ptr);

		return (a > b) - (a < b);
	}
	order = least != 0 ? memcmp(key.ptr, before.ptr, least) : 0;
	return order != 0 ? order
	                  : (key.len > before.len) - (key.len < before.len);
}

static bool key_rises(struct walk *w, struct slice key, bool of_branch)
{
	int order;

	if (key.len == 0 || (is_free_list(w) && key.len != sizeof(uint64_t)))
		return false;
	order = w->has_key ? compare(w, key) : 1;
	if (order < 0 || (order == 0 && (of_branch || !w->may_equal)))
		return false;
	memcpy(w->key, key.ptr, key.len);
	w->key_len = key.len;
	w->has_key = true;
	w->may_equal = of_branch;
	return true;
}

/* The first one's key is never looked at. */
static struct err branch_node(struct walk *w, const struct node *node, size_t n)
{
	if (n > 0 && !key_rises(w, node->key, true))
		return index_damaged();
	return descend(w, get_le16(node->at) |
	                          (uint64_t)get_le16(node->at + 2) << 16 |
	                          (uint64_t)get_le16(node->at + 4) << 32);
}

/* -- values -- */

static struct err overflow(struct walk *w, uint64_t first, uint64_t size)
{
	uint64_t least = (PAGE_HEAD + size - 1) / w->file->page_size + 1;
	char head[PAGE_HEAD];
	uint64_t n;
	struct err e;

	if (first > w->file->last)
		return index_damaged();
	if (first >= w->file->pages)
		return index_cut_off();
	e = read_at(w, head, sizeof head, first * w->file->page_size);
	if (!is_ok(e))
		return e;
	n = get_le32(head + 12);
	if (get_le64(head) != first || get_le16(head + 10) != P_OVERFLOW ||
	    n < least)
		return index_damaged();
	return use_pages(w, first, n);
}

/* Pages that are free, read from `offset` of the file. */
static struct err free_pages(struct walk *w, uint64_t offset, uint64_t size)
{
	char numbers[NODES_READ * sizeof(uint64_t)];
	uint64_t n;
	struct err e;

	if (size < sizeof n)
		return index_damaged();
	e = read_at(w, numbers, sizeof n, offset);
	n = get_le64(numbers);
	if (is_ok(e) && n > size / sizeof n - 1)
		e = index_damaged();
	for (uint64_t i = 0; is_ok(e) && i < n; i++) {
		uint64_t left = n - i;
		size_t at = i % NODES_READ;

		if (at == 0)
			e = read_at(w, numbers,
			            (left < NODES_READ ? left : NODES_READ) *
			                    sizeof n,
			            offset + (i + 1) * sizeof n);
		if (is_ok(e) && !use_page(w, get_le64(numbers + at * sizeof n)))
			e = index_damaged();
	}
	return e;
}

/* Where the page on this level is in the file. */
static uint64_t page_offset(const struct walk *w)
{
	return get_le64(level_page(w)) * w->file->page_size;
}

static struct err leaf_node(struct walk *w, const struct node *node)
{
	uint64_t size = get_le16(node->at) | (uint64_t)get_le16(node->at + 2)
	                                             << 16;
	uint64_t offset = page_offset(w) + node->data;
	uint16_t flags = get_le16(node->at + 4);
	size_t len = flags == NODE_BIG ? sizeof(uint64_t) : size;
	struct err e = OK;

	if (flags > NODE_BIG || node->data + len > w->file->page_size ||
	    !key_rises(w, node->key, false))
		return index_damaged();
	if (flags == NODE_BIG) {
		uint64_t first = get_le64(level_page(w) + node->data);

		e = overflow(w, first, size);
		offset = first * w->file->page_size + PAGE_HEAD;
	}
	if (is_ok(e) && is_free_list(w))
		e = free_pages(w, offset, size);
	return e;
}

/* -- the whole -- */

static struct err step(struct walk *w)
{
	const char *page = level_page(w);
	struct level *level = &w->levels[w->depth - 1];
	size_t n = level->next++;
	struct node node;

	if (n == level->nodes) {
		w->depth--;
		return OK;
	}
	if (!node_at(w, page, n, &node))
		return index_damaged();
	return is_branch(page) ? branch_node(w, &node, n) : leaf_node(w, &node);
}

static struct err walk_tree(struct walk *w, const struct index_tree *tree)
{
	struct err e;

	w->tree = tree;
	w->depth = 0;
	w->has_key = false;
	if (tree->root == INDEX_NO_PAGE)
		return OK;
	e = descend(w, tree->root);
	while (is_ok(e) && w->depth > 0)
		e = step(w);
	return e;
}

struct err index_trees_check(const struct index_file *f)
{
	struct walk w = { .file = f };
	struct err e;

	w.used = mem_new(f->pages / 8 + 1, 1);
	w.pages = mem_new(INDEX_DEPTH_MOST, f->page_size);
	e = walk_tree(&w, &f->main);
	if (is_ok(e))
		e = walk_tree(&w, &f->free);
	free(w.pages);
	free(w.used);
	return e;
}
