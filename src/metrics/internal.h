/* internal.h -- between the files of this room. */
#pragma once

#include "base/buf.h"
#include "base/counter.h"
#include "ipc/link.h"
#include "ipc/parent.h"
#include "ipc/protocol.h"
#include "metrics/metrics.h"
#include "task/timer.h"

enum {
	PROCESSES_MOST = 4096, /* more than a configuration can make */
	PROCESS_NAME_MOST = 20,
	LISTENERS_OF_METRICS = 8,
	CERTIFICATES_SHOWN = 100, /* those that end first */
};

/* One of the server's, since the first that had its name. */
struct process {
	char name[PROCESS_NAME_MOST + 1]; /* "": not heard of */
	const struct counters *page;      /* NULL: not yet */
	int facts[COUNTED_THINGS];        /* -1: it does not run */
};

struct certificate {
	char *name;
	uint64_t expires;
};

struct metrics {
	struct loop *loop;
	const struct metrics_options *options;
	struct parent *parent;
	struct process *processes;
	size_t n_processes;
	struct certificate *certificates;
	size_t n_certificates;
	struct health *health;
	struct http *listeners[LISTENERS_OF_METRICS];
	size_t n_listeners;
};

/* -- page.c -- */

enum exposition { OPENMETRICS, PROMETHEUS };

void page_write(const struct metrics *, enum exposition, struct buf *out);

/* -- proc.c: what the kernel says -- */

struct proc {
	uint64_t memory_bytes; /* resident */
	double cpu_s;
	uint64_t files;
};

/* False: it does not run. */
bool proc_read(const struct process *, struct proc *out);

/* -- health.c -- */

struct health *health_new(struct metrics *);
void health_free(struct health *);

bool health_is_known(const struct health *);

/* fn(arg) once it is, within some SURVEY_MS, or at the end. */
void health_ask(struct health *, void (*fn)(void *arg), void *arg);

/* May clients be sent here? */
bool health_is_well(const struct health *);

/* What is wrong, or should be known, a line each; "": nothing. Valid until the
 * next answer. */
struct slice health_text(const struct health *);

/* FRAME_SURVEYED; false: a bad frame. */
bool health_on_surveyed(struct health *, struct frame_in *);

/* -- certificates.c -- */

bool certificates_on_date(void *arg, struct frame_in *);
void certificates_free(struct metrics *);

/* -- http.c -- */

/* NULL: it can't be served. Takes the descriptor over. */
struct http *http_new(struct metrics *, int fd);
void http_free(struct http *);
