/*
 * mail_asks.c -- questions to auth, which knows what no partition does: who may
 * have let whom in (imap/visit.h), who administers a domain; and entries for
 * the audit log, which is auth's.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "imap/visit.h"
#include "ipc/audit_frame.h"
#include "roostd/mail_internal.h"

enum { ASK_MS = 60 * 1000, OWNERS_MOST = 10000 };

/* -- asking -- */

struct ask {
	struct ask *next;
	uint64_t request;
	struct arena *arena; /* for names; NULL: none are expected */
	struct slice *names;
	size_t n;
	int fd;
	bool done;
	enum err_code code;
	struct wait_list waiting;
};

static void begin(struct mail *m, struct ask *a, struct frame_out *f,
                  enum frame_type type)
{
	a->request = ++m->last_ask;
	a->fd = -1;
	frame_begin(f, (uint16_t)type);
	frame_u64(f, a->request);
}

static void unlink_ask(struct mail *m, struct ask *a)
{
	struct ask **at = &m->asks;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
}

/* Suspends. */
static struct err ask(struct mail *m, struct ask *a, struct frame_out *f)
{
	if (m->auth.link == NULL || !is_ok(link_send(m->auth.link, f, -1))) {
		frame_free(f);
		return err(ERR_UNAVAILABLE, "try again later");
	}
	a->next = m->asks;
	m->asks = a;
	while (!a->done)
		if (!task_wait(&a->waiting, ASK_MS))
			break;
	unlink_ask(m, a);
	if (!a->done)
		return err(ERR_UNAVAILABLE, "try again later");
	return a->code == ERR_OK ? OK : err(a->code, "try again later");
}

static void finish(struct ask *a, enum err_code code)
{
	a->code = code;
	a->done = true;
	task_wake_all(&a->waiting);
}

static void take_names(struct ask *a, struct frame_in *f, uint32_t n)
{
	a->names = arena_array(a->arena, n, sizeof *a->names);
	for (a->n = 0; a->n < n; a->n++)
		a->names[a->n] = arena_copy(
			a->arena, frame_read_slice(f, LIMIT_USER_NAME));
}

bool mail_on_asked(struct mail *m, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);
	uint8_t code = read_u8(&f->r);
	uint32_t n = read_u32(&f->r);
	struct ask *a = m->asks;

	while (a != NULL && a->request != request)
		a = a->next;
	if (code >= ERR_CODES || n > LIMIT_FRAME / 4)
		return false;
	if (a == NULL)
		return true; /* who asked has given up */
	if (a->arena != NULL)
		take_names(a, f, n);
	if (f->r.failed)
		a->n = 0;
	a->fd = f->fd;
	f->fd = -1;
	finish(a, (enum err_code)code);
	return true;
}

void mail_fail_asks(struct mail *m)
{
	for (struct ask *a = m->asks; a != NULL; a = a->next)
		if (!a->done)
			finish(a, ERR_UNAVAILABLE);
}

/* -- what sessions ask for -- */

static struct err office_open(void *ctx, uint64_t account,
                              struct slice session_id, bool shared,
                              struct slice owner, int *fd)
{
	struct mail *m = ctx;
	struct ask a = { 0 };
	struct frame_out f = { 0 };
	struct err e;

	begin(m, &a, &f, FRAME_VISIT);
	frame_u64(&f, account);
	frame_slice(&f, session_id);
	frame_slice(&f, mail_session_peer(m, account, session_id));
	frame_u8(&f, shared);
	frame_slice(&f, owner);
	e = ask(m, &a, &f);
	if (is_ok(e) && (a.fd < 0 || !link_is_socket(a.fd, SOCK_STREAM)))
		e = err(ERR_UNAVAILABLE, "try again later");
	if (is_ok(e))
		*fd = a.fd;
	else if (a.fd >= 0)
		close(a.fd);
	return e;
}

/* Pages, until one is empty. */
static struct err office_owners(void *ctx, uint64_t account, bool shared,
                                struct arena *arena, struct slice **names,
                                size_t *n)
{
	struct mail *m = ctx;
	struct slice last = S("");
	struct err e = OK;
	struct ask a;

	*names = NULL;
	*n = 0;
	do {
		struct frame_out f = { 0 };
		struct slice *all;

		a = (struct ask){ .arena = arena };
		begin(m, &a, &f, FRAME_OWNERS);
		frame_u64(&f, account);
		frame_u8(&f, shared);
		frame_slice(&f, last);
		e = ask(m, &a, &f);
		if (!is_ok(e) || a.n == 0)
			break;
		all = arena_array(arena, *n + a.n, sizeof *all);
		for (size_t i = 0; i < *n + a.n; i++)
			all[i] = i < *n ? (*names)[i] : a.names[i - *n];
		*names = all;
		*n += a.n;
		last = a.names[a.n - 1];
	} while (*n < OWNERS_MOST);
	return e;
}

static struct err office_grant(void *ctx, uint64_t owner,
                               struct slice identifier)
{
	struct mail *m = ctx;
	struct ask a = { 0 };
	struct frame_out f = { 0 };

	begin(m, &a, &f, FRAME_GRANT);
	frame_u64(&f, owner);
	frame_slice(&f, identifier);
	return ask(m, &a, &f);
}

static struct err office_administers(void *ctx, uint64_t account,
                                     uint64_t owner)
{
	struct mail *m = ctx;
	struct ask a = { 0 };
	struct frame_out f = { 0 };
	struct err e;

	begin(m, &a, &f, FRAME_ADMINISTERS);
	frame_u64(&f, account);
	frame_u64(&f, owner);
	e = ask(m, &a, &f);
	if (e.code == ERR_NOPERM)
		e.text = "only an administrator can set limits";
	return e;
}

struct visit_office mail_office(struct mail *m)
{
	return (struct visit_office){
		office_open, office_owners, office_grant, office_administers,
		m,           &m->listeners
	};
}

/* -- the audit log -- */

static struct err record(void *ctx, const struct audit_entry *entry)
{
	struct mail *m = ctx;
	struct ask a = { 0 };
	struct frame_out f = { 0 };
	struct err e;

	begin(m, &a, &f, FRAME_AUDIT);
	audit_frame_put(&f, entry);
	e = ask(m, &a, &f);
	if (!is_ok(e))
		e = err(ERR_UNAVAILABLE, "this can't be recorded now");
	return e;
}

struct audit_recorder mail_recorder(struct mail *m)
{
	return (struct audit_recorder){ record, m };
}
