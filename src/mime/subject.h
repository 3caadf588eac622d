/*
 * subject.h -- the base subject. RFC 5256 section 2.1.
 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/*
 * The part of a subject (decoded, white space collapsed) that a message
 * shares with its replies; a slice of it. *is_reply: something that marks
 * replies and forwards has been removed.
 */
struct slice subject_base(struct slice subject, bool *is_reply);
