/* exporter.c -- frames of an export, checked and handed on. */
#include "cli/exporter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/fail.h"
#include "cli/progress.h"
#include "cli/server.h"
#include "ipc/keyword_frames.h"
#include "ipc/protocol.h"

struct exporter {
	const struct sink *sink;
	void *arg;
	struct progress progress;
	struct transfer_message *message; /* room for one; it is large */
	struct arena *keywords;           /* the message's */
	bool in_mailbox;
	bool in_message;
};

static struct err nonsense(void)
{
	return err(ERR_CORRUPT, "the server's answer makes no sense");
}

static struct err take_mailbox(struct exporter *x, struct frame_in *in)
{
	struct transfer_mailbox m = { .name = frame_read_slice(in,
		                                               LIMIT_NAME) };

	m.uidvalidity = read_u32(&in->r);
	m.uidnext = read_u32(&in->r);
	m.subscribed = read_u8(&in->r) != 0;
	m.exists = read_u8(&in->r) != 0;
	if (!frame_is_whole(in) || x->in_message || m.name.len == 0 ||
	    slice_find_byte(m.name, '\0') != SLICE_NONE)
		return nonsense();
	x->in_mailbox = m.exists;
	return x->sink->mailbox(x->arg, &m);
}

static struct err take_keywords(struct exporter *x, struct frame_in *in)
{
	struct transfer_message *m = x->message;

	if (x->in_message ||
	    !keyword_frame_take(in, x->keywords, m->keywords, &m->n_keywords))
		return nonsense();
	return OK;
}

static struct err take_message(struct exporter *x, struct frame_in *in)
{
	struct transfer_message *m = x->message;

	m->uid = read_u32(&in->r);
	m->flags = read_u8(&in->r);
	m->internaldate = (int64_t)read_u64(&in->r);
	m->zone = (int16_t)read_u16(&in->r);
	read_u64(&in->r); /* size: what comes is what counts */
	if (!frame_is_whole(in) || !x->in_mailbox || x->in_message)
		return nonsense();
	x->in_message = true;
	return x->sink->begin(x->arg, m);
}

static struct err take_data(struct exporter *x, struct frame_in *in)
{
	struct slice bytes = frame_read_slice(in, LIMIT_FRAME);

	if (!frame_is_whole(in) || !x->in_message)
		return nonsense();
	return x->sink->data(x->arg, bytes);
}

static struct err take_end(struct exporter *x, struct frame_in *in)
{
	if (!frame_is_whole(in) || !x->in_message)
		return nonsense();
	x->in_message = false;
	x->message->n_keywords = 0;
	arena_reset(x->keywords);
	progress_message(&x->progress, 0);
	return x->sink->end(x->arg);
}

static struct err take(struct exporter *x, struct frame_in *in)
{
	if (in->fd >= 0)
		close(in->fd);
	switch (in->type) {
	case FRAME_EXPORT_MAILBOX:
		return take_mailbox(x, in);
	case FRAME_KEYWORDS:
		return take_keywords(x, in);
	case FRAME_EXPORT_MESSAGE:
		return take_message(x, in);
	case FRAME_DATA:
		return take_data(x, in);
	case FRAME_END:
		return take_end(x, in);
	default:
		return nonsense();
	}
}

static struct err take_all(struct exporter *x, struct control *mail)
{
	struct frame_in in;
	struct err e = OK;

	while (is_ok(e)) {
		e = control_receive(mail, &in);
		if (is_ok(e) && in.type == FRAME_DONE)
			return x->in_message ? nonsense()
			                     : control_done(mail, &in);
		if (is_ok(e))
			e = take(x, &in);
	}
	return e;
}

static struct err ask(struct control *mail, const char *mailbox)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_EXPORT);
	frame_slice(&f, slice_cstr(mailbox));
	return control_send(mail, &f);
}

int exporter_run(const struct call *c, const struct sink *sink, void *arg)
{
	struct exporter x = { .sink = sink, .arg = arg };
	struct control mail;
	struct err e;
	int status = server_open_account(c, call_value(c, "user"), &mail);

	if (status != EX_OK)
		return status;
	x.progress = progress_begin("export", 0);
	x.message = mem_new(1, sizeof *x.message);
	x.keywords = arena_new(LIMIT_KEYWORDS * LIMIT_KEYWORD);
	e = ask(&mail, call_value(c, "mailbox"));
	if (is_ok(e))
		e = take_all(&x, &mail);
	progress_end(&x.progress);
	control_close(&mail);
	free(x.message);
	arena_free(x.keywords);
	if (!is_ok(e))
		return fail_err(e, "export");
	printf("%" PRIu64 " messages\n", x.progress.messages);
	return EX_OK;
}
