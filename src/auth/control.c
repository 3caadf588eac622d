/*
 * control.c -- the control socket: the `roost` command asks, auth answers.
 *
 * Only root and the user that the server runs as may connect (SO_PEERCRED).
 * Each connection is a task: one request after another, each answered by
 * rows and one DONE. Verbs about mail are not answered here: LINK makes a
 * link between the command and the mail process.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/verbs.h"
#include "auth/internal.h"
#include "auth/name.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	PAGE = 64,
	CONTROLS_MOST = 64, /* connections at once */
	ACCEPT_PAUSE_MS = 100,
};

struct control_listener {
	struct auth *auth;
	int fd;
	uv_poll_t poll;
	struct timer pause;
};

struct control {
	struct auth *auth;
	struct link *link;
	struct err e; /* of the link: it is over */
};

/* -- answers -- */

static void send_frame(struct control *c, struct frame_out *f, int fd)
{
	if (is_ok(c->e)) {
		c->e = link_send_wait(c->link, f, fd);
		return;
	}
	frame_free(f);
	if (fd >= 0)
		close(fd);
}

static void row(struct control *c, const struct slice *fields, uint32_t n)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_ROW);
	frame_u32(&f, n);
	for (uint32_t i = 0; i < n; i++)
		frame_slice(&f, fields[i]);
	send_frame(c, &f, -1);
}

static void done(struct control *c, struct err e)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_DONE);
	frame_u8(&f, (uint8_t)e.code);
	frame_slice(&f, slice_cstr(e.text));
	send_frame(c, &f, -1);
}

/* -- users -- */

static struct slice state_name(const struct account_row *r)
{
	static const char *const names[] = {
		[ACCOUNT_ADDING] = "adding",
		[ACCOUNT_ENABLED] = "enabled",
		[ACCOUNT_DISABLED] = "disabled",
		[ACCOUNT_REMOVING] = "removing",
	};

	return slice_cstr(r->state <= ACCOUNT_REMOVING ? names[r->state]
	                                               : "unknown");
}

static struct slice time_text(struct arena *a, int64_t s)
{
	return s != 0 ? arena_printf(a, "%" PRId64, s) : S("");
}

static void list_row(struct control *c, struct arena *a,
                     const struct account_row *r)
{
	struct slice field[USER_LIST_COLUMNS] = {
		[USER_LIST_NAME] = account_row_name(r),
		[USER_LIST_STATE] = state_name(r),
		[USER_LIST_PARTITION] = arena_printf(
			a, "%" PRIu32,
			directory_partition(c->auth->directory, r->id)),
		[USER_LIST_CREATED] = time_text(a, r->created_s),
		[USER_LIST_LAST_LOGIN] = time_text(a, r->last_use_s),
	};

	row(c, field, USER_LIST_COLUMNS);
}

/* The names of a page stand in its rows, so the last one leads on. */
static struct err list_pages(struct control *c, struct slice domain,
                             struct account_row *page)
{
	struct arena *a = arena_new(1 << 20);
	struct buf after = { 0 };
	struct err e = OK;
	size_t n = PAGE;

	while (is_ok(e) && is_ok(c->e) && n == PAGE) {
		e = directory_page(c->auth->directory, domain,
		                   buf_slice(&after), page, PAGE, &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			list_row(c, a, &page[i]);
		if (n != 0) {
			after.len = 0;
			buf_add(&after, account_row_name(&page[n - 1]));
		}
		arena_reset(a);
	}
	buf_free(&after);
	arena_free(a);
	return e;
}

static struct err user_list(struct control *c, struct slice domain,
                            struct slice nothing)
{
	struct account_row *page = mem_new(PAGE, sizeof *page);
	struct buf normal = { 0 };
	struct err e = OK;

	(void)nothing;
	if (domain.len != 0)
		e = user_domain_normal(domain, &normal);
	if (is_ok(e))
		e = list_pages(c, slice_from(buf_slice(&normal), 1), page);
	buf_free(&normal);
	free(page);
	return e;
}

static struct err find(struct control *c, struct slice name,
                       struct account_row *out)
{
	struct buf key = { 0 };
	struct err e = user_name_normal(name, &key);

