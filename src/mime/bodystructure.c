/*
 * bodystructure.c -- the tree to its wire forms. RFC 9051 section 7.5.2
 *
 * The tree is walked by its links, down by child, on by next, up by parent:
 * no recursion, no stack.
 */
#include "mime/builder.h"

struct writer {
	const struct digest_builder *b;
	bool extended;
	struct buf *out;
};

static void add_span(const struct writer *w, struct span s)
{
	buf_add(w->out, slice_of(w->b->pool.data + s.offset, s.len));
}

static void add_number(const struct writer *w, uint32_t n)
{
	buf_byte(w->out, ' ');
	buf_number(w->out, n);
}

/*
 * body-type-1part = (body-type-basic / body-type-msg / body-type-text)
 *                   [SP body-ext-1part]
 * body-type-msg   = media-message SP body-fields SP envelope SP body SP
 *                   body-fld-lines
 *
 * What stands before the parts: all up to the size, the envelope.
 */
static void open_node(const struct writer *w, const struct node *n)
{
	buf_byte(w->out, '(');
	if (n->type == PART_MULTIPART)
		return;
	add_span(w, n->head);
	add_number(w, n->body_len);
	if (n->type == PART_MESSAGE) {
		buf_byte(w->out, ' ');
		add_span(w, w->b->nodes[n->child].envelope);
		buf_byte(w->out, ' ');
	}
}

/* body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart] */
static void close_node(const struct writer *w, const struct node *n)
{
	if (n->type == PART_MULTIPART) {
		buf_byte(w->out, ' ');
		add_span(w, n->head);
	} else if (n->type == PART_TEXT || n->type == PART_MESSAGE) {
		add_number(w, n->lines);
	}
	if (w->extended)
		add_span(w, n->tail);
	buf_byte(w->out, ')');
}

void bodystructure_write(const struct digest_builder *b, bool extended,
                         struct buf *out)
{
	struct writer w = { b, extended, out };
	uint32_t i = 0;

	open_node(&w, &b->nodes[0]);
	for (;;) {
		const struct node *n = &b->nodes[i];

		if (n->child != 0) {
			i = n->child;
			open_node(&w, &b->nodes[i]);
			continue;
		}
		close_node(&w, n);
		while (i != 0 && b->nodes[i].next == 0) {
			i = b->nodes[i].parent;
			close_node(&w, &b->nodes[i]);
		}
		if (i == 0)
			return;
		i = b->nodes[i].next;
		open_node(&w, &b->nodes[i]);
	}
}
