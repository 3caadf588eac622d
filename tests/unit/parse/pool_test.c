/*
 * pool_test.c -- the parse processes played by the test: good ones, ones
 * that die over a message or beside it, that hang, that lie.
 */
#include "parse/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../turns.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "ipc/link.h"
#include "ipc/protocol.h"
#include "mime/digest.h"
#include "parse/page.h"

enum { PARSERS = 2, PATIENCE_MS = 60000, LARGE = 300 * 1000 };

#define SMALL S("Subject: small\r\n\r\nbody\r\n")

struct rig {
	struct loop *loop;
	struct parse_pool *pool;
	struct digester digester;
	struct link *parser[PARSERS]; /* our end; NULL: none */
	struct parse_page *page[PARSERS];
	unsigned int condemned[PARSERS];
};

/* -- parsers -- */

static void on_condemn(void *arg, uint32_t index)
{
	struct rig *r = arg;

	r->condemned[index]++;
}

static void add_parser(struct rig *r, uint32_t i)
{
	struct frame_in f;
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	assert_true(parse_pool_add(r->pool, i, fds[0]));
	r->parser[i] = link_new(r->loop, fds[1], (struct link_handler){ 0 });
	assert_true(is_ok(link_receive(r->parser[i], WAIT_FOREVER, &f)));
	assert_int_equal(f.type, FRAME_PARSE_PAGE);
	r->page[i] = mmap(NULL, sizeof **r->page, PROT_READ | PROT_WRITE,
	                  MAP_SHARED, f.fd, 0);
	assert_true(r->page[i] != MAP_FAILED);
	close(f.fd);
}

/* working: what the page says; 0: nothing. */
static void kill_parser(struct rig *r, uint32_t i, uint64_t working)
{
	atomic_store(&r->page[i]->working, working);
	munmap(r->page[i], sizeof **r->page);
	link_free(r->parser[i]);
	r->parser[i] = NULL;
}

static void receive(struct rig *r, uint32_t i, struct frame_in *f)
{
	assert_true(is_ok(link_receive(r->parser[i], PATIENCE_MS, f)));
	assert_int_equal(f->type, FRAME_PARSE);
}

/* The next message in the frame; which one it is, and its bytes. */
static uint64_t read_message(struct frame_in *f, struct slice *bytes)
{
	uint64_t job = read_u64(&f->r);

	assert_int_equal(read_u8(&f->r), PIECE_WHOLE);
	*bytes = frame_read_slice(f, LIMIT_FRAME);
	assert_false(f->r.failed);
	return job;
}

static void answer(struct rig *r, uint32_t i, uint64_t job, uint8_t last,
                   struct slice digest)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_PARSED);
	frame_u64(&f, job);
	frame_u8(&f, last);
	frame_slice(&f, digest);
	assert_true(is_ok(link_send(r->parser[i], &f, -1)));
}

static void answer_truly(struct rig *r, uint32_t i, uint64_t job,
                         struct slice message)
{
	struct buf digest = { 0 };

	digest_make(message, &digest);
	/* in two pieces */
	answer(r, i, job, 0, slice_first(buf_slice(&digest), 100));
	answer(r, i, job, 1, slice_from(buf_slice(&digest), 100));
	buf_free(&digest);
}

/* -- messages -- */

static struct err from_slice(void *arg, uint64_t offset, struct slice *out)
{
	/* as a spool does: to the end of a block */
	*out = slice_first(slice_from(*(struct slice *)arg, offset),
	                   65536 - offset % 65536);
	return OK;
}

static struct err unreadable(void *arg, uint64_t offset, struct slice *out)
{
	if (offset >= 65536)
		return err(ERR_IO, "the disk refused");
	return from_slice(arg, offset, out);
}

static struct digest_job *begin(struct rig *r, struct slice *message)
{
	const struct digest_source s = { from_slice, message, message->len };

	return r->digester.begin(r->digester.ctx, &s);
}

static bool is_opaque(const struct buf *raw)
{
	struct digest d;

	assert_true(is_ok(digest_open(buf_slice(raw), &d)));
	return (d.flags & DIGEST_UNPARSED) != 0;
}

/* A job that is waited for by a task of its own. */
struct waiting {
	struct rig *rig;
	struct slice message;
	struct digest_job *job; /* NULL: it is begun by the task */
	bool done;
	struct err e;
	struct buf digest;
	struct wait_list end;
};

static void wait_for_job(void *arg)
{
	struct waiting *w = arg;

	if (w->job == NULL)
		w->job = begin(w->rig, &w->message);
	w->e = w->rig->digester.finish(w->job, &w->digest);
	w->done = true;
	task_wake_all(&w->end);
}

