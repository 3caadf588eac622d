/* digest_build.c -- a builder's life, and its findings in one piece. */
#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "mime/builder.h"
#include "mime/digest_layout.h"
#include "mime/subject.h"

struct digest_builder *digest_builder_new(void)
{
	struct digest_builder *b = mem_new(1, sizeof *b);

	content_start(b);
	structure_start(b);
	return b;
}

static void free_header(struct header_state *h)
{
	buf_free(&h->field);
	for (size_t i = 0; i < CONTENT_FIELDS; i++)
		buf_free(&h->content[i]);
	envelope_free(&h->envelope);
	params_free(&h->params);
	params_free(&h->disposition);
}

void digest_builder_free(struct digest_builder *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i <= b->depth; i++)
		free(b->levels[i].boundary);
	free(b->nodes);
	free_header(&b->header);
	word_decoder_fini(&b->words);
	buf_free(&b->pool);
	buf_free(&b->charsets);
	buf_free(&b->scratch);
	search_text_free(&b->search);
	buf_free(&b->envelope);
	preview_free(&b->preview);
	free(b);
}

/* -- the fields -- */

typedef void text_form(struct slice s, struct buf *out);

static void add_text(struct digest_builder *b, struct slice s, text_form *form,
                     struct buf *out)
{
	b->scratch.len = 0;
	form(s, &b->scratch);
	buf_add(out, utf8_cut(buf_slice(&b->scratch), SUBJECT_MOST));
}

/* RFC 5256 section 2.1 (1): white space to single spaces. */
static void collapse(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		bool space = s.ptr[i] == ' ' || s.ptr[i] == '\t';

		if (!space ||
		    (i > 0 && out->len != 0 && out->data[out->len - 1] != ' '))
			buf_byte(out, space ? ' ' : s.ptr[i]);
	}
}

static void add_base_subject(struct digest_builder *b, struct buf *out)
{
	struct buf line = { 0 };
	bool is_reply;

	collapse(buf_slice(&b->search.subject), &line);
	add_text(b, subject_base(buf_slice(&line), &is_reply), unicode_casemap,
	         out);
	if (is_reply)
		b->flags |= DIGEST_IS_REPLY;
	buf_free(&line);
}

static void add_field(struct digest_builder *b, enum digest_field field,
                      struct buf *out)
{
	const struct search_text *t = &b->search;
	const struct buf *ready[DIGEST_FIELDS] = {
		[DIGEST_FROM] = &t->list[LIST_FROM],
		[DIGEST_TO] = &t->list[LIST_TO],
		[DIGEST_CC] = &t->list[LIST_CC],
		[DIGEST_BCC] = &t->list[LIST_BCC],
		[DIGEST_FROM_NAME] = &t->name[LIST_FROM],
		[DIGEST_TO_NAME] = &t->name[LIST_TO],
		[DIGEST_FROM_MAILBOX] = &t->mailbox[LIST_FROM],
		[DIGEST_TO_MAILBOX] = &t->mailbox[LIST_TO],
		[DIGEST_CC_MAILBOX] = &t->mailbox[LIST_CC],
		[DIGEST_MESSAGE_ID] = &t->message_id,
		[DIGEST_IN_REPLY_TO] = &t->in_reply_to,
		[DIGEST_REFERENCES] = &t->references,
		[DIGEST_PREVIEW] = &b->preview.text,
		[DIGEST_ENVELOPE] = &b->envelope,
	};

	if (ready[field] != NULL)
		buf_add(out, buf_slice(ready[field]));
	else if (field == DIGEST_SUBJECT)
		add_text(b, buf_slice(&t->subject), unicode_fold, out);
	else if (field == DIGEST_BASE_SUBJECT)
		add_base_subject(b, out);
	else
		bodystructure_write(b, field == DIGEST_BODYSTRUCTURE, out);
}

/* -- the layout -- */

static void add_part(const struct node *n, struct buf *out)
{
	char raw[PART_SIZE];
	const uint32_t numbers[] = { n->header,   n->header_len, n->body,
		                     n->body_len, n->lines,      n->next,
		                     n->child };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		put_le32(raw + 4 * i, numbers[i]);
	put_le16(raw + 28, n->charset);
	raw[30] = (char)n->type;
	raw[31] = (char)n->encoding;
	buf_add(out, slice_of(raw, sizeof raw));
}

/* The head's place is kept and filled at the end, when its numbers are
 * known. */
static void put_head(const struct digest_builder *b, char *head)
{
	uint32_t cut = b->budget.cut ? DIGEST_CUT : 0;

	put_le16(head, DIGEST_VERSION);
	put_le16(head + 2, (uint16_t)b->search.sent_zone);
	put_le32(head + 4, b->flags | cut);
	put_le64(head + 8, (uint64_t)b->search.sent);
	put_le32(head + 16, b->offset);
	put_le32(head + 20, (uint32_t)b->n_nodes);
	put_le32(head + 24, (uint32_t)b->charsets.len);
}

void digest_builder_finish(struct digest_builder *b, struct buf *out)
{
	size_t start = out->len;
	char head[DIGEST_HEAD] = { 0 };

	parser_finish(b);
	buf_add(out, slice_of(head, sizeof head));
	for (enum digest_field f = 0; f < DIGEST_FIELDS; f++) {
		size_t before = out->len;

		add_field(b, f, out);
		put_le32(head + 28 + 4 * f, (uint32_t)(out->len - before));
	}
	buf_add(out, buf_slice(&b->charsets));
	for (size_t i = 0; i < b->n_nodes; i++)
		add_part(&b->nodes[i], out);
	put_head(b, head);
	memcpy(out->data + start, head, sizeof head);
	assert(out->len - start <= LIMIT_DIGEST);
	digest_builder_free(b);
}

void digest_make(struct slice message, struct buf *out)
{
	struct digest_builder *b = digest_builder_new();

	digest_builder_feed(b, message);
	digest_builder_finish(b, out);
}
