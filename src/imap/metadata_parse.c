/* metadata_parse.c -- the grammar of METADATA. RFC 5464 section 5 */
#include "base/ascii.h"
#include "base/limits.h"
#include "imap/metadata.h"

/* -- entries -- */

/* RFC 5464 section 3.2.1 */
static bool is_entry_char(char c)
{
	return !ascii_is_ctl(c) && !ascii_is_8bit(c) && c != '*' && c != '%';
}

static bool is_root(struct slice name)
{
	return slice_eq(name, S("/private")) || slice_eq(name, S("/shared"));
}

/* No level is empty; the first one says whose it is. */
static bool is_entry_name(struct slice name)
{
	if (!is_root(name) && !slice_starts(name, S("/private/")) &&
	    !slice_starts(name, S("/shared/")))
		return false;
	if (slice_ends(name, S("/")) || slice_find(name, S("//")) != SLICE_NONE)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_entry_char(name.ptr[i]))
			return false;
	return true;
}

/* entry = astring ; case-insensitive, begins with "/private" or "/shared" */
static struct slice parse_entry(struct cursor *c)
{
	struct slice raw = parse_astring(c);
	char *lower;

	if (!is_ok(c->e))
		return raw;
	if (raw.len > LIMIT_METADATA_NAME) {
		fail_with(c, ERR_LIMIT, "name of the annotation is too long");
		return raw;
	}
	lower = arena_alloc(c->arena, raw.len);
	for (size_t i = 0; i < raw.len; i++)
		lower[i] = ascii_lower(raw.ptr[i]);
	raw = slice_of(lower, raw.len);
	if (!is_entry_name(raw))
		fail(c, "annotations are called /private/... or /shared/...");
	return raw;
}

static void check_number(struct cursor *c, size_t n)
{
	if (n == LIMIT_METADATA_ENTRIES)
		fail_with(c, ERR_LIMIT, "too many annotations in a command");
}

void parse_metadata_entries(struct cursor *c, struct slice **names, size_t *n)
{
	*names = cursor_array(c, LIMIT_METADATA_ENTRIES + 1, sizeof **names);
	*n = 0;
	if (!take(c, '(')) {
		(*names)[(*n)++] = parse_entry(c);
		return;
	}
	do {
		check_number(c, *n);
		(*names)[*n] = parse_entry(c);
		*n += is_ok(c->e);
	} while (take(c, ' '));
	expect(c, ')', "list of annotations does not end");
}

/* mailbox, or an empty string, however it is written, for the server */
static struct slice parse_place(struct cursor *c)
{
	struct cursor ahead = *c;

	if (parse_astring(&ahead).len != 0 || !is_ok(ahead.e))
		return parse_mailbox(c);
	*c = ahead;
	return S("");
}

/* -- GETMETADATA -- */

/* scope-option = "DEPTH" SP ("0" / "1" / "infinity") */
static enum metadata_depth parse_depth(struct cursor *c)
{
	struct slice depth = parse_atom(c);

	if (slice_eq(depth, S("1")))
		return METADATA_CHILDREN;
	if (slice_ieq(depth, S("infinity")))
		return METADATA_ALL;
	if (!slice_eq(depth, S("0")))
		fail(c, "DEPTH is 0, 1 or infinity");
	return METADATA_EXACT;
}

/* getmetadata-option = maxsize-opt / scope-opt */
static void parse_get_option(struct cursor *c, struct metadata_request *r)
{
	struct slice name = parse_atom(c);

	expect(c, ' ', "expected a value behind the option");
	if (slice_ieq(name, S("MAXSIZE")))
		r->most = parse_number(c);
	else if (slice_ieq(name, S("DEPTH")))
		r->depth = parse_depth(c);
	else
		fail(c, "there is no such GETMETADATA option");
}

/* [SP "(" getmetadata-option *(SP getmetadata-option) ")"]; what begins with
 * "(" may also be the list of entries, which begin with "/". */
static void parse_get_options(struct cursor *c, struct metadata_request *r)
{
	struct cursor ahead = *c;

	if (!take_word(&ahead, S(" (")) || !ascii_is_alpha(peek(&ahead)))
		return;
	*c = ahead;
	do {
		parse_get_option(c, r);
	} while (take(c, ' '));
	expect(c, ')', "list of options does not end");
}

/*
 * getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries
 *
 * The RFC's own examples have the options behind the mailbox: both are taken.
 */
struct err parse_getmetadata(struct cursor *c, struct metadata_request *r)
{
	*r = (struct metadata_request){ .most = UINT64_MAX };
	parse_get_options(c, r);
	expect(c, ' ', "expected a mailbox");
	r->mailbox = parse_place(c);
	parse_get_options(c, r);
	expect(c, ' ', "expected names of annotations");
	parse_metadata_entries(c, &r->names, &r->n);
	expect_end(c);
	return c->e;
}

/* -- SETMETADATA -- */

static size_t count_levels(struct slice name)
{
	size_t n = 0;

	for (size_t i = 0; i < name.len; i++)
		n += name.ptr[i] == '/';
	return n;
}

static bool is_vendors(struct slice name)
{
	struct slice whose, rest;

	slice_cut(slice_from(name, 1), '/', &whose, &rest);
	return slice_eq(rest, S("vendor")) || slice_starts(rest, S("vendor/"));
}

/* entry-value = entry SP value; below "vendor" there is the vendor's token, and
 * something below that. RFC 5464 section 3.2 */
static void parse_entry_value(struct cursor *c, struct metadata_entry *out)
{
	out->name = parse_entry(c);
	if (is_ok(c->e) && is_root(out->name))
		fail(c, "annotations are called /private/... or /shared/...");
	if (is_ok(c->e) && is_vendors(out->name) && count_levels(out->name) < 4)
		fail(c, "annotations are called .../vendor/token/...");
	expect(c, ' ', "expected a value");
	out->value = parse_nstring8(c);
}

/* setmetadata  = "SETMETADATA" SP mailbox SP entry-values
 * entry-values = "(" entry-value *(SP entry-value) ")" */
struct err parse_setmetadata(struct cursor *c, struct slice *mailbox,
                             struct metadata_entry **entries, size_t *n)
{
	struct metadata_entry *v =
		cursor_array(c, LIMIT_METADATA_ENTRIES + 1, sizeof *v);

	*n = 0;
	expect(c, ' ', "expected a mailbox");
	*mailbox = parse_place(c);
	if (!take_word(c, S(" (")))
		fail(c, "expected a list of annotations");
	do {
		check_number(c, *n);
		parse_entry_value(c, &v[*n]);
		*n += is_ok(c->e);
	} while (take(c, ' '));
	expect(c, ')', "list of annotations does not end");
	expect_end(c);
	*entries = v;
	return c->e;
}
