/*
 * memory.h -- how much memory a process may use, for the rest of its life.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* So much more data than it has now, whatever that is in this build: then
 * malloc() fails. Of what is only reserved, nothing is said. False: the system
 * does not let it. */
bool memory_limit(uint64_t bytes);
