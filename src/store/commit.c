/*
 * commit.c -- group commit: the one thread that writes.
 *
 *   tasks:   committer_run ─► turn ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄► woken
 *   loop:                     └► before it sleeps: queue          ↑
 *   thread:    all in the queue = a group ─┐                      │ uv_async
 *                begin transaction         │                      │
 *                apply, append to pack     │                      │
 *                fdatasync the pack        │                      │
 *                commit the transaction ───┴► results ────────────┘
 *
 * What can fail, and what is true then:
 *
 * 1. A batch can't be applied (it refers to a blob that isn't there, the
 *    map is full): the transaction is aborted, that batch has its error, the
 *    others are done again without it. When the disk is full all batches
 *    that take room have the error, and those that free some are done again
 *    (reserve.c).
 * 2. The pack's sync fails: aborted, the whole group has the error.
 * 3. The index's pages can't be written or synced: LMDB has not touched its
 *    meta page, so the old state stands; the whole group has the error.
 * 4. The meta page can't be written: LMDB refuses to go on, and whether the
 *    transaction will be found there later is open; that the cache has it
 *    and another sync succeeds proves nothing. The loop closes the
 *    environment, sees to it that the transaction is not there, and opens
 *    it again; the whole group has the error.
 * 5. That fails too: the index is lost for now. Reads and commits answer
 *    ERR_IO; each commit tries to open it again, and each read has that
 *    tried for those who come after it, and so has the end. Only who opens
 *    it after a crash meanwhile, or an end at which no sync works either, may
 *    find the transaction there, whole: nobody can take back a page that the
 *    disk may have.
 */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/internal.h"

enum { REDO_MOST = 8, LMDB_SYNCS = 2 };

struct queue {
	struct batch *first;
	struct batch *last;
};

struct committer {
	struct partition *partition;
	pthread_t thread;

	/* between the two, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct queue waiting;
	struct queue finished;
	bool stop;
	bool wanted; /* a reader has found the index lost */
	bool reopen; /* the loop is asked to open the index */
	struct err reopen_result;
	struct partition_stats stats;

	/* the thread's */
	struct pack_writer writer;
	size_t in_doubt; /* a transaction's id; 0: none */
	struct reserve reserve;
	struct disk_room room;

	/* the loop's */
	struct queue turn; /* of the loop's turn, not handed over yet */
	uv_async_t *async;
	size_t in_flight;
	struct wait_list idle;
};

static void queue_add(struct queue *q, struct batch *b)
{
	b->next = NULL;
	if (q->first == NULL)
		q->first = b;
	else
		q->last->next = b;
	q->last = b;
}

static struct batch *queue_take(struct queue *q)
{
	struct batch *all = q->first;

	*q = (struct queue){ 0 };
	return all;
}

/* Moves all of `from`, which is not empty, behind `to`. */
static void queue_move(struct queue *to, struct queue *from)
{
	if (to->first == NULL)
		to->first = from->first;
	else
		to->last->next = from->first;
	to->last = from->last;
	*from = (struct queue){ 0 };
}

/* -- the thread -- */

/* Has the loop open the index again, while nothing here uses it. A loop that
 * waits for this thread's end can't. */
static struct err ask_reopen(struct committer *c)
{
	struct err e = err(ERR_IO, "the partition is being closed");

	pthread_mutex_lock(&c->lock);
	c->reopen = true;
	uv_async_send(c->async);
	while (c->reopen && !c->stop)
		pthread_cond_wait(&c->changed, &c->lock);
	if (!c->reopen)
		e = c->reopen_result;
	pthread_mutex_unlock(&c->lock);
	return e;
}

static struct err need_index(struct committer *c)
{
	struct err e;

	if (c->partition->index.env != NULL)
		return OK;
	e = ask_reopen(c);
	if (is_ok(e))
		c->in_doubt = 0;
	return e;
}

static bool index_is_lost(struct committer *c)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(c->partition->index.env, NULL, 0, &txn);

	if (rc == 0)
		mdb_txn_abort(txn);
	return rc == MDB_PANIC;
}

/* Point 4 of the file comment; e is why the commit failed. */
static void settle(struct committer *c, size_t id, struct err e)
{
	log_note(LOG_LEVEL_ERROR, "store_index_reopen", e.text);
	c->in_doubt = id;
	if (is_ok(ask_reopen(c)))
		c->in_doubt = 0;
}

