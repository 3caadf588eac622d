/*
 * supervise.c -- children are forked, linked, restarted and stopped.
 *
 * Invariants:
 * 1. A child that runs has a link to the parent until it closes its end.
 * 2. Of two running children whose roles have something to say to each other
 *    (introduce.h) each has the newest link to the other: whoever is started,
 *    and mail that has become ready, gets new ones to all, and they to it.
 * 3. A gate gets listeners once all others have become ready or have failed
 *    once, so that at a start no client is sent away.
 */
#include "roostd/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/link.h"
#include "roostd/certificates.h"
#include "roostd/child.h"
#include "roostd/children.h"
#include "roostd/handout.h"
#include "roostd/introduce.h"
#include "roostd/roster.h"
#include "roostd/survey.h"

enum {
	STOP_SECONDS = 30,
	RETRY_MS = 500,   /* when there could be no process at all */
	LINGER_MS = 5000, /* between closing its link and its end */
};

enum { SIGNALS = 4 };

struct supervisor {
	struct server *server;
	struct loop *loop;
	struct roster children;
	uv_signal_t signals[SIGNALS];
	struct certificates *certificates;
	struct resumption_keys *resumption;
	struct survey *survey;
	struct timer resumption_timer;
	struct timer stop_timer;
	bool stopping;
	bool told_ready;
	int status;
	void (*tell_ready)(void *arg);
	void *arg;
};

/* There is something for it to do. */
static bool is_wanted(const struct child *c)
{
	const struct server *s = c->of->server;

	switch (c->role) {
	case ROLE_OUTSIDE:
		return config_needs_outside(s->config);
	case ROLE_METRICS:
		return listeners_have(&s->listeners, LISTENER_METRICS);
	default:
		return true;
	}
}

/* -- gates open -- */

/* Invariant 3. */
static bool may_open(const struct supervisor *s)
{
	for (size_t i = 0; i < s->children.n; i++) {
		const struct child *c = &s->children.v[i];

		if (is_wanted(c) && !c->ready && !c->ready_once &&
		    c->pacing.failures == 0)
			return false;
	}
	return true;
}

static void open_gates(struct supervisor *s)
{
	if (!may_open(s))
		return;
	for (size_t i = 0; i < s->children.n; i++) {
		struct child *c = &s->children.v[i];

		if (c->role == ROLE_GATE && c->ready && !c->has_listeners)
			introduce_listeners(c, &s->server->listeners);
	}
	if (s->told_ready)
		return;
	s->told_ready = true;
	log_note(LOG_LEVEL_INFO, "ready", ROOST_VERSION);
	s->tell_ready(s->arg);
}

/* -- what children say -- */

static bool on_ready(struct child *c, struct frame_in *f)
{
	if (!frame_is_whole(f) || c->ready)
		return false;
	c->ready = true;
	c->ready_once = true;
	c->odd = false;
	if (c->role == ROLE_MAIL)
		introduce_to_all(c, &c->of->children);
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
	bad = roster_find(&c->of->children, ROLE_PARSE, index);
	if (bad == NULL)
		return false;
	if (bad->pid != 0)
		kill(bad->pid, SIGKILL);
	return true;
}

static bool on_certificate_ask(struct child *c, struct frame_in *f)
{
	return certificates_answer(c->of->certificates, c, f);
}

static bool on_pong(struct child *c, struct frame_in *f)
{
	uint64_t number = read_u64(&f->r);

	if (!frame_is_whole(f))
		return false;
	survey_answered(c->of->survey, c, number);
	return true;
}

static bool on_survey(struct child *c, struct frame_in *f)
{
	if (c->role != ROLE_METRICS || !frame_is_whole(f))
		return false;
	survey_begin(c->of->survey);
	return true;
}

static const struct {
	enum frame_type type;
	bool (*handle)(struct child *, struct frame_in *);
} frames[] = {
	{ FRAME_READY, on_ready },
	{ FRAME_PARSER_BAD, on_parser_bad },
	{ FRAME_CERTIFICATE_ASK, on_certificate_ask },
	{ FRAME_PONG, on_pong },
	{ FRAME_SURVEY, on_survey },
};

static void on_frame(void *arg, struct frame_in *f)
{
	bool is_good = false;

	if (f->fd >= 0)
		close(f->fd);
	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
		if (f->type == frames[i].type)
			is_good = frames[i].handle(arg, f);
	}
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
	struct facts_gate facts;

	facts_gate_init(&facts);
	c->pid = fork();
	if (c->pid == 0) {
		roster_keep_counters(&s->children, c);
		facts_wait(&facts);
		s->server->check_index = c->odd;
		child_main(s->server, c->role, c->index, c->name, fds[1]);
	}
	facts_open(&facts, c->pid, c->facts);
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

	if (!is_wanted(c))
		return;
	c->ready = false;
	c->renewed = false;
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
	if (c->role == ROLE_GATE)
		child_send_resumption(c, c->of->resumption);
	certificates_introduce(c->of->certificates, c);
	if (c->role == ROLE_AUTH || c->role == ROLE_METRICS)
		introduce_listeners(c, &c->of->server->listeners);
	introduce_to_all(c, &c->of->children);
	survey_introduce(c->of->survey, c);
}

