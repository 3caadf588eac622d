/* search.c -- SEARCH and UID SEARCH. RFC 9051 section 6.4.4 */
#include "imap/context.h"

/* As a context reads it again. */
static struct err parse_unsorted(struct cursor *c, struct sort_request *r)
{
	*r = (struct sort_request){ 0 };
	return parse_search(c, &r->search);
}

struct err cmd_search(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct search_found found = search_found_of(s);
	struct search_request r;
	struct err e = parse_search(&c, &r);
	uint64_t since = 0;

	if (is_ok(e))
		e = context_begin(s, &r, &since);
	if (is_ok(e))
		e = search_run(s, s->view, &r, &found.uids, &found.relevancy);
	found.n = uidset_count(&found.uids);
	if (is_ok(e) && r.returns & SEARCH_UPDATE)
		context_keep(s, args, parse_unsorted, &found, since);
	if (is_ok(e))
		e = search_answer(s, &r, &found, S("SEARCH"));
	search_found_free(&found);
	return search_end(s, &r, e);
}
