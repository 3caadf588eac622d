/*
 * main.c -- the power fails, at every point and in every way.
 *
 *	power [--cuts N] [--seed S] [--within S]
 *	                                   record, cut, recover, compare
 *	power --recording FILE --cut N --seed S [--cut2 N --seed2 S]
 *	                                   one cut of a recording again
 *
 * The workload is recorded once, by a process of its own. A cut is a place
 * in the recording and a seed for what was lost there (disk.h); of each
 * place as many different disks are tried as make N cuts in all, and always
 * the one that lost everything it may and the one that lost nothing. Some
 * recoveries are recorded and cut once more.
 *
 * Each core has a worker that goes through the recording and takes every
 * other place. One that dies has found something, too.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "disk.h"
#include "history.h"
#include "mix.h"
#include "recovery.h"
#include "run.h"
#include "workload.h"

enum {
	MOST_WORKERS = 16,
	MOST_TOLD = 3,           /* violations that a worker prints in full */
	SECOND_EVERY = 8,        /* of so many cuts one is recorded */
	SECOND_CUTS = 2,         /* and cut so often */
	PER_PLACE_LEAST = 3 * 8, /* eighths */
	DIFFERENT_MOST = 512,
	TRIES = 4,
	LIMIT_S = 60, /* a recovery that takes longer hangs */
	DIR_SIZE = 64,
};

struct cut {
	uint32_t at;
	uint64_t seed;
	uint32_t at2; /* 0: only one */
	uint64_t seed2;
};

struct tally {
	struct cut now;
	uint64_t cuts;
	uint64_t second;
	uint64_t violations;
	bool done;
};

struct power {
	char dir[DIR_SIZE];
	char recording_path[DIR_SIZE + 16];
	struct recording *recording;
	struct history *history;
	uint32_t made; /* from this event on there is a store */
	uint64_t seed;
	uint32_t per_place; /* different disks of one place, in eighths */
	uint32_t share;     /* of 2^20 places, how many are taken */
	uint32_t workers;
	struct tally *tally; /* one a worker */
};

struct worker {
	const struct power *power;
	struct tally *tally;
	uint32_t number;
	char root[DIR_SIZE + 16];
	struct recording *recording; /* of a recovery */
};

/* -- one cut -- */

static void tell(const struct worker *w, const char *what)
{
	const struct power *p = w->power;
	const struct cut *c = &w->tally->now;

	if (++w->tally->violations > MOST_TOLD)
		return;
	fprintf(stderr, "VIOLATION at cut %u, seed %llu", c->at,
	        (unsigned long long)c->seed);
	if (c->at2 != 0)
		fprintf(stderr, ", then %u, %llu", c->at2,
		        (unsigned long long)c->seed2);
	fprintf(stderr,
	        "\n%s  again: power --recording %s --cut %u --seed %llu", what,
	        p->recording_path, c->at, (unsigned long long)c->seed);
	if (c->at2 != 0)
		fprintf(stderr, " --cut2 %u --seed2 %llu", c->at2,
		        (unsigned long long)c->seed2);
	fprintf(stderr, "\n");
}

static void recover(struct worker *w, const struct promise *promise,
                    struct recording *recording)
{
	struct buf problems = { 0 };

	alarm(LIMIT_S);
	recovery_run(w->root, promise, recording, &problems);
	if (problems.len != 0) {
		buf_byte(&problems, '\0');
		tell(w, problems.data);
	}
	buf_free(&problems);
}

/* The recovery that was just recorded, cut itself. */
static void cut_second(struct worker *w, struct disk *d,
                       const struct history *h, uint64_t seed)
{
	struct promise promise = { h, w->tally->now.at2, true };

	w->tally->now.seed2 = seed;
	disk_build(d, seed, w->root);
	recover(w, &promise, NULL);
	w->tally->cuts++;
	w->tally->second++;
}

static void recover_first(struct worker *w, struct recording *recording)
{
	const struct power *p = w->power;
	uint32_t at = w->tally->now.at;
	struct promise promise = { p->history, at, at > p->made };

	recover(w, &promise, recording);
	w->tally->cuts++;
}

static void cut_first(struct worker *w, struct disk *d, struct cut cut)
{
	w->tally->now = cut;
	disk_build(d, cut.seed, w->root);
	recover_first(w, NULL);
}

/* The same, and recorded. The disk it began with is returned, the caller's. */
static struct disk *record_first(struct worker *w, struct disk *d,
                                 struct cut cut)
{
	struct disk *second;

	w->tally->now = (struct cut){ .at = cut.at, .seed = cut.seed };
	disk_build(d, cut.seed, w->root);
	second = disk_read(w->root);
	recording_clear(w->recording);
	recover_first(w, w->recording);
	return second;
}

