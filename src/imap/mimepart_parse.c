/*
 * mimepart_parse.c -- the grammar of MIMEPART.
 * draft-bosch-imap-search-mimepart-00 section 4
 *
 * Its keys nest like SEARCH's, and stand in the same tree and under the same
 * limits; they have names of their own.
 */
#include "base/ascii.h"
#include "imap/mimepart.h"
#include "imap/search_parser.h"

/* -- leaves -- */

static struct slice take_string(struct search_parser *p, bool *absent)
{
	struct slice raw = parse_nstring(p->c);

	*absent = raw.ptr == NULL;
	return search_fold(p, raw);
}

/* nstring; an atom will do where nothing else can be meant. */
static void take_nstring(struct search_parser *p, struct search_key *k)
{
	struct slice raw;

	if (peek(p->c) == '"' || peek(p->c) == '{') {
		k->text = take_string(p, &k->absent);
		return;
	}
	raw = parse_astring(p->c);
	k->absent = slice_ieq(raw, S("NIL"));
	k->text = search_fold(p, raw);
}

static void take_astring(struct search_parser *p, struct search_key *k)
{
	k->text = search_fold(p, parse_astring(p->c));
}

/* "PARAM" SP astring SP nstring */
static void take_param(struct search_parser *p, struct search_key *k)
{
	k->name = parse_astring(p->c);
	expect(p->c, ' ', "expected a text behind the parameter's name");
	take_nstring(p, k);
	k->match = MATCH_CONTAINS;
}

/* "HEADER" SP header-fld-name SP astring */
static void take_header(struct search_parser *p, struct search_key *k)
{
	k->name = parse_astring(p->c);
	expect(p->c, ' ', "expected a text behind the field's name");
	take_astring(p, k);
}

/* mpart-dispo = "TYPE" SP nstring / "PARAM" SP astring SP nstring */
static void take_disposition(struct search_parser *p, struct search_key *k)
{
	if (take_word(p->c, S("PARAM "))) {
		k->field = MPART_DISPOSITION_PARAM;
		take_param(p, k);
		return;
	}
	if (!take_word(p->c, S("TYPE ")))
		fail(p->c, "expected TYPE or PARAM");
	take_nstring(p, k);
}

/* "FILENAME" [SP mpart-file-match] SP nstring */
static void take_filename(struct search_parser *p, struct search_key *k)
{
	static const struct {
		struct slice word;
		enum search_match match;
	} how[] = {
		{ N("IS "), MATCH_IS },
		{ N("CONTAINS "), MATCH_CONTAINS },
		{ N("BEGINS "), MATCH_BEGINS },
		{ N("ENDS "), MATCH_ENDS },
	};

	for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
		if (!take_word(p->c, how[i].word))
			continue;
		k->match = how[i].match;
		take_nstring(p, k);
		return;
	}
	/* an atom would be one of those words, written wrong */
	k->match = MATCH_CONTAINS;
	k->text = take_string(p, &k->absent);
}

/* "SIZE" [SP ("LARGER" / "SMALLER")] SP number */
static void take_size(struct search_parser *p, struct search_key *k)
{
	if (take_word(p->c, S("LARGER ")))
		k->field = MPART_LARGER;
	else if (take_word(p->c, S("SMALLER ")))
		k->field = MPART_SMALLER;
	k->size = parse_number64(p->c);
}

/* "DEPTH" [SP ("MAX" / "MIN")] SP number */
static void take_depth(struct search_parser *p, struct search_key *k)
{
	if (take_word(p->c, S("MAX ")))
		k->field = MPART_DEPTH_MAX;
	else if (take_word(p->c, S("MIN ")))
		k->field = MPART_DEPTH_MIN;
	k->size = parse_number(p->c);
}

static void take_index(struct search_parser *p, struct search_key *k)
{
	k->size = parse_number(p->c);
}

static void take_date(struct search_parser *p, struct search_key *k)
{
	k->day = parse_date(p->c);
}

