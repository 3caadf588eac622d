/*
 * ends.c -- a store is closed while its disk fails.
 *
 *	ends [KIND LASTS AT]	all points, or one of them again
 *
 * Something is changed and then the store is closed. The call number AT on
 * its files fails, and LASTS in all from there on, the end's among them; when
 * it is over the power fails, and each of many disks is opened. What was
 * acknowledged is there. What was refused is not, unless the end has said that
 * it can't take it back (store_in_doubt): then the last word is the disk's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fault.h"
#include "power/disk.h"
#include "power/run.h"
#include "store/batch.h"
#include "store/check.h"
#include "store/partition.h"

enum { ACCOUNT = 7, DISKS = 12, PATH = 96, SAID = 1 << 14 };

#define PARTITION "/partition"

static const uint32_t kinds[] = { FAULT_ENOSPC, FAULT_EIO, FAULT_SYNC };
static const uint32_t durations[] = { 1, 2, 3, 4, 6, 8, FAULT_FOR_EVER };

static const struct partition_options small = { .map_bytes = 16 << 20 };

struct run {
	char image[PATH]; /* each point begins with it */
	char root[PATH];
	char dir[2 * PATH]; /* the partition in root */
	struct recording *recording;
	int said; /* the log */
	uint64_t points;
	uint64_t settled; /* what was refused, and is in no doubt */
	uint64_t doubts;
	uint64_t bad;
};

struct point {
	uint32_t kind;
	uint32_t lasts;
	uint64_t at;
};

/* One run of a loop over the store in a directory. */
struct visit {
	const char *dir;
	bool faults; /* after the first change */
	struct err open;
	struct err result;
	uint32_t number;
};

static struct store_key the_key(void)
{
	return key_mailbox(ACCOUNT, 1);
}

static struct err set_number(struct partition *p, uint32_t value)
{
	struct batch *b = batch_new(p, ACCOUNT);
	struct store_key key = the_key();

	put_le32(batch_put_room(b, store_key_slice(&key), 4), value);
	return batch_commit(b);
}

static void change(struct loop *loop, void *arg)
{
	struct visit *v = arg;
	struct partition *p;

	v->open = partition_open(loop, v->dir, small, &p);
	if (!is_ok(v->open))
		return;
	v->result = set_number(p, 1);
	if (v->faults) {
		fault_state()->paused = 0;
		v->result = set_number(p, 2);
	}
	partition_close(p);
	fault_state()->paused = 1;
}

static void look(struct loop *loop, void *arg)
{
	struct visit *v = arg;
	struct store_key key = the_key();
	struct slice value;
	struct partition *p;

	v->open = partition_open(loop, v->dir, small, &p);
	if (!is_ok(v->open))
		return;
	v->result = store_get(p, store_key_slice(&key), &value);
	v->number = is_ok(v->result) ? get_le32(value.ptr) : 0;
	partition_close(p);
}

static void complain(struct run *r, struct point p, const char *what,
                     uint32_t number)
{
	r->bad++;
	printf("VIOLATION: %s (%u)\n  again: %u %u %llu\n", what, number,
	       p.kind, p.lasts, (unsigned long long)p.at);
}

/* -- what the log says -- */

static void forget_said(const struct run *r)
{
	must(ftruncate(r->said, 0) == 0 && lseek(r->said, 0, SEEK_SET) == 0,
	     "the log");
}

static bool is_said(const struct run *r, const char *event)
{
	char text[SAID];
	ssize_t n = pread(r->said, text, sizeof text - 1, 0);

	must(n >= 0, "the log");
	text[n] = '\0';
	return strstr(text, event) != NULL;
}

/* -- a point -- */

static void copy_image(const struct run *r)
{
	struct disk *d = disk_read(r->image);

	disk_build(d, DISK_ALL, r->root);
	disk_free(d);
}

static struct disk *disk_after(const struct run *r, struct disk *d)
{
	for (uint32_t n = 0; n < r->recording->n; n++)
		disk_event(d, r->recording, n);
	return d;
}

