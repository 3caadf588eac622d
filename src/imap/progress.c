/*
 * progress.c -- see progress.h.
 *
 * A client that has shut its side may still want the answer, so it is asked
 * in the only way there is: it is told, and what has gone does not take it.
 */
#include "imap/progress.h"

enum {
	TELL_MS = 10000,
	LOOK_MS = 1000,
};

static void tell(struct session *s, uint64_t done)
{
	struct buf *out = session_out(s);

	if (s->tag.len == 0)
		return;
	buf_add(out, S("* OK [INPROGRESS (\""));
	buf_add(out, s->tag);
	buf_add(out, S("\" "));
	buf_number(out, done);
	buf_add(out, S(" NIL)] Still looking\r\n"));
	out_push(&s->out);
	out_flush(&s->out);
}

static bool is_leaving(const struct session *s)
{
	const struct session_io *io = &s->out.io;

	return io->is_leaving != NULL && io->is_leaving(io->ctx);
}

static struct err still_there(const struct session *s)
{
	return is_ok(s->out.e) ? OK : err(ERR_CLOSED, "the client has gone");
}

struct err session_look(struct session *s)
{
	if (is_leaving(s))
		tell(s, 0);
	return still_there(s);
}

struct err session_progress(struct session *s, uint64_t done)
{
	const struct clock *clock = s->config->clock;
	uint64_t now = clock->mono_ms(clock);
	struct err e;

	if (now - s->looked_ms < LOOK_MS)
		return task_go_on();
	s->looked_ms = now;
	if (now - s->told_ms >= TELL_MS || is_leaving(s)) {
		s->told_ms = now;
		tell(s, done);
	}
	e = still_there(s);
	return is_ok(e) ? task_go_on() : e;
}
