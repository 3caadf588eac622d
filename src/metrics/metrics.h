/*
 * metrics.h -- the process that shows what was counted.
 *
 *   Prometheus ──HTTP──► metrics ◄── pages of counters, /proc ── parent
 *
 *   GET /metrics          OpenMetrics 1.0, or Prometheus' text if that is asked
 *   GET /healthz/live     it is there
 *   GET /healthz/ready    all processes answer, and mail can be stored; else
 *                         503 with what is wrong, a line each
 *
 * It reads what others count, and they never hear of it: whoever asks too
 * much, too slowly or not at all costs nobody else anything. It has no mail, no
 * account, no client and no file, and what it can be asked fits one line.
 */
#pragma once

#include "task/task.h"

struct metrics_options {
	const char *hostname; /* by which it may be asked, beside localhost */
	uint64_t started_s;   /* since 1970: the server */
};

/* Serves until FRAME_STOP, or until the parent has gone. Takes the descriptor
 * over; an exit status. */
int metrics_main(struct loop *, const struct metrics_options *, int parent_fd);
