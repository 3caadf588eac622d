/*
 * directories.h -- the server's directory, made ready for its processes.
 *
 *	DIR/run/lock    held while a server runs on DIR
 *	DIR/run/        sockets
 *	DIR/auth/       accounts; of auth's user
 *	DIR/partition/N mail; of mail's, made by `roost init` only: an empty
 *	                one in the place of a disk that is not mounted would
 *	                look like mail that is lost
 */
#pragma once

#include <stdbool.h>

#include "roostd/server.h"

/* False: the log says why. The lock is held until the process ends. */
bool directories_prepare(const struct server *);
