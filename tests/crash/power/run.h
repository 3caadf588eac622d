/* run.h -- what a program that tries many disks needs: an end when it can't go
 * on, the time, an empty directory. */
#pragma once

#include <stdbool.h>

#include "../../remove_all.h" /* its end */

/* Ends the program, status 2, with `what` and errno's text. */
void must(bool holds, const char *what);

double now_s(void); /* monotonic */
