/*
 * index_file.c -- is index.lmdb as long as it says it is?
 *
 * LMDB maps the file and believes it: a page behind the file's end is a
 * SIGBUS when it is touched, a page size that makes no sense is worse. So
 * the meta pages and the length are looked at first, by pread.
 *
 *	page: number u64, pad u16, flags u16, lower u16, upper u16; on a
 *	      branch or leaf then the places of its nodes, u16 each, to `lower`
 *	node: two halves u16 of a size (leaf) or page number (branch), flags
 *	      u16 (branch: the page number's rest), key length u16, key, data
 *	meta: page,  16 magic u32    20 version u32   24 address u64
 *	      32 map size u64        40 free list     88 main tree
 *	     136 last page u64      144 transaction u64
 *	tree: page size u32 (free list's), flags u16, depth u16, counts u64
 *	      of branch, leaf, overflow pages and entries, root u64
 *
 * as LMDB 0.9 lays them out on a machine of 64 bits, in its octet order.
 *
 * A sound file may be short of its last pages: one that a transaction took
 * and gave back is never written. Only then the trees are walked, to see
 * that every page they use is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/internal.h"

static const uint32_t meta_magic = 0xbeefc0de;
static const uint64_t no_page = UINT64_MAX;

enum {
	META_SIZE = 152,
	META_TRANSACTION = 144,
	META_VERSION = 1,
	PAGE_HEAD = 16,
	PAGE_LEAST = 512,
	PAGE_MOST = 65536,
	NODE_HEAD = 8,
	DEPTH_MOST = 32,
	TRIES = 4,
};

enum page_flag { P_BRANCH = 1, P_LEAF = 2, P_META = 8 };
enum { TREE_FIXED_MAP = 1, NODE_BIG = 1 };
enum { TREE_FREE, TREE_MAIN, TREES };

struct index_file {
	int fd;
	uint64_t pages; /* that are there, whole */
	uint32_t page_size;
	uint64_t last; /* page, says the newest meta page */
	uint64_t transaction;
	uint64_t roots[TREES];
};

static struct err damaged(void)
{
	return err(ERR_CORRUPT, "the index is damaged: restore it, or rebuild "
	                        "it from the packs");
}

static struct err cut_off(void)
{
	return err(ERR_CORRUPT, "the index has been cut off (index.lmdb is "
	                        "shorter than it says): restore it, or "
	                        "rebuild it from the packs");
}

