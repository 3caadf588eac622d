/*
 * pack.c -- packs with any bytes in them.
 *
 * Property: what pack_walk() gives hashes to its name, whatever the pack
 * holds, and pack_walk_headers() has told of it; a reference that is found
 * is the same when it is written and read again. Of a pack that was written
 * by us and then changed, blob_read() gives the bytes that were stored or an
 * error, never others.
 *
 * First octet of the input: bit 0 clear, the rest is a pack (bit 1: with its
 * checksums put right, to get behind them); bit 0 set, the rest is a list of
 * changes to the pack that we wrote: offset u24, octet to XOR.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tests/remove_all.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "store/batch.h"
#include "store/check.h"
#include "store/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH = 64, CHANGE = 4, CHANGES_MOST = 64, MOST = 1 << 20 };

static const size_t sizes[] = { 0, 5, 900, 70000, 200000 };
enum { MESSAGES = sizeof sizes / sizeof *sizes };

/* Made once a process. */
struct fixture {
	char dir[PATH];
	char walk_dir[PATH];
	struct partition *partition;
	int pack; /* of the partition, to be changed */
	off_t pack_size;
	int walk_pack; /* to be overwritten */
	char *texts[MESSAGES];
	struct content_hash names[MESSAGES];
};

/* libFuzzer's interface has no place for it. */
static struct fixture *fixture;

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct content_hash hash_of(struct slice s)
{
	struct content_hasher *h = content_hasher_new();

	content_hasher_add(h, s);
	return content_hasher_end(h);
}

static char *make_text(size_t size)
{
	char *text = mem_new(size, 1);
	uint64_t x = size;

	for (size_t i = 0; i < size; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		text[i] = (char)('a' + (x >> 61));
	}
	return text;
}

/* Each message is in a second mailbox, too, and was moved to a third. */
static void refer(struct batch *b, struct spool *s, struct blob_origin origin)
{
	origin.mailbox_name = S("Archive");
	origin.mailbox = 2;
	batch_keep_blob(b, spool_hash(s), origin);
	origin.mailbox_name = S("Junk");
	origin.mailbox = 3;
	origin.from_mailbox = 2;
	origin.from_uid = origin.uid;
	batch_refer(b, spool_hash(s), origin);
}

static void store_all(struct loop *loop, void *arg)
{
	struct partition_options options = { .map_bytes = 16 << 20 };
	struct fixture *f = arg;
	struct partition *p;

	must(is_ok(partition_open(loop, f->dir, options, &p)));
	for (uint32_t i = 0; i < MESSAGES; i++) {
		struct batch *b = batch_new(p, 1);
		struct spool *s = spool_new(p);
		struct slice text = slice_of(f->texts[i], sizes[i]);
		struct blob_origin origin = { .account = 1,
			                      .mailbox = 1,
			                      .uid = i + 1,
			                      .mailbox_name = S("INBOX") };

		must(is_ok(spool_write(s, text)) && is_ok(spool_finish(s)));
		f->names[i] = *spool_hash(s);
		batch_add_blob(b, s, origin);
		refer(b, s, origin);
		must(is_ok(batch_commit(b)));
		spool_free(s);
	}
	partition_close(p);
}

static int open_in(const char *dir, const char *name, int flags)
{
	char path[PATH + 32];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	must(fd >= 0);
	return fd;
}

static void remove_fixture(void)
{
	struct fixture *f = fixture;

	partition_close(f->partition);
	close(f->pack);
	close(f->walk_pack);
	remove_all(f->dir);
	remove_all(f->walk_dir);
	for (size_t i = 0; i < MESSAGES; i++)
		free(f->texts[i]);
	free(f);
}

static struct fixture *make_fixture(void)
{
	struct fixture *f = mem_new(1, sizeof *f);
	char path[PATH + 32];

	*f = (struct fixture){
		.dir = "/dev/shm/roost-fuzz-XXXXXX",
		.walk_dir = "/dev/shm/roost-walk-XXXXXX",
	};
	must(mkdtemp(f->dir) != NULL && mkdtemp(f->walk_dir) != NULL);
	for (size_t i = 0; i < MESSAGES; i++)
		f->texts[i] = make_text(sizes[i]);
	must(is_ok(partition_make(f->dir)));
	task_run_main(store_all, f);
	must(is_ok(partition_open_to_read(f->dir, &f->partition)));
	f->pack = open_in(f->dir, "pack/00000001", O_RDWR);
	f->pack_size = lseek(f->pack, 0, SEEK_END);
	snprintf(path, sizeof path, "%s/pack", f->walk_dir);
	must(mkdir(path, 0700) == 0);
	f->walk_pack = open_in(f->walk_dir, "pack/00000001", O_RDWR | O_CREAT);
	atexit(remove_fixture);
	return f;
}

