/*
 * history.c -- what waits to be written, and who writes it.
 *
 * Two batches: one is filled while the other one is written. What is in
 * either is known, too. They are as large as they may become from the
 * start, but of the system's memory they take what was in them.
 */
#include "guard/history_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

enum {
	BATCH_MOST = 4096,     /* rows; */
	BATCH_RESERVE = 1024,  /* of them for what was granted */
	BATCH_ENOUGH = 1024,   /* write it now */
	BATCH_ARENA = 8 << 20, /* bytes of text */
};

struct history {
	struct sql *writer;
	struct sql *reader;
	struct task_mutex writing;
	struct history_rules rules;
	struct history_batch batches[2];
	struct history_batch *filling;
	const struct history_batch *written; /* under way, or NULL */
	uint64_t key[2];                     /* of folds */
	uint16_t places[2 * BATCH_MOST];     /* in filling, by fold; + 1 */
};

static void batch_init(struct history_batch *b)
{
	*b = (struct history_batch){
		.arena = arena_new(BATCH_ARENA),
		.rows = mem_new(BATCH_MOST, sizeof(struct sign_in)),
		.folds = mem_new(BATCH_MOST, sizeof(uint64_t)),
		.saved = mem_new(SAVED_MOST, sizeof(struct saved)),
	};
}

static void batch_empty(struct history_batch *b)
{
	arena_reset(b->arena);
	b->n = b->n_saved = 0;
}

static void batch_free(struct history_batch *b)
{
	arena_free(b->arena);
	free(b->rows);
	free(b->folds);
	free(b->saved);
}

/* The same after a restart, and nobody outside can make two rows one. */
static void make_key(struct history *h, struct slice secret)
{
	struct content_hasher *hasher = content_hasher_new();
	struct content_hash hash;

	content_hasher_add(hasher, S("history"));
	content_hasher_add(hasher, secret);
	hash = content_hasher_end(hasher);
	memcpy(h->key, hash.bytes, sizeof h->key);
}

struct err history_open(const char *path, struct slice secret,
                        struct history_rules rules, struct history **out)
{
	struct history *h = mem_new(1, sizeof *h);
	struct err e = history_file_open(path, &h->writer, &h->reader);

	h->rules = rules;
	make_key(h, secret);
	batch_init(&h->batches[0]);
	batch_init(&h->batches[1]);
	h->filling = &h->batches[0];
	*out = h;
	if (is_ok(e))
		return OK;
	history_close(h);
	*out = NULL;
	return e;
}

void history_close(struct history *h)
{
	if (h->reader != NULL)
		sql_close(h->reader);
	if (h->writer != NULL)
		sql_close(h->writer);
	batch_free(&h->batches[0]);
	batch_free(&h->batches[1]);
	free(h);
}

void history_set_rules(struct history *h, struct history_rules rules)
{
	h->rules = rules;
}

/* -- what waits -- */

/* All that tells a row from another; the day is in it, too. */
static uint64_t fold_of(const struct history *h, const struct sign_in *s)
{
	const struct slice texts[] = { s->name,    s->reason,     s->address,
		                       s->country, s->service,    s->mechanism,
		                       s->tls,     s->credential, s->client };
	struct buf b = { 0 };
	uint64_t fold;

	buf_number(&b, s->account);
	buf_byte(&b, s->granted ? '+' : '-');
	buf_number(&b, (uint64_t)(s->first_s / 86400));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_byte(&b, '\0');
		buf_add(&b, texts[i]);
	}
	fold = hash_siphash(h->key, buf_slice(&b));
	buf_free(&b);
	return fold >> 1; /* SQLite's integers have a sign */
}

/* Where the row with this fold is, or would be. */
static uint16_t *place_of(struct history *h, uint64_t fold)
{
	size_t i = fold % (2 * BATCH_MOST);

	while (h->places[i] != 0 && h->filling->folds[h->places[i] - 1] != fold)
		i = (i + 1) % (2 * BATCH_MOST);
	return &h->places[i];
}

static struct sign_in copy_of(struct arena *a, const struct sign_in *s)
{
	struct sign_in c = *s;
	struct slice *texts[] = { &c.name,      &c.reason,  &c.address,
		                  &c.network,   &c.country, &c.service,
		                  &c.mechanism, &c.tls,     &c.credential,
		                  &c.client,    &c.session };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = arena_copy(a, *texts[i]);
	c.last_s = c.first_s;
	c.count = 1;
	return c;
}

static void once_more(struct arena *a, struct sign_in *row,
                      const struct sign_in *s)
{
	row->count++;
	row->last_s = s->first_s;
	if (row->session.len == s->session.len && s->session.len != 0)
		memcpy((char *)row->session.ptr, s->session.ptr,
		       s->session.len);
	else
		row->session = arena_copy(a, s->session);
}

