/* desk.c -- see desk.h. */
#include "outside/desk.h"

#include "outside/question.h"

static struct place *free_place(struct desk *d)
{
	for (size_t i = 0; i < DESK_PLACES; i++) {
		if (!d->places[i].taken)
			return &d->places[i];
	}
	return NULL;
}

struct err desk_enter(struct desk *d, uint32_t wait_ms, struct place **out)
{
	uint64_t end = question_now_ms() + wait_ms;
	struct place *p = free_place(d);

	if (p == NULL && d->waiting >= DESK_QUEUE)
		return err(ERR_LIMIT, "too many wait for it already");
	d->waiting++;
	while (p == NULL) {
		uint64_t now = question_now_ms();

		if (now >= end || !task_wait(&d->free, end - now))
			break;
		p = free_place(d);
	}
	d->waiting--;
	if (p == NULL)
		return err(ERR_TIMEOUT, "those before it were not answered");
	p->taken = true;
	*out = p;
	return OK;
}

void desk_leave(struct desk *d, struct place *p)
{
	p->taken = false;
	task_wake_one(&d->free);
}
