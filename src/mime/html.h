/*
 * html.h -- the text of an HTML page, roughly: for previews, not for eyes.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"

/* Appends s (UTF-8) without tags, comments, style sheets and scripts;
 * character references are resolved, block elements become spaces. */
void html_strip(struct slice s, struct buf *out);
