/* relevancy.c -- see relevancy.h. */
#include "imap/relevancy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mime/fuzzy.h"

void relevancy_start(struct relevancy *r, struct view *view)
{
	size_t n = view_exists(view);

	*r = (struct relevancy){ view, mem_new(n, 1) };
	memset(r->v, FUZZY_BEST, n);
}

void relevancy_free(struct relevancy *r)
{
	free(r->v);
	*r = (struct relevancy){ 0 };
}

void relevancy_note(struct relevancy *r, uint32_t uid, unsigned score)
{
	uint32_t seq = r->v != NULL ? view_seq(r->view, uid) : 0;

	if (seq != 0 && score < r->v[seq - 1])
		r->v[seq - 1] = (uint8_t)score;
}

uint8_t *relevancy_now(const struct relevancy *r)
{
	return r->v != NULL ? mem_copy(r->v, view_exists(r->view)) : NULL;
}

void relevancy_undo(struct relevancy *r, uint8_t *then,
                    const struct uidset *among, const struct uidset *except)
{
	struct uidset who = { 0 };

	uidset_copy(&who, among);
	uidset_subtract(&who, except);
	for (size_t i = 0; i < who.n && then != NULL; i++) {
		uint32_t from = view_seq(r->view, who.v[i].first) - 1;
		uint32_t to = view_seq(r->view, who.v[i].last);

		memcpy(r->v + from, then + from, to - from);
	}
	uidset_free(&who);
	free(then);
}

unsigned relevancy_of(const struct relevancy *r, uint32_t uid)
{
	return r->v[view_seq(r->view, uid) - 1];
}
