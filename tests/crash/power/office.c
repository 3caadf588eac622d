/*
 * office.c -- see office.h.
 *
 * A visit is a real session over a real stream. What auth would be asked for
 * is asked of the directory here, and a grant is a step of it.
 */
#include "office.h"

#include <sys/socket.h>

#include "imap/conn.h"
#include "imap/visit.h"

static void on_end(void *arg, const struct conn_left *left)
{
	workload_must(left == NULL, "a visit has nowhere to go back to");
	((struct work *)arg)->visits--;
}

static void start(struct work *w, struct session_start *s, int fd)
{
	conn_start(w->loop, fd, s, on_end, w);
	w->visits++;
}

static struct err open_account(struct work *w, struct slice owner,
                               const struct account_row *visitor,
                               struct account **out)
{
	struct account_row row;
	struct err e = directory_find(w->directory, owner, &row);

	if (is_ok(e))
		e = directory_granted(w->directory, row.id, visitor);
	return is_ok(e) ? account_open(w->model, row.id, out) : e;
}

static struct err office_open(void *ctx, uint64_t account,
                              struct slice session_id, bool shared,
                              struct slice owner, int *fd)
{
	struct work *w = ctx;
	struct account_row visitor;
	struct identity who = { .account = account };
	struct session_start s = { .config = &w->config,
		                   .session_id = session_id,
		                   .login_tag = S(ERRAND),
		                   .visitor = &who };
	struct buf prefix = { 0 };
	int fds[2];
	struct err e = directory_find_id(w->directory, account, &visitor);

	if (is_ok(e) && shared)
		e = err(ERR_ABSENT, "nothing is shared so");
	if (is_ok(e))
		e = open_account(w, owner, &visitor, &s.account);
	if (!is_ok(e))
		return e;
	workload_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) ==
	                      0,
	              "streams can be made");
	buf_printf(&prefix, "Other Users/%.*s/", (int)owner.len, owner.ptr);
	who.name = account_row_name(&visitor);
	s.prefix = buf_slice(&prefix);
	start(w, &s, fds[0]);
	*fd = fds[1];
	buf_free(&prefix);
	return OK;
}

static struct err office_owners(void *ctx, uint64_t account, bool shared,
                                struct arena *a, struct slice **names,
                                size_t *n)
{
	enum { MOST = 16 };
	struct work *w = ctx;
	struct account_row who;
	struct err e = directory_find_id(w->directory, account, &who);

	*names = arena_array(a, MOST, sizeof **names);
	return is_ok(e) ? directory_owners(w->directory, &who, shared, S(""), a,
	                                   *names, MOST, n)
	                : e;
}

static struct err office_grant(void *ctx, uint64_t owner,
                               struct slice identifier)
{
	struct work *w = ctx;
	bool is_new;
	struct err e;

	step_begin(CHAIN_DIRECTORY, S("grant"));
	e = directory_grant(w->directory, owner, identifier, &is_new);
	directory_end(w, e);
	return e;
}

static struct err office_administers(void *ctx, uint64_t account,
                                     uint64_t owner)
{
	struct work *w = ctx;
	struct account_row row;
	struct err e = directory_find_id(w->directory, account, &row);

	(void)owner; /* there is one domain */
	if (is_ok(e) && !row.administrator)
		e = err(ERR_NOPERM, "only an administrator can set limits");
	return e;
}

struct visit_office office_of(struct work *w)
{
	return (struct visit_office){ .open = office_open,
		                      .owners = office_owners,
		                      .grant = office_grant,
		                      .administers = office_administers,
		                      .ctx = w };
}
