/*
 * roles.h -- from the configuration to the options of each process, also
 * when it is read again (FRAME_RELOAD). Each returns an exit status.
 */
#pragma once

#include "roostd/server.h"

/* "gate": as it is called in the log and in `users`. */
const char *role_name(enum role);

int run_gate(struct server *, int parent_fd);
int run_auth(struct server *, int parent_fd);
int run_mail(struct server *, uint32_t index, int parent_fd);
int run_parse(struct server *, int parent_fd);

/* What parse does before its sandbox; false: it can't. */
bool prepare_parse(const struct server *);
