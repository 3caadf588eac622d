/*
 * salvage.c -- roost store salvage: a store again, from message bytes alone.
 *
 *	            headers ──►  places (where each message is to go)
 *	                           │
 *	partition/N  messages ──►  partition/N.new  ──rename──►  partition/N
 *	                                       (the old one: N.before-salvage)
 *
 * Every message found in the packs goes to each mailbox that the packs say
 * it is in, with the flags it had when it came there and its date. Packs
 * don't know of expunges, so messages expunged lately may be back. Mailboxes
 * get a new UIDVALIDITY, above all that the packs and the old index know (they
 * may be ahead of the clock), so that no client takes a UID for what it was.
 * Accounts without a message are kept if the old index can still be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/fail.h"
#include "cli/file.h"
#include "cli/progress.h"
#include "cli/salvage_fill.h"
#include "cli/site.h"
#include "mailbox/account.h"
#include "store/check.h"

/* -- filling the new partition -- */

struct salvage {
	struct model *model;
	struct places *places;
	struct salvage_fill *fill;
	struct err e; /* of copying the accounts */
};

static bool on_header(void *arg, const struct salvaged *found)
{
	struct salvage *s = arg;

	model_raise_uidvalidity(s->model, found->origin.uidvalidity);
	return places_add(s->places, found);
}

/* To every place that it has not come to yet. */
static bool on_salvaged(void *arg, const struct salvaged *found)
{
	struct salvage *s = arg;
	size_t n;
	struct place *v = places_of(s->places, &found->hash, &n);
	bool good = true;

	for (size_t i = 0; good && i < n; i++) {
		if (v[i].is_left || v[i].is_done)
			continue;
		v[i].is_done = true;
		good = salvage_fill_add(s->fill, found->message, &v[i]);
	}
	return good;
}

/* -- one partition -- */

struct job {
	char *old;
	char *new;
	char *kept;
	uint64_t broken;
	struct progress progress;
	struct err e;
};

static bool on_account(void *arg, uint64_t id, struct slice name)
{
	struct salvage *s = arg;

	s->e = account_create(s->model, id, name);
	return is_ok(s->e);
}

/* The accounts of the old index, as far as it opens at all. */
static struct err copy_accounts(const char *old, struct salvage *s)
{
	struct partition *partition;
	struct model *model;
	uint32_t uidvalidity;

	if (!is_ok(partition_open_to_read(old, &partition)))
		return OK;
	model = model_new(partition, &system_clock);
	(void)model_last_uidvalidity(model, &uidvalidity);
	model_raise_uidvalidity(s->model, uidvalidity);
	model_accounts(model, on_account, s);
	model_free(model);
	partition_close(partition);
	return s->e;
}

static struct err salvage_packs(struct salvage *s, struct job *job)
{
	struct err walked;
	struct err e;

	places_settle(s->places);
	s->fill = salvage_fill_new(s->model, s->places, &job->progress);
	walked = pack_walk(job->old, on_salvaged, s, &job->broken);
	e = salvage_fill_free(s->fill);
	return is_ok(e) ? walked : e;
}

static void fill(struct job *job, struct partition *partition)
{
	struct salvage s = { .model = model_new(partition, &system_clock),
		             .places = places_new() };

	job->e = pack_walk_headers(job->old, on_header, &s);
	if (is_ok(job->e))
		job->e = copy_accounts(job->old, &s);
	if (is_ok(job->e))
		job->e = salvage_packs(&s, job);
	places_free(s.places);
	model_free(s.model);
}

static void salvage_task(struct loop *loop, void *arg)
{
	struct job *job = arg;
	struct partition *partition;

	job->e = partition_make(job->new);
	if (is_ok(job->e))
		job->e = partition_open(loop, job->new,
		                        (struct partition_options){ 0 },
		                        &partition);
	if (!is_ok(job->e))
		return;
	fill(job, partition);
	partition_close(partition);
}

/* The lock of a partition that may not open; -1 with errno. */
static int lock_partition(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		errno = EWOULDBLOCK;
		return -1;
	}
	return fd;
}

