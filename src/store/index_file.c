/*
 * index_file.c -- is index.lmdb what it says it is?
 *
 * LMDB maps the file and believes it: a page behind the file's end is a
 * SIGBUS when it is touched, a page size that makes no sense is worse. So
 * the meta pages and the length are looked at first, by pread.
 *
 *	meta: page,  16 magic u32    20 version u32   24 address u64
 *	      32 map size u64        40 free list     88 main tree
 *	     136 last page u64      144 transaction u64
 *	tree: page size u32 (free list's), flags u16, depth u16, counts u64
 *	      of branch, leaf, overflow pages and entries, root u64
 *
 * as LMDB 0.9 lays them out on a machine of 64 bits, in its octet order.
 *
 * A sound file may be short of its last pages: one that a transaction took
 * and gave back is never written. Only then, or when it is asked for, what
 * the trees are made of is looked at, too (index_trees.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "store/index_file.h"
#include "store/internal.h"

static const uint32_t meta_magic = 0xbeefc0de;

enum {
	META_SIZE = 152,
	META_TRANSACTION = 144,
	META_VERSION = 1,
	PAGE_LEAST = 512,
	PAGE_MOST = 65536,
	TRIES = 4,
};

enum { P_META = 8, TREE_FIXED_MAP = 1 };

struct err index_damaged(void)
{
	return err(ERR_CORRUPT, "the index is damaged: restore it, or rebuild "
	                        "it from the packs");
}

struct err index_cut_off(void)
{
	return err(ERR_CORRUPT, "the index has been cut off (index.lmdb is "
	                        "shorter than it says): restore it, or "
	                        "rebuild it from the packs");
}

/* -- meta pages -- */

static bool is_root(uint64_t page, uint64_t last)
{
	return page == INDEX_NO_PAGE || (page > 1 && page <= last);
}

/* What LMDB looks at in both of them. */
static bool meta_parse(const char *p, uint64_t number, struct index_file *out)
{
	enum { ADDRESS = 24, FREE = 40, MAIN = 88, ROOT = 40, DEPTH = 6 };

	out->page_size = get_le32(p + FREE);
	out->free = (struct index_tree){ get_le64(p + FREE + ROOT),
		                         get_le16(p + FREE + DEPTH) };
	out->main = (struct index_tree){ get_le64(p + MAIN + ROOT),
		                         get_le16(p + MAIN + DEPTH) };
	out->last = get_le64(p + 136);
	out->transaction = get_le64(p + META_TRANSACTION);
	return get_le64(p) == number && get_le16(p + 10) == P_META &&
	       get_le32(p + 16) == meta_magic &&
	       get_le32(p + 20) == META_VERSION && get_le64(p + ADDRESS) == 0 &&
	       (get_le16(p + FREE + 4) & TREE_FIXED_MAP) == 0 &&
	       out->free.depth <= INDEX_DEPTH_MOST &&
	       out->main.depth <= INDEX_DEPTH_MOST &&
	       out->page_size >= PAGE_LEAST && out->page_size <= PAGE_MOST &&
	       (out->page_size & (out->page_size - 1)) == 0;
}

/* Of the newer one only: where a write of the other has failed, LMDB leaves
 * new roots beside the old number of pages. */
static bool makes_sense(const struct index_file *f)
{
	return f->last >= 1 && f->last <= UINT64_MAX / PAGE_MOST &&
	       is_root(f->free.root, f->last) && is_root(f->main.root, f->last);
}

static struct err meta_read(struct index_file *f, uint64_t number,
                            uint64_t offset)
{
	char page[META_SIZE];
	struct err e = read_fully(f->fd, page, sizeof page, offset);

	if (e.code == ERR_CORRUPT)
		return index_cut_off();
	if (is_ok(e) && !meta_parse(page, number, f))
		return index_damaged();
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
		return index_damaged();
	*f = second.transaction > first.transaction ? second : first;
	if (!makes_sense(f))
		return index_damaged();
	if (fstat(f->fd, &st) != 0)
		return err_errno(errno);
	f->pages = (uint64_t)st.st_size / f->page_size;
	return f->pages < 2 ? index_cut_off() : OK;
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

/* -- the file -- */

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

struct err index_file_check_trees(const char *path, bool whole)
{
	struct index_file f;
	struct err e = index_file_open(path, &f);

	if (!is_ok(e))
		return e;
	if (whole || f.pages <= f.last)
		e = index_trees_check(&f);
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