/* A cut, and its recovery cut again; at2 0: at some places, by chance. */
static void cut_twice(struct worker *w, struct disk *d, struct cut cut)
{
	struct disk *second = record_first(w, d, cut);
	struct history *h = history_read(w->recording);
	uint32_t step = w->recording->n / SECOND_CUTS;
	uint32_t n = 0;

	history_begin_first(h);
	for (uint32_t i = 0; i < SECOND_CUTS; i++) {
		uint64_t x = mix(cut.seed ^ mix(cut.at) ^ i);
		uint32_t at = 1 + step * i + (uint32_t)(x % step);

		w->tally->now = cut;
		if (cut.at2 == 0)
			w->tally->now.at2 = at;
		for (; n < w->tally->now.at2; n++)
			disk_event(second, w->recording, n);
		cut_second(w, second, h, cut.at2 == 0 ? x : cut.seed2);
		if (cut.at2 != 0)
			break;
	}
	free(h);
	disk_free(second);
}

/* -- the places -- */

/* Goes through the recording; fn gets the disk before each event that
 * something has changed before. */
static void each_place(const struct power *p,
                       void (*fn)(void *arg, struct disk *, uint32_t at),
                       void *arg)
{
	struct disk *d = disk_new(p->recording->root);
	bool changed = false;

	for (uint32_t n = 0; n < p->recording->n; n++) {
		const struct record_event *e = &p->recording->events[n];

		if (!record_is_mark(e) && changed) {
			fn(arg, d, n);
			changed = false;
		}
		changed |= e->kind != RECORD_SYNC_BEGIN;
		disk_event(d, p->recording, n);
	}
	fn(arg, d, p->recording->n);
	disk_free(d);
}

/* The seeds that make different disks here, at most as many as there is room
 * for. */
static uint32_t choose_seeds(const struct power *p, struct disk *d, uint32_t at,
                             uint64_t *out)
{
	uint32_t most = (p->per_place + (uint32_t)(mix(at) % 8)) / 8;
	uint64_t fates[2 * DIFFERENT_MOST];
	uint32_t n = 0;

	if ((mix(at ^ mix(p->seed)) & 0xfffff) >= p->share)
		return 0;
	for (uint32_t i = 0; n < most && i < TRIES * most; i++) {
		uint64_t seed = i <= DISK_ALL ? i : p->seed + i;
		uint64_t fate = disk_fate(d, seed);
		uint32_t k = 0;

		while (k < n && fates[k] != fate)
			k++;
		if (k < n)
			continue;
		fates[n] = fate;
		out[n++] = seed;
	}
	return n;
}

static bool is_cut_twice(const struct power *p, uint32_t at, uint32_t i)
{
	return at > p->made && mix(at + mix(i)) % SECOND_EVERY == 0;
}

struct count {
	const struct power *power;
	uint64_t places;
	uint64_t cuts;
};

static void count_place(void *arg, struct disk *d, uint32_t at)
{
	struct count *c = arg;
	uint64_t seeds[2 * DIFFERENT_MOST];

	uint32_t n = choose_seeds(c->power, d, at, seeds);

	c->places++;
	c->cuts += n;
	for (uint32_t i = 0; i < n; i++)
		if (is_cut_twice(c->power, at, i))
			c->cuts += SECOND_CUTS;
}

static struct count count_cuts(const struct power *p)
{
	struct count c = { .power = p };

	each_place(p, count_place, &c);
	return c;
}

/* As many disks of each place as make so many cuts; fewer places when that
 * is too many. */
static void plan(struct power *p, uint64_t wanted)
{
	struct count c;

	p->share = 1 << 20;
	p->per_place = PER_PLACE_LEAST;
	while ((c = count_cuts(p)).cuts < wanted &&
	       p->per_place < 8 * DIFFERENT_MOST)
		p->per_place += p->per_place / 32 + 1;
	if (p->per_place == PER_PLACE_LEAST)
		p->share = (uint32_t)((wanted << 20) / c.cuts);
	while (p->share < 1 << 20 && count_cuts(p).cuts < wanted)
		p->share += p->share / 8 + 1;
	printf("%u events, %llu places to cut, up to %u disks each, %u states "
	       "acknowledged\n",
	       p->recording->n, (unsigned long long)c.places,
	       p->per_place / 8 + 1, p->history->acknowledged);
	fflush(stdout);
}

/* -- the workers -- */

