/*
 * outside_command.h -- how roost-outside is called.
 *
 * Its arguments are the sources of accounts, each with the descriptor of the
 * file that describes it ("-": there is none), which has passwords in it and
 * need not be readable for its user.
 */
#pragma once

#include "roostd/program.h"

/* Before privileges are dropped, in a process that will be it. */
struct program *outside_command(const struct server *, int parent_fd);
