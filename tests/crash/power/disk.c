/*
 * disk.c -- events change the model of a disk; see disk.h.
 *
 * Pending changes stay in order of time. A change that became sure behind
 * one that did not must still be applied behind it, so what is sure is taken
 * into the base (fold) only from the front of the list.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "disk_model.h"

void disk_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
	abort();
}

/* -- files -- */

struct file *disk_file(struct disk *d, uint64_t number)
{
	for (size_t i = d->n_files; i-- > 0;)
		if (d->files[i]->number == number)
			return d->files[i];
	return NULL;
}

struct file *disk_add_file(struct disk *d, uint64_t number, bool is_dir)
{
	struct file *f = mem_new(1, sizeof *f);

	disk_must(d->n_files < MOST_FILES, "too many files");
	*f = (struct file){ .number = number,
		            .ordinal = (uint32_t)d->n_files,
		            .is_dir = is_dir };
	d->files[d->n_files++] = f;
	return f;
}

void disk_resize(struct buf *b, uint64_t size)
{
	if (size > b->len)
		memset(buf_room(b, size - b->len), 0, size - b->len);
	b->len = size;
}

void disk_apply(struct buf *b, const struct change *c)
{
	uint64_t end = c->at + c->len;

	if (c->kind == RECORD_TRUNCATE) {
		disk_resize(b, c->at);
		return;
	}
	if (c->kind == RECORD_PUNCH && end > b->len)
		end = b->len;
	if (end > b->len)
		disk_resize(b, end);
	if (c->kind == RECORD_WRITE)
		memcpy(b->data + c->at, c->bytes, c->len);
	else if (c->at < end)
		memset(b->data + c->at, 0, end - c->at);
}

static void fold(struct file *f)
{
	size_t n = 0;

	while (n < f->n && f->changes[n].sure)
		disk_apply(&f->base, &f->changes[n++]);
	if (n == 0)
		return;
	f->n -= n;
	memmove(f->changes, f->changes + n, f->n * sizeof *f->changes);
}

static void add_change(struct file *f, struct change c)
{
	if (f->n == f->room) {
		f->room = f->room * 2 + 16;
		f->changes =
			mem_resize(f->changes, f->room, sizeof *f->changes);
	}
	f->changes[f->n++] = c;
	fold(f);
}

/* -- entries -- */

struct entry *disk_entry(struct entries *t, uint64_t dir, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].dir == dir && !strcmp(t->v[i].name, name))
			return &t->v[i];
	return NULL;
}

void disk_put_entry(struct entries *t, uint64_t dir, const char *name,
                    uint64_t file)
{
	struct entry *e = disk_entry(t, dir, name);

	if (e == NULL) {
		disk_must(t->n < MOST_ENTRIES, "too many entries");
		e = &t->v[t->n++];
	}
	e->dir = dir;
	e->file = file;
	memcpy(e->name, name, sizeof e->name);
}

static void drop_entry(struct entries *t, uint64_t dir, const char *name)
{
	struct entry *e = disk_entry(t, dir, name);

	if (e != NULL)
		*e = t->v[--t->n];
}

void disk_apply_naming(struct entries *t, const struct record_event *e)
{
	if (e->kind != RECORD_MAKE)
		drop_entry(t, e->dir, e->name);
	if (e->kind == RECORD_MAKE)
		disk_put_entry(t, e->dir, e->name, e->file);
	if (e->kind == RECORD_RENAME)
		disk_put_entry(t, e->dir2, e->name2, e->file);
}

bool disk_naming_is_sure(const struct naming *n)
{
	return n->sure && (n->sure2 || n->e.kind != RECORD_RENAME);
}

static void fold_namings(struct disk *d)
{
	size_t n = 0;

	while (n < d->n_namings && disk_naming_is_sure(&d->namings[n]))
		disk_apply_naming(&d->entries, &d->namings[n++].e);
	if (n == 0)
		return;
	d->n_namings -= n;
	memmove(d->namings, d->namings + n, d->n_namings * sizeof *d->namings);
}

static void add_naming(struct disk *d, const struct record_event *e, uint32_t n)
{
	if (d->n_namings == d->room) {
		d->room = d->room * 2 + 16;
		d->namings =
			mem_resize(d->namings, d->room, sizeof *d->namings);
	}
	d->namings[d->n_namings++] = (struct naming){ .e = *e, .event = n };
}

/* -- events -- */

static void sync_dir(struct disk *d, uint64_t dir, uint32_t begun)
{
	for (size_t i = 0; i < d->n_namings; i++) {
		struct naming *n = &d->namings[i];

		if (n->event >= begun || n->lost)
			continue;
		n->sure |= n->e.dir == dir;
		n->sure2 |= n->e.dir2 == dir;
	}
	fold_namings(d);
}

static void sync_file(struct disk *d, uint64_t number, uint32_t begun)
{
	struct file *f = disk_file(d, number);

	if (f == NULL || f->is_dir) {
		sync_dir(d, number, begun);
		return;
	}
	for (size_t i = 0; i < f->n; i++)
		f->changes[i].sure |=
			f->changes[i].event < begun && !f->changes[i].lost;
	fold(f);
}

static void lose(struct disk *d, uint64_t number)
{
	struct file *f = disk_file(d, number);

	for (size_t i = 0; i < f->n; i++)
		f->changes[i].lost |= !f->changes[i].sure;
	for (size_t i = 0; f->is_dir && i < d->n_namings; i++) {
		struct naming *n = &d->namings[i];

		n->lost |= (n->e.dir == number && !n->sure) ||
		           (n->e.dir2 == number && !n->sure2);
	}
}

static void change(struct disk *d, const struct recording *r, uint32_t n)
{
	const struct record_event *e = &r->events[n];
	struct file *f = disk_file(d, e->file);

	disk_must(f != NULL, "a file that was never made is changed");
	add_change(f, (struct change){
			      .event = n,
			      .kind = e->kind,
			      .sure = e->sure,
			      .lost = e->lost,
			      .at = e->at,
			      .len = e->len,
			      .bytes = record_bytes(r, e).ptr,
		      });
}

void disk_event(struct disk *d, const struct recording *r, uint32_t n)
{
	const struct record_event *e = &r->events[n];

	switch ((enum record_kind)e->kind) {
	case RECORD_MAKE:
		disk_add_file(d, e->file, e->is_dir);
		add_naming(d, e, n);
		break;
	case RECORD_REMOVE:
	case RECORD_RENAME:
		add_naming(d, e, n);
		break;
	case RECORD_WRITE:
	case RECORD_TRUNCATE:
	case RECORD_PUNCH:
		change(d, r, n);
		break;
	case RECORD_MAP:
		disk_file(d, e->file)->mapped = true;
		break;
	case RECORD_SYNC_END:
		sync_file(d, e->file, (uint32_t)e->at);
		break;
	case RECORD_SYNC_LOST:
		lose(d, e->file);
		break;
	case RECORD_SYNC_BEGIN:
	case RECORD_BEGIN:
	case RECORD_ACK:
	case RECORD_STATE:
	case RECORD_PHASE:
		break;
	}
}

struct disk *disk_new(uint64_t root)
{
	struct disk *d = mem_new(1, sizeof *d);

	d->root = root;
	disk_add_file(d, root, true);
	return d;
}

void disk_free(struct disk *d)
{
	for (size_t i = 0; i < d->n_files; i++) {
		buf_free(&d->files[i]->base);
		free(d->files[i]->changes);
		free(d->files[i]);
	}
	free(d->namings);
	free(d);
}
