/*
 * children.h -- a child as the parent sees it, and what it is told.
 *
 * A child that does not take its frames hangs: it is killed, and started
 * again like any that died. What is sent to one that has closed its link is
 * dropped.
 */
#pragma once

#include "base/counter.h"
#include "base/log.h"
#include "ipc/link.h"
#include "roostd/facts.h"
#include "roostd/listeners.h"
#include "roostd/pacing.h"
#include "roostd/resumption_keys.h"
#include "roostd/server.h"
#include "task/timer.h"

struct supervisor;

struct child {
	struct supervisor *of;
	enum role role;
	uint32_t index;
	char name[PROCESS_NAME];
	struct counters *counters; /* where it counts */
	int counters_fd;
	int facts[FACTS];  /* what the kernel says of it; -1: it says nothing */
	uint64_t answered; /* the last PING */
	pid_t pid;         /* 0: it does not run */
	struct link *link; /* NULL: it has closed its end */
	bool ready;
	bool ready_once;
	bool has_listeners;
	bool renewed; /* it was told to end, and is started anew */
	bool odd;     /* since it was ready last, it has ended oddly */
	struct pacing pacing;
	uint64_t started_ms;
	struct timer timer; /* back-off, or lingering */
};

void child_log(enum log_level, const char *event, const struct child *);

/* The frame is freed; fd (taken over) may be -1. */
void child_send_frame(struct child *, struct frame_out *, int fd);

/* A frame without fields; fd (taken over) may be -1. */
void child_send(struct child *, enum frame_type, int fd);

/* fd is to's end of a link to peer; taken over. */
void child_send_peer(struct child *to, const struct child *peer, int fd);

/* A copy of the listener. */
void child_send_listener(struct child *, const struct listening *);

/* A gate; so that it opens what the others sealed. */
void child_send_resumption(struct child *, const struct resumption_keys *);
