/*
 * search_returns.c -- what a SEARCH or SORT is to answer.
 * RFC 9051 section 6.4.4; CONTEXT, UPDATE, PARTIAL: RFC 5267 section 4; the
 * last RFC 9394, too; the items of UPDATE: RFC 5465 section 7
 */
#include "imap/fetch.h"
#include "imap/search.h"

static void take_partial(struct cursor *c, struct search_request *r)
{
	expect(c, ' ', "expected a range of positions");
	if (r->returns & SEARCH_PARTIAL)
		fail(c, "there can be only one PARTIAL");
	r->partial = parse_partial_range(c);
}

/* modifier-update = "UPDATE" ["(" fetch-att *(SP fetch-att) ")"]; the example
 * has a space before the list, which the grammar has not */
static void take_update(struct cursor *c, struct search_request *r)
{
	struct cursor ahead = *c;

	take(&ahead, ' ');
	if (peek(&ahead) != '(')
		return;
	c->p = ahead.p;
	r->items = parse_fetch_items_text(c);
}

static const struct {
	struct slice name;
	unsigned bit;
	void (*take)(struct cursor *, struct search_request *);
} returns[] = {
	{ N("ALL"), SEARCH_RETURN_ALL, NULL },
	{ N("CONTEXT"), 0, NULL }, /* a hint, RFC 5267 section 4.2 */
	{ N("COUNT"), SEARCH_COUNT, NULL },
	{ N("MAX"), SEARCH_MAX, NULL },
	{ N("MIN"), SEARCH_MIN, NULL },
	{ N("PARTIAL"), SEARCH_PARTIAL, take_partial },
	{ N("RELEVANCY"), SEARCH_RELEVANCY, NULL }, /* RFC 6203 */
	{ N("SAVE"), SEARCH_SAVE, NULL },
	{ N("UPDATE"), SEARCH_UPDATE, take_update },
};

static void parse_return(struct cursor *c, struct search_request *r)
{
	struct slice name = parse_atom(c);

	for (size_t i = 0; i < sizeof returns / sizeof *returns; i++) {
		if (!slice_ieq(returns[i].name, name))
			continue;
		if (returns[i].take != NULL)
			returns[i].take(c, r);
		r->returns |= returns[i].bit;
		return;
	}
	fail(c, "there is no such result option");
}

/* search-return-opts = SP "RETURN" SP "(" [opt *(SP opt)] ")" */
void parse_search_returns(struct cursor *c, struct search_request *r)
{
	const unsigned both = SEARCH_RETURN_ALL | SEARCH_PARTIAL;

	if (!take_word(c, S("RETURN (")))
		return;
	r->extended = true;
	if (!take(c, ')')) {
		do {
			parse_return(c, r);
		} while (take(c, ' '));
		expect(c, ')', "list of result options does not end");
	}
	if (!(r->returns & SEARCH_RESULTS))
		r->returns |= SEARCH_RETURN_ALL;
	if ((r->returns & both) == both)
		fail(c, "PARTIAL and ALL exclude each other");
	expect(c, ' ', "expected a space behind the result options");
}
