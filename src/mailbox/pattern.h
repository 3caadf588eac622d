/*
 * pattern.h -- the patterns of LIST: made ready once, matched many times.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/slice.h"

struct pattern;

/*
 * '*' matches anything, '%' anything but the delimiter; INBOX, as a name's
 * first level, is matched without case. RFC 9051 section 6.3.9. At most
 * PATTERN_MOST octets (asserted). In the arena; the text is not kept.
 */
enum { PATTERN_MOST = 2 * LIMIT_LIST_PATTERN };

struct pattern *pattern_new(struct slice text, struct arena *);

/* A pass over the name; its steps are a 64th of the pattern each. */
bool pattern_matches(const struct pattern *, struct slice name);

bool pattern_has_percent(const struct pattern *);