static void judge(struct run *r, struct point p, const struct visit *before,
                  bool doubt)
{
	struct visit v = { .dir = r->dir };
	struct check_report report = { 0 };
	bool was_set = is_ok(before->result);

	task_run_main(look, &v);
	if (!is_ok(v.open) || !is_ok(v.result))
		complain(r, p, "it can't be read any more", 0);
	else if (was_set && v.number != 2)
		complain(r, p, "what was acknowledged is lost", v.number);
	else if (!was_set && v.number != 1 && !(doubt && v.number == 2))
		complain(r, p, "what was refused is there", v.number);
	if (!is_ok(store_check(r->dir, false, &report)) || report.problems != 0)
		complain(r, p, "the check finds something", 0);
	buf_free(&report.text);
}

/* False: nothing has failed, there are no more calls. */
static bool try_point(struct run *r, struct point p)
{
	struct visit v = { .dir = r->dir, .faults = true };
	struct fault_state *f = fault_state();
	struct disk *d;
	bool doubt;

	copy_image(r);
	d = disk_read(r->root);
	forget_said(r);
	recording_clear(r->recording);
	*f = (struct fault_state){
		.kind = p.kind, .at = p.at, .lasts = p.lasts, .paused = 1
	};
	record_start(r->recording, r->root);
	task_run_main(change, &v);
	record_stop();
	must(is_ok(v.open), "it opens while the disk works");
	disk_after(r, d);
	doubt = is_said(r, "event=store_in_doubt");
	for (uint32_t seed = 0; seed < DISKS; seed++) {
		disk_build(d, seed, r->root);
		judge(r, p, &v, doubt);
	}
	disk_free(d);
	r->points++;
	r->settled += !is_ok(v.result) && !doubt;
	r->doubts += doubt;
	return f->failed != 0;
}

static void try_all(struct run *r)
{
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (size_t i = 0; i < sizeof durations / sizeof *durations;
		     i++) {
			struct point p = { kinds[k], durations[i], 1 };

			while (try_point(r, p))
				p.at++;
		}
}

/* -- the program -- */

static void make_image(const struct run *r)
{
	char dir[2 * PATH];
	struct visit v = { .dir = dir };

	snprintf(dir, sizeof dir, "%s" PARTITION, r->image);
	must(mkdir(r->image, 0700) == 0, r->image);
	must(mkdir(r->root, 0700) == 0, r->root);
	must(is_ok(partition_make(dir)), dir);
	task_run_main(change, &v);
	must(is_ok(v.open) && is_ok(v.result), "it begins well");
}

int main(int argc, char **argv)
{
	char top[] = "/dev/shm/roost-ends-XXXXXX";
	struct run r = { .recording = recording_new(NULL) };

	must(mkdtemp(top) != NULL, top);
	snprintf(r.image, sizeof r.image, "%s/image", top);
	snprintf(r.root, sizeof r.root, "%s/root", top);
	snprintf(r.dir, sizeof r.dir, "%s" PARTITION, r.root);
	r.said = memfd_create("log", MFD_CLOEXEC);
	must(r.said >= 0 && dup2(r.said, STDERR_FILENO) >= 0, "the log");
	log_init("ends", LOG_LEVEL_ERROR);
	fault_state()->paused = 1;
	make_image(&r);
	if (argc == 4)
		(void)try_point(
			&r,
			(struct point){ (uint32_t)strtoul(argv[1], NULL, 10),
		                        (uint32_t)strtoul(argv[2], NULL, 10),
		                        strtoull(argv[3], NULL, 10) });
	else
		try_all(&r);
	remove_all(top);
	printf("%llu points, %llu refused and settled, %llu in doubt; "
	       "%llu violations\n",
	       (unsigned long long)r.points, (unsigned long long)r.settled,
	       (unsigned long long)r.doubts, (unsigned long long)r.bad);
	return r.bad != 0 || (argc != 4 && (r.settled == 0 || r.doubts == 0));
}
