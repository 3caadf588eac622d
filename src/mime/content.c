/*
 * content.c -- header fields to what is said of an entity.
 *
 * Fields are collected whole (their continuation lines in) and given to
 * the rule of their name. What an entity is, is put together when its header
 * has ended: its head (all that BODYSTRUCTURE says before the size) and its
 * tail (all behind the lines) go to the pool.
 */
#include "mime/builder.h"

#include "base/ascii.h"
#include "base/unicode.h"
#include "mime/date.h"
#include "mime/field.h"
#include "mime/message_id.h"
#include "mime/wire.h"

/* -- the pool -- */

#define DEFAULT_HEAD                                                        \
	"\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\""
#define DEFAULT_TAIL " NIL NIL NIL NIL"
#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

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

/* -- fields -- */

enum { IDS_MOST = 65536 }; /* octets of References: that are read */

struct field_rule {
	struct slice name;
	bool of_message; /* in the header of a message only */
	void (*take)(struct digest_builder *, struct slice value, int which);
	int which;
};

/* NULL unless it is the message itself. */
static struct search_text *search_of(struct digest_builder *b)
{
	return b->depth == 0 ? &b->search : NULL;
}

static void take_content(struct digest_builder *b, struct slice value,
                         int which)
{
	if (b->header.has[which])
		return;
	b->header.has[which] = true;
	buf_add(&b->header.content[which], value);
}

static void take_list(struct digest_builder *b, struct slice value, int which)
{
	envelope_add_list(&b->header.envelope, (enum envelope_list)which, value,
	                  &b->budget, &b->words, search_of(b));
}

static void take_text(struct digest_builder *b, struct slice value, int which)
{
	envelope_add_text(&b->header.envelope, (enum envelope_text)which, value,
	                  &b->budget);
}

static void take_date(struct digest_builder *b, struct slice value, int which)
{
	struct search_text *t = search_of(b);

	if (t != NULL && !b->header.envelope.has[ENV_DATE] &&
	    date_parse(slice_first(value, SUBJECT_MOST), &t->sent,
	               &t->sent_zone))
		b->flags |= DIGEST_HAS_DATE;
	take_text(b, value, which);
}

static void take_subject(struct digest_builder *b, struct slice value,
                         int which)
{
	struct search_text *t = search_of(b);

	if (t != NULL && !b->header.envelope.has[ENV_SUBJECT])
		words_decode(&b->words, slice_first(value, SUBJECT_MOST),
		             &t->subject);
	take_text(b, value, which);
}

static void take_ids(struct digest_builder *b, struct slice value, size_t most,
                     struct buf *out)
{
	if (value.len > IDS_MOST) {
		value = slice_from(value, value.len - IDS_MOST);
		b->budget.cut = true;
	}
	if (out->len == 0 && message_ids(value, most, out) > most)
		b->budget.cut = true;
}

static void take_message_id(struct digest_builder *b, struct slice value,
                            int which)
{
	struct search_text *t = search_of(b);
	struct buf ids = { 0 };
	struct slice first, rest;

	take_text(b, value, which);
	if (t == NULL || t->message_id.len != 0)
		return;
	take_ids(b, slice_first(value, SUBJECT_MOST), SIZE_MAX, &ids);
	slice_cut(buf_slice(&ids), ' ', &first, &rest);
	buf_add(&t->message_id, first);
	buf_free(&ids);
}

static void take_in_reply_to(struct digest_builder *b, struct slice value,
                             int which)
{
	struct search_text *t = search_of(b);

	take_text(b, value, which);
	if (t != NULL)
		take_ids(b, value, LIMIT_REFERENCES, &t->in_reply_to);
}

static void take_references(struct digest_builder *b, struct slice value,
                            int which)
{
	struct search_text *t = search_of(b);

	(void)which;
	if (t != NULL)
		take_ids(b, value, LIMIT_REFERENCES, &t->references);
}

static const struct field_rule rules[] = {
	{ S("from"), true, take_list, LIST_FROM },
	{ S("sender"), true, take_list, LIST_SENDER },
	{ S("reply-to"), true, take_list, LIST_REPLY_TO },
	{ S("to"), true, take_list, LIST_TO },
	{ S("cc"), true, take_list, LIST_CC },
	{ S("bcc"), true, take_list, LIST_BCC },
	{ S("date"), true, take_date, ENV_DATE },
	{ S("subject"), true, take_subject, ENV_SUBJECT },
	{ S("message-id"), true, take_message_id, ENV_MESSAGE_ID },
	{ S("in-reply-to"), true, take_in_reply_to, ENV_IN_REPLY_TO },
	{ S("references"), true, take_references, 0 },
	{ S("content-type"), false, take_content, CONTENT_TYPE },
	{ S("content-transfer-encoding"), false, take_content,
	  CONTENT_ENCODING },
	{ S("content-disposition"), false, take_content, CONTENT_DISPOSITION },
	{ S("content-id"), false, take_content, CONTENT_ID },
	{ S("content-description"), false, take_content,
	  CONTENT_DESCRIPTION },
	{ S("content-language"), false, take_content, CONTENT_LANGUAGE },
	{ S("content-location"), false, take_content, CONTENT_LOCATION },
	{ S("content-md5"), false, take_content, CONTENT_MD5 },
};

static const struct field_rule *find_rule(struct slice name, bool message)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (slice_ieq(name, rules[i].name))
			return message || !rules[i].of_message ? &rules[i]
			                                       : NULL;
	}
	return NULL;
}

void content_reset(struct digest_builder *b)
{
	struct header_state *h = &b->header;

	h->rule = NULL;
	h->fields = 0;
	for (size_t i = 0; i < CONTENT_FIELDS; i++) {
		h->content[i].len = 0;
		h->has[i] = false;
	}
	envelope_reset(&h->envelope);
}

void content_field_begin(struct digest_builder *b, struct slice line)
{
	struct header_state *h = &b->header;
	struct slice name, value;

	if (h->fields == LIMIT_HEADER_FIELDS) {
		b->budget.cut = true;
		return;
	}
	h->fields++;
	if (!field_split(line, &name, &value))
		return;
	h->rule = find_rule(name, innermost(b)->message);
	h->field.len = 0;
	content_field_more(b, line);
}

/* Beyond the limits what there is of the field counts. */
void content_field_more(struct digest_builder *b, struct slice line)
{
	struct header_state *h = &b->header;

	if (h->rule == NULL)
		return;
	if (line.len > b->budget.octets || h->field.len > FIELD_MOST) {
		b->budget.cut = true;
		return;
	}
	b->budget.octets -= line.len;
	buf_add(&h->field, line);
}

void content_field_end(struct digest_builder *b)
{
	struct header_state *h = &b->header;
	const struct field_rule *rule = h->rule;
	struct slice name, value;

	h->rule = NULL;
	if (rule != NULL && field_split(buf_slice(&h->field), &name, &value))
		rule->take(b, value, rule->which);
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

	n->type = is_media(m, "text", NULL) ? PART_TEXT : PART_OTHER;
	if (!multipart && !is_message(m))
		return;
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
	struct slice rest = slice_first(content_value(b, CONTENT_LANGUAGE),
	                                SUBJECT_MOST);
	size_t n = 0;

	buf_byte(&b->scratch, ' ');
	while (rest.len != 0) {
		struct slice tag;

		slice_cut(rest, ',', &tag, &rest);
		tag = slice_trim(tag);
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
	return n->type == PART_MESSAGE || (n->type == PART_OTHER && named);
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