bool history_add(struct history *h, const struct sign_in *s)
{
	struct history_batch *b = h->filling;
	size_t most = s->granted ? BATCH_MOST : BATCH_MOST - BATCH_RESERVE;
	uint64_t fold = fold_of(h, s);
	uint16_t *place = place_of(h, fold);

	if (*place != 0) {
		once_more(b->arena, &b->rows[*place - 1], s);
		return true;
	}
	if (b->n >= most || (arena_is_full(b->arena) && !s->granted))
		return false;
	b->rows[b->n] = copy_of(b->arena, s);
	b->folds[b->n] = fold;
	*place = (uint16_t)++b->n;
	return true;
}

bool history_is_full(const struct history *h)
{
	return h->filling->n >= BATCH_ENOUGH;
}

static bool batch_knows(const struct history_batch *b, uint64_t account,
                        struct slice network)
{
	for (size_t i = 0; b != NULL && i < b->n; i++)
		if (b->rows[i].granted && b->rows[i].account == account &&
		    slice_eq(b->rows[i].network, network))
			return true;
	return false;
}

bool history_knows(struct history *h, uint64_t account, struct slice network,
                   int64_t since_s)
{
	bool knows = false;
	struct err e = history_file_knows(h->reader, account, network, since_s,
	                                  &knows);

	return (is_ok(e) && knows) ||
	       batch_knows(h->filling, account, network) ||
	       batch_knows(h->written, account, network);
}

static bool batch_each(const struct history_batch *b, uint64_t account,
                       bool (*fn)(void *arg, const struct sign_in *), void *arg)
{
	for (size_t i = 0; b != NULL && i < b->n; i++)
		if (b->rows[i].granted && b->rows[i].account == account &&
		    !fn(arg, &b->rows[i]))
			return false;
	return true;
}

struct err history_each(struct history *h, uint64_t account,
                        bool (*fn)(void *arg, const struct sign_in *),
                        void *arg)
{
	if (!batch_each(h->filling, account, fn, arg) ||
	    !batch_each(h->written, account, fn, arg))
		return OK;
	return history_file_each(h->reader, account, fn, arg);
}

/* What waits to be written is of this minute: it is no first one to count
 * by. */
struct err history_first(struct history *h, uint64_t account,
                         struct slice network, int64_t *there_s,
                         int64_t *anywhere_s)
{
	return history_file_first(h->reader, account, network, there_s,
	                          anywhere_s);
}

/* -- writing -- */

struct write_job {
	struct sql *writer;
	const struct history_batch *batch;
	uint64_t account; /* to be forgotten, or 0 */
	struct err e;
};

static void run_job(void *arg)
{
	struct write_job *j = arg;

	j->e = j->account != 0 ? history_file_forget(j->writer, j->account)
	                       : history_file_write(j->writer, j->batch);
}

static void take_changed(struct history_batch *b, struct limits *l)
{
	for (int i = 0; i < LIMIT_KIND_SECRET; i++) {
		enum limit_kind kind = (enum limit_kind)i;
		struct tallies *t = limits_table(l, kind);
		const struct tally *y;
		size_t place;

		while (b->n_saved < SAVED_MOST &&
		       (y = tallies_take_changed(t, &place)) != NULL)
			b->saved[b->n_saved++] =
				(struct saved){ kind, place, *y };
	}
}

static void put_back(const struct history_batch *b, struct limits *l)
{
	for (size_t i = 0; i < b->n_saved; i++)
		tallies_put_back(limits_table(l, b->saved[i].kind),
		                 b->saved[i].place);
}

struct err history_write(struct history *h, struct limits *l, int64_t now_s)
{
	struct write_job job = { .writer = h->writer };
	struct history_batch *batch;

	task_lock(&h->writing);
	batch = h->filling;
	take_changed(batch, l);
	batch->rules = h->rules;
	batch->now_s = now_s;
	h->filling = &h->batches[batch == h->batches];
	memset(h->places, 0, sizeof h->places);
	h->written = job.batch = batch;
	task_offload(run_job, &job);
	h->written = NULL;
	if (!is_ok(job.e))
		put_back(batch, l);
	batch_empty(batch);
	task_unlock(&h->writing);
	return job.e;
}

struct err history_forget(struct history *h, uint64_t account)
{
	struct write_job job = { .writer = h->writer, .account = account };

	task_lock(&h->writing);
	task_offload(run_job, &job);
	task_unlock(&h->writing);
	return job.e;
}

/* -- reading -- */

struct err history_restore(struct history *h, struct limits *l)
{
	return history_file_restore(h->reader, l);
}

struct err history_page(struct history *h, uint64_t account, uint64_t before,
                        struct arena *a, struct sign_in *out, size_t most,
                        size_t *n)
{
	return history_file_page(h->reader, account, before, a, out, most, n);
}
