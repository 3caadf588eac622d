/* task_test.c -- who runs when, who waits how long, and what it costs. */
#include "task/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../turns.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* What the tasks of a test share. */
struct shared {
	struct loop *loop;
	struct buf order;
	struct wait_list list;
	struct task_mutex mutex;
	size_t count;
	bool stop;
};

static void assert_order(struct shared *s, const char *want)
{
	assert_true(slice_eq(buf_slice(&s->order), slice_cstr(want)));
	buf_free(&s->order);
}

/* A letter, and what all share, for a task that is one of many. */
struct one {
	struct shared *shared;
	char letter;
};

static void run(void (*fn)(struct loop *, void *), struct shared *s)
{
	task_run_main(fn, s);
}

/* -- order -- */

static void yield_twice(void *arg)
{
	struct one *o = arg;

	for (int i = 0; i < 3; i++) {
		buf_byte(&o->shared->order, o->letter);
		task_yield();
	}
}

static void main_yield(struct loop *l, void *arg)
{
	struct shared *s = arg;
	struct one a = { s, 'a' };
	struct one b = { s, 'b' };

	task_spawn(l, yield_twice, &a);
	task_spawn(l, yield_twice, &b);
	buf_byte(&s->order, 'm'); /* spawning does not run anybody yet */
	while (s->order.len < 7)
		task_sleep(1);
	assert_order(s, "mababab");
	assert_true(task_is_inside());
	assert_ptr_equal(task_loop(), l);
}

static void test_yield(void **state)
{
	struct shared s = { 0 };

	(void)state;
	assert_false(task_is_inside());
	run(main_yield, &s);
	assert_false(task_is_inside());
}

/* -- waiting -- */

static void wait_for_wake(void *arg)
{
	struct one *o = arg;

	assert_true(task_wait(&o->shared->list, WAIT_FOREVER));
	buf_byte(&o->shared->order, o->letter);
}

static void main_wake(struct loop *l, void *arg)
{
	struct shared *s = arg;
	struct one o[] = { { s, 'a' }, { s, 'b' }, { s, 'c' }, { s, 'd' } };

	task_wake_one(&s->list); /* nobody there: forgotten */
	task_wake_all(&s->list);
	for (int i = 0; i < 4; i++)
		task_spawn(l, wait_for_wake, &o[i]);
	task_yield();
	task_wake_one(&s->list);
	while (s->order.len == 0)
		task_sleep(1);
	task_sleep(5);
	assert_int_equal(s->order.len, 1);
	task_wake_all(&s->list);
	while (s->order.len < 4)
		task_sleep(1);
	assert_order(s, "abcd");
	assert_null(s->list.first);
	assert_null(s->list.last);
}

static void test_wake(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_wake, &s);
}

static void time_out(void *arg)
{
	struct one *o = arg;
	uint64_t before = loop_now_ms(o->shared->loop);

	assert_false(task_wait(&o->shared->list, 20));
	assert_true(loop_now_ms(o->shared->loop) - before >= 20);
	buf_byte(&o->shared->order, o->letter);
}

/* The one in the middle goes away by itself; the others stay in order. */
static void main_timeout(struct loop *l, void *arg)
{
	struct shared *s = arg;
	struct one o[] = { { s, 'a' }, { s, 'b' }, { s, 'c' } };

	s->loop = l;
	task_spawn(l, wait_for_wake, &o[0]);
	task_spawn(l, time_out, &o[1]);
	task_spawn(l, wait_for_wake, &o[2]);
	task_sleep(60);
	task_wake_all(&s->list);
	task_yield();
	assert_order(s, "bac");
}

static void test_timeout(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_timeout, &s);
}

/* Woken and timed out in the same turn: woken counts, and only once. */
static void wait_a_little(void *arg)
{
	struct shared *s = arg;

	s->count += task_wait(&s->list, 1) ? 1 : 100;
}

static void main_race(struct loop *l, void *arg)
{
	struct shared *s = arg;
	uint64_t until;

	task_spawn(l, wait_a_little, s);
	task_yield();
	until = uv_hrtime() + 5000000;
	while (uv_hrtime() < until)
		;
	task_wake_one(&s->list);
	task_sleep(10);
	assert_int_equal(s->count, 1);
}

