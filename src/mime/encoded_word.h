/*
 * encoded_word.h -- RFC 2047: text in header fields that is not US-ASCII.
 */
#pragma once

#include "base/buf.h"
#include "base/slice.h"
#include "mime/charset.h"

enum {
	ENCODED_WORD_MOST = 1000, /* octets; RFC 2047 says 75 */
	CHARSET_NAME_MOST = 37,   /* octets of a charset's name */
	WORD_DECODER_OPENS = 200, /* conversions; then all is guessed */
};

/*
 * What is kept from one value to the next: the last charset's conversion,
 * and how many there have been (each costs an iconv_open). Zeroed: new.
 */
struct word_decoder {
	struct buf bytes; /* of encoded words not yet converted */
	struct converter converter;
	char charset[CHARSET_NAME_MOST];
	size_t charset_len;
	unsigned int opens;
};

void word_decoder_fini(struct word_decoder *);

/*
 * Appends the value unfolded and decoded, as UTF-8. Adjacent words of one
 * charset are joined before they are converted, since senders cut
 * characters in two. Raw 8-bit text is guessed (CHARSET_GUESS).
 */
void words_decode(struct word_decoder *, struct slice value, struct buf *out);

/* Appends any bytes as encoded words (UTF-8 or, when they are not, Latin-1;
 * base64), separated by spaces. */
void words_encode(struct slice text, struct buf *out);

/* Length of the encoded word at the start; 0: there is none. */
size_t encoded_word_len(struct slice);