static const struct part_name {
	struct slice name;
	enum part_test test;
	void (*take)(struct search_parser *, struct search_key *);
	enum search_match match;
	enum search_kind kind; /* 0: SEARCH_PART */
} names[] = {
	{ N("BCC"), MPART_BCC, take_astring },
	{ N("BODY"), MPART_BODY, take_astring, .kind = SEARCH_PART_BODY },
	{ N("CC"), MPART_CC, take_astring },
	{ N("DEPTH"), MPART_DEPTH, take_depth },
	{ N("DESCRIPTION"), MPART_DESCRIPTION, take_nstring },
	{ N("DISPOSITION"), MPART_DISPOSITION, take_disposition, MATCH_IS },
	{ N("ENCODING"), MPART_ENCODING, take_nstring, MATCH_IS },
	{ N("FILENAME"), MPART_FILENAME, take_filename },
	{ N("FROM"), MPART_FROM, take_astring },
	{ N("HEADER"), MPART_HEADER, take_header, .kind = SEARCH_PART_HEADER },
	{ N("ID"), MPART_ID, take_nstring, MATCH_IS },
	{ N("IN-REPLY-TO"), MPART_IN_REPLY_TO, take_astring },
	{ N("INDEX"), MPART_INDEX, take_index },
	{ N("LANGUAGE"), MPART_LANGUAGE, take_nstring, MATCH_IS },
	{ N("LOCATION"), MPART_LOCATION, take_nstring, MATCH_IS },
	{ N("MD5"), MPART_MD5, take_nstring, MATCH_IS },
	{ N("MESSAGE-ID"), MPART_MESSAGE_ID, take_astring },
	{ N("PARAM"), MPART_PARAM, take_param },
	{ N("REPLY-TO"), MPART_REPLY_TO, take_astring },
	{ N("SENDER"), MPART_SENDER, take_astring },
	{ N("SENTBEFORE"), MPART_SENTBEFORE, take_date },
	{ N("SENTON"), MPART_SENTON, take_date },
	{ N("SENTSINCE"), MPART_SENTSINCE, take_date },
	{ N("SIZE"), MPART_SIZE, take_size },
	{ N("SUBJECT"), MPART_SUBJECT, take_astring },
	{ N("SUBTYPE"), MPART_SUBTYPE, take_astring, MATCH_IS },
	{ N("TEXT"), MPART_TEXT, take_astring, .kind = SEARCH_PART_BODY },
	{ N("TO"), MPART_TO, take_astring },
	{ N("TYPE"), MPART_TYPE, take_astring, MATCH_IS },
};

static void parse_leaf(struct search_parser *p, const struct part_name *row)
{
	struct search_key *k =
		search_add_key(p, row->kind != 0 ? row->kind : SEARCH_PART);

	k->field = row->test;
	k->match = row->match;
	row->take(p, k);
}

/* -- the tree -- */

void search_open_mimepart(struct search_parser *p)
{
	expect(p->c, ' ', "expected a MIMEPART key");
	search_open_key(p, SEARCH_MIMEPART, false);
	p->mimepart = true;
	p->part_keys = 0;
}

/* ("CHILD" / "PARENT") SP ("EXISTS" / mpart-key); true for the first. */
static bool parse_relation(struct search_parser *p, enum search_kind kind)
{
	if (take_word(p->c, S("EXISTS"))) {
		search_add_key(p, kind);
		return true;
	}
	search_open_key(p, kind, false);
	return false;
}

static const struct {
	struct slice name;
	enum search_kind kind;
} combinations[] = {
	{ N("CHILD"), SEARCH_PART_CHILD },
	{ N("NOT"), SEARCH_NOT },
	{ N("OR"), SEARCH_OR },
	{ N("PARENT"), SEARCH_PART_PARENT },
};

static bool parse_named(struct search_parser *p, struct slice name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!slice_ieq(names[i].name, name))
			continue;
		parse_leaf(p, &names[i]);
		return true;
	}
	fail(p->c, "there is no such MIMEPART key");
	return true;
}

/*
 * mpart-key = "(" mpart-key *(SP mpart-key) ")" / "NOT" SP mpart-key /
 *             "OR" SP mpart-key SP mpart-key / mpart-key-rel / ...
 */
bool search_mimepart_step(struct search_parser *p)
{
	struct slice name;

	if (take(p->c, '(')) {
		search_open_key(p, SEARCH_AND, true);
		return false;
	}
	name = parse_atom(p->c);
	expect(p->c, ' ', "expected a space behind the MIMEPART key");
	for (size_t i = 0; i < sizeof combinations / sizeof *combinations;
	     i++) {
		enum search_kind kind = combinations[i].kind;

		if (!slice_ieq(combinations[i].name, name))
			continue;
		if (kind == SEARCH_PART_CHILD || kind == SEARCH_PART_PARENT)
			return parse_relation(p, kind);
		search_open_key(p, kind, false);
		return false;
	}
	return parse_named(p, name);
}
