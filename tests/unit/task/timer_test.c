/*
 * timer_test.c -- timers fire once, in order, never early; the wheel at the
 * edges of its levels is checked without waiting for them.
 */
#include "task/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"

struct probe {
	struct timer timer;
	uint64_t due_ms;
	struct all *all;
	bool fired;
};

struct all {
	struct loop *loop;
	size_t fired;
	uint64_t latest_due_ms;
	uint64_t worst_late_ms;
	struct probe *victim;
};

static void on_probe(void *arg)
{
	struct probe *p = arg;
	uint64_t now_ms = loop_now_ms(p->all->loop);

	assert_false(p->fired);
	p->fired = true;
	assert_true(now_ms >= p->due_ms);
	assert_true(p->due_ms >= p->all->latest_due_ms);
	p->all->latest_due_ms = p->due_ms;
	if (now_ms - p->due_ms > p->all->worst_late_ms)
		p->all->worst_late_ms = now_ms - p->due_ms;
	p->all->fired++;
}

static void start(struct all *all, struct probe *p, uint64_t after_ms)
{
	p->all = all;
	p->due_ms = loop_now_ms(all->loop) + after_ms;
	timer_start(&p->timer, all->loop, after_ms, on_probe, p);
}

enum { MANY = 5000 };

static void main_many(struct loop *l, void *arg)
{
	struct probe *probes = mem_new(MANY, sizeof *probes);
	struct all all = { .loop = l };
	unsigned int seed = 1;
	size_t stopped = 0;

	(void)arg;
	for (size_t i = 0; i < MANY; i++)
		start(&all, &probes[i], 1 + (uint64_t)rand_r(&seed) % 400);
	for (size_t i = 0; i < MANY; i += 3, stopped++)
		timer_stop(&probes[i].timer);
	for (size_t i = 1; i < MANY; i += 3)
		start(&all, &probes[i], 1 + (uint64_t)rand_r(&seed) % 400);
	task_sleep(450);
	assert_int_equal(all.fired, MANY - stopped);
	free(probes);
}

static void test_many(void **state)
{
	(void)state;
	task_run_main(main_many, NULL);
}

/* Around every power of 64 that fits a test's patience. */
static void main_edges(struct loop *l, void *arg)
{
	static const uint64_t after_ms[] = { 1,  2,   62,  63,  64, 65,
		                             66, 127, 128, 129, 192 };
	enum { N = sizeof after_ms / sizeof *after_ms };
	struct all all = { .loop = l };
	struct probe probes[N] = { 0 };

	(void)arg;
	for (size_t i = 0; i < N; i++)
		start(&all, &probes[i], after_ms[i]);
	task_sleep(220);
	assert_int_equal(all.fired, N);
}

static void test_edges(void **state)
{
	(void)state;
	task_run_main(main_edges, NULL);
}

/* Far away ones are kept, and can be stopped. */
static void main_far(struct loop *l, void *arg)
{
	static const uint64_t after_ms[] = { 4095,       4096,      262143,
		                             262144,     1800000,   16777216,
		                             4294967296, UINT64_MAX };
	enum { N = sizeof after_ms / sizeof *after_ms };
	struct all all = { .loop = l };
	struct probe probes[N] = { 0 };

	(void)arg;
	for (size_t i = 0; i < N; i++)
		start(&all, &probes[i], after_ms[i]);
	task_sleep(100);
	for (size_t i = 0; i < N; i++)
		assert_true(!probes[i].fired || after_ms[i] < 5000);
	for (size_t i = 0; i < N; i++) {
		timer_stop(&probes[i].timer);
		timer_stop(&probes[i].timer); /* twice does no harm */
	}
}

static void test_far(void **state)
{
	(void)state;
	task_run_main(main_far, NULL);
}

/* A callback may stop a neighbour that is due in the same millisecond, and
 * start itself again. */
static void stop_victim(void *arg)
{
	struct probe *p = arg;

	timer_stop(&p->all->victim->timer);
	if (p->all->fired++ < 3)
		timer_start(&p->timer, p->all->loop, 1, stop_victim, p);
}

static void main_within(struct loop *l, void *arg)
{
	struct all all = { .loop = l };
	struct probe victim = { 0 };
	struct probe a = { .all = &all };
	struct probe b = { .all = &all };

	(void)arg;
	all.victim = &victim;
	timer_start(&a.timer, l, 10, stop_victim, &a);
	start(&all, &victim, 10);
	timer_start(&b.timer, l, 10, stop_victim, &b);
	task_sleep(50);
	assert_true(all.fired >= 4);
	assert_false(victim.fired && a.fired);
	timer_stop(&a.timer);
	timer_stop(&b.timer);
}

static void test_within_callback(void **state)
{
	(void)state;
	task_run_main(main_within, NULL);
}

/* As late as the loop is, no later: sleeping is exact, but for what else the
 * machine does, which it does not do for ever. */
static void main_exact(struct loop *l, void *arg)
{
	uint64_t best_ms = UINT64_MAX;

	(void)arg;
	while (best_ms > 80) {
		uint64_t before = loop_now_ms(l);
		uint64_t took;

		task_sleep(70);
		took = loop_now_ms(l) - before;
		assert_true(took >= 70);
		if (took < best_ms)
			best_ms = took;
	}
}

static void test_exact(void **state)
{
	(void)state;
	task_run_main(main_exact, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_within_callback),
		cmocka_unit_test(test_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
