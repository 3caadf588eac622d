/*
 * audit.h -- who changed what: a file that is only ever appended to.
 *
 *	audit_begin() ─► log_text() ... ─► audit_add() ─► audit_settle()
 *	                                     queued         durable
 *
 * A line for each change that is asked for, durable before the change is
 * made. Without it an owner's is not made; an administrator's is, who must be
 * able to act (docs/decisions/31). One that is refused has a second line, that
 * says so. Lines form a chain (base/chain.h).
 *
 * Blocks behind the end of the file are its own before they are needed, so
 * that on a full disk what makes room can be recorded. When they are used up
 * what could not be written is counted in a line that follows when there is
 * room again.
 */
#pragma once

#include "base/err.h"
#include "base/log.h"
#include "base/slice.h"
#include "task/task.h"

struct audit;

/* Opens, or makes, the file, and finds the end of its chain; lines that a
 * crash tore are cut off. ERR_IO, ERR_CORRUPT. */
struct err audit_open(struct loop *, const char *path, struct audit **out);
void audit_close(struct audit *);

/* If the file has been renamed a new one goes on with the chain, with a line
 * that says so; if there can't be one yet, as soon as there can. Suspends. */
void audit_reopen(struct audit *);

/* One that log_text() and log_number() add to. */
struct log_line audit_begin(const char *event);

/* Never suspends; what is not waited for is written soon. Its number, of all
 * lines that were added. */
uint64_t audit_add(struct audit *, const struct log_line *);

/* All lines so far are durable, or lost, which the log says. Suspends. */
void audit_settle(struct audit *);

/* The line of that number, which has been settled, is durable. */
bool audit_has(const struct audit *, uint64_t number);
