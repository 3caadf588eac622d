/*
 * content.c -- the fields of a header to what is said of its entity.
 *
 * This is done when the header has ended: the head (all that BODYSTRUCTURE
 * says before the size) and the tail (all behind the lines) go to the pool.
 */
#include "mime/builder.h"

#include "base/ascii.h"
#include "mime/field.h"
#include "mime/wire.h"

/* -- the pool -- */

#define DEFAULT_HEAD \
	"\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\""
#define DEFAULT_TAIL " NIL NIL NIL NIL"
#define NO_ENVELOPE  "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

struct span content_default_head(void)
{
	return (struct span){ 0, sizeof DEFAULT_HEAD - 1 };
}

struct span content_default_tail(void)
{
	return (struct span){ sizeof DEFAULT_HEAD - 1,
		              sizeof DEFAULT_TAIL - 1 };
}

void content_start(struct digest_builder *b)
{
	buf_add(&b->pool, S(DEFAULT_HEAD DEFAULT_TAIL));
	buf_byte(&b->charsets, '\0');
	b->budget = (struct header_budget){
		.addresses = LIMIT_ADDRESSES,
		.parameters = LIMIT_PARAMETERS_ALL,
		.octets = LIMIT_HEADER_BYTES,
	};
}

/* Moves what stands in scratch to the pool; false when it has no room. */
static bool pool_scratch(struct digest_builder *b, struct span *out)
{
	struct slice s = buf_slice(&b->scratch);

	if (b->pool.len + s.len > POOL_MOST) {
		b->budget.cut = true;
		return false;
	}
	*out = (struct span){ (uint32_t)b->pool.len, (uint32_t)s.len };
	buf_add(&b->pool, s);
	return true;
}

/* What every entity has fits always: the pool may be passed by that. */
static void pool_force(struct digest_builder *b, struct span *out)
{
	struct slice s = buf_slice(&b->scratch);

	*out = (struct span){ (uint32_t)b->pool.len, (uint32_t)s.len };
	buf_add(&b->pool, s);
}

/* -- the media type -- */

enum { TOKEN_MOST = 127 }; /* octets of a type, RFC 6838 section 4.2 */

struct media {
	struct slice type;
	struct slice subtype;
};

static bool is_media_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' ||
		    strchr("()<>@,;:\\\"/[]?=", s.ptr[i]) != NULL)
			return false;
	}
	return s.len != 0 && s.len <= TOKEN_MOST;
}

/* The first token of a value, and what stands behind the first ";". */
static struct slice value_token(struct slice value, struct slice *params)
{
	struct slice token;
	size_t n = 0;

	slice_cut(value, ';', &token, params);
	token = slice_trim(token);
	while (n < token.len && !ascii_is_space(token.ptr[n]) &&
	       token.ptr[n] != '(')
		n++;
	return slice_first(token, n);
}

/*
 * content := "Content-Type" ":" type "/" subtype *(";" parameter)
 *
 * What is none counts as text/plain, RFC 2045 section 5.2.
 */
static void parse_media(struct slice value, struct media *m,
                        struct slice *params)
{
	struct slice token = value_token(value, params);

	slice_cut(token, '/', &m->type, &m->subtype);
	if (is_media_token(m->type) && is_media_token(m->subtype))
		return;
	*m = (struct media){ S("text"), S("plain") };
}

static void read_params(struct digest_builder *b, struct slice value,
                        struct params *p)
{
	params_parse(value, b->budget.parameters, p);
	b->budget.parameters -= p->n;
	b->budget.cut |= p->cut;
}

static struct slice content_value(const struct digest_builder *b,
                                  enum content_field which)
{
	return buf_slice(&b->header.content[which]);
}

/* -- what a node is -- */

static bool is_media(const struct media *m, const char *type,
                     const char *subtype)
{
	return slice_ieq(m->type, slice_cstr(type)) &&
	       (subtype == NULL || slice_ieq(m->subtype, slice_cstr(subtype)));
}

static bool is_message(const struct media *m)
{
	return is_media(m, "message", "rfc822") ||
	       is_media(m, "message", "global");
}

static enum part_encoding encoding_of(struct slice token)
{
	static const struct {
		const char *name;
		enum part_encoding encoding;
	} table[] = {
		{ "", ENCODING_IDENTITY },
		{ "7bit", ENCODING_IDENTITY },
		{ "8bit", ENCODING_IDENTITY },
		{ "binary", ENCODING_IDENTITY },
		{ "quoted-printable", ENCODING_QUOTED_PRINTABLE },
		{ "base64", ENCODING_BASE64 },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (slice_ieq(token, slice_cstr(table[i].name)))
			return table[i].encoding;
	}
	return ENCODING_UNKNOWN;
}

