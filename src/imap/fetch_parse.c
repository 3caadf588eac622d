/* fetch_parse.c -- the grammar of FETCH. RFC 9051 section 6.4.5 */
#include <stdlib.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "imap/fetch.h"

enum brackets { NO_SECTION, HAS_SECTION, HAS_PART };

static const struct item_name {
	struct slice name;
	enum brackets brackets; /* must "[" follow? */
	enum fetch_kind kind;
	struct slice label;
	bool sets_seen;
	enum section_text text; /* of those without brackets */
} names[] = {
	{ N("UID"), NO_SECTION, FETCH_UID, N("UID "), false, 0 },
	{ N("FLAGS"), NO_SECTION, FETCH_FLAGS, N("FLAGS "), false, 0 },
	{ N("INTERNALDATE"), NO_SECTION, FETCH_INTERNALDATE, N("INTERNALDATE "),
	  false, 0 },
	{ N("RFC822.SIZE"), NO_SECTION, FETCH_SIZE, N("RFC822.SIZE "), false,
	  0 },
	{ N("MODSEQ"), NO_SECTION, FETCH_MODSEQ, N("MODSEQ "), false, 0 },
	{ N("ENVELOPE"), NO_SECTION, FETCH_ENVELOPE, N("ENVELOPE "), false, 0 },
	{ N("BODY"), NO_SECTION, FETCH_BODY, N("BODY "), false, 0 },
	{ N("BODYSTRUCTURE"), NO_SECTION, FETCH_BODYSTRUCTURE,
	  N("BODYSTRUCTURE "), false, 0 },
	{ N("PREVIEW"), NO_SECTION, FETCH_PREVIEW, N("PREVIEW "), false, 0 },
	{ N("SAVEDATE"), NO_SECTION, FETCH_SAVEDATE, N("SAVEDATE "), false, 0 },
	{ N("EMAILID"), NO_SECTION, FETCH_EMAILID, N("EMAILID "), false, 0 },
	{ N("THREADID"), NO_SECTION, FETCH_THREADID, N("THREADID "), false, 0 },
	{ N("RFC822"), NO_SECTION, FETCH_SECTION, N("RFC822 "), true,
	  SECTION_ALL },
	{ N("RFC822.HEADER"), NO_SECTION, FETCH_SECTION, N("RFC822.HEADER "),
	  false, SECTION_HEADER },
	{ N("RFC822.TEXT"), NO_SECTION, FETCH_SECTION, N("RFC822.TEXT "), true,
	  SECTION_TEXT },
	{ N("BODY"), HAS_SECTION, FETCH_SECTION, N("BODY"), true, 0 },
	{ N("BODY.PEEK"), HAS_SECTION, FETCH_SECTION, N("BODY"), false, 0 },
	{ N("BINARY"), HAS_PART, FETCH_BINARY, N("BINARY"), true, 0 },
	{ N("BINARY.PEEK"), HAS_PART, FETCH_BINARY, N("BINARY"), false, 0 },
	{ N("BINARY.SIZE"), HAS_PART, FETCH_BINARY_SIZE, N("BINARY.SIZE"),
	  false, 0 },
};

static const struct item_name *find_item(struct slice name, bool brackets)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_ieq(names[i].name, name) &&
		    (names[i].brackets != NO_SECTION) == brackets)
			return &names[i];
	return NULL;
}

/* What items are called is made of. */
static struct slice parse_item_name(struct cursor *c)
{
	const char *from = c->p;

	while (ascii_is_alpha(peek(c)) || ascii_is_digit(peek(c)) ||
	       peek(c) == '.')
		c->p++;
	return slice_of(from, (size_t)(c->p - from));
}

/* As many as there are up to the end of the list, or to a fault. */
static size_t count_names(struct cursor c)
{
	size_t n = 0;

	do {
		parse_astring(&c);
		n++;
	} while (take(&c, ' '));
	return n;
}