static void work_place(void *arg, struct disk *d, uint32_t at)
{
	struct worker *w = arg;
	const struct power *p = w->power;
	uint64_t seeds[2 * DIFFERENT_MOST];
	uint32_t n;

	if (mix(at) % p->workers != w->number || at <= w->tally->now.at)
		return;
	n = choose_seeds(p, d, at, seeds);
	for (uint32_t i = 0; i < n; i++) {
		struct cut cut = { .at = at, .seed = seeds[i] };

		if (is_cut_twice(p, at, i))
			cut_twice(w, d, cut);
		else
			cut_first(w, d, cut);
	}
}

static void worker_begin(struct worker *w, const struct power *p,
                         uint32_t number)
{
	*w = (struct worker){ .power = p,
		              .tally = &p->tally[number],
		              .number = number,
		              .recording = recording_new(NULL) };
	snprintf(w->root, sizeof w->root, "%s/%u", p->dir, number);
	must(mkdir(w->root, 0700) == 0 || errno == EEXIST, w->root);
}

static pid_t start_worker(const struct power *p, uint32_t number)
{
	struct worker w;
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would take its tally */
	worker_begin(&w, p, number);
	each_place(p, work_place, &w);
	w.tally->done = true;
	exit(0);
}

static void tell_status(const struct worker *w, int status)
{
	char what[64];

	snprintf(what, sizeof what, "its process ended with status %x\n",
	         (unsigned)status);
	tell(w, what);
}

/* A worker that died goes on behind the place where it did, if it had come
 * any further. */
static void wait_for(const struct power *p, pid_t pid, uint32_t number)
{
	struct worker w = { .power = p, .tally = &p->tally[number] };
	uint32_t before = 0;
	int status;

	while (waitpid(pid, &status, 0) == pid && !w.tally->done) {
		tell_status(&w, status);
		if (w.tally->now.at == before)
			return;
		before = w.tally->now.at;
		pid = start_worker(p, number);
	}
	if (status != 0)
		tell_status(&w, status);
}

static void run_workers(const struct power *p)
{
	pid_t pids[MOST_WORKERS];

	for (uint32_t i = 0; i < p->workers; i++)
		pids[i] = start_worker(p, i);
	for (uint32_t i = 0; i < p->workers; i++)
		wait_for(p, pids[i], i);
}

/* -- recording -- */

typedef void workload_fn(struct recording *, const char *recording,
                         const char *root);

/* In a process of its own, below DIR/name. */
static struct recording *record(const struct power *p, const char *name,
                                workload_fn *workload, const char *path)
{
	struct recording *r = recording_new(path);
	char root[DIR_SIZE + 16];
	int status = 0;
	pid_t pid;

	snprintf(root, sizeof root, "%s/%s", p->dir, name);
	must(mkdir(root, 0700) == 0, root);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		/* what roost init says is no news here */
		must(freopen("/dev/null", "w", stdout) != NULL, "stdout");
		workload(r, path, root);
		exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0, "the workload");
	return r;
}

/* Nothing has gone past the recorder. */
static void compare_all(const struct power *p)
{
	struct disk *d = disk_new(p->recording->root);
	char root[DIR_SIZE + 16];

	snprintf(root, sizeof root, "%s/made", p->dir);
	for (uint32_t n = 0; n < p->recording->n; n++)
		disk_event(d, p->recording, n);
	must(disk_compare(d, root), "the recording is not complete");
	disk_free(d);
	remove_all(root);
}

static bool is_sync(const struct record_event *e)
{
	return e->kind == RECORD_SYNC_END ||
	       (e->kind == RECORD_WRITE && e->sure);
}

struct rate {
	uint64_t syncs;
	uint64_t acknowledged;
};

static struct rate rate_between(const struct recording *r, const char *from,
                                const char *to)
{
	uint32_t end = history_phase(r, to);
	struct rate rate = { 0 };

	for (uint32_t n = history_phase(r, from); n < end; n++) {
		rate.syncs += is_sync(&r->events[n]);
		rate.acknowledged += r->events[n].kind == RECORD_ACK;
	}
	return rate;
}

static void print_rate(const char *what, struct rate r)
{
	printf("%s: %llu syncs for %llu acknowledged commands, %.2f each\n",
	       what, (unsigned long long)r.syncs,
	       (unsigned long long)r.acknowledged,
	       r.acknowledged ? (double)r.syncs / (double)r.acknowledged : 0);
}

/* Commands that come together share their syncs: no more of these than of
 * those. */
static bool record_load(struct power *p)
{
	char path[DIR_SIZE + 16];
	struct recording *r;
	struct rate many;
	bool shared;

	snprintf(path, sizeof path, "%s/load.recording", p->dir);
	r = record(p, "load", workload_load, path);
	print_rate("one session",
	           rate_between(p->recording, "made", "together"));
	many = rate_between(r, "together", "end");
	print_rate("many sessions", many);
	recording_free(r);
	shared = many.acknowledged != 0 && many.syncs <= many.acknowledged;
	if (!shared)
		printf("many sessions: more syncs than commands\n");
	return shared;
}

