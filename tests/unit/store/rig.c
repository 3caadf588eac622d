/* rig.c -- see rig.h. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../remove_all.h"
#include "base/mem.h"
#include "store/check.h"

void rig_make_dir(char dir[RIG_DIR])
{
	snprintf(dir, RIG_DIR, "/tmp/roost-store-XXXXXX");
	assert_non_null(mkdtemp(dir));
}

void rig_remove_dir(const char *dir)
{
	remove_all(dir);
}

struct run {
	const char *dir;
	struct partition_options options;
	void (*fn)(struct partition *);
};

static void run_in_loop(struct loop *loop, void *arg)
{
	struct run *run = arg;
	struct partition *p;
	struct err e = partition_open(loop, run->dir, run->options, &p);

	if (!is_ok(e))
		fail_msg("%s", e.text);
	run->fn(p);
	partition_close(p);
}

void rig_run_in(const char *dir, struct partition_options options,
                void (*fn)(struct partition *))
{
	struct run run = { dir, options, fn };

	task_run_main(run_in_loop, &run);
}

void rig_run(void (*fn)(struct partition *))
{
	char dir[RIG_DIR];

	rig_make_dir(dir);
	assert_int_equal(partition_make(dir).code, ERR_OK);
	rig_run_in(dir, (struct partition_options){ .map_bytes = 256 << 20 },
	           fn);
	rig_assert_clean(dir);
	rig_remove_dir(dir);
}

char *rig_text(uint32_t seed, size_t size)
{
	char *text = mem_new(size, 1);
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < size; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		text[i] = (char)('a' + (x >> 60)); /* four bits an octet */
	}
	return text;
}

struct spool *rig_spool(struct partition *p, const char *bytes, size_t size)
{
	struct spool *s = spool_new(p);

	assert_int_equal(spool_write(s, slice_of(bytes, size)).code, ERR_OK);
	assert_int_equal(spool_finish(s).code, ERR_OK);
	assert_int_equal(spool_size(s), size);
	return s;
}

struct blob_origin rig_origin(uint32_t uid)
{
	return (struct blob_origin){
		.account = RIG_ACCOUNT,
		.mailbox = 1,
		.account_name = S("demo@example.org"),
		.mailbox_name = S("INBOX"),
		.uidvalidity = 1,
		.uid = uid,
		.internaldate = 1700000000 + uid,
		.zone = -90,
		.flags = 5,
	};
}

void rig_put_digest(struct batch *b, uint32_t uid,
                    const struct content_hash *hash)
{
	struct store_key key = key_message(RIG_ACCOUNT, T_DIGEST, 1, uid);

	batch_put(b, store_key_slice(&key),
	          slice_of(hash->bytes, sizeof hash->bytes));
}

struct err rig_store(struct partition *p, uint32_t uid, uint32_t seed,
                     size_t size)
{
	struct batch *b = batch_new(p, RIG_ACCOUNT);
	char *text = rig_text(seed, size);
	struct spool *s = rig_spool(p, text, size);
	struct err e;

	batch_add_blob(b, s, rig_origin(uid));
	rig_put_digest(b, uid, spool_hash(s));
	e = batch_commit(b);
	spool_free(s);
	free(text);
	return e;
}

struct content_hash rig_hash(struct partition *p, uint32_t seed, size_t size)
{
	char *text = rig_text(seed, size);
	struct spool *s = rig_spool(p, text, size);
	struct content_hash hash = *spool_hash(s);

	spool_free(s);
	free(text);
	return hash;
}

static bool reads_as(struct blob_reader *r, const char *text, size_t size)
{
	uint64_t at = 0;
	struct slice part;

	if (blob_size(r) != size)
		return false;
	while (is_ok(blob_read(r, at, &part)) && part.len > 0) {
		if (at + part.len > size ||
		    memcmp(text + at, part.ptr, part.len) != 0)
			return false;
		at += part.len;
	}
	return at == size;
}

bool rig_has(struct partition *p, uint32_t seed, size_t size)
{
	struct content_hash hash = rig_hash(p, seed, size);
	char *text = rig_text(seed, size);
	struct blob_reader *r;
	bool has = is_ok(blob_open(p, &hash, &r));

	if (has) {
		has = reads_as(r, text, size);
		blob_close(r);
	}
	free(text);
	return has;
}

void rig_assert_clean(const char *dir)
{
	struct check_report report = { 0 };

	assert_int_equal(store_check(dir, true, &report).code, ERR_OK);
	if (report.problems != 0)
		fail_msg("%.*s", (int)report.text.len, report.text.data);
	buf_free(&report.text);
}

uint64_t rig_pack_bytes(struct partition *p)
{
	struct partition_stats stats;

	partition_stats(p, &stats);
	return stats.pack_bytes;
}

void rig_reclaim(struct partition *p)
{
	bool did = true;

	while (did)
		assert_int_equal(partition_reclaim(p, &did).code, ERR_OK);
}
