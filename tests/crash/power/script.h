/*
 * script.h -- what the clients of the workload say, a command a line; NULL
 * ends it.
 *
 *	~1200    a literal: a message of about that size
 *	-        in front: the command is refused
 *	!name    no command, but one of workload.c's specials
 */
#pragma once

/* One client, everything that there is. */
extern const char *const script_alone[];

/* Many clients at once, each on its own account; can be said again. */
extern const char *const script_together[];
