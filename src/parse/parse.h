/*
 * parse.h -- the process that makes digests, and owns nothing.
 *
 *   parent ── PEER, STOP ──► ┌───────┐
 *   mail ─── PARSE ────────► │ parse │  message in, digest out
 *   mail ◄── PARSED ──────── └───────┘
 *
 * It keeps nothing of a message when its digest has been sent. A message
 * that takes more processor time or memory than it may ends the process;
 * which one it was stands on the page of its link (parse/page.h).
 */
#pragma once

#include <stdint.h>

#include "task/task.h"

struct parse_options {
	uint64_t memory_bytes; /* beside what the process has at its start */
	uint32_t cpu_ms;       /* a message may take */
	uint32_t links;        /* from mail processes, at most */
};

/* Before the sandbox: what needs a file or raises no limit any more. False:
 * the limits can't be set. */
bool parse_prepare(const struct parse_options *);

/* Serves until the parent has gone, or has said STOP and all links have. An
 * exit status. Takes parent_fd over; allocates for the process's life. */
int parse_main(struct loop *, const struct parse_options *, int parent_fd);
