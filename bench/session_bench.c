/*
 * session_bench.c -- what one session costs, without sockets.
 *
 *	session-bench [MESSAGES] [COMMAND...]
 *
 * Fills a mailbox below TMPDIR, then prints the CPU time and the octets out
 * of each command. The index is small enough for Valgrind, which counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../tests/remove_all.h"
#include "base/log.h"
#include "imap/session.h"
#include "mailbox/mailbox.h"
#include "task/task.h"

enum { BATCH = 500, DAY = 86400, MAP_BYTES = 1 << 30 };

struct bench {
	int argc;
	char **argv;
	unsigned messages;
	struct slice in;
	uint64_t out;
	struct session_config config;
};

static struct err bench_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct bench *b = ctx;

	*got = b->in.len < size ? b->in.len : size;
	if (*got != 0)
		memcpy(to, b->in.ptr, *got);
	b->in = slice_from(b->in, *got);
	return OK;
}

static struct err bench_write(void *ctx, struct slice bytes)
{
	((struct bench *)ctx)->out += bytes.len;
	return OK;
}

static void bench_wake(void *arg)
{
	(void)arg;
}

static void must(struct err e)
{
	if (is_ok(e))
		return;
	fprintf(stderr, "%s\n", e.text);
	exit(1);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct incoming *make_message(struct model *model, unsigned i)
{
	struct incoming *m = incoming_new(model);
	struct buf text = { 0 };

	buf_printf(&text,
	           "Return-Path: <sender%u@example.net>\r\n"
	           "From: Sender Number %u <sender%u@example.net>\r\n"
	           "To: Demo User <demo@example.org>\r\n"
	           "Subject: Report %u about the %s of week %u\r\n"
	           "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
	           "Message-ID: <%u.%u@mail.example.net>\r\n"
	           "MIME-Version: 1.0\r\n"
	           "Content-Type: text/plain; charset=utf-8\r\n"
	           "\r\n"
	           "Hello,\r\nthis is report %u.\r\n",
	           i % 97, i % 97, i % 97, i, i % 1000 == 0 ? "zebra" : "state",
	           i % 53, i, i * 7, i);
	must(incoming_write(m, buf_slice(&text)));
	must(incoming_finish(m));
	buf_free(&text);
	return m;
}

static void fill(struct bench *b, struct account *account)
{
	struct new_message v[BATCH];
	uint32_t uids[BATCH];
	struct mailbox *inbox;

	must(mailbox_open(account, S("INBOX"), &inbox));
	for (unsigned i = 0; i < b->messages; i += BATCH) {
		for (unsigned k = 0; k < BATCH; k++)
			v[k] = (struct new_message){
				.message = make_message(b->config.model, i + k),
				.flags = (i + k) % 3 ? FLAG_SEEN : 0,
				.internaldate = 1700000000 + i * 60,
			};
		must(mailbox_append(inbox, v, BATCH, uids));
		for (unsigned k = 0; k < BATCH; k++)
			incoming_free(v[k].message);
	}
	mailbox_close(inbox);
}

static void measure(struct bench *b, struct session *s, const char *command)
{
	char line[1000];
	double before;

	snprintf(line, sizeof line, "a %s\r\n", command);
	b->in = slice_cstr(line);
	b->out = 0;
	before = cpu_s();
	session_run(s);
	printf("%9.3f ms %12llu octets  %s\n", (cpu_s() - before) * 1e3,
	       (unsigned long long)b->out, command);
	fflush(stdout);
}

static const char *const usual[] = {
	"SELECT INBOX",
	"SELECT INBOX",
	"NOOP",
	"FETCH 1 (FLAGS)",
	"FETCH 1:* (UID FLAGS)",
	"FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)",
	"FETCH 1:100000 (ENVELOPE)",
	"UID SEARCH SUBJECT zebra",
	"UID SEARCH UNSEEN",
	"UID SEARCH ALL",
	"UID SEARCH FROM \"number 13\" UNSEEN",
	"UID SEARCH SINCE 1-Jan-2024",
	"UID SEARCH SENTSINCE 1-Jan-2024",
	"UID SEARCH 1:1000 TEXT zebra",
	"UID SEARCH 1:1000 HEADER Message-ID <500.3500@mail.example.net>",
	"FETCH 1:1000 (BODY.PEEK[])",
	"FETCH 1:1000 (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT)])",
	"LIST \"\" *",
	"STATUS INBOX (MESSAGES UNSEEN)",
	"STORE 1:* +FLAGS.SILENT (\\Flagged)",
};

/* Not a memory-backed one: such files can't be read without waiting. */
static const char *directory(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp != NULL ? tmp : "/tmp";
}

static void run(struct loop *loop, void *arg)
{
	struct bench *b = arg;
	char dir[4096];
	struct partition_options options = { .map_bytes = MAP_BYTES };
	struct partition *partition;
	struct session_start start = {
		.config = &b->config,
		.io = { bench_read, bench_write, b },
		.wake = bench_wake,
	};
	struct session *s;

	snprintf(dir, sizeof dir, "%s/roost-bench-XXXXXX", directory());
	if (mkdtemp(dir) == NULL)
		exit(1);
	must(partition_make(dir));
	must(partition_open(loop, dir, options, &partition));
	b->config = (struct session_config){
		.clock = &system_clock,
		.model = model_new(partition, &system_clock),
		.message_limit_bytes = 1 << 20,
	};
	must(account_create(b->config.model, 1, S("demo@example.org")));
	must(account_open(b->config.model, 1, &start.account));
	printf("filling %u messages...\n", b->messages);
	fill(b, start.account);
	s = session_new(&start);
	for (int i = 2; i < b->argc; i++)
		measure(b, s, b->argv[i]);
	for (size_t i = 0; b->argc < 3 && i < sizeof usual / sizeof *usual; i++)
		measure(b, s, usual[i]);
	session_free(s);
	model_free(b->config.model);
	partition_close(partition);
	remove_all(dir);
}

int main(int argc, char **argv)
{
	struct bench b = { .argc = argc, .argv = argv, .messages = 100000 };

	if (argc > 1)
		b.messages = (unsigned)strtoul(argv[1], NULL, 10);
	log_init("bench", LOG_LEVEL_ERROR);
	task_run_main(run, &b);
	return 0;
}
