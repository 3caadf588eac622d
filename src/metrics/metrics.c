/* metrics.c -- the process: what its parent says, and its end. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "metrics/internal.h"

/* -- processes -- */

static struct process *process_at(struct metrics *m, uint32_t index)
{
	size_t n = m->n_processes;

	if (index < n)
		return &m->processes[index];
	m->n_processes = (size_t)index + 1;
	m->processes =
		mem_resize(m->processes, m->n_processes, sizeof *m->processes);
	for (; n < m->n_processes; n++)
		m->processes[n] =
			(struct process){ .facts = { -1, -1, -1, -1 } };
	return &m->processes[index];
}

static void take_page(struct process *p, int fd)
{
	const struct counters *page = counters_map(fd);

	close(fd);
	if (page == NULL)
		return;
	if (p->page != NULL)
		counters_free(p->page);
	p->page = page;
}

static void take_fact(struct process *p, uint8_t what, int fd)
{
	if (p->facts[what] >= 0)
		close(p->facts[what]);
	p->facts[what] = fd;
}

static bool on_counted(void *arg, struct frame_in *f)
{
	struct metrics *m = arg;
	uint32_t index = read_u32(&f->r);
	struct slice name = frame_read_slice(f, PROCESS_NAME_MOST);
	uint8_t what = read_u8(&f->r);
	struct process *p;

	if (!frame_is_whole(f) || f->fd < 0 || index >= PROCESSES_MOST ||
	    what >= COUNTED_THINGS || slice_find_byte(name, '\0') != SLICE_NONE)
		return false;
	p = process_at(m, index);
	memcpy(p->name, name.ptr, name.len);
	p->name[name.len] = '\0';
	if (what == COUNTED_PAGE)
		take_page(p, f->fd);
	else
		take_fact(p, what, f->fd);
	f->fd = -1;
	return true;
}

static void processes_free(struct metrics *m)
{
	for (size_t i = 0; i < m->n_processes; i++) {
		struct process *p = &m->processes[i];

		if (p->page != NULL)
			counters_free(p->page);
		for (uint8_t what = 0; what < COUNTED_THINGS; what++)
			take_fact(p, what, -1);
	}
	free(m->processes);
}

/* -- parent -- */

static bool on_listener(void *arg, struct frame_in *f)
{
	struct metrics *m = arg;
	uint8_t kind = read_u8(&f->r);
	struct http *http;

	read_u16(&f->r); /* its port, */
	read_u8(&f->r);  /* and that no balancer comes to it */
	if (!frame_is_whole(f) || f->fd < 0 || kind != LISTENER_METRICS ||
	    m->n_listeners == LISTENERS_OF_METRICS)
		return false;
	http = http_new(m, f->fd);
	f->fd = -1;
	if (http != NULL)
		m->listeners[m->n_listeners++] = http;
	return true;
}

static bool on_surveyed(void *arg, struct frame_in *f)
{
	struct metrics *m = arg;

	return health_on_surveyed(m->health, f);
}

static bool on_stop(void *arg, struct frame_in *f)
{
	struct metrics *m = arg;

	loop_stop(m->loop);
	return frame_is_whole(f);
}

static const struct parent_frame parent_frames[] = {
	{ FRAME_COUNTED, on_counted },
	{ FRAME_CERTIFICATE_DATE, certificates_on_date },
	{ FRAME_LISTENER, on_listener },
	{ FRAME_SURVEYED, on_surveyed },
	{ FRAME_STOP, on_stop },
};

/* -- the process -- */

static void metrics_fini(struct metrics *m)
{
	health_free(m->health); /* whoever waits for it goes on, to its end */
	while (m->n_listeners != 0)
		http_free(m->listeners[--m->n_listeners]);
	parent_free(m->parent);
	certificates_free(m);
	processes_free(m);
}

int metrics_main(struct loop *loop, const struct metrics_options *options,
                 int parent_fd)
{
	struct metrics m = { .loop = loop, .options = options };

	m.health = health_new(&m);
	m.parent = parent_new(
		loop, parent_fd,
		(struct parent_handler){ .frames = parent_frames,
	                                 .n_frames = sizeof parent_frames /
	                                             sizeof *parent_frames,
	                                 .arg = &m });
	parent_say_ready(m.parent);
	loop_run(loop);
	metrics_fini(&m);
	return EX_OK;
}
