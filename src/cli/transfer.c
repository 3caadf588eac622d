/* transfer.c -- keywords of a message on its way. */
#include "cli/transfer.h"

void transfer_add_keyword(struct transfer_message *m, struct slice keyword)
{
	if (keyword.len == 0 || m->n_keywords == LIMIT_KEYWORDS)
		return;
	for (size_t i = 0; i < m->n_keywords; i++)
		if (slice_ieq(m->keywords[i], keyword))
			return;
	m->keywords[m->n_keywords++] = keyword;
}