static struct err commit_txn(struct committer *c, MDB_txn *txn)
{
	size_t id = mdb_txn_id(txn);
	struct err e = index_err(&c->partition->index, mdb_txn_commit(txn));

	if (!is_ok(e) && index_is_lost(c))
		settle(c, id, e);
	if (is_ok(e))
		pack_group_done(&c->writer);
	else
		pack_group_undo(&c->writer, false);
	return e;
}

static struct err apply_group(struct committer *c, struct batch *group,
                              MDB_txn *txn, struct batch **faulty)
{
	for (struct batch *b = group; b != NULL; b = b->next) {
		struct err e = b->result;

		if (!is_ok(e))
			continue;
		e = batch_apply(b, &c->partition->index, txn, &c->writer);
		if (!is_ok(e)) {
			*faulty = b;
			return e;
		}
	}
	return OK;
}

/* Commits those of the group that haven't failed yet. When one of them
 * can't be applied, nothing is committed and *faulty is that one. */
static struct err attempt(struct committer *c, struct batch *group,
                          struct batch **faulty, uint64_t *syncs)
{
	const struct index *index = &c->partition->index;
	MDB_txn *txn;
	struct err e = need_index(c);

	*faulty = NULL;
	if (is_ok(e))
		e = index_err(index, mdb_txn_begin(index->env, NULL, 0, &txn));
	if (!is_ok(e))
		return e;
	pack_group_begin(&c->writer);
	e = apply_group(c, group, txn, faulty);
	if (is_ok(e))
		e = pack_group_row(&c->writer, index, txn);
	if (is_ok(e))
		e = pack_sync(&c->writer, syncs);
	if (is_ok(e))
		return commit_txn(c, txn);
	mdb_txn_abort(txn);
	pack_group_undo(&c->writer, true);
	return e;
}

/* Whoever takes room has the error; false: nobody does. */
static bool refuse_takers(struct batch *group, struct err e)
{
	bool any = false;

	for (struct batch *b = group; b != NULL; b = b->next) {
		if (b->frees || !is_ok(b->result))
			continue;
		b->result = e;
		any = true;
	}
	return any;
}

/* The next one that takes room, or NULL. */
static struct batch *taker(struct batch *group)
{
	while (group != NULL && group->frees)
		group = group->next;
	return group;
}

static void note_room(struct committer *c, struct batch *group)
{
	struct batch *b = taker(group);

	while (b != NULL && b->result.code != ERR_NOSPACE &&
	       taker(b->next) != NULL)
		b = taker(b->next);
	if (b != NULL)
		disk_note(&c->room, b->result);
}

/* Is it worth another attempt, without those to blame for e? */
static bool blame(struct batch *group, struct batch *faulty, struct err e)
{
	if (e.code == ERR_NOSPACE && refuse_takers(group, e))
		return true;
	if (faulty != NULL)
		faulty->result = e;
	return faulty != NULL;
}

static void need_reserve(struct committer *c, struct batch *group)
{
	const struct index *index = &c->partition->index;
	struct err e = OK;

	if (index->env != NULL && taker(group) != NULL)
		e = reserve_keep(&c->reserve, index);
	if (!is_ok(e))
		refuse_takers(group, e);
}

static uint64_t commit_group(struct committer *c, struct batch *group)
{
	uint64_t syncs = LMDB_SYNCS;
	struct batch *faulty;
	struct err e;
	int n = 0;

	need_reserve(c, group);
	do {
		e = attempt(c, group, &faulty, &syncs);
	} while (blame(group, faulty, e) && ++n < REDO_MOST);
	for (struct batch *b = group; b != NULL; b = b->next)
		if (is_ok(b->result))
			b->result = e;
	note_room(c, group);
	return syncs;
}

/* Hands the group back; the lock is held. */
static void give_back(struct committer *c, struct batch *group, uint64_t syncs)
{
	c->stats.commits++;
	c->stats.syncs += syncs;
	c->stats.disk_full = c->room.full;
	while (group != NULL) {
		struct batch *b = group;

		group = b->next;
		queue_add(&c->finished, b);
		c->stats.batches++;
	}
	uv_async_send(c->async);
}

static void count(const struct committer *c, const struct batch *group,
                  uint64_t us, uint64_t syncs)
{
	bool failed = false;
	bool broken = false;

	for (const struct batch *b = group; b != NULL; b = b->next) {
		failed |= !is_ok(b->result);
		broken |= b->result.code == ERR_IO;
	}
	counter_time(COUNTER_COMMIT_TIME, us);
	counter_add(COUNTER_SYNCS, syncs);
	counter_add(COUNTER_COMMITS_FAILED, failed);
	counter_set(COUNTER_STORE_FULL, c->room.full);
	counter_set(COUNTER_STORE_BROKEN, broken);
}

