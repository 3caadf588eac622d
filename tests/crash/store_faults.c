/*
 * store_faults.c -- every disk operation of the store fails in turn.
 *
 * A script of commands runs over a partition whose n-th operation fails
 * (once, or from then on), for every n until the script gets by without.
 * Then the disk is sound again: reading alone brings the index back. After
 * another opening: what was acknowledged is there, what was
 * refused is as it was before or whole, store_check() finds nothing.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "faultfs.h"
#include "store/batch.h"
#include "store/check.h"

enum { ACCOUNT = 7, UIDS = 12, STEPS = 40, DIR_SIZE = 64, READ_TRIES = 2000 };

enum command { NOTHING, STORE, COPY, DELETE, RECLAIM };

struct step {
	enum command command;
	uint32_t uid;
	uint32_t from; /* COPY */
	uint32_t seed; /* STORE: which text */
	uint32_t size;
};

static const struct step script[] = {
	{ STORE, 1, 0, 1, 3000 },   { STORE, 2, 0, 2, 200000 },
	{ COPY, 3, 1, 0, 0 },       { STORE, 4, 0, 1, 3000 },
	{ DELETE, 1, 0, 0, 0 },     { STORE, 5, 0, 3, 40000 },
	{ STORE, 6, 0, 4, 900000 }, { DELETE, 2, 0, 0, 0 },
	{ STORE, 7, 0, 5, 100 },    { DELETE, 5, 0, 0, 0 },
	{ RECLAIM, 0, 0, 0, 0 },    { STORE, 8, 0, 6, 70000 },
	{ COPY, 9, 8, 0, 0 },       { DELETE, 6, 0, 0, 0 },
	{ RECLAIM, 0, 0, 0, 0 },    { STORE, 10, 0, 7, 10 },
	{ RECLAIM, 0, 0, 0, 0 },    { DELETE, 8, 0, 0, 0 },
	{ STORE, 11, 0, 8, 5000 },
};
enum { SCRIPT = sizeof script / sizeof *script };

/* What may be found under a UID: 0 is nothing, else 1 + the script's line
 * whose text it is. Shared with the process that runs the script. */
struct may_be {
	uint32_t acknowledged;
	uint32_t refused; /* the last attempt since; may be there too */
	bool was_refused;
};

struct record {
	struct may_be uid[UIDS];
	bool opened;
	uint32_t refusals;
};

struct run {
	const char *dir;
	struct record *record;
	struct partition *partition;
};

static void die(const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s\n", what, detail);
	_exit(2);
}

static void must(bool holds, const char *what)
{
	if (!holds)
		die("does not hold", what);
}

/* Shrinks little, so that sizes on disk are near those in the script. */
static char *text_of(const struct step *step)
{
	char *text = mem_new(step->size, 1);
	uint64_t x = step->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < step->size; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		text[i] = (char)(x >> 56);
	}
	return text;
}

static struct store_key digest_key(uint32_t uid)
{
	return key_message(ACCOUNT, T_DIGEST, 1, uid);
}

/* -- the script -- */

static struct blob_origin origin_of(const struct step *step)
{
	return (struct blob_origin){ .account = ACCOUNT,
		                     .mailbox = 1,
		                     .mailbox_name = S("INBOX"),
		                     .uid = step->uid };
}

static struct err run_store(struct partition *p, const struct step *step)
{
	struct store_key key = digest_key(step->uid);
	struct spool *s = spool_new(p);
	char *text = text_of(step);
	struct err e = spool_write(s, slice_of(text, step->size));

	if (is_ok(e))
		e = spool_finish(s);
	if (is_ok(e)) {
		struct batch *b = batch_new(p, ACCOUNT);

		batch_add_blob(b, s, origin_of(step));
		batch_put(b, store_key_slice(&key),
		          slice_of(spool_hash(s)->bytes, CONTENT_HASH_SIZE));
		e = batch_commit(b);
	}
	spool_free(s);
	free(text);
	return e;
}

