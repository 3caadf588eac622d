/*
 * store_kill.c -- a process that writes is killed at random; and a disk
 * that is full for real.
 *
 * Each round a child opens the partition, stores, copies and deletes as fast
 * as it can in several tasks, and says through a pipe what has been
 * committed. After a SIGKILL everything it said is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../remove_all.h"
#include "../small_disk.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "store/batch.h"
#include "store/check.h"

enum {
	ROUNDS = 50,
	TASKS = 8,
	UIDS = 64, /* of each task */
	MOST_SIZE = 90000,
	KILL_AFTER_US = 40000,
	ACCOUNT = 7,
	DIR_SIZE = 64,
};

/* What was committed under a UID: the seed of its text, 0 for nothing. A
 * change is announced before it is tried and again when it is done. */
struct word {
	uint32_t uid;
	uint32_t seed;
	uint32_t done;
};

struct known {
	uint32_t seed[TASKS * UIDS];
	uint32_t trying[TASKS * UIDS]; /* under way when it was killed */
	bool is_trying[TASKS * UIDS];
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	exit(1);
}

static uint32_t size_of(uint32_t seed)
{
	uint32_t share = seed % 16;

	return share == 0 ? MOST_SIZE : share * 700;
}

static char *text_of(uint32_t seed)
{
	uint32_t size = size_of(seed);
	char *text = mem_new(size, 1);
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < size; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		text[i] = (char)('a' + (x >> 60));
	}
	return text;
}

static struct store_key digest_key(uint32_t uid)
{
	return key_message(ACCOUNT, T_DIGEST, 1, uid);
}

static struct partition_options options(void)
{
	return (struct partition_options){ .map_bytes = 256 << 20,
		                           .pack_bytes = 1 << 20 };
}

/* -- the one that is killed -- */

struct writer {
	struct partition *partition;
	int out;
	uint32_t next; /* task */
	uint32_t seed;
};

static void say(int out, struct word w)
{
	must(write(out, &w, sizeof w) == sizeof w, "the pipe takes a word");
}

static bool hash_of_uid(struct partition *p, uint32_t uid,
                        struct content_hash *out)
{
	struct store_key key = digest_key(uid);
	struct slice value;

	if (!is_ok(store_get(p, store_key_slice(&key), &value)))
		return false;
	memcpy(out->bytes, value.ptr, sizeof out->bytes);
	return true;
}

/* What was there goes; with a seed, that text comes. */
static struct err replace(struct partition *p, uint32_t uid, uint32_t seed)
{
	struct store_key key = digest_key(uid);
	struct batch *b = batch_new(p, ACCOUNT);
	struct blob_origin origin = { .account = ACCOUNT, .uid = uid };
	struct spool *s = NULL;
	struct content_hash old;
	struct err e;

	if (hash_of_uid(p, uid, &old))
		batch_drop_blob(b, &old);
	batch_delete(b, store_key_slice(&key));
	if (seed != 0) {
		char *text = text_of(seed);

		s = spool_new(p);
		must(is_ok(spool_write(s, slice_of(text, size_of(seed)))) &&
		             is_ok(spool_finish(s)),
		     "a spool takes a message");
		free(text);
		batch_add_blob(b, s, origin);
		batch_put(b, store_key_slice(&key),
		          slice_of(spool_hash(s)->bytes, CONTENT_HASH_SIZE));
	} else {
		batch_frees(b);
	}
	e = batch_commit(b);
	spool_free(s);
	return e;
}

static void write_on(void *arg)
{
	struct writer *w = arg;
	uint32_t first = UIDS * w->next++;

	for (;;) {
		uint32_t n = w->seed++;
		struct word word = { first + n * 7 % UIDS,
			             n % 4 == 0 ? 0
			             : n % 5    ? n
			                        : 5,
			             0 };

		say(w->out, word);
		must(is_ok(replace(w->partition, word.uid, word.seed)),
		     "a commit succeeds");
		word.done = 1;
		say(w->out, word);
	}
}

static void reclaim_on(void *arg)
{
	struct writer *w = arg;
	bool did;

	for (;;) {
		must(is_ok(partition_reclaim(w->partition, &did)),
		     "reclaiming succeeds");
		task_sleep(2);
	}
}

static void be_killed(const char *dir, int out, uint32_t round)
{
	struct loop *loop = loop_new();
	struct writer w = { .out = out, .seed = 1 + round * 100000 };

	must(is_ok(partition_open(loop, dir, options(), &w.partition)),
	     "the partition opens");
	for (uint32_t i = 0; i < TASKS; i++)
		task_spawn(loop, write_on, &w);
	task_spawn(loop, reclaim_on, &w);
	loop_run(loop);
}

/* -- the one that looks -- */

static void learn(struct known *k, struct word w)
{
	k->trying[w.uid] = w.seed;
	k->is_trying[w.uid] = !w.done;
	if (w.done)
		k->seed[w.uid] = w.seed;
}

