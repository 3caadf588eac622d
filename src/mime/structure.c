/*
 * structure.c -- delimiters and headers to a tree of nodes.
 *
 * The open entities are a stack of levels, the message itself at the
 * bottom; each level is a part of the one below it. A node is appended when
 * its entity begins, so children follow their parent and indices only grow.
 *
 * A delimiter belongs to the outermost open multipart that has its boundary
 * (RFC 2046 section 5.1.2); it closes all levels above. A line is a
 * delimiter only as a whole, so a boundary may begin with another one.
 *
 * Beyond the limits nothing is opened: a further part stays part of its
 * multipart's text, a further multipart or message is a part without
 * structure.
 */
#include "mime/builder.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

static uint32_t new_node(struct digest_builder *b, uint32_t parent)
{
	if (b->n_nodes == b->cap_nodes) {
		b->cap_nodes = b->cap_nodes != 0 ? b->cap_nodes * 2 : 8;
		b->nodes = mem_resize(b->nodes, b->cap_nodes, sizeof *b->nodes);
	}
	assert(b->n_nodes < LIMIT_MIME_PARTS);
	b->nodes[b->n_nodes] = (struct node){
		.parent = parent,
		.head = content_default_head(),
		.tail = content_default_tail(),
		.type = PART_TEXT,
	};
	return (uint32_t)b->n_nodes++;
}

/* A node below the innermost level's, behind its other children. */
static uint32_t add_child(struct digest_builder *b)
{
	struct level *level = innermost(b);
	uint32_t i = new_node(b, level->node);

	if (level->last_child != 0)
		b->nodes[level->last_child].next = i;
	else
		b->nodes[level->node].child = i;
	level->last_child = i;
	return i;
}

static void begin_header(struct digest_builder *b, uint32_t offset)
{
	innermost_node(b)->header = offset;
	b->in_header = true;
	collect_start(b);
}

static void push(struct digest_builder *b, bool message, uint32_t offset)
{
	uint32_t node = add_child(b);
	bool embedded = innermost(b)->embedded || message;

	b->depth++;
	*innermost(b) = (struct level){
		.node = node,
		.message = message,
		.embedded = embedded,
	};
	begin_header(b, offset);
}

void structure_start(struct digest_builder *b)
{
	b->levels[0] =
		(struct level){ .node = new_node(b, 0), .message = true };
	begin_header(b, 0);
}

bool structure_has_room(const struct digest_builder *b)
{
	return b->depth < LIMIT_MIME_DEPTH && b->n_nodes < LIMIT_MIME_PARTS &&
	       b->pool.len < POOL_MOST;
}

void structure_open_part(struct digest_builder *b)
{
	if (structure_has_room(b))
		push(b, false, b->offset);
	else
		b->budget.cut = true;
}

/* -- bodies -- */

static void set_boundary(struct digest_builder *b, struct slice boundary)
{
	struct level *level = innermost(b);

	if (boundary.len == 0 || boundary.len > BOUNDARY_MOST)
		return;
	level->boundary = mem_copy(boundary.ptr, boundary.len);
	level->boundary_len = boundary.len;
	b->boundaries++;
}

static void begin_preview(struct digest_builder *b, const struct node *n,
                          const struct description *d)
{
	if ((d->plain || d->html) && !innermost(b)->embedded)
		preview_begin(&b->preview, d->html, n->encoding,
		              b->charsets.data + n->charset);
}

/* The header ends at offset, before which there were `lines` line ends. */
static void end_header(struct digest_builder *b, uint32_t offset,
                       uint32_t lines)
{
	struct node *n = innermost_node(b);
	struct description d;

	collect_end(b);
	b->in_header = false;
	n->header_len = offset - n->header;
	n->body = offset;
	innermost(b)->lines = lines;
	d = content_describe(b);
	if (n->type == PART_MULTIPART)
		set_boundary(b, d.boundary);
	else if (n->type == PART_MESSAGE)
		push(b, true, offset);
	else
		begin_preview(b, n, &d);
}