/* -- any pack -- */

static bool hashes_to_its_name(void *arg, const struct salvaged *found)
{
	struct content_hash hash = hash_of(found->message);

	must(found->kind == SALVAGED_MESSAGE);
	must(!memcmp(&hash, &found->hash, sizeof hash));
	++*(size_t *)arg;
	return true;
}

/* Slices are compared by what they hold, the rest octet by octet. */
static void must_be_same(struct blob_origin a, struct blob_origin b)
{
	must(slice_eq(a.account_name, b.account_name));
	must(slice_eq(a.mailbox_name, b.mailbox_name));
	must(a.account == b.account && a.mailbox == b.mailbox);
	must(a.uidvalidity == b.uidvalidity && a.uid == b.uid);
	must(a.internaldate == b.internaldate && a.zone == b.zone);
	must(a.flags == b.flags && a.from_mailbox == b.from_mailbox);
	must(a.from_uid == b.from_uid);
}

static void write_and_read(const struct salvaged *found)
{
	struct pack_record r = { .is_reference = true,
		                 .hash = found->hash,
		                 .origin = found->origin };
	struct pack_record again;
	struct buf header = { 0 };

	record_header_write(&header, &r);
	must(record_header_length(header.data) == header.len);
	must(record_header_parse(buf_slice(&header), &again));
	must(again.is_reference &&
	     !memcmp(&again.hash, &r.hash, sizeof r.hash));
	must_be_same(found->origin, again.origin);
	buf_free(&header);
}

static bool is_told_of(void *arg, const struct salvaged *found)
{
	must(found->message.len == 0);
	must((found->kind == SALVAGED_NAME) == hash_is_none(&found->hash) ||
	     found->kind == SALVAGED_MESSAGE);
	if (found->kind == SALVAGED_MESSAGE)
		++*(size_t *)arg;
	else
		write_and_read(found);
	return true;
}

/* The layout is record.c's. */
static void repair(uint8_t *p, size_t size)
{
	for (size_t at = 0; at + 104 <= size; at += 8) {
		uint8_t *record = p + at;
		uint32_t header = get_le32(record + 8);

		if (memcmp(record, "rPk1", 4) != 0 &&
		    memcmp(record, "rPf1", 4) != 0)
			continue;
		put_le64(record + 96, hash_check(slice_of(record, 96)));
		if (header >= 112 && header <= size - at)
			put_le64(record + header - 8,
			         hash_check(slice_of(record, header - 8)));
	}
}

static void walk(struct fixture *f, const uint8_t *data, size_t size,
                 bool put_right)
{
	uint8_t *pack = mem_copy(data, size);
	uint64_t broken;
	size_t messages = 0;
	size_t told = 0;

	if (put_right)
		repair(pack, size);
	must(ftruncate(f->walk_pack, 0) == 0);
	must(pwrite(f->walk_pack, pack, size, 0) == (ssize_t)size);
	must(is_ok(pack_walk(f->walk_dir, hashes_to_its_name, &messages,
	                     &broken)));
	must(is_ok(pack_walk_headers(f->walk_dir, is_told_of, &told)));
	must(told >= messages);
	free(pack);
}

/* -- our pack, changed -- */

static void change(struct fixture *f, const uint8_t *c)
{
	off_t at = (off_t)(c[0] | c[1] << 8 | c[2] << 16) % f->pack_size;
	uint8_t octet;

	must(pread(f->pack, &octet, 1, at) == 1);
	octet ^= c[3];
	must(pwrite(f->pack, &octet, 1, at) == 1);
}

static void read_one(struct fixture *f, size_t i)
{
	struct blob_reader *r;
	struct slice part;
	uint64_t at = 0;

	must(is_ok(blob_open(f->partition, &f->names[i], &r)));
	must(blob_size(r) == sizes[i]);
	while (is_ok(blob_read(r, at, &part)) && part.len > 0) {
		must(part.len <= sizes[i] - at);
		must(!memcmp(part.ptr, f->texts[i] + at, part.len));
		at += part.len;
	}
	blob_close(r);
}

static void read_changed(struct fixture *f, const uint8_t *data, size_t size)
{
	size_t n = size / CHANGE < CHANGES_MOST ? size / CHANGE : CHANGES_MOST;

	for (size_t i = 0; i < n; i++)
		change(f, data + i * CHANGE);
	for (size_t i = 0; i < MESSAGES; i++)
		read_one(f, i);
	for (size_t i = n; i > 0; i--)
		change(f, data + (i - 1) * CHANGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > MOST)
		return 0;
	if (fixture == NULL)
		fixture = make_fixture();
	if ((data[0] & 1) == 0)
		walk(fixture, data + 1, size - 1, (data[0] & 2) != 0);
	else
		read_changed(fixture, data + 1, size - 1);
	return 0;
}
