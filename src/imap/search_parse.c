/*
 * search_parse.c -- the grammar of SEARCH. RFC 9051 section 6.4.4
 *
 * Keys nest; the ones that are open are on a stack of LIMIT_DEPTH, so that
 * no input makes the parser, or whoever walks the tree, go deeper; nor are
 * there more of them than LIMIT_SEARCH_KEYS, for each may look at every
 * message.
 */
#include "base/ascii.h"
#include "base/unicode.h"
#include "imap/objectid.h"
#include "imap/search_parser.h"
#include "mime/digest.h"
#include "mime/text.h"

/* -- strings -- */

struct slice search_fold(struct search_parser *p, struct slice raw)
{
	struct buf utf8 = { 0 };
	struct buf folded = { 0 };
	struct slice text;

	if (!is_ok(p->c->e))
		return S("");
	if (p->charset.len == 0)
		buf_add(&utf8, raw);
	else if (!charset_to_utf8(p->charset, raw, &utf8))
		fail_with(p->c, ERR_BADCHARSET, "unknown charset");
	unicode_fold(buf_slice(&utf8), &folded);
	text = arena_copy(p->c->arena, buf_slice(&folded));
	buf_free(&utf8);
	buf_free(&folded);
	return text;
}

/* -- leaves -- */

static void take_text(struct search_parser *p, struct search_key *k)
{
	k->text = search_fold(p, parse_astring(p->c));
	if (k->is_fuzzy && is_ok(p->c->e))
		k->fuzzy = fuzzy_new(p->c->arena, k->text);
}

static void take_name(struct search_parser *p, struct search_key *k)
{
	k->name = parse_atom(p->c);
}

static void take_objectid(struct search_parser *p, struct search_key *k)
{
	k->name = parse_atom(p->c);
	if (!is_objectid(k->name))
		fail(p->c, "expected an object identifier");
}

static void take_date(struct search_parser *p, struct search_key *k)
{
	k->day = parse_date(p->c);
}

static void take_seconds(struct search_parser *p, struct search_key *k)
{
	k->seconds = parse_nz_number(p->c);
}

static void take_size(struct search_parser *p, struct search_key *k)
{
	k->size = parse_number64(p->c);
}

static void take_uids(struct search_parser *p, struct search_key *k)
{
	k->uid = true;
	k->set = parse_sequence_set(p->c);
}

static void set_uids(struct search_parser *p, struct search_key *k,
                     uint32_t first, uint32_t last)
{
	k->uid = true;
	k->set = (struct seq_set){ cursor_array(p->c, 1, sizeof *k->set.v), 1,
		                   false };
	k->set.v[0] = (struct seq_range){ first, last };
	if (first > last)
		k->kind = SEARCH_NONE;
}

/* RFC 9738 section 3.2 */
static void take_uidafter(struct search_parser *p, struct search_key *k)
{
	uint32_t uid = parse_nz_number(p->c);

	set_uids(p, k, uid != UINT32_MAX ? uid + 1 : 0, UINT32_MAX);
	if (uid == UINT32_MAX)
		k->kind = SEARCH_NONE;
}

static void take_uidbefore(struct search_parser *p, struct search_key *k)
{
	set_uids(p, k, 1, parse_nz_number(p->c) - 1);
}

/*
 * "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer
 *
 * We have one modification sequence a message, whatever the entry.
 * RFC 7162 section 3.1.5
 */
static void take_modseq(struct search_parser *p, struct search_key *k)
{
	if (peek(p->c) == '"') {
		parse_string(p->c);
		expect(p->c, ' ', "expected the entry's type");
		if (!take_word(p->c, S("priv ")) &&
		    !take_word(p->c, S("shared ")) &&
		    !take_word(p->c, S("all ")))
			fail(p->c, "there is no such type of entry");
	}
	k->modseq = parse_number64(p->c);
	p->modseq = true;
}

