/*
 * deliver.c -- the delivery link: frames in, results out.
 *
 *      waiting ── MESSAGE ──► receiving ── END ──► delivered ──► waiting
 *                              │  ▲  │
 *                              │  └──┘ MORE_RECIPIENTS, then DATA
 *                              └── ABORT ──► waiting
 *
 * Anything else ends the link. What goes wrong with the message while it
 * arrives (too big, no space) is remembered and told at END, when every
 * recipient gets its answer. A link that ends early leaves nothing behind.
 */
#include "deliver/deliver.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "deliver/internal.h"
#include "ipc/protocol.h"

enum {
	LIMIT_PATH = 1024,     /* octets of an address or detail */
	RESULTS_A_FRAME = 200, /* of at most RESULT_TEXT octets */
	RESULT_TEXT = 200,
};

struct server {
	struct link *link;
	uint64_t limit;
	struct delivery delivery;
	bool receiving;
	bool has_data;
	uint64_t received; /* octets of the message */
	struct err e;      /* of the message */
};

static struct slice own_copy(struct slice s)
{
	return slice_of(mem_copy(s.ptr, s.len), s.len);
}

static void free_slice(struct slice s)
{
	free((char *)s.ptr);
}

static void forget_message(struct server *s)
{
	struct delivery *d = &s->delivery;

	for (uint32_t i = 0; i < d->n; i++) {
		free_slice(d->v[i].name);
		free_slice(d->v[i].detail);
	}
	free(d->v);
	free_slice(d->sender);
	free_slice(d->session_id);
	incoming_free(d->message);
	*d = (struct delivery){ .model = d->model,
		                .loop = d->loop,
		                .peer = d->peer };
	s->receiving = s->has_data = false;
	s->received = 0;
	s->e = OK;
}

/* -- what comes in -- */

/* These become header lines: no octet of theirs may end one. */
static bool is_clean(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (ascii_is_ctl(s.ptr[i]))
			return false;
	}
	return true;
}

/* u32 n, n times: u64 account, slice account name, slice detail */
static bool read_recipients(struct delivery *d, struct frame_in *f)
{
	uint32_t n = read_u32(&f->r);

	if (n > LIMIT_LMTP_RECIPIENTS - d->n)
		return false;
	if (n != 0)
		d->v = mem_resize(d->v, d->n + n, sizeof *d->v);
	for (; n > 0; n--) {
		uint64_t account = read_u64(&f->r);
		struct slice name = frame_read_slice(f, LIMIT_PATH);
		struct slice detail = frame_read_slice(f, LIMIT_PATH);

		if (f->r.failed || !is_clean(name))
			return false;
		d->v[d->n++] = (struct recipient){
			.account = account,
			.name = own_copy(name),
			.detail = own_copy(detail),
		};
	}
	return true;
}

static bool on_message(struct server *s, struct frame_in *f)
{
	struct delivery *d = &s->delivery;
	struct slice sender = frame_read_slice(f, LIMIT_PATH);

	if (s->receiving || !is_clean(sender))
		return false;
	d->sender = own_copy(sender);
	if (!read_recipients(d, f))
		return false;
	d->session_id = own_copy(frame_read_slice(f, SESSION_ID_SIZE));
	d->message = incoming_new(d->model);
	s->receiving = true;
	return frame_is_whole(f) && d->n != 0;
}

static bool on_more_recipients(struct server *s, struct frame_in *f)
{
	return s->receiving && !s->has_data &&
	       read_recipients(&s->delivery, f) && frame_is_whole(f);
}

static struct err write_prefix(struct delivery *d)
{
	struct buf prefix = { 0 };
	struct err e;

	buf_printf(&prefix, "Return-Path: <%.*s>\r\n", (int)d->sender.len,
	           d->sender.ptr);
	if (d->n == 1)
		buf_printf(&prefix, "Delivered-To: %.*s\r\n",
		           (int)d->v[0].name.len, d->v[0].name.ptr);
	e = incoming_write(d->message, buf_slice(&prefix));
	buf_free(&prefix);
	return e;
}

static struct err take_data(struct server *s, struct slice bytes)
{
	struct delivery *d = &s->delivery;

	if (!s->has_data) {
		struct err e = write_prefix(d);

		if (!is_ok(e))
			return e;
	}
	s->received += bytes.len;
	if (s->received > s->limit)
		return err(ERR_TOOBIG, "the message is too big");
	return incoming_write(d->message, bytes);
}

