/*
 * sweep.c -- every call on files fails in turn.
 *
 *	faults [--points N] [--least N] [--seed S]
 *	                                   that many; or all, and enough
 *	faults --part P --kind K [--at N] [--lasts N] [--disks N]
 *	                                   one of them again; of the part and
 *	                                   kind all, with so many disks each
 *
 * The workload is done in parts, each from a copy of what the one before it
 * has left. A point is a part, a kind of fault, the number of the call, and
 * how many fail from there on: one, some, or all. After it the power fails:
 * what was not synced, or only by a sync that failed, is lost, and the recovery
 * compares what it finds with what had been acknowledged.
 *
 * Each core has a worker; one that dies has found something, too. So has
 * one that leaks, if it was built to notice.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "disk.h"
#include "mix.h"
#include "recovery.h"
#include "run.h"
#include "workload.h"

enum {
	MOST_WORKERS = 16,
	MOST_TOLD = 5,
	MOST_PARTS = 64,
	LEAKS_EVERY = 64, /* points */
	LIMIT_S = 60,     /* a point that takes longer hangs */
	ROOT_SIZE = 96,
};

static const uint32_t kinds[] = {
	FAULT_ENOSPC, FAULT_EDQUOT, FAULT_EIO,   FAULT_SHORT,
	FAULT_EMFILE, FAULT_ENOMEM, FAULT_EINTR, FAULT_SYNC,
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const uint32_t durations[] = { 1, 2, 3, 12, FAULT_FOR_EVER };
enum { DURATIONS = sizeof durations / sizeof *durations };

struct point {
	uint32_t part;
	uint32_t kind;
	uint32_t lasts; /* calls */
	uint64_t at;
};

struct tally {
	struct point now;
	uint64_t next; /* the point to go on with after a death */
	uint64_t points;
	uint64_t refused;
	uint64_t violations;
	bool done;
};

struct sweep {
	char dir[ROOT_SIZE / 2];
	uint64_t (*calls)[FAULT_KINDS]; /* of each part */
	uint32_t parts;
	uint64_t all; /* points there are */
	uint64_t seed;
	uint64_t share; /* of 2^32 points, how many are taken */
	uint32_t disks; /* that the power leaves of each point */
	uint32_t workers;
	struct tally *tally;
};

struct worker {
	const struct sweep *sweep;
	struct tally *tally;
	uint32_t number;
	char root[ROOT_SIZE];
	struct recording *recording;
};

/* There when it was built with a sanitizer that looks for leaks. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* -- images -- */

static void image_path(const struct sweep *s, uint32_t part, char *out)
{
	snprintf(out, ROOT_SIZE, "%s/image%u", s->dir, part);
}

static void copy_tree(const char *from, const char *to)
{
	struct disk *d = disk_read(from);

	must(mkdir(to, 0700) == 0 || errno == EEXIST, to);
	disk_build(d, DISK_ALL, to);
	disk_free(d);
}

/* -- a point -- */

static void tell(struct worker *w, const char *what)
{
	const struct point *p = &w->tally->now;

	if (++w->tally->violations > MOST_TOLD)
		return;
	fprintf(stderr,
	        "VIOLATION: %s, part %u\n%s\n"
	        "  again: --part %u --kind %u --at %llu --lasts %u --disks %u\n",
	        fault_forms[p->kind].name, p->part, what, p->part, p->kind,
	        (unsigned long long)p->at, p->lasts, w->sweep->disks);
}

static struct disk *disk_after(struct worker *w, struct disk *d)
{
	for (uint32_t n = 0; n < w->recording->n; n++)
		disk_event(d, w->recording, n);
	return d;
}

/* The power fails, and all is lost, or something; or it was only a kill. Of
 * several disks, something: all or nothing are only two. Where SQLite makes
 * files it is only a kill: it passes over a sync of the directory that fails,
 * and none of ours could make up for it. */
static uint64_t seed_of(const struct point *p, uint32_t disk)
{
	uint64_t seed = mix(p->at ^ mix(p->lasts ^ mix(p->part)));

	if (workload_part_makes(p->part))
		return DISK_ALL;
	if (disk != 0)
		return mix(seed ^ disk);
	return seed % 4 < 2 ? DISK_NOTHING : seed % 4 == 2 ? DISK_ALL : seed;
}

static void recover(struct worker *w, struct disk *d, struct buf *problems)
{
	struct history *h = history_read(w->recording);
	struct promise promise = { h, w->recording->n, true };

	for (uint32_t i = 0; i < w->sweep->disks && problems->len == 0; i++) {
		disk_build(d, seed_of(&w->tally->now, i), w->root);
		recovery_run(w->root, &promise, NULL, problems);
	}
	free(h);
}

static void try_point(struct worker *w, struct point p)
{
	struct fault_state *f = fault_state();
	struct buf problems = { 0 };
	char image[ROOT_SIZE];
	struct disk *d;

	w->tally->now = p;
	image_path(w->sweep, p.part, image);
	copy_tree(image, w->root);
	d = disk_read(w->root);
	*f = (struct fault_state){
		.kind = p.kind, .at = p.at, .lasts = p.lasts, .paused = 1
	};
	recording_clear(w->recording);
	alarm(LIMIT_S);
	w->tally->refused +=
		workload_part(w->recording, w->root, p.part, &problems);
	w->tally->points += f->failed != 0;
	*f = (struct fault_state){ .paused = 1 };
	recover(w, disk_after(w, d), &problems);
	alarm(0);
	disk_free(d);
	if (problems.len != 0) {
		buf_byte(&problems, '\0');
		tell(w, problems.data);
	}
	buf_free(&problems);
}

static void look_for_leaks(struct worker *w)
{
	if (__lsan_do_recoverable_leak_check != NULL &&
	    __lsan_do_recoverable_leak_check() != 0)
		tell(w, "a leak, here or some points before");
}

/* -- all of them -- */

typedef void point_fn(void *arg, struct point, uint64_t number);

static void each_duration(uint32_t part, uint32_t kind, uint64_t at,
                          uint64_t *number, point_fn *fn, void *arg)
{
	for (uint32_t i = 0; i < DURATIONS; i++) {
		struct point p = { part, kind, durations[i], at };

		if (p.lasts != FAULT_FOR_EVER || !fault_forms[kind].passes)
			fn(arg, p, (*number)++);
	}
}

static void each_point(const struct sweep *s, point_fn *fn, void *arg)
{
	uint64_t number = 0;

	for (uint32_t part = 0; part < s->parts; part++)
		for (uint32_t k = 0; k < KINDS; k++)
			for (uint64_t at = 1; at <= s->calls[part][kinds[k]];
			     at++)
				each_duration(part, kinds[k], at, &number, fn,
				              arg);
}

static bool is_chosen(const struct sweep *s, uint64_t number)
{
	return (mix(number ^ mix(s->seed)) & UINT32_MAX) < s->share;
}

static void work(void *arg, struct point p, uint64_t number)
{
	struct worker *w = arg;
	const struct sweep *s = w->sweep;

	if (!is_chosen(s, number) || mix(number) % s->workers != w->number ||
	    number < w->tally->next)
		return;
	w->tally->next = number + 1;
	try_point(w, p);
	if (w->tally->points % LEAKS_EVERY == 0)
		look_for_leaks(w);
}

static void count(void *arg, struct point p, uint64_t number)
{
	struct sweep *s = arg;

	(void)p;
	s->all = number + 1;
}

static void worker_begin(struct worker *w, const struct sweep *s,
                         uint32_t number)
{
	*w = (struct worker){ .sweep = s,
		              .tally = &s->tally[number],
		              .number = number,
		              .recording = recording_new(NULL) };
	snprintf(w->root, sizeof w->root, "%s/worker%u", s->dir, number);
	must(mkdir(w->root, 0700) == 0 || errno == EEXIST, w->root);
}

static pid_t start_worker(const struct sweep *s, uint32_t number)
{
	struct worker w;
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid != 0)
		return pid;
	fault_state_own();
	worker_begin(&w, s, number);
	each_point(s, work, &w);
	look_for_leaks(&w);
	w.tally->done = true;
	_exit(0);
}

