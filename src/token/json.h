/*
 * json.h -- JSON from outside, by jansson.
 *
 * jansson goes as deep as the text does, on the stack of a task: what is too
 * deep or too large never reaches it. A member that is there twice makes the
 * text none, since two readers could see different ones.
 */
#pragma once

#include <jansson.h>

#include "base/slice.h"

enum { JSON_DEPTH = 8, JSON_MOST = 256 * 1024 };

/* An object, which the caller json_decref()s; NULL: the text is none. */
json_t *json_foreign(struct slice text);

/* A member that is a string, valid as long as the object; else empty. */
struct slice json_text(const json_t *object, const char *name);
