/*
 * guards.h -- what auth keeps beside its directory: the audit log, the history
 * of log-ins with the counts of failures, alerts. What is done, and what is
 * there of it.
 *
 * Each is a chain. Of lines that are settled together the first few may be
 * there: what was acknowledged, and a beginning of what was under way.
 */
#pragma once

#include "base/buf.h"
#include "history.h"

/* The last step of each: nothing is written to it any more. */
#define STEP_CLOSED S("closed")

struct loop;
struct work;

/* Makes them, works with them, closes them. */
void guards(struct work *);

/* Opens them, compares them with what they may be, goes on with them: a line
 * for everything that does not hold. */
void guards_recover(struct loop *, const char *root, const struct history *,
                    uint32_t cut, struct buf *problems);
