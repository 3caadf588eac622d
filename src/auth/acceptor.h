/*
 * acceptor.h -- connections to one of auth's listeners, as they come.
 */
#pragma once

#include "task/task.h"

struct acceptor;

/* Takes the listener over. accepted(arg, fd) is called on the loop for each
 * connection; fd is its own and non-blocking. */
struct acceptor *acceptor_new(struct loop *, int fd,
                              void (*accepted)(void *arg, int fd), void *arg);
void acceptor_free(struct acceptor *);
