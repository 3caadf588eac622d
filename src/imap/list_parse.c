/* list_parse.c -- the grammar of LIST, LSUB and XLIST. RFC 9051 section 6.3.9
 */
#include "base/limits.h"
#include "base/unicode.h"
#include "imap/list.h"
#include "imap/status.h"

struct option {
	struct slice name;
	unsigned bit;
};

static const struct option select_options[] = {
	{ N("SUBSCRIBED"), SELECT_SUBSCRIBED },
	{ N("REMOTE"), SELECT_REMOTE },
	{ N("SPECIAL-USE"), SELECT_SPECIAL_USE },
	{ N("RECURSIVEMATCH"), SELECT_RECURSIVEMATCH },
};

static const struct option return_options[] = {
	{ N("SUBSCRIBED"), RETURN_SUBSCRIBED },
	{ N("CHILDREN"), RETURN_CHILDREN },
	{ N("SPECIAL-USE"), RETURN_SPECIAL_USE },
	{ N("STATUS"), RETURN_STATUS },
	{ N("METADATA"), RETURN_METADATA },
	{ N("MYRIGHTS"), RETURN_MYRIGHTS },
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static unsigned parse_option(struct cursor *c, const struct option *options,
                             size_t n)
{
	struct slice name = parse_atom(c);

	for (size_t i = 0; i < n; i++)
		if (slice_ieq(options[i].name, name))
			return options[i].bit;
	fail(c, "there is no such LIST option");
	return 0;
}

/* list-select-opts = "(" [list-select-opt *(SP list-select-opt)] ")" */
static void parse_select_options(struct cursor *c, struct list_request *r)
{
	if (take(c, ')'))
		return;
	do {
		r->select |=
			parse_option(c, select_options, COUNT(select_options));
	} while (take(c, ' '));
	expect(c, ')', "list of options does not end");
	if (r->select & SELECT_RECURSIVEMATCH &&
	    !(r->select & SELECT_SUBSCRIBED))
		fail(c, "RECURSIVEMATCH alone selects nothing");
}

/* RFC 9590 section 4: the entries alone, as asked for */
static void parse_return_metadata(struct cursor *c, struct list_request *r)
{
	r->metadata.depth = METADATA_EXACT;
	r->metadata.most = UINT64_MAX;
	parse_metadata_entries(c, &r->metadata.names, &r->metadata.n);
}

/* return-option; STATUS has items of its own, and METADATA entries */
static void parse_return_option(struct cursor *c, struct list_request *r)
{
	unsigned bit = parse_option(c, return_options, COUNT(return_options));

	r->returns |= bit;
	if (bit != RETURN_STATUS && bit != RETURN_METADATA)
		return;
	expect(c, ' ', "expected a list behind the option");
	if (bit == RETURN_STATUS)
		r->status = parse_status_items(c);
	else
		parse_return_metadata(c, r);
}

/* list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")" */
static void parse_return_options(struct cursor *c, struct list_request *r)
{
	r->returned = rest(c);
	if (at_end(c))
		return;
	if (!take_word(c, S(" RETURN (")))
		fail(c, "expected RETURN (...)");
	if (take(c, ')'))
		return;
	do {
		parse_return_option(c, r);
	} while (take(c, ' '));
	expect(c, ')', "list of options does not end");
}

/* "The canonical form is normally the reference name appended with the
 * mailbox name." RFC 3501 section 6.3.8 */
static struct slice join(struct cursor *c, struct slice reference,
                         struct slice pattern)
{
	char *joined;

	if (reference.len == 0)
		return pattern;
	joined = arena_alloc(c->arena, reference.len + pattern.len);
	memcpy(joined, reference.ptr, reference.len);
	if (pattern.len != 0)
		memcpy(joined + reference.len, pattern.ptr, pattern.len);
	return slice_of(joined, reference.len + pattern.len);
}

/* As names are kept, so that they are found however they are composed. */
static struct slice compose(struct cursor *c, struct slice pattern)
{
	struct buf normal = { 0 };

	if (!utf8_is_valid(pattern))
		return pattern;
	unicode_nfc(pattern, &normal);
	if (normal.overflow || normal.len > PATTERN_MOST)
		fail_with(c, ERR_LIMIT, "the pattern is too long");
	else
		pattern = arena_copy(c->arena, buf_slice(&normal));
	buf_free(&normal);
	return pattern;
}

/* One that can't be any name's, for it is not well encoded, is passed over. RFC
 * 9051 section 6.3.9 */
static void parse_pattern(struct cursor *c, struct list_request *r)
{
	struct slice wire = parse_list_mailbox(c);
	struct slice pattern, whole;

	if (wire.len > LIMIT_LIST_PATTERN ||
	    r->n_patterns == LIMIT_LIST_PATTERNS)
		fail_with(c, ERR_LIMIT, "too many or too long patterns");
	if (!is_ok(c->e))
		return;
	r->root |= wire.len == 0;
	if (wire.len == 0 || r->nowhere || !decode_mailbox(c, wire, &pattern))
		return;
	whole = compose(c, join(c, r->reference, pattern));
	if (!is_ok(c->e))
		return;
	r->texts[r->n_patterns] = whole;
	r->patterns[r->n_patterns++] = pattern_new(whole, c->arena);
}

/* mbox-or-pat = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")" */
static void parse_patterns(struct cursor *c, struct list_request *r)
{
	r->patterns = cursor_array(c, LIMIT_LIST_PATTERNS, sizeof *r->patterns);
	r->texts = cursor_array(c, LIMIT_LIST_PATTERNS, sizeof *r->texts);
	if (!take(c, '(')) {
		parse_pattern(c, r);
		return;
	}
	do {
		parse_pattern(c, r);
	} while (take(c, ' '));
	expect(c, ')', "list of patterns does not end");
}

static void parse_reference(struct cursor *c, struct list_request *r)
{
	struct slice wire = parse_astring(c);

	if (wire.len > LIMIT_LIST_PATTERN)
		fail_with(c, ERR_LIMIT, "reference is too long");
	r->nowhere = is_ok(c->e) && !decode_mailbox(c, wire, &r->reference);
	expect(c, ' ', "expected a mailbox pattern");
}

/* list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat
 *        [SP list-return-opts]
 *
 * Who makes use of any of these brackets asks for no delimiter by a pattern of
 * no characters: it is passed over. */
struct err parse_list(struct cursor *c, struct list_request *r)
{
	bool extended;

	*r = (struct list_request){ 0 };
	expect(c, ' ', "expected a reference");
	extended = take(c, '(');
	if (extended) {
		parse_select_options(c, r);
		expect(c, ' ', "expected a reference");
	}
	parse_reference(c, r);
	extended |= peek(c) == '(';
	parse_patterns(c, r);
	extended |= !at_end(c);
	parse_return_options(c, r);
	expect_end(c);
	r->root &= !extended;
	/* who selects by it wants to see it */
	if (r->select & SELECT_SUBSCRIBED)
		r->returns |= RETURN_SUBSCRIBED;
	return c->e;
}

/* SP mailbox SP list-mailbox */
static struct err parse_old(struct cursor *c, struct list_request *r)
{
	expect(c, ' ', "expected a reference");
	parse_reference(c, r);
	r->patterns = cursor_array(c, 1, sizeof *r->patterns);
	r->texts = cursor_array(c, 1, sizeof *r->texts);
	parse_pattern(c, r);
	expect_end(c);
	return c->e;
}

/* lsub = "LSUB" SP mailbox SP list-mailbox */
struct err parse_lsub(struct cursor *c, struct list_request *r)
{
	*r = (struct list_request){ .lsub = true, .select = SELECT_SUBSCRIBED };
	return parse_old(c, r);
}

/* xlist = "XLIST" SP mailbox SP list-mailbox */
struct err parse_xlist(struct cursor *c, struct list_request *r)
{
	*r = (struct list_request){ .xlist = true };
	return parse_old(c, r);
}