static uint16_t get16(const char *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

static uint32_t get32(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

static uint64_t get64(const char *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

/* -- meta pages -- */

static bool is_root(uint64_t page, uint64_t last)
{
	return page == no_page || (page > 1 && page <= last);
}

/* What LMDB looks at in both of them. */
static bool meta_parse(const char *p, uint64_t number, struct index_file *out)
{
	enum { ADDRESS = 24, FREE = 40, MAIN = 88, ROOT = 40, DEPTH = 6 };

	out->page_size = get32(p + FREE);
	out->roots[TREE_FREE] = get64(p + FREE + ROOT);
	out->roots[TREE_MAIN] = get64(p + MAIN + ROOT);
	out->last = get64(p + 136);
	out->transaction = get64(p + META_TRANSACTION);
	return get64(p) == number && get16(p + 10) == P_META &&
	       get32(p + 16) == meta_magic && get32(p + 20) == META_VERSION &&
	       get64(p + ADDRESS) == 0 &&
	       (get16(p + FREE + 4) & TREE_FIXED_MAP) == 0 &&
	       get16(p + FREE + DEPTH) <= DEPTH_MOST &&
	       get16(p + MAIN + DEPTH) <= DEPTH_MOST &&
	       out->page_size >= PAGE_LEAST && out->page_size <= PAGE_MOST &&
	       (out->page_size & (out->page_size - 1)) == 0;
}

/* Of the newer one only: where a write of the other has failed, LMDB leaves
 * new roots beside the old number of pages. */
static bool makes_sense(const struct index_file *f)
{
	return f->last >= 1 && f->last <= UINT64_MAX / PAGE_MOST &&
	       is_root(f->roots[TREE_FREE], f->last) &&
	       is_root(f->roots[TREE_MAIN], f->last);
}

static struct err meta_read(struct index_file *f, uint64_t number,
                            uint64_t offset)
{
	char page[META_SIZE];
	struct err e = read_fully(f->fd, page, sizeof page, offset);

	if (e.code == ERR_CORRUPT)
		return cut_off();
	if (is_ok(e) && !meta_parse(page, number, f))
		return damaged();
	return e;
}

/* What the newer of the two says. The length is asked for after it has been
 * read: a file that a server writes only grows. */
static struct err metas_read(struct index_file *f)
{
	struct index_file first = *f;
	struct index_file second = *f;
	struct stat st;
	struct err e = meta_read(&first, 0, 0);

	if (is_ok(e))
		e = meta_read(&second, 1, first.page_size);
	if (!is_ok(e))
		return e;
	if (first.page_size != second.page_size)
		return damaged();
	*f = second.transaction > first.transaction ? second : first;
	if (!makes_sense(f))
		return damaged();
	if (fstat(f->fd, &st) != 0)
		return err_errno(errno);
	f->pages = (uint64_t)st.st_size / f->page_size;
	return f->pages < 2 ? cut_off() : OK;
}

/* A server may be writing one just now: then the next look is better. */
static struct err metas_read_calm(struct index_file *f)
{
	struct err e = metas_read(f);

	for (int i = 1; e.code == ERR_CORRUPT && i < TRIES; i++) {
		usleep(1000);
		e = metas_read(f);
	}
	return e;
}

/* -- trees -- */

struct walk {
	const struct index_file *file;
	uint64_t left; /* pages that may still be read: no tree has more */
	char *pages;   /* one a level */
	uint16_t next[DEPTH_MOST]; /* node */
	unsigned depth;
};

static char *level_page(const struct walk *w)
{
	return w->pages + (size_t)(w->depth - 1) * w->file->page_size;
}

static struct err descend(struct walk *w, uint64_t page)
{
	const struct index_file *f = w->file;

	if (page > f->last || w->left == 0 || w->depth == DEPTH_MOST)
		return damaged();
	if (page >= f->pages)
		return cut_off();
	w->left--;
	w->next[w->depth++] = 0;
	return read_fully(f->fd, level_page(w), f->page_size,
	                  page * f->page_size);
}

/* Node n of a page; NULL: the page is damaged. */
static const char *node_at(const struct walk *w, const char *page, size_t n)
{
	size_t at = get16(page + PAGE_HEAD + 2 * n);

	return at + NODE_HEAD <= w->file->page_size ? page + at : NULL;
}

/* The pages of a value that is too large for its leaf. */
static struct err big_value(const struct walk *w, const char *page,
                            const char *node)
{
	uint64_t size = get16(node) | (uint64_t)get16(node + 2) << 16;
	size_t data = (size_t)(node - page) + NODE_HEAD + get16(node + 6);
	uint64_t first;
	uint64_t n;

	if (data + sizeof first > w->file->page_size)
		return damaged();
	first = get64(page + data);
	n = (size + PAGE_HEAD - 1) / w->file->page_size + 1;
	if (first > w->file->last || n > w->file->last + 1 - first)
		return damaged();
	return first + n > w->file->pages ? cut_off() : OK;
}

static struct err one_node(struct walk *w, const char *page, const char *node)
{
	if ((get16(page + 10) & P_BRANCH) != 0)
		return descend(w, get16(node) |
		                          (uint64_t)get16(node + 2) << 16 |
		                          (uint64_t)get16(node + 4) << 32);
	return (get16(node + 4) & NODE_BIG) != 0 ? big_value(w, page, node)
	                                         : OK;
}

static struct err step(struct walk *w)
{
	const char *page = level_page(w);
	uint16_t *next = &w->next[w->depth - 1];
	uint16_t lower = get16(page + 12);
	const char *node;

	if ((get16(page + 10) & (P_BRANCH | P_LEAF)) == 0 ||
	    lower < PAGE_HEAD || lower > w->file->page_size)
		return damaged();
	if (*next == (lower - PAGE_HEAD) / 2) {
		w->depth--;
		return OK;
	}
	node = node_at(w, page, (*next)++);
	return node != NULL ? one_node(w, page, node) : damaged();
}

static struct err walk_trees(const struct index_file *f)
{
	struct walk w = { .file = f, .left = f->pages };
	struct err e = OK;

	w.pages = mem_new(DEPTH_MOST, f->page_size);
	for (int i = 0; is_ok(e) && i < TREES; i++) {
		if (f->roots[i] == no_page)
			continue;
		e = descend(&w, f->roots[i]);
		while (is_ok(e) && w.depth > 0)
			e = step(&w);
	}
	free(w.pages);
	return e;
}

/* -- */

static struct err index_file_open(const char *path, struct index_file *out)
{
	struct err e;

	*out = (struct index_file){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (out->fd < 0)
		return err_errno(errno);
	e = metas_read_calm(out);
	if (!is_ok(e))
		close(out->fd);
	return e;
}

struct err index_file_check(const char *path)
{
	struct index_file f;
	struct err e = index_file_open(path, &f);

	if (is_ok(e))
		close(f.fd);
	return e;
}

struct err index_file_check_trees(const char *path)
{
	struct index_file f;
	struct err e = index_file_open(path, &f);

	if (!is_ok(e))
		return e;
	if (f.pages <= f.last)
		e = walk_trees(&f);
	close(f.fd);
	return e;
}

/* Its meta page, one of two by turns, becomes the older one. LMDB tries the
 * same when it could not write it, but doesn't sync it. */
static struct err forget(int fd, uint64_t transaction, uint32_t page_size)
{
	uint64_t older = transaction - 2;
	off_t at = (off_t)((transaction & 1) * page_size) + META_TRANSACTION;
	ssize_t n = pwrite(fd, &older, sizeof older, at);

	if (n != (ssize_t)sizeof older)
		return err_errno(n < 0 ? errno : EIO);
	return fdatasync(fd) == 0 ? OK : err_errno(errno);
}

/* What is read is the cache: where it seems forgotten, a sync that failed may
 * have kept that from the disk, and only what is written anew is synced. */
struct err index_file_forget(const char *path, uint64_t transaction)
{
	struct index_file f = { .fd = open(path, O_RDWR | O_CLOEXEC) };
	struct err e;

	if (f.fd < 0)
		return err_errno(errno);
	e = metas_read(&f);
	if (is_ok(e) && transaction >= 2 && f.transaction <= transaction &&
	    f.transaction + 1 >= transaction)
		e = forget(f.fd, transaction, f.page_size);
	close(f.fd);
	return e;
}
