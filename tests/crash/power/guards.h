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
#include "base/err.h"
#include "history.h"

/* The last step of each: nothing is written to it any more. */
#define STEP_CLOSED S("closed")

struct guards;
struct loop;
struct work;

/* Makes them, works with them, closes them. */
void guards(struct work *);

/* The same in parts, where something may fail. */
struct err work_open_guards(struct work *);
void work_close_guards(struct work *); /* if they are open */
void guards_find(struct work *);       /* what is there first */
void guards_work(struct work *);
void guards_do_little(struct work *); /* each writes */

/* A chain's. */
void guards_state(const struct guards *, uint32_t chain, struct buf *out);

/* Opens them, compares them with what they may be, goes on with them: a line
 * for everything that does not hold. */
void guards_recover(struct loop *, const char *root, const struct history *,
                    uint32_t cut, struct buf *problems);
