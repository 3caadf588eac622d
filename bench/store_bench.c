/*
 * store_bench.c -- what a batch and an append cost in the store alone.
 *
 *	store_bench [DIR [seconds]]
 *
 * One line a measurement: concurrent tasks, operations a second, how many
 * of them share a commit, syncs and CPU each (the process's, all threads).
 * DIR on tmpfs (/dev/shm) shows the CPU without the disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/batch.h"

enum { ACCOUNT = 7, MESSAGE = 6000, TEXTS = 64 };

struct bench {
	struct partition *partition;
	char *texts[TEXTS];
	uint64_t until_ms;
	uint64_t ops;
	uint32_t next;
	uint32_t stored; /* messages 1 to this are there */
	uint32_t running;
	struct wait_list done;
};

static void must(struct err e)
{
	if (is_ok(e))
		return;
	fprintf(stderr, "store_bench: %s\n", e.text);
	exit(1);
}

/* Words of a small vocabulary: compresses about as mail does. */
static char *make_text(uint32_t seed)
{
	static const char *const words[] = {
		"the ",     "message ", "Subject: ", "from ", "\r\n",
		"received", " 2026",    "list-",     "and ",  "of ",
		"delivery", "example",  ".org ",     "re: ",  "you ",
		"0123456",  "thanks, ", "monday ",   "a ",    "we ",
	};
	char *text = mem_new(MESSAGE + 32, 1);
	uint64_t x = seed + 1;
	size_t len = 0;

	while (len < MESSAGE) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		len += (size_t)sprintf(text + len, x >> 62 == 0 ? "%s%x" : "%s",
		                       words[(x >> 40) % 20],
		                       (unsigned)(x >> 44) & 0xffff);
	}
	return text;
}

static void one_batch(struct bench *b, uint32_t n)
{
	struct store_key key = key_message(ACCOUNT, T_RECORDS, 1, n % 1000);
	struct batch *batch = batch_new(b->partition, ACCOUNT);

	memset(batch_put_room(batch, store_key_slice(&key), 400), 'r', 400);
	must(batch_commit(batch));
}

static void one_append(struct bench *b, uint32_t n)
{
	struct store_key key = key_message(ACCOUNT, T_DIGEST, 1, n);
	struct store_key chunk = key_message(ACCOUNT, T_RECORDS, 1, n / 40);
	struct blob_origin origin = { .account = ACCOUNT,
		                      .uid = n,
		                      .account_name = S("demo@example.org"),
		                      .mailbox_name = S("INBOX") };
	struct batch *batch = batch_new(b->partition, ACCOUNT);
	struct spool *spool = spool_new(b->partition);
	char *text = b->texts[n % TEXTS];
	char *digest;

	memcpy(text, &n, sizeof n);
	must(spool_write(spool, slice_of(text, MESSAGE)));
	must(spool_finish(spool));
	batch_add_blob(batch, spool, origin);
	digest = batch_put_room(batch, store_key_slice(&key), 900);
	memset(digest, 'd', 900);
	memcpy(digest, spool_hash(spool)->bytes, CONTENT_HASH_SIZE);
	memset(batch_put_room(batch, store_key_slice(&chunk), 1000), 'r', 1000);
	must(batch_commit(batch));
	spool_free(spool);
}

static void one_read(struct bench *b, uint32_t n)
{
	struct store_key key =
		key_message(ACCOUNT, T_DIGEST, 1, 1 + n % b->stored);
	struct content_hash hash;
	struct blob_reader *r;
	struct slice part;

	must(store_get(b->partition, store_key_slice(&key), &part));
	memcpy(hash.bytes, part.ptr, sizeof hash.bytes);
	must(blob_open(b->partition, &hash, &r));
	must(blob_read(r, 0, &part));
	blob_close(r);
	task_pause();
}

struct worker {
	struct bench *bench;
	void (*op)(struct bench *, uint32_t n);
};

static void work(void *arg)
{
	struct worker *w = arg;
	struct bench *b = w->bench;

	while (loop_now_ms(task_loop()) < b->until_ms) {
		w->op(b, ++b->next);
		b->ops++;
	}
	b->running--;
	task_wake_all(&b->done);
}

static uint64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void measure(struct bench *b, const char *name, uint32_t tasks,
                    void (*op)(struct bench *, uint32_t n), uint64_t ms)
{
	struct worker w = { b, op };
	struct partition_stats before;
	struct partition_stats after;
	uint64_t cpu = cpu_us();
	uint64_t start = uv_hrtime();
	double seconds;

	b->ops = 0;
	b->until_ms = loop_now_ms(task_loop()) + ms;
	b->running = tasks;
	partition_stats(b->partition, &before);
	for (uint32_t i = 0; i < tasks; i++)
		task_spawn(task_loop(), work, &w);
	while (b->running > 0)
		task_wait(&b->done, WAIT_FOREVER);
	partition_stats(b->partition, &after);
	seconds = (double)(uv_hrtime() - start) / 1e9;
	printf("%-7s %3u tasks %9.0f/s  %5.1f a commit  %5.2f syncs  "
	       "%6.1f us CPU\n",
	       name, tasks, (double)b->ops / seconds,
	       after.commits != before.commits
	               ? (double)(after.batches - before.batches) /
	                         (double)(after.commits - before.commits)
	               : 0.0,
	       (double)(after.syncs - before.syncs) / (double)b->ops,
	       (double)(cpu_us() - cpu) / (double)b->ops);
}

struct arguments {
	char *dir;
	uint64_t ms;
};

static void run(struct loop *loop, void *arg)
{
	static const uint32_t tasks[] = { 1, 4, 16, 64 };
	struct arguments *a = arg;
	struct bench b = { .next = 0 };
	struct partition_options options = { 0 };

	for (uint32_t i = 0; i < TEXTS; i++)
		b.texts[i] = make_text(i);
	must(partition_open(loop, a->dir, options, &b.partition));
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
		measure(&b, "batch", tasks[i], one_batch, a->ms);
	b.next = 0;
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
		measure(&b, "append", tasks[i], one_append, a->ms);
	b.stored = b.next;
	measure(&b, "read", 1, one_read, a->ms);
	partition_close(b.partition);
	for (uint32_t i = 0; i < TEXTS; i++)
		free(b.texts[i]);
}

int main(int argc, char **argv)
{
	struct arguments a = { argc > 1 ? argv[1] : "store_bench.d",
		               argc > 2 ? strtoull(argv[2], NULL, 10) * 1000
		                        : 2000 };

	must(partition_make(a.dir));
	task_run_main(run, &a);
	return 0;
}
