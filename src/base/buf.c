/* buf.c -- growing by doubling, within the bound. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"

void buf_fit(struct buf *b, size_t size)
{
	assert(b->limit == 0);
	if (size <= b->cap && b->data != NULL)
		return;
	b->data = mem_resize(b->data, size, 1);
	b->cap = size;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .limit = b->limit };
}

void buf_wipe(struct buf *b)
{
	mem_wipe(b->data, b->cap);
	buf_free(b);
}

char *buf_grow(struct buf *b, size_t n)
{
	size_t need;
	size_t cap = b->cap != 0 ? b->cap : 256;

	if (__builtin_add_overflow(b->len, n, &need) ||
	    (b->limit != 0 && need > b->limit)) {
		b->overflow = true;
		return NULL;
	}
	if (need <= b->cap && b->data != NULL)
		return b->data + b->len;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	b->data = mem_resize(b->data, cap, 1);
	b->cap = cap;
	return b->data + b->len;
}

void buf_add(struct buf *b, struct slice s)
{
	char *p = buf_room(b, s.len);

	if (p == NULL || s.len == 0)
		return;
	memcpy(p, s.ptr, s.len);
	b->len += s.len;
}

/* Exactly as long as it is. */
__attribute__((format(printf, 3, 0))) static void
add_format(struct buf *b, size_t n, const char *format, va_list ap)
{
	char *text = mem_new(n + 1, 1);

	vsnprintf(text, n + 1, format, ap);
	buf_add(b, slice_of(text, n));
	free(text);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	size_t spare = b->limit == 0 ? b->cap - b->len : 0;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(spare != 0 ? b->data + b->len : NULL, spare, format, ap);
	va_end(ap);
	assert(n >= 0);
	if ((size_t)n < spare) {
		b->len += (size_t)n;
		return;
	}
	va_start(ap, format);
	add_format(b, (size_t)n, format, ap);
	va_end(ap);
}

void buf_number(struct buf *b, uint64_t n)
{
	char text[20];
	size_t at = sizeof text;

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	buf_add(b, slice_of(text + at, sizeof text - at));
}

void buf_u8(struct buf *b, uint8_t n)
{
	buf_add(b, slice_of(&n, 1));
}

void buf_u16(struct buf *b, uint16_t n)
{
	uint8_t raw[2];

	put_le16(raw, n);
	buf_add(b, slice_of(raw, sizeof raw));
}

void buf_u32(struct buf *b, uint32_t n)
{
	uint8_t raw[4];

	put_le32(raw, n);
	buf_add(b, slice_of(raw, sizeof raw));
}

void buf_u64(struct buf *b, uint64_t n)
{
	uint8_t raw[8];

	put_le64(raw, n);
	buf_add(b, slice_of(raw, sizeof raw));
}

void buf_drop(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

struct slice buf_take(struct buf *b)
{
	struct slice s = buf_slice(b);

	*b = (struct buf){ .limit = b->limit };
	return s;
}