/* One that died goes on behind the point where it did. */
static void wait_for(const struct sweep *s, pid_t pid, uint32_t number)
{
	struct worker w = { .sweep = s, .tally = &s->tally[number] };
	char what[64];
	int status;

	while (waitpid(pid, &status, 0) == pid && !w.tally->done) {
		snprintf(what, sizeof what, "it died, status %x",
		         (unsigned)status);
		tell(&w, what);
		pid = start_worker(s, number);
	}
}

static void run_workers(const struct sweep *s)
{
	pid_t pids[MOST_WORKERS];

	for (uint32_t i = 0; i < s->workers; i++)
		pids[i] = start_worker(s, i);
	for (uint32_t i = 0; i < s->workers; i++)
		wait_for(s, pids[i], i);
}

/* -- before -- */

static uint64_t calls_of(struct worker *w, uint32_t part, uint32_t kind)
{
	struct fault_state *f = fault_state();
	struct buf problems = { 0 };
	char image[ROOT_SIZE];
	uint64_t n;

	image_path(w->sweep, part, image);
	copy_tree(image, w->root);
	*f = (struct fault_state){ .kind = kind, .paused = 1 };
	recording_clear(w->recording);
	must(workload_part(w->recording, w->root, part, &problems) == 0 &&
	             problems.len == 0,
	     "a part without faults goes well");
	n = f->count;
	*f = (struct fault_state){ .paused = 1 };
	return n;
}

