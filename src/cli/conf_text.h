/*
 * conf_text.h -- a roost.conf with comments, from the table of options.
 *
 * What `roost init` writes, and (with nothing set) conf/roost.conf.example.
 */
#pragma once

#include "base/buf.h"

/* An option that is set; the others appear as comments. */
struct conf_setting {
	const char *name;
	const char *value;
};

void conf_text(const struct conf_setting *, size_t n, struct buf *out);
