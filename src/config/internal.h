/* internal.h -- between the files of this room. */
#pragma once

#include "config/config.h"

/*
 * Puts a value that was written (or is a default) into its field, whose old
 * value is freed. Returns NULL, or what is wrong with it; then the field is
 * as it was.
 */
const char *config_set(struct config *, const struct config_option *,
                       struct slice text);

/* Adds an error: what, and what is wrong with it. */
void config_note(struct config_errors *, unsigned line, struct slice what,
                 const char *wrong);

/* Frees what the field holds. */
void config_unset(struct config *, const struct config_option *);

static inline void *config_field(const struct config *c,
                                 const struct config_option *o)
{
	return (char *)c + o->offset;
}