/* header-list = "(" header-fld-name *(SP header-fld-name) ")" */
static void parse_header_list(struct cursor *c, struct section *section)
{
	size_t most;
	struct slice *list;

	expect(c, ' ', "expected a space before the field names");
	expect(c, '(', "expected a list of field names");
	most = count_names(*c);
	list = cursor_array(c, most, sizeof *list);
	do {
		list[section->n_names++] = parse_astring(c);
	} while (section->n_names < most && take(c, ' '));
	expect(c, ')', "list of field names does not end");
	section->names = list;
}

/* section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list /
 *                   "TEXT"
 * section-text    = section-msgtext / "MIME" */
static void parse_section_text(struct cursor *c, struct section *section)
{
	struct slice name = parse_item_name(c);

	if (slice_ieq(name, S("HEADER"))) {
		section->text = SECTION_HEADER;
	} else if (slice_ieq(name, S("TEXT"))) {
		section->text = SECTION_TEXT;
	} else if (slice_ieq(name, S("MIME")) && section->depth != 0) {
		section->text = SECTION_MIME;
	} else if (slice_ieq(name, S("HEADER.FIELDS"))) {
		section->text = SECTION_HEADER_FIELDS;
		parse_header_list(c, section);
	} else if (slice_ieq(name, S("HEADER.FIELDS.NOT"))) {
		section->text = SECTION_HEADER_FIELDS_NOT;
		parse_header_list(c, section);
	} else {
		fail(c, "there is no such section");
	}
}

/* section-part = nz-number *("." nz-number); true: "." and no number follow */
static bool parse_section_part(struct cursor *c, struct section *section)
{
	uint32_t path[LIMIT_MIME_DEPTH];
	uint32_t *copy;
	bool more = true;

	while (more && ascii_is_digit(peek(c))) {
		if (section->depth == LIMIT_MIME_DEPTH)
			fail(c, "section is too deep");
		else
			path[section->depth++] = parse_nz_number(c);
		more = take(c, '.');
	}
	copy = cursor_array(c, section->depth, sizeof *copy);
	if (section->depth != 0)
		memcpy(copy, path, section->depth * sizeof *copy);
	section->path = copy;
	return more && section->depth != 0;
}

/* section = "[" [section-msgtext / (section-part ["." section-text])] "]" */
static void parse_section(struct cursor *c, enum brackets brackets,
                          struct section *section)
{
	bool dot;

	expect(c, '[', "expected a section");
	dot = parse_section_part(c, section);
	if (dot || (section->depth == 0 && peek(c) != ']')) {
		if (brackets == HAS_PART)
			fail(c, "expected part numbers only");
		parse_section_text(c, section);
	}
	expect(c, ']', "section does not end");
}

