/*
 * country.h -- which country an address is of, as the operator's file says.
 *
 * The file is MaxMind's format (.mmdb); whoever publishes such data publishes
 * it so. One that takes its place by being renamed is taken up within
 * COUNTRY_LOOK_MS; one that can't be used is not, and what was there stays.
 */
#pragma once

#include "base/network.h"
#include "guard/travel.h"
#include "task/task.h"

enum { COUNTRY_LOOK_MS = 2000 };

struct countries;

/* changed(arg) is called on the loop when another file counts. */
struct countries *countries_new(struct loop *, const char *path,
                                void (*changed)(void *arg), void *arg);
void countries_free(struct countries *); /* NULL is fine */

/* Two capital letters, in `out`; "" when there are none: a private address,
 * a file without it, no file. countries may be NULL. */
struct slice country_of(const struct countries *, const struct address *,
                        char out[2]);

/* Where it is, if the file has coordinates: those of cities do, those of
 * countries don't. */
bool country_place(const struct countries *, const struct address *,
                   struct place *out);
