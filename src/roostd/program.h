/*
 * program.h -- programs of their own that children become.
 *
 *	roost-outside LEVEL LINK [FD=SOURCE]...
 *	roost-metrics LEVEL LINK HOSTNAME STARTED
 *
 * So the libraries they need are in no other process. They lie beside roostd,
 * where it was built, or in libexec. What they have to know comes with their
 * start: the level of their log, the descriptor of their link to the parent,
 * and what more is each one's own. Of the environment they get little.
 */
#pragma once

#include "config/source.h"
#include "roostd/server.h"

enum { PROGRAM_ARGUMENTS = SOURCES_MOST }; /* of its own, at most */

struct program;

/* Before privileges are dropped, in a process that will be it. */
struct program *program_new(const char *name, const struct server *,
                            int parent_fd);

/* Takes it over. */
void program_add(struct program *, char *argument);

/* Returns when it can't be run. */
struct err program_run(struct program *);
