/*
 * thread.c -- THREAD and UID THREAD. RFC 5256; REFS:
 * draft-ietf-morg-inthread section 4
 *
 * thread-list    = "(" (thread-members / thread-nested) ")"
 * thread-members = nz-number *(SP nz-number) [SP thread-nested]
 * thread-nested  = 2*thread-list
 *
 * Who writes messages decides how deep threads are: they are written by
 * going from node to node, without recursion.
 */
#include <stdlib.h>

#include "imap/search.h"
#include "mailbox/forest.h"

static const struct {
	struct slice name;
	enum thread_algorithm algorithm;
} algorithms[] = {
	{ N("ORDEREDSUBJECT"), THREAD_ORDEREDSUBJECT },
	{ N("REFERENCES"), THREAD_REFERENCES },
	{ N("REFS"), THREAD_REFS },
};

static enum thread_algorithm parse_algorithm(struct cursor *c)
{
	struct slice name = parse_atom(c);

	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (slice_ieq(algorithms[i].name, name))
			return algorithms[i].algorithm;
	fail(c, "there is no such threading algorithm");
	return THREAD_REFERENCES;
}

/* thread = "THREAD" SP thread-alg SP search-criteria */
static struct err parse_thread(struct cursor *c,
                               enum thread_algorithm *algorithm,
                               struct search_request *r)
{
	*r = (struct search_request){ 0 };
	expect(c, ' ', "expected a threading algorithm");
	*algorithm = parse_algorithm(c);
	expect(c, ' ', "expected a charset");
	parse_search_criteria(c, r);
	r->whole = true;
	return c->e;
}

/* -- the response -- */

/* Has it brothers or sisters? Then each has its parentheses. */
static bool has_siblings(const struct forest *f, uint32_t node)
{
	const struct forest_node *parent = &f->v[f->v[node].parent];

	return f->v[parent->child].next != 0;
}

/* A member of a thread and, if it has only one child, a space behind it. */
static void reply_member(struct session *s, const struct forest_node *node)
{
	struct buf *out = session_out(s);

	if (node->uid == 0)
		return;
	buf_number(out, s->uid ? node->uid : view_seq(s->view, node->uid));
	if (node->child != 0)
		buf_byte(out, ' ');
}

/* Ends what ends with this node. What comes next; 0: the thread has ended. */
static uint32_t leave(struct session *s, const struct forest *f, uint32_t node)
{
	for (; f->v[node].parent != 0; node = f->v[node].parent) {
		if (!has_siblings(f, node))
			continue;
		buf_byte(session_out(s), ')');
		if (f->v[node].next != 0)
			return f->v[node].next;
	}
	return 0;
}

static void reply_one_thread(struct session *s, const struct forest *f,
                             uint32_t root)
{
	struct buf *out = session_out(s);
	uint32_t node = root;

	buf_byte(out, '(');
	while (node != 0) {
		if (node != root && has_siblings(f, node))
			buf_byte(out, '(');
		reply_member(s, &f->v[node]);
		node = f->v[node].child != 0 ? f->v[node].child
		                             : leave(s, f, node);
		out_drain(&s->out);
	}
	buf_byte(out, ')');
}

static void reply_thread(struct session *s, const struct forest *f)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* THREAD"));
	if (f->v[0].child != 0)
		buf_byte(out, ' ');
	for (uint32_t root = f->v[0].child; root != 0; root = f->v[root].next)
		reply_one_thread(s, f, root);
	buf_add(out, S("\r\n"));
}

struct err cmd_thread(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	enum thread_algorithm algorithm;
	struct forest forest;
	struct uidset uids = { 0 };
	struct search_request r;
	struct err e = parse_thread(&c, &algorithm, &r);

	if (is_ok(e))
		e = search_run(s, s->view, &r, &uids, NULL);
	if (is_ok(e))
		e = mailbox_forest(view_mailbox(s->view), &uids, algorithm,
		                   &forest);
	uidset_free(&uids);
	if (!is_ok(e))
		return e;
	reply_thread(s, &forest);
	free(forest.v);
	return OK;
}