static bool holds(struct partition *p, uint32_t uid, uint32_t seed)
{
	struct content_hash hash;
	struct blob_reader *r;
	struct slice part = { NULL, 0 };
	bool same = true;
	char *text;

	if (!hash_of_uid(p, uid, &hash))
		return seed == 0;
	if (seed == 0)
		return false;
	must(is_ok(blob_open(p, &hash, &r)), "a message opens");
	text = text_of(seed);
	same = blob_size(r) == size_of(seed);
	for (uint64_t at = 0; same && at < size_of(seed); at += part.len)
		same = is_ok(blob_read(r, at, &part)) && part.len > 0 &&
		       !memcmp(part.ptr, text + at, part.len);
	blob_close(r);
	free(text);
	return same;
}

struct look {
	const char *dir;
	struct known *known;
};

static void look(struct loop *loop, void *arg)
{
	struct look *l = arg;
	struct known *k = l->known;
	struct partition *p;

	must(is_ok(partition_open(loop, l->dir, options(), &p)),
	     "the partition opens after a kill");
	for (uint32_t uid = 0; uid < TASKS * UIDS; uid++) {
		if (k->is_trying[uid] && holds(p, uid, k->trying[uid]))
			k->seed[uid] = k->trying[uid];
		else
			must(holds(p, uid, k->seed[uid]),
			     "what was acknowledged is there");
		k->is_trying[uid] = false;
	}
	partition_close(p);
}

static void check_clean(const char *dir)
{
	struct check_report report = { 0 };
	struct err e = store_check(dir, true, &report);

	if (!is_ok(e) || report.problems != 0)
		fprintf(stderr, "%.*s", (int)report.text.len, report.text.data);
	must(is_ok(e) && report.problems == 0, "store_check is clean");
	buf_free(&report.text);
}

static uint64_t round_of(const char *dir, struct known *k, uint32_t round)
{
	struct timespec nap = { 0,
		                1000 * (long)(random_u64() % KILL_AFTER_US) };
	struct look l = { dir, k };
	struct word w;
	uint64_t acknowledged = 0;
	int ends[2];
	pid_t pid;

	must(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
	/* A full pipe would stop it between two commits only. */
	(void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0)
		be_killed(dir, ends[1], round);
	close(ends[1]);
	nanosleep(&nap, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while (read(ends[0], &w, sizeof w) == sizeof w) {
		learn(k, w);
		acknowledged += w.done;
	}
	close(ends[0]);
	task_run_main(look, &l);
	check_clean(dir);
	return acknowledged;
}

static void kill_rounds(void)
{
	struct known *k = mem_new(1, sizeof *k);
	char dir[DIR_SIZE] = "/tmp/roost-kill-XXXXXX";
	uint64_t acknowledged = 0;

	must(mkdtemp(dir) != NULL && is_ok(partition_make(dir)),
	     "a partition is made");
	for (uint32_t round = 0; round < ROUNDS; round++)
		acknowledged += round_of(dir, k, round);
	printf("%d kills, %llu commits acknowledged\n", ROUNDS,
	       (unsigned long long)acknowledged);
	must(acknowledged > ROUNDS, "it was killed at work");
	remove_all(dir);
	free(k);
}

/* -- a full disk -- */

static void fill_disk(struct loop *loop, void *arg)
{
	struct partition *p;
	struct err e = OK;
	uint32_t stored = 0;
	uint32_t seed = 16; /* the largest */
	bool did = true;

	must(is_ok(partition_open(loop, arg, options(), &p)),
	     "the partition opens");
	while (is_ok(e)) {
		e = replace(p, ++stored, seed);
		seed += 16;
	}
	must(e.code == ERR_NOSPACE, "a full disk is ERR_NOSPACE");
	must(holds(p, stored, 0), "what was refused is not there");
	for (uint32_t uid = 1; uid < stored; uid++)
		must(holds(p, uid, uid * 16), "the others are");
	/* Room is made by deleting, also while there is none: packs that are
	 * dead as a whole go first, then there is room to move the rest. */
	for (uint32_t uid = 1; uid < stored; uid++)
		if (uid < stored / 2 || uid % 5 != 0)
			must(is_ok(replace(p, uid, 0)),
			     "deleting needs no room");
	while (did)
		must(is_ok(partition_reclaim(p, &did)), "it is reclaimed");
	must(is_ok(replace(p, 1, 160)), "there is room again");
	must(holds(p, 1, 160), "and it is used");
	partition_close(p);
}

/* On a small file system that no other process sees. */
static void full_disk_child(void)
{
	char dir[DIR_SIZE] = "/tmp/roost-full-XXXXXX";
	char part[DIR_SIZE + 8];

	must(mkdtemp(dir) != NULL, "a directory is made");
	must(small_disk_mount(dir, 24 << 20), "a small disk");
	snprintf(part, sizeof part, "%s/p", dir);
	must(is_ok(partition_make(part)), "a partition is made");
	task_run_main(fill_disk, part);
	check_clean(part);
	must(umount(dir) == 0 && rmdir(dir) == 0, "it is taken down");
	printf("a full disk was coped with\n");
}

static void full_disk(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		full_disk_child();
		exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0,
	     "the store copes with a full disk");
}

int main(void)
{
	kill_rounds();
	full_disk();
	return 0;
}
