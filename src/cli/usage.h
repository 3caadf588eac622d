/* usage.h -- help, from the table of verbs. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "cli/verb.h"

/* The verbs, of one family ("user") or all (NULL). */
void usage_verbs(FILE *, const char *family);

/* Is it the first word of a verb of two words? */
bool usage_has_family(const char *word);

/* "import mbox --user USER [options] PATH" */
void usage_synopsis(FILE *, const struct verb *);

/* One verb, with the options that all verbs have. */
void usage_verb(FILE *, const struct verb *, const struct flag *common,
                int n_common);
