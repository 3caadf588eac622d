/* slice.c -- comparing and cutting views of bytes. */
#include "base/slice.h"

#include "base/ascii.h"

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int d = n != 0 ? memcmp(a.ptr, b.ptr, n) : 0;

	return d != 0 ? d : (a.len > b.len) - (a.len < b.len);
}

int slice_icmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < n; i++) {
		int d = (unsigned char)ascii_lower(a.ptr[i]) -
		        (unsigned char)ascii_lower(b.ptr[i]);

		if (d != 0)
			return d;
	}
	return (a.len > b.len) - (a.len < b.len);
}

bool slice_ieq(struct slice a, struct slice b)
{
	return a.len == b.len && slice_icmp(a, b) == 0;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return slice_eq(slice_first(s, prefix.len), prefix);
}

bool slice_istarts(struct slice s, struct slice prefix)
{
	return slice_ieq(slice_first(s, prefix.len), prefix);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       slice_eq(slice_from(s, s.len - suffix.len), suffix);
}

size_t slice_find_byte(struct slice s, char byte)
{
	const char *p = s.len != 0 ? memchr(s.ptr, byte, s.len) : NULL;

	return p != NULL ? (size_t)(p - s.ptr) : SLICE_NONE;
}

size_t slice_rfind_byte(struct slice s, char byte)
{
	const char *p = s.len != 0 ? memrchr(s.ptr, byte, s.len) : NULL;

	return p != NULL ? (size_t)(p - s.ptr) : SLICE_NONE;
}

size_t slice_find(struct slice s, struct slice needle)
{
	const char *p;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return SLICE_NONE;
	p = memmem(s.ptr, s.len, needle.ptr, needle.len);
	return p != NULL ? (size_t)(p - s.ptr) : SLICE_NONE;
}

struct slice slice_trim(struct slice s)
{
	while (s.len != 0 && ascii_is_space(s.ptr[0]))
		s = slice_from(s, 1);
	while (s.len != 0 && ascii_is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool slice_cut(struct slice s, char byte, struct slice *head,
               struct slice *rest)
{
	size_t at = slice_find_byte(s, byte);

	*head = slice_first(s, at);
	*rest = at == SLICE_NONE ? slice_from(s, s.len) : slice_from(s, at + 1);
	return at != SLICE_NONE;
}

bool slice_number(struct slice s, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.ptr[i]) ||
		    __builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.ptr[i] - '0'), &n))
			return false;
	}
	*out = n;
	return s.len != 0;
}