static int by_name(const void *a, const void *b)
{
	return slice_icmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* The label has them as they were written; whoever looks them up wants them
 * in order. */
static void sort_names(struct section *section)
{
	if (section->n_names > 1)
		qsort(section->names, section->n_names, sizeof *section->names,
		      by_name);
}

void parse_fetch_section(struct cursor *c, struct section *section)
{
	*section = (struct section){ 0 };
	parse_section(c, HAS_SECTION, section);
	if (is_ok(c->e))
		sort_names(section);
}

/* partial = "<" number64 "." nz-number64 ">" */
static void parse_partial(struct cursor *c, struct fetch_item *item)
{
	if (!take(c, '<'))
		return;
	item->partial = true;
	item->offset = parse_number64(c);
	expect(c, '.', "expected . in the partial");
	item->most = parse_number64(c);
	expect(c, '>', "partial does not end");
	if (item->most == 0)
		fail(c, "partial of no octets");
	if (item->kind == FETCH_BINARY_SIZE)
		fail(c, "a size has no part");
}

/* -- labels -- */

static const struct slice text_names[] = {
	[SECTION_ALL] = N(""),
	[SECTION_HEADER] = N("HEADER"),
	[SECTION_HEADER_FIELDS] = N("HEADER.FIELDS"),
	[SECTION_HEADER_FIELDS_NOT] = N("HEADER.FIELDS.NOT"),
	[SECTION_TEXT] = N("TEXT"),
	[SECTION_MIME] = N("MIME"),
};

void reply_section(struct buf *out, const struct section *section)
{
	buf_byte(out, '[');
	for (size_t i = 0; i < section->depth; i++) {
		if (i != 0)
			buf_byte(out, '.');
		buf_number(out, section->path[i]);
	}
	if (section->depth != 0 && section->text != SECTION_ALL)
		buf_byte(out, '.');
	buf_add(out, text_names[section->text]);
	for (size_t i = 0; i < section->n_names; i++) {
		buf_add(out, i == 0 ? S(" (") : S(" "));
		reply_astring(out, section->names[i]);
	}
	if (section->n_names != 0)
		buf_byte(out, ')');
	buf_byte(out, ']');
}

static struct slice make_label(struct cursor *c, struct slice name,
                               const struct fetch_item *item)
{
	struct buf text = { 0 };
	struct slice label;

	buf_add(&text, name);
	reply_section(&text, &item->section);
	if (item->partial) {
		buf_byte(&text, '<');
		buf_number(&text, item->offset);
		buf_byte(&text, '>');
	}
	buf_byte(&text, ' ');
	label = arena_copy(c->arena, buf_slice(&text));
	buf_free(&text);
	return label;
}

/* -- items -- */

/* [SP "(" preview-mod *(SP preview-mod) ")"], preview-mod = "LAZY"; it is there
 * since delivery: LAZY asks for nothing else */
static void parse_preview_mods(struct cursor *c)
{
	if (!take_word(c, S(" (LAZY")))
		return;
	while (take_word(c, S(" LAZY")))
		continue;
	expect(c, ')', "list of modifiers does not end");
}

/* fetch-att */
static struct fetch_item parse_fetch_att(struct cursor *c)
{
	struct slice name = parse_item_name(c);
	const struct item_name *row = find_item(name, peek(c) == '[');
	struct fetch_item item = { 0 };

	if (row == NULL) {
		fail(c, "there is no such FETCH item");
		return item;
	}
	item.kind = row->kind;
	item.label = row->label;
	item.sets_seen = row->sets_seen;
	item.section.text = row->text;
	if (row->kind == FETCH_PREVIEW)
		parse_preview_mods(c);
	if (row->brackets == NO_SECTION)
		return item;
	parse_section(c, row->brackets, &item.section);
	parse_partial(c, &item);
	if (!is_ok(c->e))
		return item;
	item.label = make_label(c, row->label, &item);
	sort_names(&item.section);
	return item;
}

static const struct {
	struct slice name;
	struct slice items;
} macros[] = {
	{ N("ALL"), N("FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)") },
	{ N("FAST"), N("FLAGS INTERNALDATE RFC822.SIZE)") },
	{ N("FULL"), N("FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)") },
};

static size_t most_items(const struct cursor *c)
{
	size_t n = 3; /* and UID, MODSEQ */

	for (const char *p = c->p; p != c->end; p++)
		n += *p == ' ';
	return n;
}

/* fetch-att *(SP fetch-att) ")". What has no section is answered at once, and
 * may be large: each once, however often it was asked for. */
static void parse_fetch_list(struct cursor *c, struct fetch_request *out)
{
	unsigned whole = 0;

	do {
		struct fetch_item item = parse_fetch_att(c);
		unsigned bit = item.kind < FETCH_SECTION ? 1u << item.kind : 0;

		if (whole & bit)
			continue;
		whole |= bit;
		if (out->n == LIMIT_FETCH_ITEMS) {
			fail_with(c, ERR_LIMIT, "too many FETCH items");
			break;
		}
		out->items[out->n++] = item;
	} while (take(c, ' '));
	expect(c, ')', "list of FETCH items does not end");
}

/* "ALL" / "FULL" / "FAST" */
static bool parse_macro(struct cursor *c, struct fetch_request *out)
{
	struct cursor ahead = *c;
	struct slice name = parse_item_name(&ahead);

	for (size_t i = 0; i < sizeof macros / sizeof *macros; i++) {
		struct cursor inner =
			cursor_of(macros[i].items, c->arena, false);

		if (!slice_ieq(name, macros[i].name))
			continue;
		c->p = ahead.p;
		out->items =
			cursor_array(c, most_items(&inner), sizeof *out->items);
		parse_fetch_list(&inner, out);
		return true;
	}
	return false;
}

static void add_uid(struct fetch_request *out)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->items[i].kind == FETCH_UID)
			return;
	memmove(out->items + 1, out->items, out->n * sizeof *out->items);
	out->items[0] =
		(struct fetch_item){ .kind = FETCH_UID, .label = S("UID ") };
	out->n++;
}