/* Fields that every digest has, by their names. */
static const struct {
	struct slice name;
	unsigned field;
} digest_fields[] = {
	{ N("SUBJECT"), DIGEST_SUBJECT }, { N("FROM"), DIGEST_FROM },
	{ N("TO"), DIGEST_TO },           { N("CC"), DIGEST_CC },
	{ N("BCC"), DIGEST_BCC },
};

/* header-fld-name SP astring. "HEADER X ''" asks whether there is an X,
 * which the digest can't say. */
static void take_header(struct search_parser *p, struct search_key *k)
{
	k->name = parse_astring(p->c);
	expect(p->c, ' ', "expected a text behind the field's name");
	take_text(p, k);
	for (size_t i = 0; i < sizeof digest_fields / sizeof *digest_fields;
	     i++) {
		if (!slice_ieq(digest_fields[i].name, k->name) ||
		    k->text.len == 0)
			continue;
		k->kind = SEARCH_FIELD;
		k->field = digest_fields[i].field;
	}
}

static const struct search_name {
	struct slice name;
	enum search_kind kind;
	void (*take)(struct search_parser *, struct search_key *);
	bool negated;
	uint8_t mask; /* of SEARCH_FLAG */
	uint8_t want;
	unsigned field; /* of SEARCH_FIELD */
} names[] = {
	{ N("ALL"), SEARCH_ALL },
	{ N("ANSWERED"), SEARCH_FLAG, .mask = FLAG_ANSWERED,
	  .want = FLAG_ANSWERED },
	{ N("BCC"), SEARCH_FIELD, take_text, .field = DIGEST_BCC },
	{ N("BEFORE"), SEARCH_BEFORE, take_date },
	{ N("BODY"), SEARCH_BODY, take_text },
	{ N("CC"), SEARCH_FIELD, take_text, .field = DIGEST_CC },
	{ N("DELETED"), SEARCH_FLAG, .mask = FLAG_DELETED,
	  .want = FLAG_DELETED },
	{ N("DRAFT"), SEARCH_FLAG, .mask = FLAG_DRAFT, .want = FLAG_DRAFT },
	{ N("EMAILID"), SEARCH_EMAILID, take_objectid },
	{ N("FLAGGED"), SEARCH_FLAG, .mask = FLAG_FLAGGED,
	  .want = FLAG_FLAGGED },
	{ N("FROM"), SEARCH_FIELD, take_text, .field = DIGEST_FROM },
	{ N("HEADER"), SEARCH_HEADER, take_header },
	{ N("KEYWORD"), SEARCH_KEYWORD, take_name },
	{ N("LARGER"), SEARCH_LARGER, take_size },
	{ N("MODSEQ"), SEARCH_MODSEQ, take_modseq },
	{ N("NEW"), SEARCH_NONE },
	{ N("OLD"), SEARCH_ALL },
	{ N("OLDER"), SEARCH_OLDER, take_seconds },
	{ N("ON"), SEARCH_ON, take_date },
	{ N("RECENT"), SEARCH_NONE },
	{ N("SAVEDATESUPPORTED"), SEARCH_ALL },
	{ N("SAVEDBEFORE"), SEARCH_SAVEDBEFORE, take_date },
	{ N("SAVEDON"), SEARCH_SAVEDON, take_date },
	{ N("SAVEDSINCE"), SEARCH_SAVEDSINCE, take_date },
	{ N("SEEN"), SEARCH_FLAG, .mask = FLAG_SEEN, .want = FLAG_SEEN },
	{ N("SENTBEFORE"), SEARCH_SENTBEFORE, take_date },
	{ N("SENTON"), SEARCH_SENTON, take_date },
	{ N("SENTSINCE"), SEARCH_SENTSINCE, take_date },
	{ N("SINCE"), SEARCH_SINCE, take_date },
	{ N("SMALLER"), SEARCH_SMALLER, take_size },
	{ N("SUBJECT"), SEARCH_FIELD, take_text, .field = DIGEST_SUBJECT },
	{ N("TEXT"), SEARCH_TEXT, take_text },
	{ N("THREADID"), SEARCH_THREADID, take_objectid },
	{ N("TO"), SEARCH_FIELD, take_text, .field = DIGEST_TO },
	{ N("UID"), SEARCH_SET, take_uids },
	{ N("UIDAFTER"), SEARCH_SET, take_uidafter },
	{ N("UIDBEFORE"), SEARCH_SET, take_uidbefore },
	{ N("UNANSWERED"), SEARCH_FLAG, .mask = FLAG_ANSWERED },
	{ N("UNDELETED"), SEARCH_FLAG, .mask = FLAG_DELETED },
	{ N("UNDRAFT"), SEARCH_FLAG, .mask = FLAG_DRAFT },
	{ N("UNFLAGGED"), SEARCH_FLAG, .mask = FLAG_FLAGGED },
	{ N("UNKEYWORD"), SEARCH_KEYWORD, take_name, .negated = true },
	{ N("UNSEEN"), SEARCH_FLAG, .mask = FLAG_SEEN },
	{ N("YOUNGER"), SEARCH_YOUNGER, take_seconds },
};

