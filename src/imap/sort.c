/*
 * sort.c -- SORT and UID SORT. RFC 5256; with RETURN: RFC 5267 section 3;
 * DISPLAYFROM and DISPLAYTO: RFC 5957
 */
#include <stdlib.h>

#include "base/mem.h"
#include "imap/context.h"

/* -- grammar -- */

static const struct {
	struct slice name;
	enum sort_field field;
} fields[] = {
	{ N("ARRIVAL"), SORT_ARRIVAL },
	{ N("CC"), SORT_CC },
	{ N("DATE"), SORT_DATE },
	{ N("DISPLAYFROM"), SORT_DISPLAYFROM },
	{ N("DISPLAYTO"), SORT_DISPLAYTO },
	{ N("FROM"), SORT_FROM },
	{ N("RELEVANCY"), SORT_GIVEN }, /* RFC 6203 section 6 */
	{ N("SIZE"), SORT_SIZE },
	{ N("SUBJECT"), SORT_SUBJECT },
	{ N("TO"), SORT_TO },
};

static enum sort_field parse_sort_field(struct cursor *c)
{
	struct slice name = parse_atom(c);

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (slice_ieq(fields[i].name, name))
			return fields[i].field;
	fail(c, "there is no such sort key");
	return SORT_ARRIVAL;
}

/* A key whose field has been named before decides nothing. */
static void add_key(struct sort_request *r, struct sort_key key)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (r->keys[i].field == key.field)
			return;
	r->keys[r->n_keys++] = key;
}

/* sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"
 * sort-criterion = ["REVERSE" SP] sort-key */
static void parse_sort_criteria(struct cursor *c, struct sort_request *r)
{
	expect(c, '(', "expected a list of sort keys");
	do {
		struct sort_key key = { .reverse =
			                        take_word(c, S("REVERSE ")) };

		key.field = parse_sort_field(c);
		add_key(r, key);
	} while (take(c, ' '));
	expect(c, ')', "list of sort keys does not end");
}

/* NULL: it is sorted by others alone. */
static struct sort_key *find_relevancy(struct sort_request *r)
{
	for (size_t i = 0; i < r->n_keys; i++)
		if (r->keys[i].field == SORT_GIVEN)
			return &r->keys[i];
	return NULL;
}

/* sort = "SORT" [search-return-opts] SP sort-criteria SP search-criteria */
struct err parse_sort(struct cursor *c, struct sort_request *r)
{
	*r = (struct sort_request){ 0 };
	expect(c, ' ', "expected a list of sort keys");
	parse_search_returns(c, &r->search);
	parse_sort_criteria(c, r);
	expect(c, ' ', "expected a charset");
	parse_search_criteria(c, &r->search);
	r->search.whole = true;
	if (find_relevancy(r) == NULL)
		return c->e;
	r->search.scored = true;
	if (!r->search.fuzzy)
		fail(c, "RELEVANCY needs a FUZZY key");
	return c->e;
}

/* -- the command -- */

/* The best first: so low numbers for high scores. */
static uint8_t *numbers_of(const struct search_found *found)
{
	uint8_t *v = mem_new((size_t)found->n, 1);
	size_t n = 0;

	for (uint32_t uid = 0; uidset_next(&found->uids, &uid);)
		v[n++] = (uint8_t)(FUZZY_BEST -
		                   relevancy_of(&found->relevancy, uid));
	return v;
}

static struct err sort(struct session *s, struct sort_request *r,
                       const struct search_found *found, uint32_t *order)
{
	struct sort_key *relevancy = find_relevancy(r);
	uint8_t *numbers = NULL;
	struct err e;

	if (relevancy != NULL)
		relevancy->given = numbers = numbers_of(found);
	e = mailbox_sort(view_mailbox(s->view), &found->uids, r->keys,
	                 r->n_keys, order);
	free(numbers);
	return e;
}

/* How well a message matches may change with its flags, and so its place. */
static void keep(struct session *s, struct sort_request *r,
                 const struct search_found *found, struct slice args,
                 uint64_t since)
{
	if (!(r->search.returns & SEARCH_UPDATE))
		return;
	if (find_relevancy(r) != NULL)
		context_refuse(s, "relevancies are not kept up to date");
	else
		context_keep(s, args, parse_sort, found, since);
}

static struct err answer(struct session *s, struct sort_request *r,
                         struct search_found *found, struct slice args,
                         uint64_t since)
{
	uint32_t *order;
	struct err e;

	found->n = uidset_count(&found->uids);
	order = mem_new((size_t)found->n, sizeof *order);
	e = sort(s, r, found, order);
	found->order = order;
	if (is_ok(e))
		keep(s, r, found, args, since);
	if (is_ok(e))
		e = search_answer(s, &r->search, found, S("SORT"));
	free(order);
	return e;
}

struct err cmd_sort(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct search_found found = search_found_of(s);
	struct sort_request r;
	struct err e = parse_sort(&c, &r);
	uint64_t since = 0;

	if (is_ok(e))
		e = context_begin(s, &r.search, &since);
	if (is_ok(e))
		e = search_run(s, s->view, &r.search, &found.uids,
		               &found.relevancy);
	if (is_ok(e))
		e = answer(s, &r, &found, args, since);
	search_found_free(&found);
	return search_end(s, &r.search, e);
}
