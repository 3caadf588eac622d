/* habit.c -- see habit.h. */
#include "guard/habit.h"

/* Sums stay at the top: a session says how much it fetched. */
static uint64_t sum(uint64_t a, uint64_t b)
{
	return b > INT64_MAX - a ? INT64_MAX : a + b;
}

void fetched_add(struct fetched *f, const struct fetched *more)
{
	f->octets = sum(f->octets, more->octets);
	f->messages = sum(f->messages, more->messages);
}

static bool is_more(uint64_t now, uint64_t usual, uint64_t least)
{
	return now > least && now / HABIT_TIMES > usual;
}

bool habit_may_break(const struct fetched *hour)
{
	return hour->octets > HABIT_OCTETS || hour->messages > HABIT_MESSAGES;
}

bool habit_breaks(const struct fetched *hour, const struct fetched *largest)
{
	return is_more(hour->octets, largest->octets, HABIT_OCTETS) ||
	       is_more(hour->messages, largest->messages, HABIT_MESSAGES);
}

bool habit_is_settled(int64_t first_s, int64_t now_s)
{
	return first_s != 0 && now_s - first_s >= HABIT_SETTLED_S;
}