/* The name of a message's blob. */
static struct err hash_of_uid(struct partition *p, uint32_t uid,
                              struct content_hash *out)
{
	struct store_key key = digest_key(uid);
	struct slice value;
	struct err e = store_get(p, store_key_slice(&key), &value);

	if (is_ok(e))
		memcpy(out->bytes, value.ptr, CONTENT_HASH_SIZE);
	return e;
}

static struct err run_copy(struct partition *p, const struct step *step)
{
	struct store_key key = digest_key(step->uid);
	struct content_hash hash;
	struct err e = hash_of_uid(p, step->from, &hash);
	struct batch *b;

	if (!is_ok(e))
		return e;
	b = batch_new(p, ACCOUNT);
	batch_keep_blob(b, &hash, origin_of(step));
	batch_put(b, store_key_slice(&key),
	          slice_of(hash.bytes, sizeof hash.bytes));
	return batch_commit(b);
}

static struct err run_delete(struct partition *p, const struct step *step)
{
	struct store_key key = digest_key(step->uid);
	struct content_hash hash;
	struct err e = hash_of_uid(p, step->uid, &hash);
	struct batch *b;

	if (!is_ok(e))
		return e;
	b = batch_new(p, ACCOUNT);
	batch_drop_blob(b, &hash);
	batch_delete(b, store_key_slice(&key));
	return batch_commit(b);
}

static struct err run_reclaim(struct partition *p, const struct step *step)
{
	bool did;

	(void)step;
	return partition_reclaim(p, &did);
}

static struct err (*const runners[])(struct partition *,
                                     const struct step *) = {
	[STORE] = run_store,
	[COPY] = run_copy,
	[DELETE] = run_delete,
	[RECLAIM] = run_reclaim,
};

static uint32_t expected(struct record *r, uint32_t line)
{
	const struct step *step = &script[line];

	if (step->command == STORE)
		return line + 1;
	return step->command == COPY ? r->uid[step->from].acknowledged : 0;
}

static bool holds_text(struct partition *p, const struct content_hash *hash,
                       const struct step *step)
{
	struct blob_reader *r;
	char *text = text_of(step);
	struct slice part = { NULL, 0 };
	uint64_t at = 0;
	bool same = is_ok(blob_open(p, hash, &r));

	if (!same) {
		free(text);
		return false;
	}
	same = blob_size(r) == step->size;
	for (; same && at < step->size; at += part.len)
		same = is_ok(blob_read(r, at, &part)) && part.len > 0 &&
		       !memcmp(part.ptr, text + at, part.len);
	blob_close(r);
	free(text);
	return same;
}

static bool is_now(struct partition *p, uint32_t uid, uint32_t what)
{
	struct content_hash hash;
	struct err e = hash_of_uid(p, uid, &hash);

	if (what == 0)
		return e.code == ERR_ABSENT;
	return is_ok(e) && holds_text(p, &hash, &script[what - 1]);
}

/* After a refusal this process still sees what was there before. */
static void check_unchanged(struct partition *p, struct record *r, uint32_t uid)
{
	struct content_hash hash;
	struct err e = hash_of_uid(p, uid, &hash);

	if (e.code == ERR_IO)
		return;
	must(is_ok(e) == (r->uid[uid].acknowledged != 0),
	     "a refused change is not seen");
}

static void run_step(struct run *run, uint32_t line)
{
	const struct step *step = &script[line];
	struct may_be *m = &run->record->uid[step->uid];
	uint32_t what = expected(run->record, line);
	struct err e = runners[step->command](run->partition, step);

	if (is_ok(e)) {
		*m = (struct may_be){ .acknowledged = what };
		return;
	}
	must(e.text != NULL, "an error has a text");
	run->record->refusals++;
	m->refused = what;
	m->was_refused = true;
	if (step->uid != 0)
		check_unchanged(run->partition, run->record, step->uid);
}

/* Nobody commits; the first read that fails has the index opened. */
static void check_reads_return(struct partition *p)
{
	struct store_key key = digest_key(1);
	struct slice value;

	faultfs_state()->kind = FAULT_NONE;
	for (int i = 0; i < READ_TRIES; i++) {
		if (store_get(p, store_key_slice(&key), &value).code != ERR_IO)
			return;
		task_sleep(1);
	}
	must(false, "reads return when the disk does");
}