static void test_wake_before_timeout(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_race, &s);
}

/* -- mutex: first come, first served, and nobody else gets in -- */

static void lock_and_work(void *arg)
{
	struct one *o = arg;

	task_lock(&o->shared->mutex);
	assert_int_equal(o->shared->count++, 0);
	buf_byte(&o->shared->order, o->letter);
	task_sleep(2);
	o->shared->count--;
	task_unlock(&o->shared->mutex);
}

static void main_mutex(struct loop *l, void *arg)
{
	struct shared *s = arg;
	struct one o[] = { { s, 'a' }, { s, 'b' }, { s, 'c' }, { s, 'd' } };

	for (int i = 0; i < 3; i++)
		task_spawn(l, lock_and_work, &o[i]);
	task_yield();
	task_spawn(l, lock_and_work, &o[3]);
	lock_and_work(&(struct one){ s, 'm' });
	while (s->mutex.held)
		task_sleep(1);
	assert_order(s, "abcmd");
}

static void test_mutex(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_mutex, &s);
}

/* -- offload -- */

struct job {
	pthread_t thread;
	atomic_size_t turns; /* of others meanwhile */
	bool over;
	int answer;
};

static void work(void *arg)
{
	struct job *j = arg;

	while (j->turns < 3)
		usleep(1000);
	assert_false(task_is_inside());
	j->thread = pthread_self();
	j->answer = 42;
}

static void count_turns(void *arg)
{
	struct job *j = arg;

	while (!j->over) {
		j->turns++;
		task_sleep(1);
	}
}

static void main_offload(struct loop *l, void *arg)
{
	struct job j = { 0 };

	(void)arg;
	task_spawn(l, count_turns, &j);
	task_offload(work, &j);
	j.over = true;
	assert_int_equal(j.answer, 42);
	assert_false(pthread_equal(j.thread, pthread_self()));
	turns(); /* it has counted its last */
}

static void test_offload(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_offload, &s);
}

/* -- time slices -- */

static void hog(void *arg)
{
	struct shared *s = arg;

	while (!s->stop)
		task_pause();
}

static void main_pause(struct loop *l, void *arg)
{
	struct shared *s = arg;

	task_spawn(l, hog, s);
	task_sleep(20); /* comes back although somebody never waits */
	s->stop = true;
}

static void test_pause(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_pause, &s);
}

/* -- many, and deep -- */

enum { MANY = 10000 };

static void one_of_many(void *arg)
{
	struct shared *s = arg;

	task_wait(&s->list, WAIT_FOREVER);
	s->count++;
}

static void main_many(struct loop *l, void *arg)
{
	struct shared *s = arg;

	for (int round = 0; round < 2; round++) {
		s->count = 0;
		for (int i = 0; i < MANY; i++)
			task_spawn(l, one_of_many, s);
		task_sleep(20);
		assert_int_equal(s->count, 0);
		task_wake_all(&s->list);
		while (s->count < MANY)
			task_sleep(5);
	}
}

static void test_many(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_many, &s);
}

/* 200 KiB of frames with a switch in each, on a stack of 256 KiB. */
static unsigned int deep(unsigned int depth)
{
	volatile char room[1024];
	unsigned int below;

	memset((char *)room, (int)(depth & 0x7f), sizeof room);
	if (depth == 0)
		return 0;
	task_yield();
	below = deep(depth - 1);
	assert_int_equal(room[512], depth & 0x7f);
	return below + 1;
}

static void main_deep(struct loop *l, void *arg)
{
	(void)l;
	(void)arg;
	assert_int_equal(deep(180), 180);
}

static void test_deep(void **state)
{
	(void)state;
	run(main_deep, NULL);
}

/* Without a bound: ends at the guard page, not in somebody else's stack. */
static unsigned int too_deep(unsigned int depth)
{
	volatile char room[1024];

	memset((char *)room, (int)(depth & 0x7f), sizeof room);
	return depth == UINT32_MAX
	               ? 0
	               : too_deep(depth + 1) + (unsigned int)room[512];
}

