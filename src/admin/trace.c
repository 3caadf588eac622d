/*
 * trace.c -- what an account's clients and the server say, line by line, to
 * a `roost trace` that looks on.
 *
 * Sessions never wait for it: lines are kept until the task here sends them,
 * and when it is too slow some are lost, and counted.
 */
#include <inttypes.h>

#include "admin/internal.h"
#include "base/buf.h"

enum {
	KEPT_MOST = 1 << 20, /* octets of lines that wait */
	PAUSE_MS = 200,
};

struct watch {
	struct buf lines; /* each with '\n' */
	uint64_t lost;
	char session[SESSION_ID_SIZE]; /* of the last line */
};

static void keep(struct watch *w, struct slice line)
{
	if (w->lines.len + line.len >= KEPT_MOST) {
		w->lost++;
		return;
	}
	buf_add(&w->lines, line);
	buf_byte(&w->lines, '\n');
}

/* Which session it is stands in a comment, when it is another one. */
static void on_line(void *arg, struct slice session_id, struct slice line)
{
	struct watch *w = arg;
	struct slice last = slice_of(w->session, sizeof w->session);
	char text[64];

	if (session_id.len == last.len && !slice_eq(session_id, last)) {
		memcpy(w->session, session_id.ptr, session_id.len);
		snprintf(text, sizeof text, "# session %.*s",
		         (int)session_id.len, session_id.ptr);
		keep(w, slice_cstr(text));
	}
	keep(w, line);
}

static void send_lost(struct control_link *c, struct watch *w)
{
	char text[64];
	struct slice line;

	if (w->lost == 0)
		return;
	snprintf(text, sizeof text, "# %" PRIu64 " lines are lost here",
	         w->lost);
	w->lost = 0;
	line = slice_cstr(text);
	control_row(c, &line, 1);
}

static void send_lines(struct control_link *c, struct watch *w)
{
	struct buf lines = w->lines;
	struct slice rest = buf_slice(&lines);

	w->lines = (struct buf){ 0 };
	while (rest.len != 0 && is_ok(c->e)) {
		size_t end = slice_find_byte(rest, '\n');
		struct slice line = slice_first(rest, end);

		control_row(c, &line, 1);
		rest = slice_from(rest, end + 1);
	}
	buf_free(&lines);
	send_lost(c, w);
}

/* The command says nothing more: whatever comes on the link is its end. */
static void look_on(struct control_link *c, struct watch *w)
{
	struct frame_in in;
	struct err e;

	do {
		e = link_receive(c->link, PAUSE_MS, &in);
		send_lines(c, w);
	} while (is_ok(c->e) && e.code == ERR_TIMEOUT);
	if (is_ok(c->e))
		c->e = is_ok(e) ? err(ERR_CLOSED, NULL) : e;
}

struct err trace(struct control_link *c, struct frame_in *in)
{
	const struct session_registry *sessions = &c->mail->sessions;
	uint8_t text = read_u8(&in->r);
	struct watch w = { 0 };
	struct watcher watcher = { on_line, &w, text != 0 };

	if (!frame_is_whole(in) || text > 1)
		return err(ERR_CORRUPT, "a request that makes no sense");
	if (!sessions->watch(sessions->ctx, c->account_id, &watcher)) {
		control_done(c, err(ERR_INUSE, "somebody looks on already"));
		return OK;
	}
	/* nothing has been seen yet */
	control_record(c, text != 0 ? "trace_with_text" : "trace",
	               (struct audit_entry){ 0 });
	look_on(c, &w);
	sessions->unwatch(sessions->ctx, c->account_id);
	control_record(c, "trace_end", (struct audit_entry){ 0 });
	buf_free(&w.lines);
	return OK;
}
