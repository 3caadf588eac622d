/*
 * disk_fate.c -- what becomes of a disk's pending changes, by a seed.
 *
 * Every decision follows from the seed and from which event it is about, so
 * that the same seed builds the same disk wherever it is asked for.
 */
#include <string.h>

#include "disk_model.h"
#include "mix.h"

enum { SECTOR = 512 };

uint64_t disk_chance(uint64_t seed, uint64_t a, uint64_t b)
{
	return mix(mix(mix(seed) ^ a) ^ b);
}

/* How the changes of one file fare. */
struct fate {
	uint64_t seed;
	uint32_t of_16; /* of 16 changes so many are kept */
	size_t first;   /* but all before this one, */
	size_t last;    /* and all from this one on, */
	size_t lost;    /* and this one isn't */
	bool torn;
	bool longer; /* lost writes have made it longer */
	uint64_t sum;
};

static struct fate fate_of(const struct file *f, uint64_t seed)
{
	static const uint32_t shares[] = { 0, 2, 8, 8, 14, 16 };
	uint64_t x = disk_chance(seed, f->ordinal, 1);
	struct fate fate = { .seed = disk_chance(seed, f->ordinal, 2),
		             .last = f->n,
		             .lost = SIZE_MAX };

	if (seed == DISK_NOTHING)
		return fate;
	if (seed == DISK_ALL) {
		fate.of_16 = 16;
		return fate;
	}
	fate.of_16 = shares[x % 6];
	fate.torn = (x >> 8 & 1) != 0;
	fate.longer = (x >> 9 & 1) != 0;
	if (f->n == 0 || (x >> 10 & 3) == 3)
		return fate;
	fate.of_16 = 0;
	if ((x >> 10 & 3) == 0)
		fate.first = (x >> 16) % (f->n + 1);
	else if ((x >> 10 & 3) == 1)
		fate.last = (x >> 16) % (f->n + 1);
	else {
		fate.of_16 = 16;
		fate.lost = (x >> 16) % f->n;
	}
	return fate;
}

static bool decide(struct fate *fate, bool kept, uint64_t what)
{
	fate->sum = mix(fate->sum ^ what << 1 ^ (uint64_t)kept);
	return kept;
}

static bool is_kept(struct fate *fate, const struct change *c, size_t i)
{
	bool kept = i < fate->first || i >= fate->last ||
	            disk_chance(fate->seed, c->event, 0) % 16 < fate->of_16;

	kept = c->sure || (kept && i != fate->lost);
	return decide(fate, kept, c->event);
}

static struct change sector_of(const struct change *c, uint64_t at)
{
	uint64_t end = (at / SECTOR + 1) * SECTOR;
	struct change part = *c;

	if (end > c->at + c->len)
		end = c->at + c->len;
	part.at = at;
	part.len = end - at;
	part.bytes = c->bytes + (at - c->at);
	return part;
}

/* Some of its sectors; out NULL: only decide. */
static void apply_torn(struct fate *fate, const struct change *c,
                       struct buf *out)
{
	uint64_t end = c->at + c->len;
	uint64_t share = 1 + disk_chance(fate->seed, c->event, 3) % 15;

	for (uint64_t at = c->at; at < end;) {
		struct change part = sector_of(c, at);
		bool kept = disk_chance(fate->seed, c->event, at) % 16 < share;

		if (decide(fate, kept, at) && out != NULL)
			disk_apply(out, &part);
		at += part.len;
	}
}

static void apply_lost(struct fate *fate, const struct change *c,
                       struct buf *out)
{
	if (c->kind == RECORD_WRITE && out != NULL && fate->longer &&
	    out->len < c->at + c->len)
		disk_resize(out, c->at + c->len);
}

/* The file by its fate; out NULL: only decide. */
static uint64_t run_fate(const struct file *f, uint64_t seed, struct buf *out)
{
	struct fate fate = fate_of(f, seed);

	fate.sum = f->n != 0 ? fate.longer : 0;
	for (size_t i = 0; i < f->n; i++) {
		const struct change *c = &f->changes[i];

		if (!is_kept(&fate, c, i))
			apply_lost(&fate, c, out);
		else if (fate.torn && !c->sure && c->kind == RECORD_WRITE)
			apply_torn(&fate, c, out);
		else if (out != NULL)
			disk_apply(out, c);
	}
	return fate.sum;
}

static void scribble(struct buf *b, uint64_t seed)
{
	for (size_t i = 0; i + 8 <= b->len; i += 8) {
		uint64_t x = disk_chance(seed, i, 5);

		memcpy(b->data + i, &x, 8);
	}
}

static bool is_scribbled(const struct file *f, uint64_t seed)
{
	return f->mapped && seed != DISK_ALL &&
	       disk_chance(seed, f->ordinal, 4) % 2 == 0;
}

/* None, all, all but one, or any. */
static bool naming_is_kept(const struct disk *d, size_t i, uint64_t seed)
{
	const struct naming *n = &d->namings[i];
	uint64_t x = disk_chance(seed, 7, 7);

	if (disk_naming_is_sure(n) || seed == DISK_ALL)
		return true;
	if (seed == DISK_NOTHING || x % 4 == 0)
		return false;
	if (x % 4 == 1)
		return true;
	if (x % 4 == 2)
		return i != (x >> 8) % d->n_namings;
	return disk_chance(seed, n->event, 6) % 2 == 0;
}

uint64_t disk_names(const struct disk *d, uint64_t seed, struct entries *out)
{
	uint64_t sum = 0;

	if (out != NULL)
		*out = d->entries;
	for (size_t i = 0; i < d->n_namings; i++) {
		bool kept = naming_is_kept(d, i, seed);

		sum = mix(sum ^ (uint64_t)kept);
		if (kept && out != NULL)
			disk_apply_naming(out, &d->namings[i].e);
	}
	return sum;
}

uint64_t disk_fate(struct disk *d, uint64_t seed)
{
	uint64_t sum = disk_names(d, seed, NULL);

	for (size_t i = 0; i < d->n_files; i++)
		sum = mix(sum ^ run_fate(d->files[i], seed, NULL));
	return sum;
}

void disk_content(const struct file *f, uint64_t seed, struct buf *out)
{
	out->len = 0;
	buf_add(out, buf_slice(&f->base));
	run_fate(f, seed, out);
	if (is_scribbled(f, seed))
		scribble(out, seed);
}