static char *with_suffix(const char *path, const char *suffix)
{
	struct buf text = { 0 };
	char *out;

	buf_add(&text, slice_cstr(path));
	buf_add(&text, slice_cstr(suffix));
	out = mem_cstr(buf_slice(&text));
	buf_free(&text);
	return out;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The new one, once the old one is out of the way. */
static int rename_new(const struct job *job)
{
	char *parent = with_suffix(job->old, "/..");
	bool ok = rename(job->new, job->old) == 0 && directory_sync(parent);

	free(parent);
	return ok ? EX_OK
	          : fail(EX_CANTCREAT, "%s: %s", job->old, strerror(errno));
}

static int put_in_place(const struct job *job)
{
	int status = rename(job->old, job->kept) == 0
	                     ? rename_new(job)
	                     : fail(EX_CANTCREAT, "%s: %s", job->old,
	                            strerror(errno));

	if (status != EX_OK)
		return status;
	printf("%s: %" PRIu64 " messages, %" PRIu64 " broken; the old one is "
	       "%s\n",
	       job->old, job->progress.messages, job->broken, job->kept);
	return EX_OK;
}

/* The power failed between the renames, when the new one was whole. */
static bool is_nearly_done(const struct job *job)
{
	return !is_there(job->old) && is_there(job->new) && is_there(job->kept);
}

static int finish(const struct job *job)
{
	int status = rename_new(job);

	if (status == EX_OK)
		printf("%s: the salvage before is finished; the old one is "
		       "%s\n",
		       job->old, job->kept);
	return status;
}

static int no_lock(const struct job *job)
{
	if (errno == EWOULDBLOCK)
		return fail(EX_TEMPFAIL,
		            "%s: the server, or another salvage, has it: stop "
		            "it first",
		            job->old);
	return fail(EX_NOINPUT, "%s: %s", job->old, strerror(errno));
}

/* Of salvages before: who knows what is in it decides. */
static int look_around(const struct job *job)
{
	if (is_there(job->kept))
		return fail(EX_CANTCREAT,
		            "%s is there, from a salvage before: remove it to "
		            "do one more, or name another partition with "
		            "--partition",
		            job->kept);
	if (is_there(job->new))
		return fail(EX_CANTCREAT,
		            "%s is left of a salvage that was broken off: "
		            "remove it (rm -r %s), and try again",
		            job->new, job->new);
	return EX_OK;
}

static int rebuild(struct job *job)
{
	job->progress = progress_begin("salvage", 0);
	task_run_main(salvage_task, job);
	progress_end(&job->progress);
	return is_ok(job->e) ? put_in_place(job) : fail_err(job->e, job->old);
}

static int run_job(struct job *job)
{
	int status;
	int lock;

	if (is_nearly_done(job))
		return finish(job);
	lock = lock_partition(job->old);
	if (lock < 0)
		return no_lock(job);
	status = look_around(job);
	if (status == EX_OK)
		status = rebuild(job);
	close(lock);
	return status;
}

static int salvage_partition(const struct config *config, uint64_t number)
{
	struct job job = { .old = config_partition_path(config, number) };
	int status;

	job.new = with_suffix(job.old, ".new");
	job.kept = with_suffix(job.old, ".before-salvage");
	status = run_job(&job);
	free(job.old);
	free(job.new);
	free(job.kept);
	return status;
}

int run_store_salvage(const struct call *c)
{
	const char *only = call_value(c, "partition");
	struct config *config;
	uint64_t number = 0;
	int status = site_config(c, &config);

	if (status != EX_OK)
		return status;
	if (only != NULL && (!slice_number(slice_cstr(only), &number) ||
	                     number >= config->partitions))
		status = fail(EX_USAGE, "store salvage: no partition %s", only);
	else if (only != NULL)
		status = salvage_partition(config, number);
	else
		while (status == EX_OK && number < config->partitions)
			status = salvage_partition(config, number++);
	config_free(config);
	return status;
}
