/*
 * collect.c -- the fields of a header, one after another.
 *
 * A field is collected whole, its continuation lines in, and then given to
 * the rule of its name. What has no rule is not even copied.
 */
#include "mime/builder.h"

#include "mime/date.h"
#include "mime/field.h"
#include "mime/message_id.h"

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
	{ S("content-description"), false, take_content, CONTENT_DESCRIPTION },
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

void collect_start(struct digest_builder *b)
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

void collect_field(struct digest_builder *b, struct slice line)
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
	collect_more(b, line);
}

/* Beyond the limits what there is of the field counts. */
void collect_more(struct digest_builder *b, struct slice line)
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

void collect_end(struct digest_builder *b)
{
	struct header_state *h = &b->header;
	const struct field_rule *rule = h->rule;
	struct slice name, value;

	h->rule = NULL;
	if (rule != NULL && field_split(buf_slice(&h->field), &name, &value))
		rule->take(b, value, rule->which);
}