/* A multipart, or a message, that can't be looked into is described as a
 * part without structure: its own type would promise one. */
static void set_type(struct digest_builder *b, struct node *n, struct media *m)
{
	bool multipart = is_media(m, "multipart", NULL);
	bool encoded = n->encoding != ENCODING_IDENTITY;

	n->type = is_media(m, "text", NULL)      ? PART_TEXT
	          : is_media(m, "message", NULL) ? PART_REPORT
	                                         : PART_OTHER;
	if (!multipart && !is_message(m))
		return;
	n->type = PART_OTHER;
	if (structure_has_room(b) && (multipart || !encoded)) {
		n->type = multipart ? PART_MULTIPART : PART_MESSAGE;
		innermost(b)->digest = is_media(m, "multipart", "digest");
		return;
	}
	b->budget.cut |= !structure_has_room(b);
	*m = (struct media){ S("application"), S("octet-stream") };
}

/* The name's place in charsets; 0, no name, when it is too long or there
 * are too many. */
static uint16_t keep_charset(struct digest_builder *b, struct slice name)
{
	size_t at = 0;
	size_t end = b->charsets.len;

	if (name.len > CHARSET_NAME_MOST ||
	    slice_find_byte(name, '\0') != SLICE_NONE)
		return 0;
	while (at < end) {
		struct slice known = slice_cstr(b->charsets.data + at);

		if (slice_ieq(known, name))
			return (uint16_t)at;
		at += known.len + 1;
	}
	if (end + name.len + 1 > CHARSETS_MOST)
		return 0;
	for (size_t i = 0; i < name.len; i++)
		buf_byte(&b->charsets, ascii_lower(name.ptr[i]));
	buf_byte(&b->charsets, '\0');
	return (uint16_t)end;
}

/* -- head and tail -- */

static void add_text(struct digest_builder *b, enum content_field which)
{
	struct buf line = { 0 };

	buf_byte(&b->scratch, ' ');
	field_unfold(slice_first(content_value(b, which), SUBJECT_MOST), &line);
	wire_nstring(b->header.has[which], buf_slice(&line), &b->scratch);
	buf_free(&line);
}

/* body-fld-dsp = "(" string SP body-fld-param ")" / nil */
static bool add_disposition(struct digest_builder *b)
{
	struct slice params;
	struct slice token =
		value_token(content_value(b, CONTENT_DISPOSITION), &params);

	buf_byte(&b->scratch, ' ');
	b->header.disposition.n = 0;
	if (!is_media_token(token)) {
		buf_add(&b->scratch, S("NIL"));
		return false;
	}
	buf_byte(&b->scratch, '(');
	wire_lower(token, &b->scratch);
	buf_byte(&b->scratch, ' ');
	read_params(b, params, &b->header.disposition);
	params_write(&b->header.disposition, &b->scratch);
	buf_byte(&b->scratch, ')');
	return slice_ieq(token, S("attachment"));
}

/* body-fld-lang = nstring / "(" string *(SP string) ")" */
static void add_language(struct digest_builder *b)
{
	struct slice rest =
		slice_first(content_value(b, CONTENT_LANGUAGE), SUBJECT_MOST);
	size_t n = 0;

	buf_byte(&b->scratch, ' ');
	while (rest.len != 0) {
		struct slice element, tag, none;

		slice_cut(rest, ',', &element, &rest);
		tag = value_token(element, &none);
		if (!is_media_token(tag))
			continue;
		buf_byte(&b->scratch, n++ == 0 ? '(' : ' ');
		wire_string(tag, &b->scratch);
	}
	buf_add(&b->scratch, n == 0 ? S("NIL") : S(")"));
}

/* SP dsp SP lang SP loc; true for an attachment. */
static bool add_extension(struct digest_builder *b)
{
	bool attachment = add_disposition(b);

	add_language(b);
	add_text(b, CONTENT_LOCATION);
	return attachment;
}

