/*
 * timer.c -- a wheel of wheels, and one uv_timer that wakes the loop.
 *
 * Times are in milliseconds, six bits a level. A timer lies at the level of
 * the highest six bits in which its time differs from the wheel's, in the
 * slot of those six bits:
 *
 *      level 0   this 64 ms          slot = the millisecond
 *      level 1   this 4 s            slot = which 64 ms
 *      level 2   this 4 min          slot = which 4 s     ... and so on
 *
 * Everything at a level is due before everything at the next one, so the
 * first pending slot of the lowest level is when to wake. A slot that is
 * reached is emptied: what is due fires, the rest falls to a lower level
 * (at most once a level, so O(1) each).
 */
#include "task/timer.h"

#include <assert.h>

#include "task/internal.h"

enum { LEVEL_BITS = 6 };

/* Beyond what the levels can tell apart there is no time: 139 years. */
static const uint64_t longest_ms =
	((uint64_t)1 << (LEVEL_BITS * WHEEL_LEVELS - 1)) - 1;

static void unlink_timer(struct timer *t)
{
	*t->back = t->next;
	if (t->next != NULL)
		t->next->back = t->back;
}

static void link_timer(struct timer **head, struct timer *t)
{
	t->next = *head;
	t->back = head;
	if (t->next != NULL)
		t->next->back = &t->next;
	*head = t;
}

static void insert(struct wheel *w, struct timer *t)
{
	uint64_t differs = (t->at_ms ^ w->now_ms) | 1;
	unsigned int top = 63 - (unsigned int)__builtin_clzll(differs);
	unsigned int level = top / LEVEL_BITS;
	unsigned int slot =
		t->at_ms >> (level * LEVEL_BITS) & (WHEEL_SLOTS - 1);

	assert(level < WHEEL_LEVELS);
	link_timer(&w->slots[level][slot], t);
	w->pending[level] |= (uint64_t)1 << slot;
}

/* The lowest pending slot and the time it begins; false: no timers. */
static bool first_slot(struct wheel *w, unsigned int *level, unsigned int *slot,
                       uint64_t *at_ms)
{
	for (unsigned int l = 0; l < WHEEL_LEVELS; l++) {
		unsigned int low = l * LEVEL_BITS;
		uint64_t above = ~(uint64_t)0 << (low + LEVEL_BITS);

		if (w->pending[l] == 0)
			continue;
		*level = l;
		*slot = (unsigned int)__builtin_ctzll(w->pending[l]);
		*at_ms = (w->now_ms & above) | (uint64_t)*slot << low;
		return true;
	}
	return false;
}

static void fire(struct timer *t)
{
	t->loop = NULL;
	t->fn(t->arg);
}

/* Callbacks may stop or start any timer, also one in the list at hand. */
static void empty_slot(struct wheel *w, unsigned int level, unsigned int slot)
{
	struct timer *due = w->slots[level][slot];
	struct timer *t;

	w->slots[level][slot] = NULL;
	w->pending[level] &= ~((uint64_t)1 << slot);
	if (due != NULL)
		due->back = &due;
	while ((t = due) != NULL) {
		unlink_timer(t);
		if (t->at_ms <= w->now_ms)
			fire(t);
		else
			insert(w, t);
	}
}

static void advance(struct wheel *w, uint64_t to_ms)
{
	unsigned int level, slot;
	uint64_t at_ms;

	while (first_slot(w, &level, &slot, &at_ms) && at_ms <= to_ms) {
		w->now_ms = at_ms;
		empty_slot(w, level, slot);
	}
	w->now_ms = to_ms;
}

static void on_alarm(uv_timer_t *alarm)
{
	struct loop *l = alarm->data;

	l->wheel.alarm_at_ms = 0;
	advance(&l->wheel, loop_now_ms(l));
}

void wheel_init(struct loop *l)
{
	l->wheel.now_ms = loop_now_ms(l);
	uv_timer_init(&l->uv, &l->wheel.alarm);
	l->wheel.alarm.data = l;
}

void wheel_close(struct loop *l)
{
	uv_close((uv_handle_t *)&l->wheel.alarm, NULL);
}

void wheel_set_alarm(struct loop *l)
{
	unsigned int level, slot;
	uint64_t now_ms = loop_now_ms(l);
	uint64_t at_ms;

	if (!first_slot(&l->wheel, &level, &slot, &at_ms) ||
	    at_ms == l->wheel.alarm_at_ms)
		return;
	l->wheel.alarm_at_ms = at_ms;
	uv_timer_start(&l->wheel.alarm, on_alarm,
	               at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

void timer_start(struct timer *t, struct loop *l, uint64_t after_ms,
                 void (*fn)(void *arg), void *arg)
{
	timer_stop(t);
	if (after_ms == 0)
		after_ms = 1;
	if (after_ms > longest_ms)
		after_ms = longest_ms;
	t->loop = l;
	t->at_ms = loop_now_ms(l) + after_ms;
	t->fn = fn;
	t->arg = arg;
	insert(&l->wheel, t);
}

void timer_stop(struct timer *t)
{
	if (t->loop == NULL)
		return;
	unlink_timer(t);
	t->loop = NULL;
}
