/*
 * visits.c -- who may come into whose account, and the stream between.
 *
 * A mail process may ask for accounts of its own partition alone, so one that
 * has been broken into misuses no others. Who visits is told to the owner's
 * process, which decides by the rights of each mailbox; here is only decided
 * that there may be something to see: for whom the owner has let in, and for
 * the administrators of his domain, who set quotas. An owner who has let nobody
 * in takes as long as one who isn't there.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/admit.h"
#include "base/arena.h"
#include "base/mem.h"
#include "directory/name.h"

enum { OWNERS_PAGE = 64 };

/* -- answers -- */

static void begin_answer(struct frame_out *f, uint64_t request, struct err e)
{
	frame_begin(f, FRAME_ASKED);
	frame_u64(f, request);
	frame_u8(f, (uint8_t)e.code);
}

void peer_answer(struct peer *mail, uint64_t request, struct err e, int fd)
{
	struct frame_out f = { 0 };

	begin_answer(&f, request, e);
	frame_u32(&f, 0);
	if (mail->link != NULL)
		link_send(mail->link, &f, fd);
	else
		frame_free(&f);
}

struct err peer_speaks_for(const struct peer *mail, uint64_t account)
{
	if (directory_partition(mail->auth->directory, account) != mail->index)
		return err(ERR_CORRUPT, "an account of another partition");
	return OK;
}

static struct err find_own(struct peer *mail, uint64_t account,
                           struct account_row *out)
{
	struct err e = peer_speaks_for(mail, account);

	return is_ok(e) ? directory_find_id(mail->auth->directory, account, out)
	                : e;
}

/* -- VISIT -- */

/* As a mail process asks; slices are in the frame. */
struct visit_request {
	uint64_t account; /* the visitor's */
	struct slice session_id;
	struct slice peer;
	bool shared;
	struct slice owner;
};

static bool same_domain(const struct account_row *a,
                        const struct account_row *b)
{
	return slice_eq(user_name_domain(account_row_name(a)),
	                user_name_domain(account_row_name(b)));
}

static bool is_open(const struct account_row *owner,
                    const struct account_row *visitor, bool shared)
{
	return (owner->state == ACCOUNT_ENABLED ||
	        owner->state == ACCOUNT_DISABLED) &&
	       owner->shared == shared && owner->id != visitor->id &&
	       same_domain(owner, visitor);
}

static struct err find_owner(struct auth *a, const struct account_row *visitor,
                             struct slice name, bool shared,
                             struct account_row *out)
{
	struct buf key = { 0 };
	struct err e = user_name_normal(name, &key);
	struct err granted;

	if (is_ok(e))
		e = directory_find(a->directory, buf_slice(&key), out);
	if (is_ok(e) && !is_open(out, visitor, shared))
		e = err(ERR_ABSENT, "no such owner");
	granted = directory_granted(a->directory, is_ok(e) ? out->id : 0,
	                            visitor);
	if (granted.code == ERR_ABSENT && visitor->administrator)
		granted = OK;
	buf_free(&key);
	return is_ok(e) ? granted : e;
}

static struct err find_terms(struct auth *a, const struct account_row *whose,
                             struct arena *arena, uint8_t *terms)
{
	struct policies p;
	struct err e = directory_policies_for(
		a->directory, account_row_name(whose), arena, &p);

	*terms = is_ok(e) ? admit_terms(&p) : 0;
	return e;
}

