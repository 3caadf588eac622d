/* doctor_figures.c -- room in packs, in the index, and on the disk. */
#include "cli/doctor_figures.h"

#include <inttypes.h>

enum {
	INDEX_NEAR_PERCENT = 80,
	DEAD_MIB = 256 /* what reclaiming may be behind */
};

void figures_take(struct figures *f, struct slice name, struct slice value)
{
	const struct {
		struct slice name;
		uint64_t *to;
	} rows[] = {
		{ S("pack_bytes"), &f->pack_bytes },
		{ S("dead_bytes"), &f->dead_bytes },
		{ S("index_bytes"), &f->index_bytes },
		{ S("index_limit"), &f->index_limit },
	};
	uint64_t n = 0;

	slice_number(value, &n);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (slice_eq(name, rows[i].name))
			*rows[i].to = n;
	if (slice_eq(name, S("disk_full")))
		f->disk_full = n != 0;
}

/* Half of them, and more than what is given back at a time? */
static bool are_half_dead(const struct figures *f)
{
	return f->dead_bytes >= f->pack_bytes - f->pack_bytes / 2 &&
	       f->dead_bytes >> 20 >= DEAD_MIB;
}

static void judge_packs(const struct figures *f, struct report *r,
                        const char *name)
{
	if (are_half_dead(f))
		report_bad(r, CHECK_PACKS, name,
		           "%" PRIu64 " of %" PRIu64 " MiB are of what was "
		           "expunged",
		           f->dead_bytes >> 20, f->pack_bytes >> 20);
	else
		report_good(r, CHECK_PACKS, name,
		            "%" PRIu64 " MiB, %" PRIu64 " of them of what was "
		            "expunged",
		            f->pack_bytes >> 20, f->dead_bytes >> 20);
}

static void judge_index(const struct figures *f, struct report *r,
                        const char *name)
{
	if (f->index_limit != 0 &&
	    f->index_bytes / INDEX_NEAR_PERCENT >= f->index_limit / 100)
		report_bad(r, CHECK_INDEX, name,
		           "%" PRIu64 " MiB, and there is room for %" PRIu64,
		           f->index_bytes >> 20, f->index_limit >> 20);
	else
		report_good(r, CHECK_INDEX, name, "%" PRIu64 " MiB",
		            f->index_bytes >> 20);
}

void figures_judge(const struct figures *f, struct report *r, const char *name)
{
	judge_packs(f, r, name);
	judge_index(f, r, name);
	if (f->disk_full)
		report_bad(r, CHECK_DISK, name,
		           "there was no room when it was last to add "
		           "something");
}
