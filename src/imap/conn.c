/* conn.c -- wakes a session when there is a reason, lets it rest after. */
#include "imap/conn.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "task/stream.h"
#include "task/timer.h"

struct conn {
	const struct clock *clock;
	struct loop *loop;
	struct stream *stream;
	struct session *session;
	struct timer autologout;
	struct timer leave;  /* told to go: until it is made to */
	struct trace *trace; /* NULL: nobody looks on */
	bool stays;          /* as long as the peer does: a visit */
	bool running;
	bool again;   /* a reason came while it was running */
	bool emptied; /* the last read took all there was */
	void (*on_end)(void *arg, const struct conn_left *);
	void *arg;
};

static void trace(struct conn *c, struct trace_way *way, struct slice bytes)
{
	struct session_facts facts;

	session_get_facts(c->session, &facts);
	trace_feed(c->trace, way, facts.session_id, bytes);
}

static void conn_tap(void *ctx, bool client, struct slice bytes)
{
	struct conn *c = ctx;

	if (c->trace != NULL)
		trace(c, client ? &c->trace->client : &c->trace->server, bytes);
}

static struct err conn_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct conn *c = ctx;
	struct err e;

	*got = 0;
	if (c->emptied) /* what comes now wakes the session anew */
		return OK;
	e = stream_read(c->stream, to, size, got);
	c->emptied = *got != 0 && *got < size;
	return e;
}

static struct err conn_write(void *ctx, struct slice bytes)
{
	struct conn *c = ctx;

	return stream_queue(c->stream, bytes);
}

static bool conn_is_full(void *ctx)
{
	const struct conn *c = ctx;

	return stream_queued(c->stream) > LIMIT_UNREAD;
}

static struct err conn_wait(void *ctx)
{
	struct conn *c = ctx;

	return stream_wait(c->stream, LIMIT_UNREAD);
}

static bool conn_is_leaving(void *ctx)
{
	const struct conn *c = ctx;

	return stream_is_leaving(c->stream);
}

static void conn_end(struct conn *c, const struct conn_left *left)
{
	timer_stop(&c->autologout);
	timer_stop(&c->leave);
	conn_trace(c, NULL);
	c->on_end(c->arg, left);
	session_free(c->session);
	free(c);
}

static void conn_close(struct conn *c)
{
	stream_free(c->stream);
	conn_end(c, NULL);
}

static void conn_leave(struct conn *c)
{
	const struct conn_left left = { stream_release(c->stream),
		                        session_unread(c->session) };

	conn_end(c, &left);
}

static void conn_wake(void *arg);

static void on_autologout(void *arg)
{
	struct conn *c = arg;

	session_say_bye(c->session, "autologout: idle for too long");
}

/* Counted from the last command: what the session was told by others
 * keeps nobody logged in. */
static uint64_t until_autologout_ms(const struct conn *c)
{
	uint64_t most = (uint64_t)LIMIT_AUTOLOGOUT_SECONDS * 1000;
	struct session_facts facts;
	uint64_t idle;

	session_get_facts(c->session, &facts);
	idle = c->clock->mono_ms(c->clock) - facts.active_ms;
	return idle < most ? most - idle : 1;
}

static void rest(struct conn *c)
{
	if (!c->stays)
		timer_start(&c->autologout, c->loop, until_autologout_ms(c),
		            on_autologout, c);
	stream_on_readable(c->stream, conn_wake, c);
}

static void conn_run(void *arg)
{
	struct conn *c = arg;
	enum session_state state;

	do {
		c->again = false;
		c->emptied = false;
		state = session_run(c->session);
		if (state == SESSION_LEFT)
			stream_flush(c->stream); /* may yet be told to go */
	} while (c->again && state != SESSION_OVER);
	if (state == SESSION_WAITING) {
		c->running = false;
		rest(c);
		return;
	}
	if (is_ok(stream_flush(c->stream)) && state == SESSION_LEFT)
		conn_leave(c);
	else
		conn_close(c);
}

static void conn_wake(void *arg)
{
	struct conn *c = arg;

	c->again = true;
	if (c->running)
		return;
	c->running = true;
	timer_stop(&c->autologout);
	stream_on_readable(c->stream, NULL, NULL);
	task_spawn(c->loop, conn_run, c);
}

struct conn *conn_start(struct loop *loop, int fd,
                        const struct session_start *start,
                        void (*on_end)(void *arg, const struct conn_left *),
                        void *arg)
{
	struct conn *c = mem_new(1, sizeof *c);
	struct session_start own = *start;

	c->clock = start->config->clock;
	c->loop = loop;
	c->stream = stream_new(loop, fd);
	stream_set_write_timeout(c->stream,
	                         start->config->write_seconds * 1000);
	c->stays = start->visitor != NULL;
	c->on_end = on_end;
	c->arg = arg;
	own.io = (struct session_io){ conn_read,    conn_write, c,
		                      conn_is_full, conn_wait,  conn_is_leaving,
		                      conn_tap };
	own.wake = conn_wake;
	own.wake_arg = c;
	c->session = session_new(&own);
	conn_wake(c);
	return c;
}

void conn_say_bye(struct conn *c, const char *text)
{
	session_say_bye(c->session, text);
}

static void on_leave(void *arg)
{
	conn_abort(arg);
}

void conn_dismiss(struct conn *c, const char *text)
{
	timer_start(&c->leave, c->loop, LIMIT_DISMISS_MS, on_leave, c);
	session_say_bye(c->session, text);
}

void conn_abort(struct conn *c)
{
	stream_abort(c->stream);
	conn_wake(c);
}

void conn_trace(struct conn *c, const struct trace_sink *sink)
{
	if (c->trace != NULL)
		trace_fini(c->trace);
	free(c->trace);
	c->trace = NULL;
	if (sink == NULL)
		return;
	c->trace = mem_new(1, sizeof *c->trace);
	trace_init(c->trace, sink);
}

void conn_facts(const struct conn *c, struct session_facts *out)
{
	session_get_facts(c->session, out);
}
