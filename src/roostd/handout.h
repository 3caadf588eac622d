/*
 * handout.h -- files that the parent reads and children are handed, since
 * they can open none: the configuration and the certificate.
 *
 * Each comes as a sealed memory file of its own; -1 when it can't be read,
 * and then the log says why.
 */
#pragma once

#include "roostd/server.h"

/*
 * Reads and checks the configuration anew, as at the start. When it has no
 * errors it is the server's from now on and its text is returned; else
 * nothing has changed. Each error and warning is in the log. What only a start
 * can change is kept as it was, with a warning.
 */
int handout_reload(struct server *);

/* A certificate's chain and its key, which may be NULL: in the same file. */
int handout_pair(const char *chain, const char *key);