static void start(struct rig *r, struct waiting *w, struct slice message)
{
	*w = (struct waiting){ .rig = r, .message = message };
	task_spawn(r->loop, wait_for_job, w);
}

static void join(struct waiting *w)
{
	while (!w->done)
		assert_true(task_wait(&w->end, PATIENCE_MS));
}

static void assert_true_digest(struct waiting *w)
{
	struct buf want = { 0 };

	join(w);
	assert_int_equal(w->e.code, ERR_OK);
	digest_make(w->message, &want);
	assert_true(slice_eq(buf_slice(&w->digest), buf_slice(&want)));
	buf_free(&want);
	buf_free(&w->digest);
}

static void assert_opaque(struct waiting *w)
{
	join(w);
	assert_int_equal(w->e.code, ERR_OK);
	assert_true(is_opaque(&w->digest));
	buf_free(&w->digest);
}

/* -- scenes -- */

static void one_message(struct rig *r)
{
	struct waiting w;
	struct frame_in f;
	struct slice bytes;
	uint64_t job;

	add_parser(r, 0);
	start(r, &w, SMALL);
	receive(r, 0, &f);
	job = read_message(&f, &bytes);
	assert_true(slice_eq(bytes, SMALL));
	assert_true(frame_is_whole(&f));
	answer_truly(r, 0, job, bytes);
	assert_true_digest(&w);
	assert_int_equal(parse_pool_stats(r->pool).parsed, 1);
}

/* What begins in one turn travels in one frame (a busy machine may take more
 * than one turn for them); answers in any order. */
static void many_messages(struct rig *r)
{
	enum { MANY = 20 };
	struct waiting w[MANY];
	uint64_t jobs[MANY];
	struct frame_in f;
	struct slice bytes;
	size_t frames = 0;

	add_parser(r, 0);
	for (size_t i = 0; i < MANY; i++)
		start(r, &w[i], SMALL);
	for (size_t i = 0; i < MANY; frames++) {
		receive(r, 0, &f);
		while (!frame_is_whole(&f))
			jobs[i++] = read_message(&f, &bytes);
	}
	assert_true(frames < MANY);
	for (size_t i = MANY; i-- > 0;)
		answer_truly(r, 0, jobs[i], SMALL);
	for (size_t i = 0; i < MANY; i++)
		assert_true_digest(&w[i]);
}

/* The one with less to do gets the next. */
/* What comes in one turn goes to one of them, in one frame; what comes while
 * it works, to the other. */
static void two_parsers(struct rig *r)
{
	struct waiting w[3];
	struct frame_in f;
	struct slice bytes;
	uint64_t jobs[2];

	add_parser(r, 0);
	add_parser(r, 1);
	start(r, &w[0], SMALL);
	start(r, &w[1], SMALL);
	receive(r, 0, &f);
	jobs[0] = read_message(&f, &bytes);
	jobs[1] = read_message(&f, &bytes);
	start(r, &w[2], SMALL);
	receive(r, 1, &f);
	answer_truly(r, 1, read_message(&f, &bytes), SMALL);
	for (size_t i = 0; i < 2; i++)
		answer_truly(r, 0, jobs[i], SMALL);
	for (size_t i = 0; i < 3; i++)
		assert_true_digest(&w[i]);
}

static struct buf large_message(void)
{
	struct buf b = { 0 };

	while (b.len < LARGE)
		buf_printf(&b, "Line-%zu: text\r\n", b.len);
	return b;
}

/* In pieces, one message at a time; returns the job, *got is appended to. */
static uint64_t receive_pieces(struct rig *r, uint32_t i, struct buf *got,
                               size_t most)
{
	uint64_t job = 0;
	uint8_t piece = 0;

	while ((piece & PIECE_LAST) == 0 && most-- != 0) {
		struct frame_in f;
		uint64_t of;

		receive(r, i, &f);
		of = read_u64(&f.r);
		piece = read_u8(&f.r);
		assert_int_equal((piece & PIECE_FIRST) != 0, got->len == 0);
		assert_true(job == 0 || of == job);
		job = of;
		buf_add(got, frame_read_slice(&f, LIMIT_FRAME));
		assert_true(frame_is_whole(&f));
	}
	return job;
}

static void large_ones(struct rig *r)
{
	struct buf message = large_message();
	struct waiting w[2];

	add_parser(r, 0);
	start(r, &w[0], buf_slice(&message));
	start(r, &w[1], buf_slice(&message));
	for (size_t i = 0; i < 2; i++) {
		struct buf got = { 0 };
		uint64_t job = receive_pieces(r, 0, &got, SIZE_MAX);

		assert_true(slice_eq(buf_slice(&got), buf_slice(&message)));
		answer_truly(r, 0, job, buf_slice(&got));
		buf_free(&got);
	}
	assert_true_digest(&w[0]);
	assert_true_digest(&w[1]);
	buf_free(&message);
}

