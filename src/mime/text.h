/*
 * text.h -- from transfer-encoded bytes in some charset to folded UTF-8.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"
#include "mime/digest.h"

/*
 * A streaming decoder of one body part: quoted-printable or base64, then
 * the charset (iconv; unknown ones are read as Latin-1), then (optionally)
 * unicode_fold. Broken input is decoded as far as it goes.
 */
struct text_decoder;

enum text_form { TEXT_RAW, TEXT_UTF8, TEXT_FOLDED };

/* TEXT_RAW only undoes the transfer encoding. charset may be "". */
struct text_decoder *text_decoder_new(enum part_encoding, const char *charset,
                                      enum text_form);
void text_decoder_feed(struct text_decoder *, struct slice, struct buf *out);
/* What was held back at the end; frees the decoder. */
void text_decoder_finish(struct text_decoder *, struct buf *out);

/* Is the charset one that SEARCH CHARSET may name? Converts s to UTF-8;
 * false for an unknown charset. ERR-free: broken bytes become U+FFFD. */
bool charset_to_utf8(struct slice charset, struct slice s, struct buf *out);
