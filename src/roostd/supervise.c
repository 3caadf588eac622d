/*
 * supervise.c -- children are forked, linked, restarted and stopped.
 *
 * Invariants:
 * 1. A child that runs has a link to the parent until it closes its end.
 * 2. Of two running children whose roles have something to say to each other
 *    (`talks`) each has the newest link to the other: whoever is started gets
 *    new ones to all, and they to it.
 * 3. A gate gets listeners once all others have become ready or have failed
 *    once, so that at a start no client is sent away.
 */
#include "roostd/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "ipc/link.h"
#include "roostd/child.h"
#include "roostd/children.h"
#include "roostd/handout.h"

enum {
	STOP_SECONDS = 30,
	RETRY_MS = 500,   /* when there could be no process at all */
	LINGER_MS = 5000, /* between closing its link and its end */
};

enum { SIGNALS = 4 };

struct supervisor {
	struct server *server;
	struct loop *loop;
	struct child *children;
	size_t n;
	uv_signal_t signals[SIGNALS];
	struct resumption_keys *resumption;
	struct timer resumption_timer;
	struct timer stop_timer;
	bool stopping;
	bool told_ready;
	int status;
	void (*tell_ready)(void *arg);
	void *arg;
};

/* -- links -- */

static const bool talks[ROLES][ROLES] = {
	[ROLE_GATE] = { [ROLE_AUTH] = true, [ROLE_MAIL] = true },
	[ROLE_AUTH] = { [ROLE_GATE] = true, [ROLE_MAIL] = true },
	[ROLE_MAIL] = { [ROLE_GATE] = true,
	                [ROLE_AUTH] = true,
	                [ROLE_PARSE] = true },
	[ROLE_PARSE] = { [ROLE_MAIL] = true },
};

static void introduce(struct child *a, struct child *b)
{
	int fds[2];
	struct err e;

	if (!talks[a->role][b->role] || a->link == NULL || b->link == NULL)
		return;
	e = link_pair(fds);
	if (!is_ok(e)) {
		log_note(LOG_LEVEL_ERROR, "no_link", e.text);
		return;
	}
	child_send_peer(a, b, fds[0]);
	child_send_peer(b, a, fds[1]);
}

static void introduce_to_all(struct child *c)
{
	for (size_t i = 0; i < c->of->n; i++) {
		if (&c->of->children[i] != c)
			introduce(c, &c->of->children[i]);
	}
}

/* -- listeners -- */

/* Those for control, or those for clients. */
static void send_listeners(struct child *c, bool control)
{
	const struct listeners *all = &c->of->server->listeners;

	for (size_t i = 0; i < all->n; i++) {
		if ((all->v[i].kind == LISTENER_CONTROL) == control)
			child_send_listener(c, &all->v[i]);
	}
	c->has_listeners = true;
}

/* Invariant 3. */
static bool may_open(const struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct child *c = &s->children[i];

		if (!c->ready && !c->ready_once && c->pacing.failures == 0)
			return false;
	}
	return true;
}

static void open_gates(struct supervisor *s)
{
	if (!may_open(s))
		return;
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];

		if (c->role == ROLE_GATE && c->ready && !c->has_listeners)
			send_listeners(c, false);
	}
	if (s->told_ready)
		return;
	s->told_ready = true;
	log_note(LOG_LEVEL_INFO, "ready", ROOST_VERSION);
	s->tell_ready(s->arg);
}

/* -- what children say -- */

/* NULL: there is none. */
static struct child *find_child(struct supervisor *s, enum role role,
                                uint32_t index)
{
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];

		if (c->role == role && c->index == index)
			return c;
	}
	return NULL;
}

static bool on_ready(struct child *c, struct frame_in *f)
{
	if (!frame_is_whole(f))
		return false;
	c->ready = true;
	c->ready_once = true;
	open_gates(c->of);
	return true;
}

/* No other process may end one, and mail knows when it must be. */
static bool on_parser_bad(struct child *c, struct frame_in *f)
{
	uint32_t index = read_u32(&f->r);
	struct child *bad;

	if (c->role != ROLE_MAIL || !frame_is_whole(f))
		return false;
	bad = find_child(c->of, ROLE_PARSE, index);
	if (bad == NULL)
		return false;
	if (bad->pid != 0)
		kill(bad->pid, SIGKILL);
	return true;
}

