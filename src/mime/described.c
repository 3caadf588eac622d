/*
 * described.c -- see described.h.
 *
 * The wire form is read in the order in which bodystructure.c wrote it: down
 * by child, on by next, up by parent. That a part opened is always the next
 * one of the table is the agreement which is checked.
 */
#include "mime/described.h"

#include "mime/header.h"

/* -- wire forms -- */

/* Octets of the quoted string that s begins with; 0 when it does not end. */
static size_t quoted_len(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.ptr[i] == '"')
			return i + 1;
		i += s.ptr[i] == '\\';
	}
	return 0;
}

static size_t list_len(struct slice s)
{
	size_t open = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		size_t quoted = 1;

		if (c == '"')
			quoted = quoted_len(slice_from(s, i));
		if (quoted == 0)
			return 0;
		i += quoted - 1;
		open += c == '(';
		open -= c == ')';
		if (open == 0)
			return i + 1;
	}
	return 0;
}

static size_t atom_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] != ' ' && s.ptr[n] != ')')
		n++;
	return n;
}

struct slice wire_item(struct slice *rest)
{
	struct slice s = *rest;
	struct slice item;

	if (s.len != 0 && s.ptr[0] == ' ')
		s = slice_from(s, 1);
	if (s.len == 0)
		return s;
	item = slice_first(s, s.ptr[0] == '('   ? list_len(s)
	                      : s.ptr[0] == '"' ? quoted_len(s)
	                                        : atom_len(s));
	*rest = slice_from(s, item.len);
	return item;
}

struct slice wire_list(struct slice item)
{
	if (item.len < 2 || item.ptr[0] != '(')
		return S("");
	return slice_of(item.ptr + 1, item.len - 2);
}

static void unescape(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		i += s.ptr[i] == '\\' && i + 1 < s.len;
		buf_byte(out, s.ptr[i]);
	}
}

bool wire_text(struct slice item, struct buf *out)
{
	struct slice text;
	struct buf plain = { 0 };

	if (item.len < 2 || item.ptr[0] != '"')
		return false;
	text = slice_of(item.ptr + 1, item.len - 2);
	if (slice_find_byte(text, '\\') == SLICE_NONE &&
	    slice_find(text, S("=?")) == SLICE_NONE) {
		buf_add(out, text);
		return true;
	}
	unescape(text, &plain);
	header_decode(buf_slice(&plain), out);
	buf_free(&plain);
	return true;
}

/* -- parts -- */

struct reader {
	const struct digest *d;
	struct described *v;
	struct slice rest; /* of BODYSTRUCTURE */
	uint32_t opened;   /* parts */
	bool bad;
};

static void step_over(struct reader *r, char c)
{
	if (r->rest.len == 0 || r->rest.ptr[0] != c)
		r->bad = true;
	r->rest = slice_from(r->rest, 1);
}

static struct slice next_item(struct reader *r)
{
	struct slice item = wire_item(&r->rest);

	r->bad |= item.len == 0;
	return item;
}

/* media SP params SP id SP desc SP enc SP octets [SP envelope SP] */
static void open_leaf(struct reader *r, struct described *v, uint8_t type)
{
	v->type = next_item(r);
	v->subtype = next_item(r);
	v->params = next_item(r);
	v->id = next_item(r);
	v->description = next_item(r);
	v->encoding = next_item(r);
	next_item(r);
	if (type != PART_MESSAGE)
		return;
	v->envelope = next_item(r);
	step_over(r, ' ');
}

static void open_part(struct reader *r, uint32_t i)
{
	struct part p = digest_part(r->d, i);

	step_over(r, '(');
	r->opened++;
	if (p.type == PART_MULTIPART)
		r->v[i].type = S("\"multipart\"");
	else
		open_leaf(r, &r->v[i], p.type);
}

/* SP subtype SP params, or [SP lines] SP md5; SP dsp SP lang SP loc */
static void close_part(struct reader *r, uint32_t i)
{
	struct described *v = &r->v[i];
	struct part p = digest_part(r->d, i);

	v->end = r->opened;
	if (p.type == PART_TEXT || p.type == PART_MESSAGE)
		next_item(r);
	if (p.type == PART_MULTIPART) {
		v->subtype = next_item(r);
		v->params = next_item(r);
	} else {
		v->md5 = next_item(r);
	}
	v->disposition = next_item(r);
	v->language = next_item(r);
	v->location = next_item(r);
	step_over(r, ')');
}

/* To a part that comes right behind the last one opened. */
static uint32_t go_to(struct reader *r, uint32_t from, uint32_t parent)
{
	uint32_t to = r->opened;
	bool child = from == parent;
	struct part p = digest_part(r->d, from);

	if (to != (child ? p.child : p.next)) {
		r->bad = true;
		return 0;
	}
	r->v[to].parent = parent;
	r->v[to].depth = r->v[parent].depth + 1;
	if (digest_part(r->d, parent).type == PART_MULTIPART)
		r->v[to].position = child ? 1 : r->v[from].position + 1;
	open_part(r, to);
	return to;
}

struct err digest_describe(const struct digest *d, struct described *v)
{
	struct reader r = { .d = d,
		            .v = v,
		            .rest = digest_field(d, DIGEST_BODYSTRUCTURE) };
	uint32_t i = 0;

	open_part(&r, 0);
	while (!r.bad) {
		if (digest_part(d, i).child != 0) {
			i = go_to(&r, i, i);
			continue;
		}
		close_part(&r, i);
		while (i != 0 && digest_part(d, i).next == 0) {
			i = v[i].parent;
			close_part(&r, i);
		}
		if (i == 0)
			break;
		i = go_to(&r, i, v[i].parent);
	}
	if (r.bad || r.rest.len != 0 || r.opened != d->parts)
		return err(ERR_CORRUPT, "not a digest");
	return OK;
}
