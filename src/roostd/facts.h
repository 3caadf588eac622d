/*
 * facts.h -- what the kernel says about a child.
 *
 * Files of /proc/PID, opened by the parent while the child is still as its
 * parent: later it is another user's, can't be looked into, and may be hidden.
 * The child waits for that, a moment, before it becomes anything. They are for
 * metrics, which can't open files; roostd itself never reads them.
 */
#pragma once

#include <sys/types.h>

#include "ipc/protocol.h"

enum { FACTS = COUNTED_THINGS }; /* by enum counted; that of the page is -1 */

struct facts_gate {
	int ends[2];
};

void facts_init(int facts[FACTS]);
void facts_close(int facts[FACTS]);

/* Before the fork, */
void facts_gate_init(struct facts_gate *);

/* in the child: suspends it, */
void facts_wait(struct facts_gate *);

/* and in the parent, which lets it go on. pid -1: there is none. */
void facts_open(struct facts_gate *, pid_t, int facts[FACTS]);