static const struct search_name *find_name(struct slice name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_ieq(names[i].name, name))
			return &names[i];
	return NULL;
}

/* -- the tree -- */

struct search_key *search_add_key(struct search_parser *p,
                                  enum search_kind kind)
{
	struct search_key *k = cursor_array(p->c, 1, sizeof *k);
	struct search_key *parent = p->open[p->depth - 1];

	if (++p->keys > LIMIT_SEARCH_KEYS)
		fail_with(p->c, ERR_LIMIT, "search has too many keys");
	k->kind = kind;
	k->is_fuzzy = parent->is_fuzzy;
	k->number = p->part_keys++;
	if (parent->last != NULL)
		parent->last->next = k;
	else
		parent->child = k;
	parent->last = k;
	return k;
}

static bool has_one_child(enum search_kind kind)
{
	return kind == SEARCH_NOT || kind == SEARCH_MIMEPART ||
	       kind == SEARCH_PART_CHILD || kind == SEARCH_PART_PARENT;
}

void search_open_key(struct search_parser *p, enum search_kind kind,
                     bool parenthesis)
{
	struct search_key *k;

	if (p->depth == LIMIT_DEPTH) {
		fail(p->c, "search is nested too deep");
		return;
	}
	k = search_add_key(p, kind);
	p->parenthesis[p->depth] = parenthesis;
	p->single[p->depth] = has_one_child(kind);
	p->open[p->depth++] = k;
}

/* "FUZZY" SP search-key: of all that is below it. RFC 6203 section 3 */
static void open_fuzzy(struct search_parser *p)
{
	search_open_key(p, SEARCH_AND, false);
	if (!is_ok(p->c->e))
		return;
	p->open[p->depth - 1]->is_fuzzy = true;
	p->single[p->depth - 1] = true;
	p->fuzzy = true;
}

static bool is_set_start(char c)
{
	return ascii_is_digit(c) || c == '*' || c == '$';
}

static void parse_leaf(struct search_parser *p, struct slice name)
{
	const struct search_name *row = find_name(name);
	struct search_key *k;

	if (row == NULL) {
		fail(p->c, "there is no such search key");
		return;
	}
	if (row->negated)
		search_open_key(p, SEARCH_NOT, false);
	if (!is_ok(p->c->e))
		return;
	k = search_add_key(p, row->kind);
	k->mask = row->mask;
	k->want = row->want;
	k->field = row->field;
	if (row->take == NULL)
		return;
	expect(p->c, ' ', "expected a space behind the search key");
	row->take(p, k);
}

/* False: it is the name of something else. */
static bool parse_combination(struct search_parser *p, struct slice name)
{
	bool fuzzy = slice_ieq(name, S("FUZZY"));
	bool not = slice_ieq(name, S("NOT"));

	if (slice_ieq(name, S("MIMEPART"))) {
		search_open_mimepart(p);
		return true;
	}
	if (!fuzzy && !not &&!slice_ieq(name, S("OR")))
		return false;
	expect(p->c, ' ', "expected a search key");
	if (fuzzy)
		open_fuzzy(p);
	else
		search_open_key(p, not ? SEARCH_NOT : SEARCH_OR, false);
	return true;
}