/* One is guilty, the other goes to the next parser. */
static void dies(struct rig *r)
{
	struct waiting w[2];
	struct frame_in f;
	struct slice bytes;
	uint64_t first;

	add_parser(r, 0);
	start(r, &w[0], SMALL);
	start(r, &w[1], SMALL);
	receive(r, 0, &f);
	first = read_message(&f, &bytes);
	kill_parser(r, 0, first);
	assert_opaque(&w[0]);
	assert_false(w[1].done);
	add_parser(r, 0);
	receive(r, 0, &f);
	answer_truly(r, 0, read_message(&f, &bytes), SMALL);
	assert_true(frame_is_whole(&f));
	assert_true_digest(&w[1]);
	assert_int_equal(parse_pool_stats(r->pool).unparsed, 1);
}

/* While a large one is on its way: sent from its start. */
static void dies_amid_pieces(struct rig *r)
{
	struct buf message = large_message();
	struct buf got = { 0 };
	struct waiting w;
	uint64_t job;

	add_parser(r, 0);
	start(r, &w, buf_slice(&message));
	receive_pieces(r, 0, &got, 2);
	kill_parser(r, 0, 0);
	add_parser(r, 1);
	got.len = 0;
	job = receive_pieces(r, 1, &got, SIZE_MAX);
	answer_truly(r, 1, job, buf_slice(&got));
	assert_true_digest(&w);
	buf_free(&got);
	buf_free(&message);
}

/* Its successor is there before its end has been heard of. */
static void is_replaced(struct rig *r)
{
	struct link *old;
	struct parse_page *page;
	struct waiting w;
	struct frame_in f;
	struct slice bytes;

	add_parser(r, 0);
	start(r, &w, SMALL);
	receive(r, 0, &f);
	old = r->parser[0];
	page = r->page[0];
	add_parser(r, 0);
	receive(r, 0, &f);
	answer_truly(r, 0, read_message(&f, &bytes), SMALL);
	assert_true_digest(&w);
	link_free(old);
	munmap(page, sizeof *page);
}

/* Always at other work when it dies: not for ever. */
static void dies_again_and_again(struct rig *r)
{
	struct waiting w;
	struct frame_in f;
	struct err e;
	size_t deaths = 0;

	start(r, &w, SMALL);
	while (!w.done) {
		add_parser(r, 0);
		do {
			e = link_receive(r->parser[0], 10, &f);
		} while (!w.done && e.code == ERR_TIMEOUT);
		deaths += is_ok(e);
		kill_parser(r, 0, 0);
	}
	assert_int_equal(w.e.code, ERR_UNAVAILABLE);
	assert_int_equal(deaths, 1 + 5);
	assert_int_equal(w.digest.len, 0);
}

static void nobody_there(struct rig *r)
{
	struct waiting w;

	start(r, &w, SMALL);
	join(&w);
	assert_int_equal(w.e.code, ERR_UNAVAILABLE);
	assert_int_equal(w.digest.len, 0);
}

static void comes_in_time(struct rig *r)
{
	struct waiting w;
	struct frame_in f;
	struct slice bytes;

	start(r, &w, SMALL);
	turns();
	add_parser(r, 1);
	receive(r, 1, &f);
	answer_truly(r, 1, read_message(&f, &bytes), SMALL);
	assert_true_digest(&w);
}

/* It is ended, and its message is innocent: it was not at it. */
static void hangs(struct rig *r)
{
	struct waiting w;
	struct frame_in f;
	struct slice bytes;

	add_parser(r, 0);
	start(r, &w, SMALL);
	while (r->condemned[0] == 0)
		task_sleep(10);
	kill_parser(r, 0, 0);
	add_parser(r, 1);
	receive(r, 1, &f);
	answer_truly(r, 1, read_message(&f, &bytes), SMALL);
	assert_true_digest(&w);
	assert_int_equal(r->condemned[0], 1);
}

/* A digest that another message has, of another length. */
static void lies(struct rig *r)
{
	struct waiting w[2];
	struct frame_in f;
	struct slice bytes;
	uint64_t first, second;

	add_parser(r, 0);
	start(r, &w[0], SMALL);
	start(r, &w[1], SMALL);
	receive(r, 0, &f);
	first = read_message(&f, &bytes);
	second = read_message(&f, &bytes);
	answer_truly(r, 0, first, S("x"));
	/* nothing that it says after that counts */
	answer_truly(r, 0, second, SMALL);
	assert_opaque(&w[0]);
	turns();
	assert_false(w[1].done);
	assert_int_equal(r->condemned[0], 1);
	kill_parser(r, 0, second);
	assert_opaque(&w[1]);
}

