/*
 * survey.h -- the parent's part in metrics: who is there, and what it gave
 * each child to count on.
 *
 *   metrics ──SURVEY──► parent ──PING──► each child
 *           ◄─SURVEYED─        ◄──PONG──
 *
 * One that does not answer within SURVEY_MS is named. Asking costs nothing as
 * long as nobody asks.
 */
#pragma once

#include "roostd/children.h"

struct survey;

/* is_wanted: others need not be there. The children are the caller's. */
struct survey *survey_new(struct loop *, struct child *children, size_t n,
                          bool (*is_wanted)(const struct child *));
void survey_free(struct survey *);

/* While one is under way it does for whoever asks, too. */
void survey_begin(struct survey *);
void survey_answered(struct survey *, struct child *, uint64_t number);

/* One that has been started: metrics gets its page and its facts, or, if it is
 * metrics, those of all. */
void survey_introduce(struct survey *, struct child *);
