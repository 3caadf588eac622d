/*
 * mail_visits.c -- sessions of others in this partition's accounts
 * (imap/visit.h). What comes from auth is believed; what a visitor says is a
 * client's word like any other.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/visit.h"
#include "mailbox/account.h"
#include "roostd/mail_internal.h"

/* -- visitors -- */

struct mail_visitor {
	struct mail_visitor *next;
	struct mail *mail;
	struct conn *conn;
	uint64_t owner;
	uint64_t account; /* the visitor's */
	uint8_t terms;    /* the owner's; with his own he comes and goes */
};

static void on_end(void *arg, const struct conn_left *left)
{
	struct mail_visitor *v = arg;
	struct mail *m = v->mail;
	struct mail_visitor **at = &m->visitors;

	if (left != NULL)
		close(left->fd); /* a visit has nowhere to go back to */
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	free(v);
	mail_check_end(m);
}

static void start(struct mail *m, struct frame_in *f, uint64_t owner,
                  uint8_t terms, struct session_start *start)
{
	struct mail_visitor *v = mem_new(1, sizeof *v);

	v->mail = m;
	v->owner = owner;
	v->account = start->visitor->account;
	v->terms = terms;
	v->next = m->visitors;
	m->visitors = v;
	v->conn = conn_start(m->loop, f->fd, start, on_end, v);
	f->fd = -1;
}

static bool on_visitor(struct mail *m, struct frame_in *f)
{
	struct identity who = { 0 };
	struct slice groups[LIMIT_GROUPS];
	uint64_t owner = read_u64(&f->r);
	struct session_start s = { .config = &m->session_config,
		                   .login_tag = S(ERRAND),
		                   .visitor = &who };
	uint8_t owners, terms;
	uint32_t n;

	who.account = read_u64(&f->r);
	who.name = frame_read_slice(f, LIMIT_USER_NAME);
	s.session_id = frame_read_slice(f, SESSION_ID_SIZE);
	s.prefix = frame_read_slice(f, LIMIT_LINE);
	/* where either can change nothing, the other can't for him; what is
	 * recorded of either is of both */
	owners = read_u8(&f->r);
	terms = owners | read_u8(&f->r);
	s.read_only = terms & TERM_READ_ONLY;
	s.audited = terms & TERM_AUDITED;
	s.peer = frame_read_slice(f, PEER_TEXT);
	n = read_u32(&f->r);
	for (; who.n_groups < n && who.n_groups < LIMIT_GROUPS; who.n_groups++)
		groups[who.n_groups] = frame_read_slice(f, LIMIT_GROUP_NAME);
	who.groups = groups;
	if (!frame_is_whole(f) || !link_is_socket(f->fd, SOCK_STREAM) ||
	    s.prefix.len == 0)
		return false;
	if (!m->stopping && is_ok(account_open(m->model, owner, &s.account)))
		start(m, f, owner, owners, &s);
	return true;
}

static void end_visits(struct mail *m, uint64_t owner, uint64_t visitor,
                       const char *text)
{
	for (struct mail_visitor *v = m->visitors; v != NULL; v = v->next)
		if ((owner == 0 || v->owner == owner) &&
		    (visitor == 0 || v->account == visitor))
			conn_dismiss(v->conn, text);
}

void mail_each_visit(struct mail *m,
                     void (*fn)(void *arg, uint64_t owner, uint8_t terms),
                     void *arg)
{
	for (struct mail_visitor *v = m->visitors; v != NULL; v = v->next)
		fn(arg, v->owner, v->terms);
}

void mail_end_visits(struct mail *m, uint64_t owner, const char *text)
{
	end_visits(m, owner, 0, text);
}

uint64_t mail_kick_visits(struct mail *m, struct slice owner, const char *text)
{
	struct session_facts f;
	uint64_t n = 0;

	for (struct mail_visitor *v = m->visitors; v != NULL; v = v->next) {
		conn_facts(v->conn, &f);
		if (!slice_eq(f.owner, owner))
			continue;
		conn_dismiss(v->conn, text);
		n++;
	}
	return n;
}

static bool on_visitor_end(struct mail *m, struct frame_in *f)
{
	uint64_t visitor = read_u64(&f->r);

	if (!frame_is_whole(f) || visitor == 0)
		return false;
	end_visits(m, 0, visitor, "who visits has other groups");
	return true;
}

static bool on_granted(struct mail *m, struct frame_in *f)
{
	struct slice identifier = frame_read_slice(f, LIMIT_ACL_IDENTIFIER);

	if (!frame_is_whole(f))
		return false;
	visit_granted(&m->office, identifier);
	return true;
}

bool mail_on_visit(struct mail *m, struct frame_in *f)
{
	switch (f->type) {
	case FRAME_VISITOR:
		return on_visitor(m, f);
	case FRAME_GRANTED:
		return on_granted(m, f);
	default:
		return on_visitor_end(m, f);
	}
}