/* One step into a search-key; true when a leaf was read. */
static bool parse_step(struct search_parser *p)
{
	struct slice name;

	if (p->mimepart)
		return search_mimepart_step(p);
	if (take(p->c, '(')) {
		search_open_key(p, SEARCH_AND, true);
		return false;
	}
	if (is_set_start(peek(p->c))) {
		struct search_key *k = search_add_key(p, SEARCH_SET);

		k->set = parse_sequence_set(p->c);
		p->numbers |= !k->set.saved;
		return true;
	}
	name = parse_atom(p->c);
	if (!parse_combination(p, name)) {
		parse_leaf(p, name);
		return true;
	}
	return false;
}

static bool is_complete(struct search_parser *p)
{
	const struct search_key *k = p->open[p->depth - 1];

	if (p->single[p->depth - 1])
		return true;
	if (k->kind == SEARCH_OR)
		return k->child != k->last;
	if (p->parenthesis[p->depth - 1])
		return take(p->c, ')');
	return at_end(p->c);
}

static void close_key(struct search_parser *p)
{
	struct search_key *k = p->open[--p->depth];

	if (k->kind == SEARCH_MIMEPART) {
		k->number = p->part_keys;
		p->mimepart = false;
	}
	for (struct search_key *i = k->child; i != NULL; i = i->next) {
		enum search_kind cost = i->child != NULL ? i->cost : i->kind;

		i->cost = cost;
		if (cost > k->cost)
			k->cost = cost;
	}
}

/*
 * search-key *(SP search-key), where
 * search-key = ... / "OR" SP search-key SP search-key / "NOT" SP search-key /
 *              "FUZZY" SP search-key / "(" search-key *(SP search-key) ")" /
 *              "MIMEPART" SP mpart-key
 */
static struct search_key *parse_keys(struct search_parser *p)
{
	struct search_key *root = arena_alloc(p->c->arena, sizeof *root);

	p->open[0] = root;
	p->parenthesis[0] = false;
	p->single[0] = false;
	p->depth = 1;
	while (is_ok(p->c->e)) {
		if (!parse_step(p))
			continue;
		while (p->depth != 0 && is_complete(p))
			close_key(p);
		if (p->depth == 0)
			break;
		expect(p->c, ' ', "expected another search key");
	}
	return root;
}

/* -- the rest of the command -- */

/* charset SP */
static struct slice parse_charset(struct cursor *c)
{
	struct slice charset = parse_astring(c);
	struct buf nothing = { 0 };

	expect(c, ' ', "expected a search key");
	if (is_ok(c->e) && !charset_to_utf8(charset, S(""), &nothing))
		fail_with(c, ERR_BADCHARSET, "unknown charset");
	buf_free(&nothing);
	return charset;
}

static void take_keys(struct search_parser *p, struct search_request *r)
{
	r->root = parse_keys(p);
	r->modseq = p->modseq;
	r->numbers = p->numbers;
	r->fuzzy = p->fuzzy;
	r->scored = r->returns & SEARCH_RELEVANCY;
	if (r->scored && !r->fuzzy)
		fail(p->c, "RELEVANCY needs a FUZZY key");
}

void parse_search_criteria(struct cursor *c, struct search_request *r)
{
	struct search_parser p = { .c = c };

	p.charset = parse_charset(c);
	take_keys(&p, r);
}

/* search-program = ["CHARSET" SP charset SP] search-key *(SP search-key) */
void parse_search_program(struct cursor *c, struct search_request *r)
{
	struct search_parser p = { .c = c };

	*r = (struct search_request){ 0 };
	parse_search_returns(c, r);
	if (take_word(c, S("CHARSET ")))
		p.charset = parse_charset(c);
	r->has_charset = p.charset.len != 0;
	take_keys(&p, r);
}

/* search = "SEARCH" [search-return-opts] SP search-program */
struct err parse_search(struct cursor *c, struct search_request *r)
{
	expect(c, ' ', "expected a search key");
	parse_search_program(c, r);
	return c->e;
}
