/* quota.h -- how large an account may become, as Dovecot's sources say it. */
#pragma once

#include <stdint.h>

#include "base/slice.h"

/* "*:storage=1G" (in KiB without a letter), "*:bytes=1073741824" or "1G";
 * octets. 0: none, or it is something else. */
uint64_t quota_rule(struct slice);