static void on_frame(void *arg, struct frame_in *f)
{
	bool is_good = false;

	if (f->fd >= 0)
		close(f->fd);
	if (f->type == FRAME_READY)
		is_good = on_ready(arg, f);
	else if (f->type == FRAME_PARSER_BAD)
		is_good = on_parser_bad(arg, f);
	if (!is_good)
		child_log(LOG_LEVEL_WARN, "bad_frame", arg);
}

static void on_linger(void *arg)
{
	struct child *c = arg;

	child_log(LOG_LEVEL_ERROR, "child_lingers", c);
	kill(c->pid, SIGKILL);
}

/* It is about to end; if it does not, it is of no use. */
static void on_close(void *arg)
{
	struct child *c = arg;

	link_free(c->link);
	c->link = NULL;
	if (c->pid != 0)
		timer_start(&c->timer, c->of->loop, LINGER_MS, on_linger, c);
}

/* -- birth -- */

static void fork_child(struct child *c, int fds[2])
{
	struct supervisor *s = c->of;

	c->pid = fork();
	if (c->pid == 0)
		child_main(s->server, c->role, c->index, c->name, fds[1]);
	close(fds[1]);
	if (c->pid < 0) {
		c->pid = 0;
		close(fds[0]);
		log_note(LOG_LEVEL_ERROR, "no_fork", strerrordesc_np(errno));
		return;
	}
	c->link = link_new(s->loop, fds[0],
	                   (struct link_handler){ .on_frame = on_frame,
	                                          .on_close = on_close,
	                                          .arg = c });
}

static void start(void *arg)
{
	struct child *c = arg;
	int fds[2];

	c->ready = false;
	c->has_listeners = false;
	c->started_ms = loop_now_ms(c->of->loop);
	if (is_ok(link_pair(fds)))
		fork_child(c, fds);
	if (c->pid == 0) {
		/* nobody has died: the machine is full */
		timer_start(&c->timer, c->of->loop, RETRY_MS, start, c);
		return;
	}
	child_log(LOG_LEVEL_DEBUG, "child_started", c);
	if (c->role == ROLE_GATE) {
		child_send_resumption(c, c->of->resumption);
		child_send_certificate(c, c->of->server->config);
	}
	if (c->role == ROLE_AUTH)
		send_listeners(c, true);
	introduce_to_all(c);
}

/* -- death -- */

static void log_death(const struct child *c, int status)
{
	bool good = c->of->stopping && WIFEXITED(status) &&
	            WEXITSTATUS(status) == 0;
	struct log_line l = log_open(good ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
	                             good ? "child_ended" : "child_died");

	log_text(&l, "child", slice_cstr(c->name));
	log_number(&l, "pid", (uint64_t)c->pid);
	if (WIFSIGNALED(status))
		log_text(&l, "signal",
		         slice_cstr(sigabbrev_np(WTERMSIG(status))));
	else
		log_number(&l, "status", (uint64_t)WEXITSTATUS(status));
	log_number(&l, "lived_ms", loop_now_ms(c->of->loop) - c->started_ms);
	log_close(&l);
}

static bool all_gone(const struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->children[i].pid != 0)
			return false;
	}
	return true;
}

static void stop(struct supervisor *s, int status);

/* Without auth nobody could ever come in, so whoever starts a server with
 * accounts that can't be opened is told, not kept waiting. */
static bool is_hopeless(const struct child *c, int status)
{
	return c->role == ROLE_AUTH && !c->ready_once && WIFEXITED(status) &&
	       WEXITSTATUS(status) != 0;
}

static void bury(struct child *c, int status)
{
	struct supervisor *s = c->of;

	log_death(c, status);
	timer_stop(&c->timer);
	link_free(c->link);
	c->link = NULL;
	c->pid = 0;
	if (is_hopeless(c, status))
		stop(s, WEXITSTATUS(status));
	if (s->stopping) {
		if (all_gone(s))
			loop_stop(s->loop);
		return;
	}
	timer_start(&c->timer, s->loop,
	            pacing_wait_ms(&c->pacing, loop_now_ms(s->loop), c->ready),
	            start, c);
	open_gates(s);
}

static void on_child_signal(struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];
		int status;

		if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
			bury(c, status);
	}
}

/* -- stop -- */

static void kill_all(struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->children[i].pid == 0)
			continue;
		child_log(LOG_LEVEL_WARN, "child_killed", &s->children[i]);
		kill(s->children[i].pid, SIGKILL);
	}
}

static void on_stop_timeout(void *arg)
{
	kill_all(arg);
}

