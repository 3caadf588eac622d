/*
 * script.h -- what the clients of the workload say, a command a line; NULL
 * ends it.
 *
 *	~1200    a literal: a message of about that size
 *	-        in front: the command is refused
 *	> <      the same: it moves messages to the account of whom it visits,
 *	         or from there
 *	!name    no command, but one of workload.c's specials
 */
#pragma once

/* One client, everything that there is. */
extern const char *const script_alone[];

/* And another one, in its own account and in that of the first. */
extern const char *const script_shared[];

/* Many clients at once, each on its own account; can be said again. */
extern const char *const script_together[];