/* -- death -- */

static void log_death(const struct child *c, int status)
{
	bool good = (c->of->stopping || c->renewed) && WIFEXITED(status) &&
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

static void stop(struct supervisor *s, int status);

/* Without auth nobody could ever come in, so whoever starts a server with
 * accounts that can't be opened is told, not kept waiting. */
static bool is_hopeless(const struct child *c, int status)
{
	return c->role == ROLE_AUTH && !c->ready_once && WIFEXITED(status) &&
	       WEXITSTATUS(status) != 0;
}

/* Neither of itself nor by somebody's will: its code is wrong, or what it reads
 * is (a damaged index, say). Sanitizers end with a status. */
static bool is_odd(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) == EXIT_FAILURE
	                         : WTERMSIG(status) != SIGKILL;
}

static void bury(struct child *c, int status)
{
	struct supervisor *s = c->of;

	log_death(c, status);
	c->odd |= is_odd(status);
	counters_clear_gauges(c->counters);
	facts_close(c->facts);
	timer_stop(&c->timer);
	link_free(c->link);
	c->link = NULL;
	c->pid = 0;
	if (is_hopeless(c, status))
		stop(s, WEXITSTATUS(status));
	if (s->stopping) {
		if (roster_is_gone(&s->children))
			loop_stop(s->loop);
		return;
	}
	counters_add(c->counters, COUNTER_RESTARTS, 1);
	if (c->renewed)
		start(c);
	else
		timer_start(&c->timer, s->loop,
		            pacing_wait_ms(&c->pacing, loop_now_ms(s->loop),
		                           c->ready),
		            start, c);
	open_gates(s);
}

static void on_child_signal(struct supervisor *s)
{
	for (size_t i = 0; i < s->children.n; i++) {
		struct child *c = &s->children.v[i];
		int status;

		if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
			bury(c, status);
	}
}

/* -- stop -- */

static void kill_all(struct supervisor *s)
{
	for (size_t i = 0; i < s->children.n; i++) {
		if (s->children.v[i].pid == 0)
			continue;
		child_log(LOG_LEVEL_WARN, "child_killed", &s->children.v[i]);
		kill(s->children.v[i].pid, SIGKILL);
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
	for (size_t i = 0; i < s->children.n; i++) {
		if (s->children.v[i].pid == 0)
			timer_stop(&s->children.v[i].timer);
		else
			child_send(&s->children.v[i], FRAME_STOP, -1);
	}
	timer_start(&s->stop_timer, s->loop, STOP_SECONDS * 1000,
	            on_stop_timeout, s);
	if (roster_is_gone(&s->children))
		loop_stop(s->loop);
}

/* -- reload -- */

/* It is given what it has to know with its start. */
static void renew(struct child *c)
{
	timer_stop(&c->timer);
	c->renewed = c->pid != 0;
	if (c->renewed)
		child_send(c, FRAME_STOP, -1);
	else
		start(c);
}

/* The others take nothing from it. */
static bool takes_reload(enum role role)
{
	return role != ROLE_PARSE && role != ROLE_METRICS;
}

static void reload(struct supervisor *s)
{
	int fd = handout_reload(s->server);

	if (fd < 0)
		return; /* the log says why; everything stays as it was */
	for (size_t i = 0; i < s->children.n; i++) {
		struct child *c = &s->children.v[i];

		if (c->role == ROLE_OUTSIDE)
			renew(c);
		else if (takes_reload(c->role))
			child_send(c, FRAME_RELOAD, dup(fd));
	}
	close(fd);
	certificates_read(s->certificates, s->server->config);
	log_note(LOG_LEVEL_INFO, "reloaded", s->server->path);
}

/* -- keys of TLS tickets -- */

static void renew_resumption(void *arg)
{
	struct supervisor *s = arg;

	resumption_keys_renew(s->resumption);
	for (size_t i = 0; i < s->children.n; i++) {
		if (s->children.v[i].role == ROLE_GATE)
			child_send_resumption(&s->children.v[i], s->resumption);
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

static void fini(struct supervisor *s)
{
	timer_stop(&s->stop_timer);
	timer_stop(&s->resumption_timer);
	resumption_keys_free(s->resumption);
	certificates_free(s->certificates);
	survey_free(s->survey);
	for (size_t i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
	loop_free(s->loop);
	roster_free(&s->children);
}

int supervise(struct server *server, void (*tell_ready)(void *arg), void *arg)
{
	struct supervisor s = { .server = server,
		                .loop = loop_new(),
		                .resumption = resumption_keys_new(),
		                .tell_ready = tell_ready,
		                .arg = arg };

	watch_signals(&s);
	roster_init(&s.children, server, &s);
	s.certificates = certificates_new(s.loop, server->config, s.children.v,
	                                  s.children.n);
	s.survey = survey_new(s.loop, s.children.v, s.children.n, is_wanted);
	timer_start(&s.resumption_timer, s.loop, RESUMPTION_KEY_MS,
	            renew_resumption, &s);
	for (size_t i = 0; i < s.children.n; i++)
		start(&s.children.v[i]);
	loop_run(s.loop);
	fini(&s);
	return s.status;
}