void structure_begin_body(struct digest_builder *b)
{
	end_header(b, b->offset, b->newlines);
}

/* -- closing -- */

/*
 * A multipart without parts gets one, so that its BODYSTRUCTURE is legal
 * and its text can be read: text/plain, all of the body. There is room for
 * it: no node has been added since the multipart had room.
 */
static void close_multipart(struct digest_builder *b)
{
	uint32_t i;
	struct node *n;
	struct node *parent;

	if (innermost(b)->boundary != NULL)
		b->boundaries--;
	free(innermost(b)->boundary);
	innermost(b)->boundary = NULL;
	if (innermost(b)->last_child != 0)
		return;
	i = add_child(b);
	n = &b->nodes[i];
	parent = &b->nodes[n->parent];
	n->header = parent->body;
	n->body = parent->body;
	n->body_len = parent->body_len;
	n->lines = parent->lines;
}

/* Before what the open entities end. */
struct end {
	uint32_t offset;
	uint32_t lines;
};

static void close_level(struct digest_builder *b, struct end end)
{
	struct node *n = innermost_node(b);

	n->body_len = end.offset - n->body;
	n->lines = end.lines - innermost(b)->lines;
	if (n->type == PART_MULTIPART)
		close_multipart(b);
}

/* Headers without an empty line: that of the innermost entity, and those of
 * the messages within it, which are empty. */
static void cut_headers(struct digest_builder *b, uint32_t eol)
{
	while (b->in_header) {
		uint32_t header = innermost_node(b)->header;
		uint32_t end = b->offset - eol;

		/* the line end before a delimiter may be another delimiter's */
		if (end < header)
			end = header;
		end_header(b, end, b->newlines - (end < b->offset));
	}
}

/* The line end before a delimiter belongs to it, but for that of the empty
 * line that ends a header. */
static struct end end_before(struct digest_builder *b, uint32_t eol)
{
	if (eol == 0 || innermost_node(b)->body == b->offset)
		return (struct end){ b->offset, b->newlines };
	return (struct end){ b->offset - eol, b->newlines - 1 };
}

/* Closes all levels above `keep`; they end together. */
static void close_to(struct digest_builder *b, size_t keep, uint32_t eol)
{
	struct end end;

	cut_headers(b, eol);
	preview_end(&b->preview);
	end = end_before(b, eol);
	for (; b->depth > keep; b->depth--)
		close_level(b, end);
}

void structure_finish(struct digest_builder *b)
{
	close_to(b, 0, 0);
	close_level(b, end_before(b, 0));
}

/* -- delimiters -- */

/* transport-padding, and the line end. RFC 2046 section 5.1.1 */
static bool is_blank(struct slice s)
{
	return slice_trim(s).len == 0;
}

/* delimiter = "--" boundary, close-delimiter = delimiter "--" */
static enum delimiter match(const struct level *level, struct slice line)
{
	struct slice rest;

	if (level->boundary == NULL || line.len < level->boundary_len + 2 ||
	    memcmp(line.ptr + 2, level->boundary, level->boundary_len) != 0)
		return DELIMITER_NONE;
	rest = slice_from(line, level->boundary_len + 2);
	if (is_blank(rest))
		return DELIMITER_PART;
	if (slice_starts(rest, S("--")) && is_blank(slice_from(rest, 2)))
		return DELIMITER_CLOSE;
	return DELIMITER_NONE;
}

/* No parts begin in an epilogue. */
static void drop_boundary(struct digest_builder *b)
{
	free(innermost(b)->boundary);
	innermost(b)->boundary = NULL;
	b->boundaries--;
}

enum delimiter structure_delimiter(struct digest_builder *b, struct slice line)
{
	for (size_t i = 0; i <= b->depth; i++) {
		enum delimiter what = match(&b->levels[i], line);

		if (what == DELIMITER_NONE)
			continue;
		close_to(b, i, b->eol);
		if (what == DELIMITER_CLOSE)
			drop_boundary(b);
		return what;
	}
	return DELIMITER_NONE;
}