	if (is_ok(e))
		e = directory_find(c->auth->directory, buf_slice(&key), out);
	buf_free(&key);
	return e;
}

static struct err user_show(struct control *c, struct slice name,
                            struct slice nothing)
{
	struct account_row r;
	struct err e = find(c, name, &r);
	struct arena *a;

	(void)nothing;
	if (!is_ok(e))
		return e;
	a = arena_new(1 << 16);
	row(c,
	    (struct slice[USER_SHOW_COLUMNS]){
		    [USER_SHOW_NAME] = account_row_name(&r),
		    [USER_SHOW_ID] = arena_printf(a, "%016" PRIx64, r.id),
		    [USER_SHOW_STATE] = state_name(&r),
		    [USER_SHOW_PARTITION] = arena_printf(
			    a, "%" PRIu32,
			    directory_partition(c->auth->directory, r.id)),
		    [USER_SHOW_CREATED] = time_text(a, r.created_s),
		    [USER_SHOW_LAST_LOGIN] = time_text(a, r.last_use_s),
		    [USER_SHOW_SCHEME] =
			    password_scheme(account_row_stored(&r)),
		    [USER_SHOW_PASSWORD_CHANGED] = time_text(a, r.changed_s),
	    },
	    USER_SHOW_COLUMNS);
	arena_free(a);
	return OK;
}

static struct err user_add(struct control *c, struct slice name,
                           struct slice secret)
{
	return account_add(c->auth, name, secret);
}

static struct err user_add_shared(struct control *c, struct slice name,
                                  struct slice nothing)
{
	(void)nothing;
	return account_add_shared(c->auth, name);
}

static struct err user_password(struct control *c, struct slice name,
                                struct slice secret)
{
	return account_password(c->auth, name, secret);
}

static struct err user_disable(struct control *c, struct slice name,
                               struct slice nothing)
{
	(void)nothing;
	return account_enable(c->auth, name, false);
}

static struct err user_enable(struct control *c, struct slice name,
                              struct slice nothing)
{
	(void)nothing;
	return account_enable(c->auth, name, true);
}

static struct err user_remove(struct control *c, struct slice name,
                              struct slice nothing)
{
	(void)nothing;
	return account_remove(c->auth, name);
}

/* -- capabilities -- */

static struct err hide(struct control *c, struct slice scope,
                       struct slice capability)
{
	return capability_hide(c->auth, scope, capability, true);
}

static struct err offer(struct control *c, struct slice scope,
                        struct slice capability)
{
	return capability_hide(c->auth, scope, capability, false);
}

static void hidden_row(struct control *c, const struct hidden_row *h)
{
	bool is_domain = h->scope.len != 0 && h->scope.ptr[0] == '@';
	struct slice of = slice_from(h->scope, is_domain ? 1 : 0);

	row(c,
	    (struct slice[CAPABILITY_LIST_COLUMNS]){
		    [CAPABILITY_LIST_CAPABILITY] = h->capability,
		    [CAPABILITY_LIST_USER] = is_domain ? S("") : of,
		    [CAPABILITY_LIST_DOMAIN] = is_domain ? of : S(""),
	    },
	    CAPABILITY_LIST_COLUMNS);
}

/* Each page's rows are in the arena until the one behind it is read. */
static struct err list_hidden(struct control *c, struct slice nothing,
                              struct slice nothing_either)
{
	struct hidden_row page[PAGE];
	struct arena *a = arena_new(1 << 20);
	struct hidden_row last = { S(""), S("") };
	struct err e = OK;
	size_t n = PAGE;

	(void)nothing;
	(void)nothing_either;
	while (is_ok(e) && is_ok(c->e) && n == PAGE) {
		e = directory_hidden_page(c->auth->directory, last.scope,
		                          last.capability, a, page, PAGE, &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			hidden_row(c, &page[i]);
		if (n != 0)
			last = page[n - 1];
	}
	arena_free(a);
	return e;
}

/* -- groups -- */

static struct err group_add(struct control *c, struct slice group,
                            struct slice name)
{
	return group_change(c->auth, group, name, true);
}

static struct err group_remove(struct control *c, struct slice group,
                               struct slice name)
{
	return group_change(c->auth, group, name, false);
}

static struct err group_list(struct control *c, struct slice nothing,
                             struct slice nothing_either)
{
	struct member_row page[PAGE];
	struct arena *a = arena_new(1 << 20);
	struct member_row last = { S(""), S("") };
	struct err e = OK;
	size_t n = PAGE;

