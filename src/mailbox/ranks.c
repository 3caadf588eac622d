/* ranks.c -- see ranks.h. */
#include "mailbox/ranks.h"

#include <stdlib.h>

#include "base/mem.h"

struct ranks *ranks_new(enum digest_field text, size_t n)
{
	struct ranks *ranks = mem_new(1, sizeof *ranks);

	*ranks = (struct ranks){ .text = text,
		                 .v = mem_new(n, sizeof *ranks->v),
		                 .n = n };
	return ranks;
}

void ranks_free(struct ranks *ranks)
{
	if (ranks == NULL)
		return;
	free(ranks->v);
	free(ranks);
}

struct ranks *ranks_take(struct mailbox *m, enum digest_field text)
{
	struct ranks *ranks = m->ranks;

	if (ranks == NULL || ranks->text != text)
		return NULL;
	m->ranks = NULL;
	return ranks;
}

void ranks_give(struct mailbox *m, struct ranks *ranks)
{
	ranks_free(m->ranks);
	m->ranks = ranks;
}

const struct rank *ranks_find(const struct ranks *ranks, uint32_t uid,
                              size_t *at)
{
	while (*at < ranks->n && ranks->v[*at].uid < uid)
		(*at)++;
	if (*at == ranks->n || ranks->v[*at].uid != uid)
		return NULL;
	return &ranks->v[*at];
}
