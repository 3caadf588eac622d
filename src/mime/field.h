/*
 * field.h -- one header field, cut into name and value, and unfolded.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * Cuts a field (with its continuations) at the colon. The name is without
 * the spaces that RFC 5322 section 4.5 allows behind it, the value without
 * the last line end. False when the line is no field.
 */
bool field_split(struct slice field, struct slice *name, struct slice *value);

/* Appends the value on one line: CR and LF go, tabs become spaces, what is
 * at both ends is trimmed. */
void field_unfold(struct slice value, struct buf *out);
