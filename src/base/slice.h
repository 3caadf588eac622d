/*
 * slice.h -- a view of bytes somebody else owns.
 *
 * A slice never owns, never ends in NUL, and may hold any byte. It stays
 * valid exactly as long as the memory it points into; a function that
 * returns one says in its comment whose memory that is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len;      /* bytes */
};

/* A slice of a string literal; the terminating NUL is not part of it. */
#define S(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })

/* The same as an initialiser, for tables. */
#define N(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

/* Where slice_find() and slice_find_byte() say "not there". */
#define SLICE_NONE SIZE_MAX

static inline struct slice slice_of(const void *ptr, size_t len)
{
	return (struct slice){ ptr, len };
}

/* Of a NUL-terminated string, NULL being the empty one. */
static inline struct slice slice_cstr(const char *s)
{
	return (struct slice){ s, s != NULL ? strlen(s) : 0 };
}

/* From byte `from` on; empty when that is past the end. */
static inline struct slice slice_from(struct slice s, size_t from)
{
	if (s.len == 0)
		return s; /* ptr may be NULL */
	if (from >= s.len)
		return (struct slice){ s.ptr + s.len, 0 };
	return (struct slice){ s.ptr + from, s.len - from };
}

/* At most `most` bytes from the start. */
static inline struct slice slice_first(struct slice s, size_t most)
{
	return (struct slice){ s.ptr, s.len < most ? s.len : most };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.ptr, b.ptr, a.len));
}

/* Bytewise order; a prefix comes before what it begins. */
int slice_cmp(struct slice a, struct slice b);

/* The same with ASCII letters compared without case. */
bool slice_ieq(struct slice a, struct slice b);
int slice_icmp(struct slice a, struct slice b);

bool slice_starts(struct slice s, struct slice prefix);
bool slice_istarts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/* Index of the first one, or SLICE_NONE. */
size_t slice_find_byte(struct slice s, char byte);
size_t slice_rfind_byte(struct slice s, char byte);
size_t slice_find(struct slice s, struct slice needle);

/* Without spaces, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/*
 * Cuts at the first `byte`: *head is what stands before it, *rest what
 * stands behind. False, and everything in *head, when it is not there.
 */
bool slice_cut(struct slice s, char byte, struct slice *head,
               struct slice *rest);

/* Decimal digits only, all of the slice, no overflow; else false. */
bool slice_number(struct slice s, uint64_t *out);