static void main_too_deep(struct loop *l, void *arg)
{
	(void)l;
	(void)arg;
	exit(too_deep(0) == 0);
}

static void test_guard_page(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		close(STDERR_FILENO); /* of the sanitizer's report */
		signal(SIGSEGV, SIG_DFL);
		run(main_too_deep, NULL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGSEGV);
}

/* -- who has long work to do, and who has not -- */

enum { BUSY = 8, PROMPT_ROUNDS = 10 };

static void burn_ms(uint64_t ms)
{
	uint64_t until = uv_hrtime() + ms * 1000000;

	while (uv_hrtime() < until)
		;
}

static void be_busy(void *arg)
{
	struct shared *s = arg;

	while (!s->mutex.held) {
		burn_ms(2);
		s->count++;
		task_pause();
	}
}

/* The timer is due after one slice of the others; who it wakes comes before
 * the next, not after one of each. */
static void main_prompt(struct loop *l, void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < BUSY; i++)
		task_spawn(l, be_busy, s);
	task_yield();
	for (int i = 0; i < PROMPT_ROUNDS; i++) {
		size_t before = s->count;

		task_sleep(1);
		assert_in_range(s->count - before, 1, 3);
	}
	task_lock(&s->mutex);
}

static void test_prompt(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_prompt, &s);
}

/* Those that always have something to do do not keep out the others. */
static void be_restless(void *arg)
{
	struct shared *s = arg;

	while (s->count < 20) {
		burn_ms(1);
		task_yield();
	}
}

static void main_restless(struct loop *l, void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < 4; i++)
		task_spawn(l, be_restless, s);
	while (s->count < 20) {
		burn_ms(2);
		s->count++;
		task_pause();
	}
}

static void test_restless(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_restless, &s);
}

/* -- what a task has used -- */

static int64_t thread_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void burn_thread_ms(void *arg)
{
	int64_t until = thread_ms() + *(const int64_t *)arg;

	while (thread_ms() < until)
		;
}

static void main_used(struct loop *l, void *arg)
{
	uint64_t start_ns = task_used_ns();
	uint64_t used_ns;
	int64_t until_ms = thread_ms() + 12;

	(void)l;
	(void)arg;
	while (thread_ms() < until_ms)
		task_pause();
	used_ns = task_used_ns() - start_ns;
	assert_in_range(used_ns, 9000000, 20000000);
	task_sleep(50);
	assert_true(task_used_ns() - start_ns - used_ns < 3000000);
	used_ns = task_used_ns() - start_ns;
	task_offload(burn_thread_ms, &(int64_t){ 20 });
	assert_true(task_used_ns() - start_ns - used_ns > 18000000);
}

static void main_allowed(struct loop *l, void *arg)
{
	int64_t until_ms = thread_ms() + 200;
	struct err e = OK;

	(void)l;
	(void)arg;
	task_allow(10000000);
	while (is_ok(e = task_go_on()) && thread_ms() < until_ms)
		;
	assert_int_equal(e.code, ERR_LIMIT);
	/* from then on again, and then for ever */
	task_allow(50000000);
	assert_true(is_ok(task_go_on()));
	task_offload(burn_thread_ms, &(int64_t){ 60 });
	assert_int_equal(task_go_on().code, ERR_LIMIT);
	task_allow(0);
	assert_true(is_ok(task_go_on()));
}

static void test_allowed(void **state)
{
	(void)state;
	run(main_allowed, NULL);
}

static void test_used(void **state)
{
	(void)state;
	run(main_used, NULL);
}

/* -- hooks -- */

static void count_call(void *arg)
{
	struct shared *s = arg;

	s->count++;
}

static void main_hook(struct loop *l, void *arg)
{
	struct shared *s = arg;
	size_t before;

	loop_before_sleep(l, count_call, s);
	task_yield();
	before = s->count;
	task_sleep(3);
	assert_true(s->count > before);
}

static void test_before_sleep(void **state)
{
	struct shared s = { 0 };

	(void)state;
	run(main_hook, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_wake_before_timeout),
		cmocka_unit_test(test_mutex),
		cmocka_unit_test(test_offload),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_guard_page),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_restless),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_before_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
