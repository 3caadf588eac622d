/*
 * certificates.h -- the parent's part in TLS: it reads the files, gates have
 * none.
 *
 *   files ──inotify──► certificates ──names──► gate: loads one when a client
 *                          ▲   │                     asks for its name
 *                          │   └──dates──► auth: `roost status`, the log
 *                   ASK of a gate, answered with the pair
 *
 * A file that changes is looked at when it has been quiet for a moment. If the
 * pair is good gates are told, at once; if not they keep what they have, and
 * the log says so. Where inotify sees nothing (a network's files, the target
 * of a link) the change is found within a minute. What a gate asks for is
 * looked up among the names that were found: it never becomes a path.
 */
#pragma once

#include "ipc/frame.h"
#include "roostd/children.h"

struct certificates;

/* The children are those that are told, as far as they run. */
struct certificates *certificates_new(struct loop *, const struct config *,
                                      struct child *children, size_t n);
void certificates_free(struct certificates *);

/* The configuration, which must outlive it, or any file may have changed. */
void certificates_read(struct certificates *, const struct config *);

/* A gate, or auth, that has been started: all that there is. */
void certificates_introduce(struct certificates *, struct child *);

/* FRAME_CERTIFICATE_ASK; false: a bad frame. */
bool certificates_answer(struct certificates *, struct child *,
                         struct frame_in *);
