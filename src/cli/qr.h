/* qr.h -- a text as a QR code, to be read from a screen by a telephone. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Two rows of modules a line, in half blocks (UTF-8), dark on light whatever
 * the terminal's colours are. False: the text is too long. */
bool qr_print(const char *text, FILE *out);

/* The same as a picture. */
bool qr_svg(const char *text, FILE *out);
