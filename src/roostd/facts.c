/* facts.c -- see facts.h. */
#include "roostd/facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void facts_init(int facts[FACTS])
{
	for (int i = 0; i < FACTS; i++)
		facts[i] = -1;
}

void facts_close(int facts[FACTS])
{
	for (int i = 0; i < FACTS; i++) {
		if (facts[i] >= 0)
			close(facts[i]);
	}
	facts_init(facts);
}

void facts_gate_init(struct facts_gate *g)
{
	if (pipe2(g->ends, O_CLOEXEC) != 0)
		g->ends[0] = g->ends[1] = -1; /* no facts, then */
}

/* Until the other end is closed. Without one read() fails at once. */
void facts_wait(struct facts_gate *g)
{
	char none;

	if (g->ends[1] >= 0)
		close(g->ends[1]);
	while (read(g->ends[0], &none, 1) > 0)
		continue;
}

void facts_open(struct facts_gate *g, pid_t pid, int facts[FACTS])
{
	static const char *const files[FACTS] = {
		[COUNTED_MEMORY] = "statm",
		[COUNTED_TIME] = "stat",
		[COUNTED_FILES] = "fd",
	};

	for (int i = 0; i < FACTS && pid > 0; i++) {
		char path[64];

		if (files[i] == NULL)
			continue;
		snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid,
		         files[i]);
		facts[i] = open(path, O_RDONLY | O_CLOEXEC);
	}
	for (int i = 0; i < 2; i++) {
		if (g->ends[i] >= 0)
			close(g->ends[i]);
	}
}