static struct partition_options options(void)
{
	return (struct partition_options){ .map_bytes = 32 << 20,
		                           .pack_bytes = 150000 };
}

static void run_script(struct loop *loop, void *arg)
{
	struct run *run = arg;
	struct err e =
		partition_open(loop, run->dir, options(), &run->partition);

	if (!is_ok(e)) {
		must(e.text != NULL, "an error has a text");
		return;
	}
	run->record->opened = true;
	for (uint32_t line = 0; line < SCRIPT; line++)
		run_step(run, line);
	check_reads_return(run->partition);
	partition_close(run->partition);
}

/* -- afterwards -- */

static void verify(struct loop *loop, void *arg)
{
	struct run *run = arg;
	struct check_report report = { 0 };
	struct err e =
		partition_open(loop, run->dir, options(), &run->partition);

	if (!is_ok(e))
		die("the partition does not open", e.text);
	for (uint32_t uid = 1; uid < UIDS; uid++) {
		const struct may_be *m = &run->record->uid[uid];

		must(is_now(run->partition, uid, m->acknowledged) ||
		             (m->was_refused &&
		              is_now(run->partition, uid, m->refused)),
		     "what was acknowledged is there");
	}
	partition_close(run->partition);
	e = store_check(run->dir, true, &report);
	if (!is_ok(e) || report.problems != 0)
		fprintf(stderr, "%.*s", (int)report.text.len, report.text.data);
	must(is_ok(e) && report.problems == 0, "store_check is clean");
	buf_free(&report.text);
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* In a process of its own: a crash or a leak is its exit status. */
static void in_child(void (*fn)(struct loop *, void *), struct run *run,
                     const char *name, uint64_t at)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork", strerror(errno));
	if (pid == 0) {
		task_run_main(fn, run);
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "%s at operation %llu: status %x, in %s\n",
		        name, (unsigned long long)at, (unsigned)status,
		        run->dir);
		exit(1);
	}
}

struct fault {
	const char *name;
	enum fault_kind kind;
	bool forever;
};

/* One run; how many operations failed in it. */
static uint64_t try_fault(const struct fault *fault, uint64_t at,
                          struct record *record)
{
	struct fault_state *state = faultfs_state();
	char dir[DIR_SIZE] = "/dev/shm/roost-faults-XXXXXX";
	struct run run = { .dir = dir, .record = record };
	uint64_t failed;

	if (mkdtemp(dir) == NULL || !is_ok(partition_make(dir)))
		die("can't make a partition", dir);
	*record = (struct record){ 0 };
	*state = (struct fault_state){ .at = at,
		                       .kind = fault->kind,
		                       .forever = fault->forever };
	snprintf(state->dir, sizeof state->dir, "%s", dir);
	in_child(run_script, &run, fault->name, at);
	failed = state->failed;
	*state = (struct fault_state){ 0 };
	in_child(verify, &run, fault->name, at);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return failed;
}

int main(void)
{
	static const struct fault faults[] = {
		{ "no space, once", FAULT_ENOSPC, false },
		{ "no space from then on", FAULT_ENOSPC, true },
		{ "error, once", FAULT_EIO, false },
		{ "error from then on", FAULT_EIO, true },
		{ "short write, once", FAULT_SHORT, false },
		{ "short writes from then on", FAULT_SHORT, true },
	};
	struct record *record =
		mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (record == MAP_FAILED)
		die("mmap", strerror(errno));
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		uint64_t at = 1;
		uint64_t refusals = 0;

		while (try_fault(&faults[i], at, record) > 0) {
			refusals += record->refusals;
			at++;
		}
		must(record->refusals == 0 && record->opened,
		     "without a fault nothing is refused");
		printf("%s: %llu operations, %llu commands refused\n",
		       faults[i].name, (unsigned long long)at - 1,
		       (unsigned long long)refusals);
		must(at > 100, "the script has a hundred operations");
	}
	munmap(record, sizeof *record);
	return 0;
}