/* media SP params SP id SP desc SP enc; with less where it does not fit */
static void write_head(struct digest_builder *b, struct node *n,
                       const struct media *m, struct slice encoding, bool whole)
{
	b->scratch.len = 0;
	wire_lower(m->type, &b->scratch);
	buf_byte(&b->scratch, ' ');
	wire_lower(m->subtype, &b->scratch);
	buf_byte(&b->scratch, ' ');
	if (whole) {
		params_write(&b->header.params, &b->scratch);
		add_text(b, CONTENT_ID);
		add_text(b, CONTENT_DESCRIPTION);
	} else {
		buf_add(&b->scratch, S("NIL NIL NIL"));
	}
	buf_byte(&b->scratch, ' ');
	wire_lower(encoding, &b->scratch);
	if (!whole)
		pool_force(b, &n->head);
	else if (!pool_scratch(b, &n->head))
		write_head(b, n, m, encoding, false);
}

/* SP md5 SP dsp SP lang SP loc */
static bool write_tail(struct digest_builder *b, struct node *n)
{
	bool attachment;

	b->scratch.len = 0;
	add_text(b, CONTENT_MD5);
	attachment = add_extension(b);
	if (!slice_eq(buf_slice(&b->scratch), S(DEFAULT_TAIL)))
		pool_scratch(b, &n->tail);
	return attachment;
}

/* Head: the subtype. Tail: SP params SP dsp SP lang SP loc. */
static void write_multipart(struct digest_builder *b, struct node *n,
                            const struct media *m)
{
	b->scratch.len = 0;
	wire_lower(m->subtype, &b->scratch);
	pool_force(b, &n->head);
	b->scratch.len = 0;
	buf_byte(&b->scratch, ' ');
	params_write(&b->header.params, &b->scratch);
	add_extension(b);
	pool_scratch(b, &n->tail);
}

static void write_envelope(struct digest_builder *b, struct node *n)
{
	if (b->depth == 0) {
		envelope_write(&b->header.envelope, &b->envelope);
		return;
	}
	b->scratch.len = 0;
	envelope_write(&b->header.envelope, &b->scratch);
	if (pool_scratch(b, &n->envelope))
		return;
	b->scratch.len = 0;
	buf_add(&b->scratch, S(NO_ENVELOPE));
	pool_force(b, &n->envelope);
}

/* -- together -- */

/* Of a part about which its header says nothing. */
static struct slice default_type(const struct digest_builder *b)
{
	if (b->depth != 0 && b->levels[b->depth - 1].digest)
		return S("message/rfc822");
	return S("text/plain; charset=us-ascii");
}

/* Writes head and tail; true for what a person would call an attachment. */
static bool describe_leaf(struct digest_builder *b, struct node *n,
                          const struct media *m, struct slice encoding)
{
	struct slice value;
	bool named = params_get(&b->header.params, "name", &value);

	if (n->type == PART_TEXT &&
	    params_get(&b->header.params, "charset", &value))
		n->charset = keep_charset(b, value);
	write_head(b, n, m, encoding, true);
	if (write_tail(b, n))
		return true;
	named |= params_get(&b->header.disposition, "filename", &value);
	return n->type == PART_MESSAGE || (n->type != PART_TEXT && named);
}

/* An encoding in quotes is no token, but what was meant is clear. */
static struct slice unquoted(struct slice s)
{
	bool is_quoted =
		s.len > 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"';

	return is_quoted ? slice_of(s.ptr + 1, s.len - 2) : s;
}

/* The slices stay those of the header's buffers. */
static struct slice describe_multipart(struct digest_builder *b, struct node *n,
                                       const struct media *m)
{
	struct slice boundary = { 0 };

	write_multipart(b, n, m);
	params_get(&b->header.params, "boundary", &boundary);
	return slice_trim(boundary);
}

struct description content_describe(struct digest_builder *b)
{
	struct node *n = innermost_node(b);
	struct description d = { 0 };
	struct slice type = content_value(b, CONTENT_TYPE);
	struct slice params;
	struct slice encoding =
		value_token(content_value(b, CONTENT_ENCODING), &params);
	struct media media;

	encoding = unquoted(encoding);
	if (!is_media_token(encoding))
		encoding = S("7bit");
	if (!b->header.has[CONTENT_TYPE])
		type = default_type(b);
	n->encoding = (uint8_t)encoding_of(encoding);
	parse_media(type, &media, &params);
	read_params(b, params, &b->header.params);
	set_type(b, n, &media);
	if (innermost(b)->message)
		write_envelope(b, n);
	if (n->type == PART_MULTIPART) {
		d.boundary = describe_multipart(b, n, &media);
	} else if (describe_leaf(b, n, &media, encoding)) {
		b->flags |= DIGEST_HAS_ATTACHMENT;
	} else {
		d.plain = is_media(&media, "text", "plain");
		d.html = is_media(&media, "text", "html");
	}
	return d;
}