static struct err tell_owner(struct auth *a, const struct account_row *owner,
                             const struct account_row *visitor,
                             const struct visit_request *r, int fd)
{
	struct link *mail =
		auth_mail(a, directory_partition(a->directory, owner->id));
	struct slice name = account_row_name(owner);
	struct slice groups[LIMIT_GROUPS];
	struct arena *arena = arena_new(1 << 16);
	struct frame_out f = { 0 };
	uint8_t owners = 0, visitors = 0;
	size_t n;
	struct err e =
		directory_groups(a->directory, visitor->id, arena, groups, &n);

	if (is_ok(e))
		e = find_terms(a, owner, arena, &owners);
	if (is_ok(e))
		e = find_terms(a, visitor, arena, &visitors);
	frame_begin(&f, FRAME_VISITOR);
	frame_u64(&f, owner->id);
	frame_u64(&f, visitor->id);
	frame_slice(&f, account_row_name(visitor));
	frame_slice(&f, r->session_id);
	frame_slice(&f, arena_printf(arena, "%s/%.*s/",
	                             owner->shared ? "Shared" : "Other Users",
	                             (int)name.len, name.ptr));
	frame_u8(&f, owners);
	frame_u8(&f, visitors);
	frame_slice(&f, r->peer);
	frame_u32(&f, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		frame_slice(&f, groups[i]);
	arena_free(arena);
	if (is_ok(e) && mail == NULL)
		e = err(ERR_UNAVAILABLE, "its partition is not served now");
	if (is_ok(e))
		return link_send(mail, &f, fd);
	frame_free(&f);
	close(fd);
	return e;
}

static struct err open_visit(struct peer *mail, const struct visit_request *r,
                             int *fd)
{
	struct auth *a = mail->auth;
	struct account_row visitor, owner;
	int fds[2];
	struct err e = find_own(mail, r->account, &visitor);

	if (is_ok(e))
		e = find_owner(a, &visitor, r->owner, r->shared, &owner);
	if (!is_ok(e))
		return e;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return err(ERR_UNAVAILABLE, "no descriptors are left");
	e = tell_owner(a, &owner, &visitor, r, fds[0]);
	if (is_ok(e))
		*fd = fds[1];
	else
		close(fds[1]);
	return e;
}

static bool on_visit(struct peer *mail, struct frame_in *in)
{
	uint64_t request = read_u64(&in->r);
	struct visit_request r = { .account = read_u64(&in->r) };
	uint8_t shared;
	int fd = -1;
	struct err e;

	r.session_id = frame_read_slice(in, SESSION_ID_SIZE);
	r.peer = frame_read_slice(in, PEER_TEXT);
	shared = read_u8(&in->r);
	r.owner = frame_read_slice(in, LIMIT_USER_NAME);
	if (!frame_is_whole(in) || r.session_id.len != SESSION_ID_SIZE ||
	    shared > 1)
		return false;
	r.shared = shared != 0;
	e = open_visit(mail, &r, &fd);
	if (e.code == ERR_SYNTAX)
		e = err(ERR_ABSENT, NULL);
	peer_answer(mail, request, e, fd);
	return true;
}

/* -- OWNERS -- */

static bool on_owners(struct peer *mail, struct frame_in *in)
{
	uint64_t request = read_u64(&in->r);
	uint64_t account = read_u64(&in->r);
	uint8_t shared = read_u8(&in->r);
	struct slice after = frame_read_slice(in, LIMIT_USER_NAME);
	struct slice names[OWNERS_PAGE];
	struct account_row visitor;
	struct frame_out f = { 0 };
	struct arena *arena;
	size_t n = 0;
	struct err e;

	if (!frame_is_whole(in) || shared > 1)
		return false;
	arena = arena_new(1 << 16);
	e = find_own(mail, account, &visitor);
	if (is_ok(e))
		e = directory_owners(mail->auth->directory, &visitor, shared,
		                     after, arena, names, OWNERS_PAGE, &n);
	begin_answer(&f, request, e);
	frame_u32(&f, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		frame_slice(&f, names[i]);
	link_send(mail->link, &f, -1);
	arena_free(arena);
	return true;
}

/* -- GRANT -- */

static void tell_granted(struct auth *a, struct slice identifier)
{
	for (uint32_t i = 0; i < a->partitions; i++) {
		struct link *mail = auth_mail(a, i);
		struct frame_out f = { 0 };

		if (mail == NULL)
			continue;
		frame_begin(&f, FRAME_GRANTED);
		frame_slice(&f, identifier);
		link_send(mail, &f, -1);
	}
}

struct granting {
	struct peer *mail;
	uint64_t request;
	uint64_t owner;
	size_t len;
	char identifier[LIMIT_ACL_IDENTIFIER];
};

static void grant(void *arg)
{
	struct granting *g = arg;
	struct auth *a = g->mail->auth;
	struct account_row owner;
	struct slice identifier = slice_of(g->identifier, g->len);
	bool is_new = false;
	struct err e = find_own(g->mail, g->owner, &owner);

	if (is_ok(e))
		e = directory_grant(a->directory, g->owner, identifier,
		                    &is_new);
	if (is_new)
		tell_granted(a, identifier);
	peer_answer(g->mail, g->request, e, -1);
	peer_release(g->mail);
	free(g);
	auth_work_ends(a);
}

static bool on_grant(struct peer *mail, struct frame_in *in)
{
	struct granting *g = mem_new(1, sizeof *g);
	struct slice identifier;

	g->request = read_u64(&in->r);
	g->owner = read_u64(&in->r);
	identifier = frame_read_slice(in, sizeof g->identifier);
	if (!frame_is_whole(in) || identifier.len == 0) {
		free(g);
		return false;
	}
	memcpy(g->identifier, identifier.ptr, identifier.len);
	g->len = identifier.len;
	g->mail = peer_keep(mail);
	mail->auth->working++;
	task_spawn(mail->auth->loop, grant, g);
	return true;
}

/* -- ADMINISTERS -- */

static struct err administers(struct peer *mail, uint64_t account, uint64_t of)
{
	struct account_row owner, row;
	struct err e = find_own(mail, of, &owner);

	if (is_ok(e))
		e = directory_find_id(mail->auth->directory, account, &row);
	if (!is_ok(e))
		return e;
	if (!row.administrator || row.state != ACCOUNT_ENABLED ||
	    !same_domain(&row, &owner))
		return err(ERR_NOPERM, NULL);
	return OK;
}

static bool on_administers(struct peer *mail, struct frame_in *in)
{
	uint64_t request = read_u64(&in->r);
	uint64_t account = read_u64(&in->r);
	uint64_t owner = read_u64(&in->r);

	if (!frame_is_whole(in))
		return false;
	peer_answer(mail, request, administers(mail, account, owner), -1);
	return true;
}

bool visit_frame(struct peer *mail, struct frame_in *in)
{
	switch (in->type) {
	case FRAME_VISIT:
		return on_visit(mail, in);
	case FRAME_OWNERS:
		return on_owners(mail, in);
	case FRAME_GRANT:
		return on_grant(mail, in);
	case FRAME_ADMINISTERS:
		return on_administers(mail, in);
	default:
		return false;
	}
}

/* -- groups -- */

static bool is_group(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 127 ||
		    name.ptr[i] == '$')
			return false;
	return name.len != 0 && name.len <= LIMIT_GROUP_NAME;
}

/* Whose groups have changed visits anew. */
static void end_visits(struct auth *a, uint64_t visitor)
{
	for (uint32_t i = 0; i < a->partitions; i++) {
		struct link *mail = auth_mail(a, i);
		struct frame_out f = { 0 };

		if (mail == NULL)
			continue;
		frame_begin(&f, FRAME_VISITOR_END);
		frame_u64(&f, visitor);
		link_send(mail, &f, -1);
	}
}

struct err group_change(struct auth *a, struct slice group, struct slice name,
                        bool in)
{
	struct buf key = { 0 };
	struct account_row row;
	struct err e = user_name_normal(name, &key);

	if (is_ok(e) && !is_group(group))
		e = err(ERR_SYNTAX, "that can't be a group's name");
	task_lock(&a->changing);
	if (is_ok(e))
		e = directory_find(a->directory, buf_slice(&key), &row);
	if (is_ok(e))
		e = in ? directory_join(a->directory, row.id, group)
		       : directory_leave(a->directory, row.id, group);
	if (is_ok(e))
		end_visits(a, row.id);
	task_unlock(&a->changing);
	buf_free(&key);
	return is_ok(e) ? calls_settle(a) : e;
}
