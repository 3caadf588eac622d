/* house.c -- one store for all inputs of a process. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "../tests/remove_all.h"
#include "base/log.h"
#include "task/task.h"

/* libFuzzer's interface has no place for it. */
static struct house {
	char dir[40];
	struct loop *loop;
	struct model *model;
} house;

static uint64_t same_ms(const struct clock *c)
{
	(void)c;
	return 1000000;
}

static int64_t same_s(const struct clock *c)
{
	(void)c;
	return 1767225600;
}

/* An input does the same whenever it runs, and can name a UIDVALIDITY. */
static const struct clock always = { .mono_ms = same_ms, .wall_s = same_s };

struct visit {
	void (*fn)(struct model *, struct slice);
	struct slice input;
};

static void close_house(void)
{
	remove_all(house.dir);
}

static void open_house(void)
{
	struct partition_options options = { .map_bytes = 256 << 20 };
	struct partition *partition;

	log_init("fuzz", LOG_LEVEL_ERROR);
	house = (struct house){ .dir = "/dev/shm/roost-fuzz-XXXXXX" };
	house.loop = loop_new();
	if (mkdtemp(house.dir) == NULL || !is_ok(partition_make(house.dir)) ||
	    !is_ok(partition_open(house.loop, house.dir, options, &partition)))
		abort();
	atexit(close_house);
	house.model = model_new(partition, &always);
}

static void visit(void *arg)
{
	const struct visit *v = arg;
	uint32_t kept = UINT32_MAX;

	if (!is_ok(account_create(house.model, HOUSE_ACCOUNT,
	                          S("a@example.org"))))
		abort();
	v->fn(house.model, v->input);
	if (!is_ok(account_delete(house.model, HOUSE_ACCOUNT, &kept)))
		abort();
	loop_stop(house.loop);
}

void house_run(void (*fn)(struct model *, struct slice), struct slice input)
{
	struct visit v = { fn, input };

	if (house.loop == NULL)
		open_house();
	task_spawn(house.loop, visit, &v);
	loop_run(house.loop);
}