	(void)nothing;
	(void)nothing_either;
	while (is_ok(e) && is_ok(c->e) && n == PAGE) {
		e = directory_members(c->auth->directory, &last, a, page, PAGE,
		                      &n);
		for (size_t i = 0; is_ok(e) && i < n; i++)
			row(c,
			    (struct slice[GROUP_LIST_COLUMNS]){
				    [GROUP_LIST_GROUP] = page[i].group,
				    [GROUP_LIST_USER] = page[i].account,
			    },
			    GROUP_LIST_COLUMNS);
		if (n != 0)
			last = page[n - 1];
	}
	arena_free(a);
	return e;
}

/* -- status -- */

static void figure(struct control *c, const char *process, const char *name,
                   struct slice value)
{
	row(c,
	    (struct slice[STATUS_COLUMNS]){
		    [STATUS_PROCESS] = slice_cstr(process),
		    [STATUS_FIGURE] = slice_cstr(name),
		    [STATUS_VALUE] = value,
	    },
	    STATUS_COLUMNS);
}

static void number(struct control *c, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, value);
	figure(c, "auth", name, slice_cstr(text));
}

static struct err status(struct control *c, struct slice nothing,
                         struct slice nothing_either)
{
	struct directory_counts counts;
	struct err e = directory_count(c->auth->directory, &counts);

	(void)nothing;
	(void)nothing_either;
	if (!is_ok(e))
		return e;
	number(c, "domains", counts.domains);
	number(c, "accounts", counts.accounts);
	number(c, "logins", c->auth->logins);
	number(c, "login_failures", c->auth->failures);
	for (uint32_t i = 0; i < c->auth->partitions; i++) {
		char process[24];

		snprintf(process, sizeof process, "mail/%" PRIu32, i);
		figure(c, process, "serving",
		       auth_mail(c->auth, i) != NULL ? S("yes") : S("no"));
	}
	return OK;
}

/* -- links -- */

struct linked_to {
	uint64_t account; /* 0: the server */
	uint32_t partition;
	struct slice name;
};

static struct err give_links(struct control *c, struct link *mail,
                             struct linked_to to)
{
	struct frame_out f = { 0 };
	int fds[2];
	struct err e = link_pair(fds);

	if (!is_ok(e))
		return e;
	frame_begin(&f, FRAME_CONTROL);
	frame_u64(&f, to.account);
	frame_slice(&f, to.name);
	e = link_send(mail, &f, fds[0]);
	if (!is_ok(e)) {
		close(fds[1]);
		return e;
	}
	frame_begin(&f, FRAME_LINKED);
	frame_u64(&f, to.account);
	frame_u32(&f, to.partition);
	frame_u32(&f, c->auth->partitions);
	send_frame(c, &f, fds[1]);
	return OK;
}

static struct err link_mail(struct control *c, struct linked_to to)
{
	struct link *mail = auth_mail(c->auth, to.partition);

	if (mail == NULL)
		return err(ERR_UNAVAILABLE, "the partition is not served now");
	return give_links(c, mail, to);
}

static struct err link_account(struct control *c, struct slice name)
{
	struct account_row r;
	struct err e = find(c, name, &r);

	if (!is_ok(e))
		return e;
	if (r.state != ACCOUNT_ENABLED && r.state != ACCOUNT_DISABLED)
		return err(ERR_ABSENT, "no such account");
	return link_mail(
		c, (struct linked_to){
			   r.id, directory_partition(c->auth->directory, r.id),
			   account_row_name(&r) });
}

/* -- requests -- */

/* Fields of a request: one name, and for some a secret behind it. */
static const struct {
	uint16_t type;
	unsigned fields;
	struct err (*run)(struct control *, struct slice, struct slice);
} requests[] = {
	{ FRAME_USER_ADD, 2, user_add },
	{ FRAME_USER_ADD_SHARED, 1, user_add_shared },
	{ FRAME_USER_LIST, 1, user_list },
	{ FRAME_USER_SHOW, 1, user_show },
	{ FRAME_USER_PASSWORD, 2, user_password },
	{ FRAME_USER_DISABLE, 1, user_disable },
	{ FRAME_USER_ENABLE, 1, user_enable },
	{ FRAME_USER_REMOVE, 1, user_remove },
	{ FRAME_CAPABILITY_HIDE, 2, hide },
	{ FRAME_CAPABILITY_LIST, 0, list_hidden },
	{ FRAME_CAPABILITY_OFFER, 2, offer },
	{ FRAME_GROUP_ADD, 2, group_add },
	{ FRAME_GROUP_LIST, 0, group_list },
	{ FRAME_GROUP_REMOVE, 2, group_remove },
	{ FRAME_STATUS, 0, status },
};

static struct err nonsense(void)
{
	return err(ERR_CORRUPT, "a request that makes no sense");
}

/* An error that is returned ends the connection. */
static struct err answer_link(struct control *c, struct frame_in *in)
{
	struct slice name = frame_read_slice(in, LIMIT_USER_NAME);
	uint32_t partition = read_u32(&in->r);

