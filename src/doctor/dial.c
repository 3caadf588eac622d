/* dial.c -- a connection to a name, where one of its addresses will do. */
#include "doctor/internal.h"

struct err dial(const struct doctor *d, const char *name, uint16_t port,
                struct connection *c)
{
	struct where where[ADDRESSES_MOST];
	size_t n = 0;
	struct err e = resolve_addresses(&d->resolver, name, port, where, &n);

	if (!is_ok(e))
		return e;
	return connection_open(c, (const struct sockaddr *)&where[0].address,
	                       where[0].len, d->seconds);
}
