/* transfer.c -- see transfer.h. RFC 2045 sections 6.7 and 6.8. */
#include "mime/transfer.h"

#include "base/ascii.h"

/* -- base64 -- */

enum { NOT_A_DIGIT = 64 };

#define X NOT_A_DIGIT
static const uint8_t base64_value[256] = {
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  62, X,  X,  X,  63, 52, 53, 54, 55, 56, 57,
	58, 59, 60, 61, X,  X,  X,  X,  X,  X,  X,  0,  1,  2,  3,  4,  5,  6,
	7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
	25, X,  X,  X,  X,  X,  X,  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36,
	37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
	X,  X,  X,  X,
};
#undef X

/* One character; the number of bytes (0 or 1) it has completed at p. */
static size_t base64_step(struct base64_state *b, char c, char *p)
{
	uint8_t value = base64_value[(unsigned char)c];

	if (value == NOT_A_DIGIT) {
		if (c == '=')
			b->have = 0;
		return 0;
	}
	b->bits = b->bits << 6 | value;
	b->have += 6;
	if (b->have < 8)
		return 0;
	b->have -= 8;
	*p = (char)(b->bits >> b->have);
	return 1;
}

void base64_lenient(struct base64_state *b, struct slice s, struct buf *out)
{
	char *p = buf_room(out, s.len);
	size_t n = 0;

	if (p == NULL)
		return;
	for (size_t i = 0; i < s.len; i++)
		n += base64_step(b, s.ptr[i], p + n);
	out->len += n;
}

/* -- quoted-printable -- */

/* The text up to the next "="; the rest. */
static struct slice qp_text(struct qp_state *q, struct slice s, struct buf *out)
{
	size_t n = slice_find_byte(s, '=');

	buf_add(out, slice_first(s, n));
	if (n == SLICE_NONE)
		return slice_from(s, s.len);
	*q = (struct qp_state){ .at = QP_EQUALS };
	return slice_from(s, n + 1);
}

/* The character behind "=": false when it is none of the encoding's. */
static bool qp_equals(struct qp_state *q, char c)
{
	if (ascii_hex(c) >= 0) {
		q->digit = c;
		q->at = QP_DIGIT;
	} else if (c == ' ' || c == '\t') {
		q->spaces++;
		q->at = QP_SPACES;
	} else if (c == '\r') {
		q->at = QP_CR;
	} else if (c == '\n') {
		q->at = QP_TEXT;
	} else {
		return false;
	}
	return true;
}

/* One character after "=": false when it does not belong to it. */
static bool qp_step(struct qp_state *q, char c, struct buf *out)
{
	switch (q->at) {
	case QP_EQUALS:
		return qp_equals(q, c);
	case QP_SPACES:
		return ascii_hex(c) < 0 && qp_equals(q, c);
	case QP_DIGIT:
		if (ascii_hex(c) < 0)
			return false;
		buf_byte(out, (char)(ascii_hex(q->digit) * 16 + ascii_hex(c)));
		break;
	case QP_CR:
		if (c != '\n')
			return false;
		break;
	case QP_TEXT:
		break;
	}
	q->at = QP_TEXT;
	return true;
}

void qp_decode(struct qp_state *q, struct slice s, struct buf *out)
{
	while (s.len != 0) {
		if (q->at == QP_TEXT)
			s = qp_text(q, s, out);
		else if (qp_step(q, s.ptr[0], out))
			s = slice_from(s, 1);
		else
			qp_end(q, out);
	}
}

void qp_end(struct qp_state *q, struct buf *out)
{
	if (q->at != QP_TEXT)
		buf_byte(out, '=');
	if (q->at == QP_DIGIT)
		buf_byte(out, q->digit);
	for (size_t i = 0; i < q->spaces; i++)
		buf_byte(out, ' ');
	if (q->at == QP_CR)
		buf_byte(out, '\r');
	*q = (struct qp_state){ .at = QP_TEXT };
}

void q_decode(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		int high = c == '=' && i + 2 < s.len ? ascii_hex(s.ptr[i + 1])
		                                     : -1;
		int low = high >= 0 ? ascii_hex(s.ptr[i + 2]) : -1;

		if (low >= 0) {
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '_') {
			c = ' ';
		}
		buf_byte(out, c);
	}
}
