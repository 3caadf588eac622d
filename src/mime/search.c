/*
 * search.c -- see search.h.
 *
 * Folded text passes through `window`: what came last, and before it as much
 * as the longest needle may need to end in it.
 */
#include "mime/search.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/unicode.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/text.h"

enum {
	READ_MOST = 65536,  /* octets asked for at a time */
	FIELD_HELD = 65536, /* of a header field that are looked at together */
};

struct search {
	const struct slice *needles;
	size_t n;
	bool *found;
	const struct fuzzy *fuzzy; /* in place of needles */
	struct fuzzy_match *match;
	enum fuzzy_place place;
	struct buf unmarked; /* the window, of fuzzy */
	size_t left;         /* needles not found yet */
	size_t overlap;      /* octets of the longest, less one */
	uint32_t first, end; /* parts */
	struct search_source source;
	struct buf window;
	struct buf raw;     /* of a header */
	struct buf decoded; /* of a field */
	struct word_decoder words;
};

/* -- the window -- */

static void clear_window(struct search *s)
{
	s->window.len = 0;
	s->unmarked.len = 0;
}

/* What stands in a header is worth most, and headers come first: so nothing
 * better than the text itself comes later. */
static void look_fuzzy(struct search *s, bool last)
{
	unicode_unmark(buf_slice(&s->window), &s->unmarked);
	s->window.len = 0;
	buf_drop(&s->unmarked, fuzzy_look(s->fuzzy, buf_slice(&s->unmarked),
	                                  last, s->place, s->match));
	if (s->match->text != 0)
		s->left = 0;
}

static void look_exact(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->found[i] || slice_find(buf_slice(&s->window),
		                              s->needles[i]) == SLICE_NONE)
			continue;
		s->found[i] = true;
		s->left--;
	}
	if (s->window.len > s->overlap)
		buf_drop(&s->window, s->window.len - s->overlap);
}

/* Looks at what is new in the window, then drops what is not needed again. */
static void look(struct search *s, bool last)
{
	if (s->fuzzy != NULL)
		look_fuzzy(s, last);
	else
		look_exact(s);
}

/* -- bodies -- */

static struct err read_some(struct search *s, struct span *rest,
                            struct slice *out)
{
	uint32_t n = rest->len < READ_MOST ? rest->len : READ_MOST;
	struct err e = s->source.read(s->source.context, rest->offset, n, out);

	if (!is_ok(e))
		return e;
	if (out->len == 0 || out->len > n)
		return err(ERR_CORRUPT, "message is shorter than its digest");
	rest->offset += (uint32_t)out->len;
	rest->len -= (uint32_t)out->len;
	return OK;
}

static struct err search_body(struct search *s, const struct part *p)
{
	struct span rest = { p->body, p->body_len };
	struct text_decoder *d =
		text_decoder_new(p->encoding, p->charset, TEXT_FOLDED);
	struct err e = OK;

	clear_window(s);
	while (rest.len != 0 && s->left != 0) {
		struct slice bytes;

		e = read_some(s, &rest, &bytes);
		if (!is_ok(e))
			break;
		text_decoder_feed(d, bytes, &s->window);
		look(s, false);
	}
	text_decoder_finish(d, &s->window);
	look(s, true);
	return e;
}

/* -- headers -- */

/* Length of the fields in s that are known to be complete. */
static size_t complete_len(struct slice s, bool last)
{
	if (last || s.len >= FIELD_HELD)
		return s.len;
	for (size_t n = s.len; n > 1; n--) {
		char next = s.ptr[n - 1];

		if (s.ptr[n - 2] == '\n' && next != ' ' && next != '\t')
			return n - 1;
	}
	return 0;
}

/* Attachments are sought by their names as they are shown. RFC 2231 */
static void add_parameters(struct search *s, struct slice value)
{
	struct slice token, rest;
	struct params *p;

	if (slice_find_byte(value, '*') == SLICE_NONE)
		return;
	p = mem_new(1, sizeof *p);
	slice_cut(value, ';', &token, &rest);
	params_parse(rest, LIMIT_PARAMETERS, p);
	for (size_t i = 0; i < p->n; i++) {
		if (!p->v[i].extended || p->v[i].joined)
			continue;
		param_decode(&p->v[i], &s->decoded);
		buf_byte(&s->decoded, '\n');
	}
	params_free(p);
	free(p);
}

