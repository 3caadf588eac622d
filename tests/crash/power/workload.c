/* workload.c -- the whole workload, recorded; see workload.h. */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deeds.h"
#include "guards.h"
#include "script.h"
#include "state.h"

enum {
	PATH_SIZE = 512,
	LOAD_ROUNDS = 4,
	LOAD_SYNC_US = 100, /* of an ordinary server's disk */
};

/* -- many at once -- */

struct runner {
	struct work *work;
	uint32_t chain;
	uint32_t rounds;
};

static void run_client(void *arg)
{
	struct runner *r = arg;
	struct client c;

	client_start(&c, r->work, r->chain);
	for (uint32_t i = 0; i < r->rounds; i++)
		client_script(&c, script_together);
	client_end(&c);
	if (--r->work->running == 0)
		task_wake_all(&r->work->done);
}

static void run_together(struct work *w, uint32_t n, uint32_t rounds)
{
	struct runner runners[LOAD];

	w->running = n;
	for (uint32_t i = 0; i < n; i++) {
		runners[i] = (struct runner){ w, CHAIN_CONCURRENT + i, rounds };
		task_spawn(w->loop, run_client, &runners[i]);
	}
	while (w->running > 0)
		task_wait(&w->done, WAIT_FOREVER);
}

/* -- the whole -- */

/* The program itself, with the recorder put before the C library. */
static void be_roost_init(const char *recording, const char *root)
{
	char here[PATH_SIZE] = "";
	char roost[2 * PATH_SIZE];
	char recorder[2 * PATH_SIZE];
	char dir[PATH_SIZE];
	ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);

	workload_must(n > 0, "the program knows where it is");
	*strrchr(here, '/') = '\0';
	snprintf(roost, sizeof roost, "%s/../../roost", here);
	snprintf(recorder, sizeof recorder, "%s/recordfs.so", here);
	snprintf(dir, sizeof dir, "%s" SITE_AT, root);
	if (recording != NULL) {
		setenv("RECORDFS_FILE", recording, 1);
		setenv("RECORDFS_ROOT", root, 1);
		setenv("LD_PRELOAD", recorder, 1);
	}
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	execl(roost, "roost", "init", "--hostname", "mail.example.org", dir,
	      (char *)NULL);
	_exit(127);
}

static void run_roost_init(const char *recording, const char *root)
{
	int status = 0;
	pid_t pid = fork();

	workload_must(pid >= 0, "fork");
	if (pid == 0)
		be_roost_init(recording, root);
	workload_must(waitpid(pid, &status, 0) == pid && status == 0,
	              "roost init succeeds");
}

/* What it makes is known to this process's recorder from its next start. */
static void make_site(struct recording *r, const char *recording,
                      const char *root)
{
	char path[PATH_SIZE];
	struct buf state = { 0 };

	record_start(r, root);
	step_begin(CHAIN_SITE, S("nothing"));
	step_acknowledge(CHAIN_SITE);
	record_mark(RECORD_STATE, CHAIN_SITE, S("absent\n"));
	step_begin(CHAIN_SITE, S("init"));
	record_stop();
	run_roost_init(recording, root);
	record_start(r, root);
	step_acknowledge(CHAIN_SITE);
	snprintf(path, sizeof path, "%s" SITE_AT, root);
	state_of_site(path, &state);
	record_mark(RECORD_STATE, CHAIN_SITE, buf_slice(&state));
	buf_free(&state);
	record_mark(RECORD_PHASE, 0, S("made"));
}

static void make_store(struct work *w)
{
	workload_must(is_ok(work_open_partition(w)), "a partition opens");
	step_begin(CHAIN_DIRECTORY, S("nothing"));
	step_acknowledge(CHAIN_DIRECTORY);
	record_mark(RECORD_STATE, CHAIN_DIRECTORY,
	            S("domains=0 accounts=0 uidvalidity=0\n"));
	workload_must(is_ok(work_open_directory(w)), "a directory is made");
}

static void run_alone(struct work *w)
{
	struct client c;

	client_start(&c, w, CHAIN_FIRST);
	client_script(&c, script_alone);
	client_end(&c);
}

/* The second one, who visits the first. */
static void run_shared(struct work *w)
{
	struct client c;

	client_start(&c, w, CHAIN_SECOND);
	c.owner = CHAIN_FIRST;
	client_script(&c, script_shared);
	client_end(&c);
}

static void run_all(struct loop *loop, void *arg)
{
	struct work *w = arg;

	w->loop = loop;
	make_store(w);
	user_add(w, CHAIN_FIRST);
	user_add(w, CHAIN_SECOND);
	run_alone(w);
	run_shared(w);
	user_others(w);
	user_remove(w, CHAIN_SECOND);
	guards(w);
	for (uint32_t i = 0; i < CONCURRENT; i++)
		user_add(w, CHAIN_CONCURRENT + i);
	record_mark(RECORD_PHASE, 0, S("together"));
	run_together(w, CONCURRENT, 1);
	record_mark(RECORD_PHASE, 0, S("end"));
	work_close(w);
}

static void run_load(struct loop *loop, void *arg)
{
	struct work *w = arg;

	w->loop = loop;
	w->quiet = true;
	make_store(w);
	for (uint32_t i = 0; i < LOAD; i++)
		user_add(w, CHAIN_CONCURRENT + i);
	record_mark(RECORD_PHASE, 0, S("together"));
	record_sync_takes(LOAD_SYNC_US);
	run_together(w, LOAD, LOAD_ROUNDS);
	record_sync_takes(0);
	record_mark(RECORD_PHASE, 0, S("end"));
	work_close(w);
}

static void run(struct recording *r, const char *recording, const char *root,
                void (*fn)(struct loop *, void *))
{
	struct work w = { .root = root };

	make_site(r, recording, root);
	task_run_main(fn, &w);
	record_stop();
}

void workload_run(struct recording *r, const char *recording, const char *root)
{
	run(r, recording, root, run_all);
}

void workload_load(struct recording *r, const char *recording, const char *root)
{
	run(r, recording, root, run_load);
}

void workload_site(const char *root)
{
	run_roost_init(NULL, root);
}