/* -- the program -- */

struct wish {
	const char *recording;
	uint64_t cuts;
	uint64_t within_s; /* longer is a failure; 0: it isn't */
	uint64_t seed;
	struct cut cut;
};

static struct wish parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cuts", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "within", required_argument, NULL, 'w' },
		{ "recording", required_argument, NULL, 'r' },
		{ "cut", required_argument, NULL, 'c' },
		{ "cut2", required_argument, NULL, 'd' },
		{ "seed2", required_argument, NULL, 't' },
		{ 0 },
	};
	struct wish w = { .cuts = 20000, .seed = 1 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned long long n =
			optarg != NULL ? strtoull(optarg, NULL, 10) : 0;

		if (c == 'n')
			w.cuts = n;
		else if (c == 's')
			w.seed = n;
		else if (c == 'w')
			w.within_s = n;
		else if (c == 'r')
			w.recording = optarg;
		else if (c == 'c')
			w.cut.at = (uint32_t)n;
		else if (c == 'd')
			w.cut.at2 = (uint32_t)n;
		else if (c == 't')
			w.cut.seed2 = n;
		else
			exit(64);
	}
	w.cut.seed = w.seed;
	return w;
}

static void power_begin(struct power *p, const struct wish *w)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	*p = (struct power){ .dir = "/dev/shm/roost-power-XXXXXX",
		             .seed = w->seed };
	p->workers = cores > MOST_WORKERS ? MOST_WORKERS : (uint32_t)cores;
	p->tally =
		mmap(NULL, MOST_WORKERS * sizeof *p->tally,
	             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(p->tally != MAP_FAILED && mkdtemp(p->dir) != NULL, "memory");
	snprintf(p->recording_path, sizeof p->recording_path, "%s.recording",
	         p->dir);
}

static int again(struct power *p, const struct wish *wish)
{
	struct worker w;
	struct disk *d;

	snprintf(p->recording_path, sizeof p->recording_path, "%s",
	         wish->recording);
	p->recording = recording_load(wish->recording);
	must(p->recording != NULL, wish->recording);
	p->history = history_read(p->recording);
	p->made = history_phase(p->recording, "made");
	d = disk_new(p->recording->root);
	for (uint32_t n = 0; n < wish->cut.at; n++)
		disk_event(d, p->recording, n);
	worker_begin(&w, p, 0);
	if (wish->cut.at2 == 0)
		cut_first(&w, d, wish->cut);
	else
		cut_twice(&w, d, wish->cut);
	printf("%llu violations; the disk is in %s\n",
	       (unsigned long long)w.tally->violations, w.root);
	return w.tally->violations != 0;
}

static struct tally sum_of(const struct power *p)
{
	struct tally all = { 0 };

	for (uint32_t i = 0; i < p->workers; i++) {
		all.cuts += p->tally[i].cuts;
		all.second += p->tally[i].second;
		all.violations += p->tally[i].violations;
	}
	return all;
}

static int report(const struct power *p, const struct wish *wish,
                  double seconds)
{
	struct tally all = sum_of(p);
	bool late = wish->within_s != 0 && seconds > (double)wish->within_s;

	printf("%llu cuts, %llu of them during recovery, in %.1f s%s; "
	       "%llu violations\n",
	       (unsigned long long)all.cuts, (unsigned long long)all.second,
	       seconds, late ? " (too long)" : "",
	       (unsigned long long)all.violations);
	if (all.violations == 0)
		remove(p->recording_path);
	remove_all(p->dir);
	return late || all.violations != 0 || all.cuts < wish->cuts;
}

/* LMDB wants 2 MiB of zeros each time it opens, and uses a few of them. */
static void large_memory_is_mapped(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int main(int argc, char **argv)
{
	struct wish wish = parse(argc, argv);
	struct power p;
	double start;
	bool shared;

	log_init("power", LOG_LEVEL_ERROR);
	large_memory_is_mapped();
	power_begin(&p, &wish);
	if (wish.recording != NULL)
		return again(&p, &wish);
	p.recording = record(&p, "made", workload_run, p.recording_path);
	compare_all(&p);
	p.history = history_read(p.recording);
	p.made = history_phase(p.recording, "made");
	shared = record_load(&p);
	start = now_s();
	plan(&p, wish.cuts);
	run_workers(&p);
	free(p.history);
	return report(&p, &wish, now_s() - start) || !shared;
}
