/*
 * parts.h -- what BODYSTRUCTURE says of each part, for more than one target.
 */
#pragma once

#include <stdbool.h>

#include "mime/digest.h"

/* Each part ends behind itself, within the message, and its description is
 * UTF-8, else aborts. False: BODYSTRUCTURE doesn't agree with the parts. */
bool parts_described(const struct digest *);