/* The lock is held, but not while it works. */
static void run_group(struct committer *c, struct batch *group)
{
	uint64_t began = counter_now_us();
	uint64_t syncs;

	pthread_mutex_unlock(&c->lock);
	syncs = commit_group(c, group);
	count(c, group, counter_since_us(began), syncs);
	pthread_mutex_lock(&c->lock);
	give_back(c, group, syncs);
}

static void run_wanted(struct committer *c)
{
	c->wanted = false;
	pthread_mutex_unlock(&c->lock);
	(void)need_index(c);
	pthread_mutex_lock(&c->lock);
}

static void *run(void *arg)
{
	struct committer *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stop || c->waiting.first != NULL) {
		struct batch *group = queue_take(&c->waiting);

		if (group != NULL)
			run_group(c, group);
		else if (c->wanted)
			run_wanted(c);
		else
			pthread_cond_wait(&c->changed, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* -- the loop -- */

/* Closes the index; the transaction in doubt, 0: none, is not to be found in it
 * again. */
static struct err take_back(struct partition *p, size_t in_doubt)
{
	snapshot_close(p);
	index_close(&p->index);
	return in_doubt != 0 ? index_forget(p->dir, in_doubt) : OK;
}

static struct err reopen_index(struct partition *p, size_t in_doubt)
{
	struct err e = take_back(p, in_doubt);

	if (is_ok(e))
		e = index_open(p->dir, p->options.map_bytes, 0, &p->index);
	p->index.on_damage = p->options.on_damage;
	return e;
}

static void on_async(uv_async_t *async)
{
	struct committer *c = async->data;
	struct batch *done;

	pthread_mutex_lock(&c->lock);
	done = queue_take(&c->finished);
	if (c->reopen) {
		c->reopen_result = reopen_index(c->partition, c->in_doubt);
		c->reopen = false;
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	snapshot_drop(c->partition);
	while (done != NULL) {
		struct batch *b = done;

		done = b->next;
		b->finished = true;
		task_wake_all(&b->done);
	}
}

/* Signals are for the loop's thread. */
static void start_thread(struct committer *c)
{
	sigset_t all;
	sigset_t old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&c->thread, NULL, run, c) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct committer *committer_new(struct partition *p, struct pack_writer w)
{
	struct committer *c = mem_new(1, sizeof *c);

	c->partition = p;
	c->writer = w;
	/* without one it serves all the same */
	disk_note(&c->room, reserve_keep(&c->reserve, &p->index));
	c->stats.disk_full = c->room.full;
	counter_set(COUNTER_STORE_FULL, c->room.full);
	c->async = mem_new(1, sizeof *c->async);
	c->async->data = c;
	if (uv_async_init(loop_uv(p->loop), c->async, on_async) != 0)
		abort();
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	start_thread(c);
	return c;
}

static void free_async(uv_handle_t *async)
{
	free(async);
}

bool committer_is_settled(const struct committer *c)
{
	return c->in_flight == 0;
}

void committer_settle(struct committer *c)
{
	while (!committer_is_settled(c))
		task_wait(&c->idle, WAIT_FOREVER);
}

void committer_free(struct committer *c)
{
	struct err e;

	committer_settle(c);
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	e = take_back(c->partition, c->in_doubt);
	if (!is_ok(e))
		log_note(LOG_LEVEL_ERROR, "store_in_doubt", e.text);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	uv_close((uv_handle_t *)c->async, free_async);
	pack_writer_fini(&c->writer);
	free(c);
}

void committer_run(struct committer *c, struct batch *b)
{
	assert(task_is_inside());
	c->in_flight++;
	queue_add(&c->turn, b);
	while (!b->finished)
		task_wait(&b->done, WAIT_FOREVER);
	if (--c->in_flight == 0)
		task_wake_all(&c->idle);
}

void committer_hand_over(struct committer *c)
{
	if (c->turn.first == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	queue_move(&c->waiting, &c->turn);
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

void committer_want_index(struct committer *c)
{
	pthread_mutex_lock(&c->lock);
	c->wanted = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

void committer_stats(struct committer *c, struct partition_stats *out)
{
	pthread_mutex_lock(&c->lock);
	*out = c->stats;
	pthread_mutex_unlock(&c->lock);
}
