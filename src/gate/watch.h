/*
 * watch.h -- be called when a descriptor can be read or written.
 *
 * Level-triggered, on the loop. The callback may free its own watch.
 */
#pragma once

#include <uv.h>

#include "task/task.h"

struct watch;

/* Watches for nothing at first. The descriptor stays the caller's; it must
 * stay open until watch_free(). NULL when the loop can't watch it. */
struct watch *watch_new(struct loop *, int fd, void (*fn)(void *arg),
                        void *arg);
void watch_free(struct watch *); /* NULL is fine */

/* UV_READABLE, UV_WRITABLE, both, or 0 for nothing. */
void watch_for(struct watch *, int events);