static void stop(struct supervisor *s, int status)
{
	if (s->stopping) {
		kill_all(s); /* the second signal: somebody is in a hurry */
		return;
	}
	s->stopping = true;
	s->status = status;
	log_note(LOG_LEVEL_INFO, "stopping", "");
	sd_notify(0, "STOPPING=1");
	listeners_close(&s->server->listeners); /* who comes now is refused */
	for (size_t i = 0; i < s->n; i++) {
		if (s->children[i].pid == 0)
			timer_stop(&s->children[i].timer);
		else
			child_send(&s->children[i], FRAME_STOP, -1);
	}
	timer_start(&s->stop_timer, s->loop, STOP_SECONDS * 1000,
	            on_stop_timeout, s);
	if (all_gone(s))
		loop_stop(s->loop);
}

/* -- reload -- */

static void reload(struct supervisor *s)
{
	int fd = handout_reload(s->server);

	if (fd < 0)
		return; /* the log says why; everything stays as it was */
	for (size_t i = 0; i < s->n; i++) {
		struct child *c = &s->children[i];

		if (c->role != ROLE_PARSE) /* which takes nothing from it */
			child_send(c, FRAME_RELOAD, dup(fd));
		if (c->role == ROLE_GATE && c->link != NULL)
			child_send_certificate(c, s->server->config);
	}
	close(fd);
	log_note(LOG_LEVEL_INFO, "reloaded", s->server->path);
}

/* -- keys of TLS tickets -- */

static void renew_resumption(void *arg)
{
	struct supervisor *s = arg;

	resumption_keys_renew(s->resumption);
	for (size_t i = 0; i < s->n; i++) {
		if (s->children[i].role == ROLE_GATE)
			child_send_resumption(&s->children[i], s->resumption);
	}
	timer_start(&s->resumption_timer, s->loop, RESUMPTION_KEY_MS,
	            renew_resumption, s);
}

/* -- signals -- */

static void on_signal(uv_signal_t *handle, int number)
{
	struct supervisor *s = handle->data;

	switch (number) {
	case SIGCHLD:
		on_child_signal(s);
		break;
	case SIGHUP:
		if (!s->stopping)
			reload(s);
		break;
	default:
		stop(s, EX_OK);
	}
}

static void watch_signals(struct supervisor *s)
{
	static const int numbers[SIGNALS] = { SIGCHLD, SIGHUP, SIGTERM,
		                              SIGINT };

	for (size_t i = 0; i < SIGNALS; i++) {
		uv_signal_init(loop_uv(s->loop), &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], on_signal, numbers[i]);
	}
}

/* -- the whole -- */

static void add_child(struct supervisor *s, enum role role, uint32_t index)
{
	static const char *const names[ROLES] = { "", "gate", "auth", "mail",
		                                  "parse" };
	struct child *c = &s->children[s->n++];

	*c = (struct child){ .of = s, .role = role, .index = index };
	if (role == ROLE_AUTH)
		snprintf(c->name, sizeof c->name, "auth");
	else
		snprintf(c->name, sizeof c->name, "%s/%u", names[role], index);
}

static void add_children(struct supervisor *s)
{
	uint32_t partitions = (uint32_t)s->server->start->partitions;

	s->children =
		mem_new(1 + s->server->gates + partitions + s->server->parsers,
	                sizeof *s->children);
	add_child(s, ROLE_AUTH, 0);
	for (uint32_t i = 0; i < s->server->parsers; i++)
		add_child(s, ROLE_PARSE, i);
	for (uint32_t i = 0; i < partitions; i++)
		add_child(s, ROLE_MAIL, i);
	for (uint32_t i = 0; i < s->server->gates; i++)
		add_child(s, ROLE_GATE, i);
}

static void fini(struct supervisor *s)
{
	timer_stop(&s->stop_timer);
	timer_stop(&s->resumption_timer);
	resumption_keys_free(s->resumption);
	for (size_t i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
	loop_free(s->loop);
	free(s->children);
}

int supervise(struct server *server, void (*tell_ready)(void *arg), void *arg)
{
	struct supervisor s = { .server = server,
		                .loop = loop_new(),
		                .resumption = resumption_keys_new(),
		                .tell_ready = tell_ready,
		                .arg = arg };

	watch_signals(&s);
	add_children(&s);
	timer_start(&s.resumption_timer, s.loop, RESUMPTION_KEY_MS,
	            renew_resumption, &s);
	for (size_t i = 0; i < s.n; i++)
		start(&s.children[i]);
	loop_run(s.loop);
	fini(&s);
	return s.status;
}