static bool on_data(struct server *s, struct frame_in *f)
{
	struct slice bytes = frame_read_slice(f, LIMIT_FRAME);

	if (!s->receiving || !frame_is_whole(f))
		return false;
	if (is_ok(s->e))
		s->e = take_data(s, bytes);
	s->has_data = true;
	return true;
}

/* -- what goes out -- */

static struct err send_results(struct server *s, uint32_t first)
{
	struct delivery *d = &s->delivery;
	uint32_t left = d->n - first;
	uint32_t n = left < RESULTS_A_FRAME ? left : RESULTS_A_FRAME;
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_DELIVERED);
	frame_u32(&f, first);
	frame_u32(&f, n);
	for (uint32_t i = first; i < first + n; i++) {
		frame_u8(&f, (uint8_t)d->v[i].result.code);
		frame_slice(&f, slice_first(slice_cstr(d->v[i].result.text),
		                            RESULT_TEXT));
	}
	return link_send_wait(s->link, &f, -1);
}

static bool on_end(struct server *s, struct frame_in *f)
{
	struct delivery *d = &s->delivery;

	if (!s->receiving || !frame_is_whole(f))
		return false;
	if (is_ok(s->e) && !s->has_data)
		s->e = write_prefix(d);
	if (is_ok(s->e))
		s->e = incoming_finish(d->message);
	if (is_ok(s->e))
		s->e = incoming_settle(d->message);
	d->now = model_clock(d->model)->wall_s(model_clock(d->model));
	delivery_run(d, s->e);
	for (uint32_t i = 0; i < d->n; i += RESULTS_A_FRAME) {
		if (!is_ok(send_results(s, i)))
			return false;
	}
	forget_message(s);
	return true;
}

static bool on_abort(struct server *s, struct frame_in *f)
{
	if (!s->receiving || !frame_is_whole(f))
		return false;
	forget_message(s);
	return true;
}

static bool on_frame(struct server *s, struct frame_in *f)
{
	static const struct {
		uint16_t type;
		bool (*fn)(struct server *, struct frame_in *);
	} table[] = {
		{ FRAME_MESSAGE, on_message },
		{ FRAME_MORE_RECIPIENTS, on_more_recipients },
		{ FRAME_DATA, on_data },
		{ FRAME_END, on_end },
		{ FRAME_ABORT, on_abort },
	};

	if (f->fd >= 0)
		close(f->fd);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (table[i].type == f->type)
			return table[i].fn(s, f);
	}
	return false;
}

static void serve(void *arg)
{
	struct server *s = arg;
	struct frame_in f;

	while (is_ok(link_receive(s->link, WAIT_FOREVER, &f))) {
		if (!on_frame(s, &f)) {
			log_note(LOG_LEVEL_WARN, "deliver_bad_frame",
			         "a delivery link was closed");
			break;
		}
	}
	forget_message(s);
	free_slice(s->delivery.peer);
	link_free(s->link);
	free(s);
}

void deliver_serve(struct loop *loop, struct model *model, struct link *link,
                   struct slice peer, uint64_t message_limit_bytes)
{
	struct server *s = mem_new(1, sizeof *s);

	s->link = link;
	s->limit = message_limit_bytes;
	s->delivery = (struct delivery){ .model = model,
		                         .loop = loop,
		                         .peer = own_copy(peer) };
	task_spawn(loop, serve, s);
}

/* -- from ourselves -- */

static struct err take_whole(struct delivery *d, struct slice message)
{
	struct err e = write_prefix(d);

	if (is_ok(e))
		e = incoming_write(d->message, message);
	if (is_ok(e))
		e = incoming_finish(d->message);
	return is_ok(e) ? incoming_settle(d->message) : e;
}

struct err deliver_message(struct loop *loop, struct model *model,
                           uint64_t account, struct slice name,
                           struct slice message)
{
	struct recipient to = { .account = account, .name = name };
	struct delivery d = { .model = model,
		              .loop = loop,
		              .v = &to,
		              .n = 1,
		              .message = incoming_new(model) };

	d.now = model_clock(model)->wall_s(model_clock(model));
	delivery_run(&d, take_whole(&d, message));
	incoming_free(d.message);
	return to.result;
}
