/* requests.c -- slots with a free list. */
#include "ipc/requests.h"

#include <stdlib.h>

#include "base/mem.h"

static uint32_t take_slot(struct requests *r)
{
	uint32_t slot = r->first_free;

	if (slot != 0) {
		r->first_free = r->slots[slot - 1].next_free;
		return slot - 1;
	}
	if ((r->n & (r->n - 1)) == 0) {
		size_t most = r->n != 0 ? (size_t)r->n * 2 : 1;

		r->slots = mem_resize(r->slots, most, sizeof *r->slots);
	}
	r->slots[r->n] = (struct request){ 0 };
	return r->n++;
}

uint64_t requests_add(struct requests *r, request_fn *fn, void *arg)
{
	uint32_t slot = take_slot(r);
	struct request *q = &r->slots[slot];

	q->fn = fn;
	q->arg = arg;
	q->uses++;
	r->open++;
	return (uint64_t)q->uses << 32 | (slot + 1);
}

/* NULL when it is not, or no longer, waited for. */
static struct request *find(struct requests *r, uint64_t id)
{
	uint32_t slot = (uint32_t)id;
	struct request *q;

	if (slot == 0 || slot > r->n)
		return NULL;
	q = &r->slots[slot - 1];
	return q->fn != NULL && q->uses == id >> 32 ? q : NULL;
}

static void release(struct requests *r, struct request *q)
{
	q->fn = NULL;
	r->open--;
	q->next_free = r->first_free;
	r->first_free = (uint32_t)(q - r->slots) + 1;
}

void requests_cancel(struct requests *r, uint64_t id)
{
	struct request *q = find(r, id);

	if (q != NULL)
		release(r, q);
}

void *requests_take(struct requests *r, uint64_t id)
{
	struct request *q = find(r, id);

	if (q == NULL)
		return NULL;
	release(r, q);
	return q->arg;
}

bool requests_answer(struct requests *r, uint64_t id, struct frame_in *answer)
{
	struct request *q = find(r, id);
	struct request asked;

	if (q == NULL)
		return false;
	asked = *q;
	release(r, q);
	asked.fn(asked.arg, answer);
	return true;
}

void requests_fail_all(struct requests *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		struct request asked = r->slots[i];

		if (asked.fn == NULL)
			continue;
		release(r, &r->slots[i]);
		asked.fn(asked.arg, NULL);
	}
}

void requests_free(struct requests *r)
{
	free(r->slots);
	*r = (struct requests){ 0 };
}
