/* quota.c -- see quota.h. */
#include "outside/quota.h"

#include "base/ascii.h"

/* The number and its letter; `unit` is of one without. */
static uint64_t octets(struct slice s, uint64_t unit)
{
	static const char letters[] = "bkmgt";
	char last = s.len != 0 ? ascii_lower(s.ptr[s.len - 1]) : '\0';
	uint64_t n;

	for (unsigned i = 0; i < 5; i++) {
		if (last != letters[i])
			continue;
		unit = UINT64_C(1) << (10 * i);
		s.len--;
		break;
	}
	return slice_number(s, &n) && n <= UINT64_MAX / unit ? n * unit : 0;
}

uint64_t quota_rule(struct slice rule)
{
	struct slice item, rest = rule;

	if (!slice_starts(rule, S("*:")))
		return octets(rule, 1);
	rest = slice_from(rule, 2);
	while (rest.len != 0) {
		slice_cut(rest, ':', &item, &rest);
		if (slice_starts(item, S("storage=")))
			return octets(slice_from(item, 8), 1024);
		if (slice_starts(item, S("bytes=")))
			return octets(slice_from(item, 6), 1);
	}
	return 0;
}