void parse_fetch_items(struct cursor *c, struct fetch_request *out)
{
	*out = (struct fetch_request){ 0 };
	out->items = cursor_array(c, most_items(c), sizeof *out->items);
	expect(c, '(', "expected a list of FETCH items");
	parse_fetch_list(c, out);
	for (size_t i = 0; i < out->n; i++)
		out->items[i].sets_seen = false;
	if (is_ok(c->e))
		add_uid(out);
}

/* As many as all that are shown without being asked for fit into one FETCH. */
enum { UNASKED_ITEMS = LIMIT_FETCH_ITEMS / (LIMIT_CONTEXTS + 1) };

struct slice parse_fetch_items_text(struct cursor *c)
{
	struct fetch_request request;
	const char *from = c->p;

	parse_fetch_items(c, &request);
	if (is_ok(c->e) && request.n > UNASKED_ITEMS)
		fail_with(c, ERR_LIMIT, "too many FETCH items");
	return slice_of(from, (size_t)(c->p - from));
}

bool fetch_has_modseq(const struct fetch_request *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->items[i].kind == FETCH_MODSEQ)
			return true;
	return r->modifiers.changedsince;
}

void fetch_add_modseq(struct fetch_request *out)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->items[i].kind == FETCH_MODSEQ)
			return;
	out->items[out->n++] = (struct fetch_item){ .kind = FETCH_MODSEQ,
		                                    .label = S("MODSEQ ") };
}

/* fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att /
 *         "(" fetch-att *(SP fetch-att) ")") [fetch-modifiers] */
struct err parse_fetch(struct cursor *c, bool uid, struct fetch_request *out)
{
	*out = (struct fetch_request){ 0 };
	expect(c, ' ', "expected a message set");
	out->set = parse_sequence_set(c);
	expect(c, ' ', "expected a space behind the message set");
	if (!parse_macro(c, out)) {
		out->items = cursor_array(c, most_items(c), sizeof *out->items);
		if (take(c, '('))
			parse_fetch_list(c, out);
		else
			out->items[out->n++] = parse_fetch_att(c);
	}
	parse_fetch_modifiers(c, &out->modifiers);
	expect_end(c);
	if (uid && is_ok(c->e))
		add_uid(out);
	return c->e;
}

void reply_fetch_request(struct buf *out, const struct fetch_request *r)
{
	buf_byte(out, '(');
	for (size_t i = 0; i < r->n; i++) {
		const struct fetch_item *item = &r->items[i];
		struct slice label =
			slice_first(item->label, item->label.len - 1);

		if (i != 0)
			buf_byte(out, ' ');
		/* the answer's label leaves out how much was asked for */
		if (item->partial)
			label.len--;
		buf_add(out, label);
		if (item->partial) {
			buf_byte(out, '.');
			buf_number(out, item->most);
			buf_byte(out, '>');
		}
	}
	buf_byte(out, ')');
	reply_fetch_modifiers(out, &r->modifiers);
}

unsigned fetch_needs(const struct fetch_request *r)
{
	static const unsigned needs[FETCH_KINDS] = {
		[FETCH_ENVELOPE] = NEEDS_DIGEST,
		[FETCH_BODY] = NEEDS_DIGEST,
		[FETCH_BODYSTRUCTURE] = NEEDS_DIGEST,
		[FETCH_PREVIEW] = NEEDS_DIGEST,
		[FETCH_EMAILID] = NEEDS_DIGEST,
		[FETCH_THREADID] = NEEDS_DIGEST,
		[FETCH_SECTION] = NEEDS_MESSAGE,
		[FETCH_BINARY] = NEEDS_MESSAGE,
		[FETCH_BINARY_SIZE] = NEEDS_MESSAGE,
	};
	unsigned all = 0;

	for (size_t i = 0; i < r->n; i++)
		all |= needs[r->items[i].kind];
	return all;
}