static void talks_nonsense(struct rig *r)
{
	for (size_t i = 0; i < 6; i++) {
		struct frame_out f = { 0 };
		struct waiting w;
		struct frame_in in;
		struct slice bytes;
		uint64_t job;

		add_parser(r, 0);
		start(r, &w, SMALL);
		receive(r, 0, &in);
		job = read_message(&in, &bytes);
		frame_begin(&f, i == 0 ? FRAME_PARSE : FRAME_PARSED);
		frame_u64(&f, i == 1 ? job + 1 : i == 2 ? 0 : job);
		frame_u8(&f, i == 3 ? 2 : 1);
		frame_u32(&f, i == 4 ? UINT32_MAX : 1);
		if (i != 5)
			frame_u8(&f, 'x');
		link_send(r->parser[0], &f, -1);
		while (r->condemned[0] == i)
			task_sleep(1);
		kill_parser(r, 0, job);
		assert_opaque(&w);
	}
}

/* More than any digest has, and never the end of it. */
static void never_ends(struct rig *r)
{
	static const char text[60000];
	struct waiting w;
	struct frame_in f;
	struct slice bytes;
	uint64_t job;

	add_parser(r, 0);
	start(r, &w, SMALL);
	receive(r, 0, &f);
	job = read_message(&f, &bytes);
	for (size_t n = 0; n < LIMIT_DIGEST; n += sizeof text) {
		assert_int_equal(r->condemned[0], 0);
		answer(r, 0, job, 0, slice_of(text, sizeof text));
		task_sleep(1);
	}
	while (r->condemned[0] == 0)
		task_sleep(1);
	kill_parser(r, 0, job);
	assert_opaque(&w);
}

/* Nobody waits any more: the answer is taken, and nothing is left. */
static void cancelled(struct rig *r)
{
	struct slice message = SMALL;
	struct frame_in f;
	struct slice bytes;
	uint64_t first;

	r->digester.cancel(begin(r, &message)); /* not sent */
	add_parser(r, 0);
	r->digester.cancel(begin(r, &message)); /* answered */
	r->digester.cancel(begin(r, &message)); /* died over */
	receive(r, 0, &f);
	first = read_message(&f, &bytes);
	answer_truly(r, 0, first, SMALL);
	turns();
	assert_int_equal(r->condemned[0], 0);
	kill_parser(r, 0, first + 1);
	turns();
}

/* The message can't be read back: that is what is said. */
static void broken_source(struct rig *r)
{
	struct buf message = large_message();
	struct slice text = buf_slice(&message);
	const struct digest_source s = { unreadable, &text, text.len };
	struct buf digest = { 0 };
	struct digest_job *job;

	add_parser(r, 0);
	job = r->digester.begin(r->digester.ctx, &s);
	assert_int_equal(r->digester.finish(job, &digest).code, ERR_IO);
	assert_int_equal(digest.len, 0);
	assert_int_equal(r->condemned[0], 0);
	buf_free(&message);
}

/* -- running them -- */

static const struct scene {
	const char *name;
	void (*run)(struct rig *);
	uint32_t hang_ms; /* 0: PATIENCE_MS */
	uint32_t wait_ms;
} scenes[] = {
	{ "one message", one_message },
	{ "many messages", many_messages },
	{ "two parsers", two_parsers },
	{ "large ones", large_ones },
	{ "dies", dies },
	{ "dies amid pieces", dies_amid_pieces },
	{ "is replaced", is_replaced },
	{ "dies again and again", dies_again_and_again },
	{ "nobody there", nobody_there, .wait_ms = 100 },
	{ "comes in time", comes_in_time },
	{ "hangs", hangs, .hang_ms = 200 },
	{ "lies", lies },
	{ "talks nonsense", talks_nonsense },
	{ "never ends", never_ends },
	{ "cancelled", cancelled },
	{ "broken source", broken_source },
};

static void play(struct loop *loop, void *arg)
{
	const struct scene *scene = arg;
	struct rig r = { .loop = loop };
	const struct parse_pool_options options = {
		.parsers = PARSERS,
		.hang_ms = scene->hang_ms != 0 ? scene->hang_ms : PATIENCE_MS,
		.wait_ms = scene->wait_ms != 0 ? scene->wait_ms : PATIENCE_MS,
		.condemn = on_condemn,
		.arg = &r,
	};

	r.pool = parse_pool_new(loop, &options);
	r.digester = parse_pool_digester(r.pool);
	scene->run(&r);
	parse_pool_free(r.pool);
	for (uint32_t i = 0; i < PARSERS; i++) {
		if (r.parser[i] != NULL)
			kill_parser(&r, i, 0);
	}
}

static void test_scenes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		print_message("  %s\n", scenes[i].name);
		task_run_main(play, (void *)(uintptr_t)&scenes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_scenes) };

	log_init("pool_test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
