/* delivery.c -- recipients, sorted by partition, and the links to there. */
#include "gate/delivery.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/internal.h"

enum {
	QUEUE_MOST = 256 * 1024, /* bytes on a link, then the client waits */
	BATCH = 32,              /* recipients in one frame */
};

struct recipient {
	uint64_t account;
	uint32_t partition;
	struct slice name;   /* owned */
	struct slice detail; /* owned */
};

/* The way to one partition. */
struct route {
	struct route *next;
	struct delivery *delivery;
	struct link *link; /* NULL: broken, or not made yet */
	uint32_t partition;
	uint32_t *members; /* numbers of its recipients, in its order */
	uint32_t n;        /* of this message */
	uint32_t answered;
};

struct delivery {
	struct delivery_options options;
	struct recipient *recipients;
	size_t n;
	struct route *routes;
};

struct delivery *delivery_new(const struct delivery_options *options)
{
	struct delivery *d = mem_new(1, sizeof *d);

	d->options = *options;
	return d;
}

void delivery_forget(struct delivery *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free((char *)d->recipients[i].name.ptr);
		free((char *)d->recipients[i].detail.ptr);
	}
	free(d->recipients);
	d->recipients = NULL;
	d->n = 0;
}

void delivery_free(struct delivery *d)
{
	struct route *r;

	while ((r = d->routes) != NULL) {
		d->routes = r->next;
		link_free(r->link);
		free(r->members);
		free(r);
	}
	delivery_forget(d);
	free(d);
}

static struct slice copy(struct slice s)
{
	return slice_of(mem_copy(s.ptr, s.len), s.len);
}

void delivery_add(struct delivery *d, uint64_t account, uint32_t partition,
                  struct slice name, struct slice detail)
{
	if ((d->n & (d->n - 1)) == 0) {
		size_t most = d->n != 0 ? 2 * d->n : 1;

		d->recipients =
			mem_resize(d->recipients, most, sizeof *d->recipients);
	}
	d->recipients[d->n++] = (struct recipient){ account, partition,
		                                    copy(name), copy(detail) };
}

static void route_break(struct route *r)
{
	link_free(r->link);
	r->link = NULL;
	r->answered = r->n;
}

static void tell(struct route *r)
{
	r->delivery->options.changed(r->delivery->options.arg);
}

/* DELIVERED: u32 first, u32 n, n times: u8 enum err_code, slice text */
static bool parse_delivered(struct route *r, struct frame_in *f)
{
	uint32_t first = read_u32(&f->r);
	uint32_t n = read_u32(&f->r);

	if (f->type != FRAME_DELIVERED || f->r.failed || first > r->n ||
	    n > r->n - first || n > r->n - r->answered)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		enum err_code code = read_u8(&f->r);

		frame_read_slice(f, LIMIT_FRAME);
		if (f->r.failed)
			return false;
		lmtp_result(r->delivery->options.lmtp, r->members[first + i],
		            code);
	}
	r->answered += n;
	return frame_is_whole(f);
}

static void on_delivered(void *arg, struct frame_in *f)
{
	struct route *r = arg;

	if (f->fd >= 0)
		close(f->fd);
	if (!parse_delivered(r, f)) {
		log_note(LOG_LEVEL_WARN, "bad_frame", "delivered");
		route_break(r);
	}
	tell(r);
}

static void on_link_close(void *arg)
{
	route_break(arg);
	tell(arg);
}

static void on_drain(void *arg)
{
	tell(arg);
}

static void route_connect(struct route *r)
{
	struct gate *g = r->delivery->options.gate;
	struct link *mail = gate_mail(g, r->partition);
	struct frame_out f = { 0 };
	int fds[2];

	if (mail == NULL || !is_ok(link_pair(fds)))
		return;
	frame_begin(&f, FRAME_DELIVER);
	frame_slice(&f, r->delivery->options.peer);
	if (!is_ok(link_send(mail, &f, fds[1]))) {
		close(fds[0]);
		return;
	}
	r->link = link_new(g->loop, fds[0],
	                   (struct link_handler){ .on_frame = on_delivered,
	                                          .on_close = on_link_close,
	                                          .on_drain = on_drain,
	                                          .arg = r });
}

