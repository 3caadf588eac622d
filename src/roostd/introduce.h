/*
 * introduce.h -- a child that has been started gets what it talks by: links
 * to others, and the sockets that strangers connect to.
 *
 *   gate ──── auth ──── outside
 *     └─ mail ─┘
 *         └──── parse
 *
 * Who has nothing to say to another has no link to it, and mail has none to
 * anybody before its partition is open.
 */
#pragma once

#include "roostd/roster.h"

/* New links, between it and each other one that runs: when it has been started
 * and, for mail, when it has become ready. */
void introduce_to_all(struct child *, struct roster *);

/* Those listeners that are for its role. */
void introduce_listeners(struct child *, const struct listeners *);
