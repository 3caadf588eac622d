/* f16.h -- see f16.c. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* In place of the role; its exit status. */
int f16_run(int parent_fd, pid_t parent, bool is_gate);

/* Who can write to no log needs somebody who does. */
void f16_start_relay(void);
