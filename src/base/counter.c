/*
 * counter.c -- pages of counters.
 *
 * A memory file of its own for each page, not one for all: a process that was
 * taken over could make a part of a larger one grow over the rest.
 */
#include "base/counter.h"

#include <assert.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct counters {
	_Atomic uint64_t v[COUNTERS];
};

static struct counters nowhere;

/* Set once, when the process starts. */
static struct counters *here = &nowhere;

/* -- counting -- */

void counters_add(struct counters *c, size_t counter, uint64_t n)
{
	assert(counter < COUNTERS);
	atomic_fetch_add_explicit(&c->v[counter], n, memory_order_relaxed);
}

static void counters_set(struct counters *c, size_t gauge, uint64_t value)
{
	assert(gauge < COUNTERS);
	atomic_store_explicit(&c->v[gauge], value, memory_order_relaxed);
}

void counter_add(size_t counter, uint64_t n)
{
	counters_add(here, counter, n);
}

void counter_rise(size_t gauge)
{
	counters_add(here, gauge, 1);
}

void counter_fall(size_t gauge)
{
	counters_add(here, gauge, UINT64_MAX); /* one less */
}

void counter_set(size_t gauge, uint64_t value)
{
	counters_set(here, gauge, value);
}

uint64_t counter_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t counter_since_us(uint64_t then_us)
{
	uint64_t us = counter_now_us() - then_us;

	return us != 0 ? us : 1;
}

void counter_time(size_t histogram, uint64_t us)
{
	static const uint64_t bounds_us[COUNTER_BOUNDS] = {
		1000, 5000, 20000, 100000, 500000, 2000000, 10000000
	};
	size_t i = 0;

	while (i < COUNTER_BOUNDS && us > bounds_us[i])
		i++;
	counter_add(histogram + i, 1);
	counter_add(histogram + COUNTER_BOUNDS + 1, us);
}

/* -- pages -- */

/* Nobody maps it for writing from now on, and it keeps its size. */
static bool seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS,
	             F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE |
	                     F_SEAL_SEAL) == 0;
}

static void *map(int fd, int protection)
{
	return mmap(NULL, sizeof(struct counters), protection, MAP_SHARED, fd,
	            0);
}

struct counters *counters_new(int *fd)
{
	void *page = MAP_FAILED;

	*fd = memfd_create("roost-counters", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd >= 0 && ftruncate(*fd, sizeof(struct counters)) == 0)
		page = map(*fd, PROT_READ | PROT_WRITE);
	if (page == MAP_FAILED || !seal(*fd))
		abort(); /* no memory */
	return page;
}

/* One that could shrink would end the process that reads it. */
const struct counters *counters_map(int fd)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	void *page;

	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(fd, &st) != 0 ||
	    st.st_size != sizeof(struct counters))
		return NULL;
	page = map(fd, PROT_READ);
	return page == MAP_FAILED ? NULL : page;
}

void counters_free(const struct counters *c)
{
	if (here == c)
		here = &nowhere;
	munmap((void *)(uintptr_t)c, sizeof *c);
}

void counters_use(struct counters *c)
{
	here = c;
}

uint64_t counters_value(const struct counters *c, size_t counter)
{
	assert(counter < COUNTERS);
	return atomic_load_explicit(&c->v[counter], memory_order_relaxed);
}

void counters_clear_gauges(struct counters *c)
{
	for (size_t i = 0; i < n_counter_metrics; i++) {
		const struct counter_metric *m = &counter_metrics[i];

		for (size_t j = 0;
		     m->kind == KIND_GAUGE && j < counter_places(m); j++)
			counters_set(c, m->first + j, 0);
	}
}