/* The images, and how many calls of each kind a part makes. In a process of
 * its own, so that the workers begin without threads. */
static void prepare_all(struct sweep *s)
{
	struct worker w;
	char image[ROOT_SIZE];

	worker_begin(&w, s, 0);
	fault_state()->paused = 1;
	image_path(s, 0, image);
	must(mkdir(image, 0700) == 0, image);
	workload_site(image);
	for (uint32_t part = 0; part < s->parts; part++) {
		for (uint32_t k = 0; k < KINDS; k++)
			s->calls[part][kinds[k]] = calls_of(&w, part, kinds[k]);
		image_path(s, part + 1, image);
		copy_tree(w.root, image);
	}
}

static void prepare(struct sweep *s)
{
	int status = 0;
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0) {
		/* what roost init says is no news here */
		must(freopen("/dev/null", "w", stdout) != NULL, "stdout");
		prepare_all(s);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0, "preparing");
}

static void print_calls(const struct sweep *s)
{
	for (uint32_t k = 0; k < KINDS; k++) {
		uint64_t n = 0;

		for (uint32_t part = 0; part < s->parts; part++)
			n += s->calls[part][kinds[k]];
		printf("%s: %llu calls, for one, some%s\n",
		       fault_forms[kinds[k]].name, (unsigned long long)n,
		       fault_forms[kinds[k]].passes ? "" : " or from then on");
	}
	fflush(stdout);
}

/* -- the program -- */

struct wish {
	uint64_t points; /* 0: all, */
	uint64_t least;  /* which must be so many */
	uint64_t seed;
	uint32_t disks;
	struct point point; /* at, lasts 0: all of its part and kind */
};

