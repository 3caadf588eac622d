/*
 * server.h -- what the parent knows when it forks, and its children inherit.
 */
#pragma once

#include "config/config.h"
#include "ipc/protocol.h"
#include "roostd/listeners.h"
#include "roostd/privileges.h"

struct server {
	char *path;            /* of the configuration, absolute */
	struct config *start;  /* as it was at the start: for what can't
	                          change while the server runs */
	struct config *config; /* as it was read last; may be `start` */
	struct listeners listeners;
	struct identity users[ROLES]; /* by role */
	uint32_t gates;
	uint32_t parsers;
	uint64_t started_s; /* since 1970 */
	bool check_index;   /* in a child: the one before it ended oddly */
};

enum { PROCESS_NAME = 20 }; /* "parse/" and any number */

enum log_level log_level_of(const struct config *);
