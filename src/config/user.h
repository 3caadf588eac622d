/*
 * user.h -- who a process runs as: one entry of `users`, PROCESS:USER.
 */
#pragma once

#include "config/config.h"

struct config_user {
	struct slice process; /* points into the text */
	const char *name;     /* and so does this, NUL-terminated */
};

/* False: no such process, or nobody named. */
bool config_user_parse(struct slice text, struct config_user *out);

/* The user of that process, which must be one that there is; "": none. */
const char *config_user_of(const struct config *, const char *process);

/* The processes that have users, in order; NULL behind the last. */
extern const char *const config_processes[];