static struct wish parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "points", required_argument, NULL, 'n' },
		{ "least", required_argument, NULL, 'm' },
		{ "seed", required_argument, NULL, 's' },
		{ "part", required_argument, NULL, 'p' },
		{ "kind", required_argument, NULL, 'k' },
		{ "at", required_argument, NULL, 'a' },
		{ "lasts", required_argument, NULL, 'l' },
		{ "disks", required_argument, NULL, 'd' },
		{ 0 },
	};
	struct wish w = { .seed = 1, .disks = 1 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned long long n =
			optarg != NULL ? strtoull(optarg, NULL, 10) : 1;

		if (c == 'n')
			w.points = n;
		else if (c == 'm')
			w.least = n;
		else if (c == 's')
			w.seed = n;
		else if (c == 'p')
			w.point.part = (uint32_t)n;
		else if (c == 'k')
			w.point.kind = (uint32_t)n;
		else if (c == 'a')
			w.point.at = n;
		else if (c == 'l')
			w.point.lasts = (uint32_t)n;
		else if (c == 'd')
			w.disks = (uint32_t)n;
		else
			exit(64);
	}
	return w;
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "memory");
	return p;
}

static void sweep_begin(struct sweep *s, const struct wish *w)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	*s = (struct sweep){ .dir = "/dev/shm/roost-faults-XXXXXX",
		             .seed = w->seed,
		             .disks = w->disks,
		             .parts = workload_parts() };
	s->workers = cores > MOST_WORKERS ? MOST_WORKERS : (uint32_t)cores;
	s->tally = share(MOST_WORKERS * sizeof *s->tally);
	s->calls = share(MOST_PARTS * sizeof *s->calls);
	must(mkdtemp(s->dir) != NULL, s->dir);
	must(s->parts < MOST_PARTS, "too many parts");
}

/* Some more than were asked for, so that chance can't make them fewer. */
static uint64_t share_of(uint64_t points, uint64_t all)
{
	uint64_t wanted = points + points / 20 + 50;

	if (points == 0 || wanted >= all)
		return UINT64_C(1) << 32;
	return (wanted << 32) / all;
}

static int report(const struct sweep *s, const struct wish *wish,
                  double seconds)
{
	struct tally all = { 0 };

	for (uint32_t i = 0; i < s->workers; i++) {
		all.points += s->tally[i].points;
		all.refused += s->tally[i].refused;
		all.violations += s->tally[i].violations;
	}
	printf("%llu of %llu points, %llu commands refused, in %.1f s; "
	       "%llu violations\n",
	       (unsigned long long)all.points, (unsigned long long)s->all,
	       (unsigned long long)all.refused, seconds,
	       (unsigned long long)all.violations);
	return all.violations != 0 || all.points < wish->points ||
	       all.points < wish->least;
}

struct again {
	const struct wish *wish;
	struct worker worker;
};

static void try_again(void *arg, struct point p, uint64_t number)
{
	struct again *a = arg;
	const struct point *wanted = &a->wish->point;

	(void)number;
	if (p.part == wanted->part && p.kind == wanted->kind &&
	    (wanted->at == 0 || p.at == wanted->at) &&
	    (wanted->lasts == 0 || p.lasts == wanted->lasts))
		try_point(&a->worker, p);
}

static int again(struct sweep *s, const struct wish *wish)
{
	struct again a = { .wish = wish };
	const struct tally *t = &s->tally[0];

	worker_begin(&a.worker, s, 0);
	each_point(s, try_again, &a);
	look_for_leaks(&a.worker);
	printf("%llu points, %u disks each; %llu violations\n",
	       (unsigned long long)t->points, s->disks,
	       (unsigned long long)t->violations);
	return t->violations != 0 || t->points == 0;
}

int main(int argc, char **argv)
{
	struct wish wish = parse(argc, argv);
	double start = now_s();
	struct sweep s;
	int status;

	log_init("faults", LOG_LEVEL_ERROR);
	sweep_begin(&s, &wish);
	prepare(&s);
	if (wish.point.kind != 0) {
		status = again(&s, &wish);
	} else {
		each_point(&s, count, &s);
		s.share = share_of(wish.points, s.all);
		print_calls(&s);
		run_workers(&s);
		status = report(&s, &wish, now_s() - start);
	}
	remove_all(s.dir);
	return status;
}