	if (!frame_is_whole(in))
		return nonsense();
	done(c, name.len != 0 ? link_account(c, name)
	                      : link_mail(c, (struct linked_to){ 0, partition,
	                                                         S("") }));
	return OK;
}

static struct err answer(struct control *c, struct frame_in *in)
{
	struct slice field[2] = { S(""), S("") };
	size_t i = 0;

	if (in->fd >= 0)
		close(in->fd);
	if (in->type == FRAME_LINK)
		return answer_link(c, in);
	while (i < sizeof requests / sizeof *requests &&
	       requests[i].type != in->type)
		i++;
	if (i == sizeof requests / sizeof *requests)
		return nonsense();
	for (unsigned k = 0; k < requests[i].fields; k++)
		field[k] = frame_read_slice(in, LIMIT_PASSWORD);
	if (!frame_is_whole(in))
		return nonsense();
	done(c, requests[i].run(c, field[0], field[1]));
	return OK;
}

static void serve(void *arg)
{
	struct control *c = arg;
	struct frame_in in;

	while (is_ok(c->e)) {
		struct err e = link_receive(c->link, WAIT_FOREVER, &in);

		if (is_ok(e))
			e = answer(c, &in);
		if (is_ok(c->e))
			c->e = e;
	}
	if (c->e.code != ERR_CLOSED)
		log_note(LOG_LEVEL_WARN, "control", c->e.text);
	link_free(c->link);
	c->auth->controls--;
	free(c);
}

/* -- the listener -- */

static bool is_allowed(int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof peer;
	struct log_line l;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	    (peer.uid == 0 || peer.uid == geteuid()))
		return true;
	l = log_open(LOG_LEVEL_WARN, "control_refused");
	log_number(&l, "uid", peer.uid);
	log_close(&l);
	return false;
}

static void on_ready(uv_poll_t *poll, int status_code, int events);

static void go_on(void *arg)
{
	struct control_listener *l = arg;

	uv_poll_start(&l->poll, UV_READABLE, on_ready);
}

/* Without descriptors to spare the listener would stay ready, and the loop
 * busy. */
static void pause_accepting(struct control_listener *l)
{
	uv_poll_stop(&l->poll);
	timer_start(&l->pause, l->auth->loop, ACCEPT_PAUSE_MS, go_on, l);
}

static void on_ready(uv_poll_t *poll, int status_code, int events)
{
	struct control_listener *l = poll->data;
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control *c;

	(void)status_code;
	(void)events;
	if (fd < 0) {
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			pause_accepting(l);
		return;
	}
	if (!is_allowed(fd) || l->auth->controls == CONTROLS_MOST) {
		close(fd);
		return;
	}
	l->auth->controls++;
	c = mem_new(1, sizeof *c);
	c->auth = l->auth;
	c->link = link_new(l->auth->loop, fd, (struct link_handler){ 0 });
	task_spawn(l->auth->loop, serve, c);
}

struct control_listener *control_listen(struct auth *a, int fd)
{
	struct control_listener *l = mem_new(1, sizeof *l);

	l->auth = a;
	l->fd = fd;
	l->poll.data = l;
	uv_poll_init(loop_uv(a->loop), &l->poll, fd);
	uv_poll_start(&l->poll, UV_READABLE, on_ready);
	return l;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void control_listener_free(struct control_listener *l)
{
	timer_stop(&l->pause);
	uv_poll_stop(&l->poll);
	close(l->fd);
	uv_close((uv_handle_t *)&l->poll, on_closed);
}