static struct route *route_get(struct delivery *d, uint32_t partition)
{
	struct route *r = d->routes;

	while (r != NULL && r->partition != partition)
		r = r->next;
	if (r != NULL)
		return r;
	r = mem_new(1, sizeof *r);
	r->delivery = d;
	r->partition = partition;
	r->members = mem_new(LIMIT_LMTP_RECIPIENTS, sizeof *r->members);
	r->next = d->routes;
	d->routes = r;
	return r;
}

static void route_send(struct route *r, struct frame_out *f)
{
	if (r->link == NULL)
		frame_free(f);
	else if (!is_ok(link_send(r->link, f, -1)))
		route_break(r);
}

static void add_batch(struct route *r, struct frame_out *f, uint32_t from)
{
	uint32_t n = r->n - from < BATCH ? r->n - from : BATCH;

	frame_u32(f, n);
	for (uint32_t i = from; i < from + n; i++) {
		struct recipient *to = &r->delivery->recipients[r->members[i]];

		frame_u64(f, to->account);
		frame_slice(f, to->name);
		frame_slice(f, to->detail);
	}
}

static void route_begin(struct route *r, struct slice sender)
{
	struct frame_out f = { 0 };

	if (r->link == NULL)
		route_connect(r);
	if (r->link == NULL) {
		r->answered = r->n;
		return;
	}
	frame_begin(&f, FRAME_MESSAGE);
	frame_slice(&f, sender);
	add_batch(r, &f, 0);
	frame_slice(&f,
	            slice_of(r->delivery->options.session_id, SESSION_ID_SIZE));
	route_send(r, &f);
	for (uint32_t from = BATCH; from < r->n; from += BATCH) {
		frame_begin(&f, FRAME_MORE_RECIPIENTS);
		add_batch(r, &f, from);
		route_send(r, &f);
	}
}

void delivery_begin(struct delivery *d, struct slice sender)
{
	for (struct route *r = d->routes; r != NULL; r = r->next)
		r->n = r->answered = 0;
	for (uint32_t i = 0; i < d->n; i++) {
		struct route *r = route_get(d, d->recipients[i].partition);

		r->members[r->n++] = i;
	}
	for (struct route *r = d->routes; r != NULL; r = r->next) {
		if (r->n != 0)
			route_begin(r, sender);
	}
}

/* To all that take part in the message. */
static void send_all(struct delivery *d, enum frame_type type,
                     const struct slice *bytes)
{
	for (struct route *r = d->routes; r != NULL; r = r->next) {
		struct frame_out f = { 0 };

		if (r->n == 0 || r->link == NULL)
			continue;
		frame_begin(&f, (uint16_t)type);
		if (bytes != NULL)
			frame_slice(&f, *bytes);
		route_send(r, &f);
	}
}

void delivery_data(struct delivery *d, struct slice bytes)
{
	send_all(d, FRAME_DATA, &bytes);
}

void delivery_end(struct delivery *d)
{
	send_all(d, FRAME_END, NULL);
}

void delivery_break(struct delivery *d)
{
	send_all(d, FRAME_ABORT, NULL);
	for (struct route *r = d->routes; r != NULL; r = r->next)
		route_break(r);
}

bool delivery_is_slow(const struct delivery *d)
{
	for (struct route *r = d->routes; r != NULL; r = r->next) {
		if (r->link != NULL && link_queued(r->link) > QUEUE_MOST)
			return true;
	}
	return false;
}

bool delivery_is_answered(const struct delivery *d)
{
	for (struct route *r = d->routes; r != NULL; r = r->next) {
		if (r->answered < r->n)
			return false;
	}
	return true;
}