static bool has_parameters(struct slice name)
{
	return slice_ieq(name, S("Content-Disposition")) ||
	       slice_ieq(name, S("Content-Type"));
}

/* Takes the complete fields from raw to the window. */
static void take_fields(struct search *s, bool last)
{
	size_t n = complete_len(buf_slice(&s->raw), last);
	struct slice rest = slice_first(buf_slice(&s->raw), n);
	struct slice name, value;

	while (header_next(&rest, &name, &value)) {
		s->decoded.len = 0;
		buf_add(&s->decoded, name);
		buf_add(&s->decoded, S(": "));
		words_decode(&s->words, value, &s->decoded);
		buf_byte(&s->decoded, '\n');
		if (has_parameters(name))
			add_parameters(s, value);
		unicode_fold(buf_slice(&s->decoded), &s->window);
	}
	look(s, last);
	buf_drop(&s->raw, n);
}

static struct err search_header(struct search *s, const struct part *p)
{
	struct span rest = { p->header, p->header_len };

	clear_window(s);
	s->raw.len = 0;
	while (rest.len != 0 && s->left != 0) {
		struct slice bytes;
		struct err e = read_some(s, &rest, &bytes);

		if (!is_ok(e))
			return e;
		buf_add(&s->raw, bytes);
		take_fields(s, rest.len == 0);
	}
	return OK;
}

/* -- the message -- */

static struct err search_parts(struct search *s, const struct digest *d,
                               bool headers_too)
{
	uint32_t embedded = 0; /* the entity of the last embedded message */

	for (uint32_t i = s->first; i < s->end && s->left != 0; i++) {
		struct part p = digest_part(d, i);
		struct err e = OK;

		s->place = i == 0 ? FUZZY_IN_HEADER : FUZZY_IN_BODY;
		if (headers_too || (i != 0 && i == embedded))
			e = search_header(s, &p);
		s->place = FUZZY_IN_BODY;
		if (is_ok(e) && (p.type == PART_TEXT || p.type == PART_REPORT))
			e = search_body(s, &p);
		if (!is_ok(e))
			return e;
		if (p.type == PART_MESSAGE)
			embedded = p.child;
	}
	return OK;
}

static struct err search_message(struct search *s, const struct digest *d,
                                 bool headers_too)
{
	struct err e = search_parts(s, d, headers_too);

	buf_free(&s->window);
	buf_free(&s->unmarked);
	buf_free(&s->raw);
	buf_free(&s->decoded);
	word_decoder_fini(&s->words);
	return e;
}

static void start(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t len = s->needles[i].len;

		s->found[i] = len == 0;
		s->left += len != 0;
		if (len > s->overlap + 1)
			s->overlap = len - 1;
	}
}

struct err mime_search(const struct digest *d, const struct slice *needles,
                       size_t n, bool headers_too, struct search_source source,
                       bool *found)
{
	struct search s = { .needles = needles,
		            .n = n,
		            .found = found,
		            .end = d->parts,
		            .source = source };

	start(&s);
	return search_message(&s, d, headers_too);
}

struct err mime_search_part(const struct digest *d, uint32_t first,
                            uint32_t end, struct slice needle, bool headers_too,
                            struct search_source source, bool *found)
{
	struct search s = { .needles = &needle,
		            .n = 1,
		            .found = found,
		            .first = first,
		            .end = end,
		            .source = source };

	start(&s);
	return search_message(&s, d, headers_too);
}

struct err mime_search_fuzzy(const struct digest *d, const struct fuzzy *fuzzy,
                             bool headers_too, struct search_source source,
                             struct fuzzy_match *match)
{
	struct search s = { .fuzzy = fuzzy,
		            .match = match,
		            .left = fuzzy->text.len != 0,
		            .end = d->parts,
		            .source = source };

	*match = (struct fuzzy_match){ 0 };
	if (fuzzy->text.len == 0)
		match->text = FUZZY_BEST;
	return search_message(&s, d, headers_too);
}
