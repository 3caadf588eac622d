/* partial.c -- see partial.h. */
#include "imap/partial.h"

/* "-" nz-number, or without the sign */
static uint32_t parse_position(struct cursor *c, bool backward)
{
	if (backward)
		expect(c, '-', "expected two positions from the end");
	return parse_nz_number(c);
}

/*
 * partial-range = nz-number ":" nz-number /
 *                 MINUS nz-number ":" MINUS nz-number
 */
struct partial_range parse_partial_range(struct cursor *c)
{
	const char *start = c->p;
	struct partial_range r = { .backward = peek(c) == '-' };
	uint32_t a = parse_position(c, r.backward);
	uint32_t b;

	expect(c, ':', "expected a range of positions");
	b = parse_position(c, r.backward);
	r.from = a < b ? a : b;
	r.to = a < b ? b : a;
	if (is_ok(c->e))
		r.text = slice_of(start, (size_t)(c->p - start));
	return r;
}

struct positions partial_positions(struct partial_range r, uint64_t n)
{
	uint64_t end = r.to < n ? r.to : n;

	if (r.from > n)
		return (struct positions){ 0, 0 };
	if (r.backward)
		return (struct positions){ n - end, n - (r.from - 1) };
	return (struct positions){ r.from - 1, end };
}

void positions_take(struct positions at, const struct uidset *from,
                    struct uidset *out)
{
	struct uidset rest = { 0 };
	struct uidset before = { 0 };

	uidset_copy(&rest, from);
	uidset_take(&rest, (uint32_t)at.first, &before);
	uidset_take(&rest, (uint32_t)(at.end - at.first), out);
	uidset_free(&before);
	uidset_free(&rest);
}
