/*
 * lmtp_conn.c -- one LMTP client: its socket, auth's answers, and the links
 * its messages go out on.
 *
 *   client ──► lmtp.c ──┬──► link to partition 0 ──► deliver
 *                       ├──► link to partition 1
 *                       └── who is where: auth
 *
 * There is one delivery link for each partition that a recipient of this
 * client lives in, kept from message to message. A link that breaks costs
 * its recipients a 451 and is made anew for the next message; so is one
 * whose message was aborted, lest a late answer be taken for the next one's.
 * While a link's queue is long the client is not read from.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/internal.h"
#include "lmtp/lmtp.h"

enum {
	QUEUE_MOST = 256 * 1024, /* bytes on a link, then the client waits */
	BATCH = 32,              /* recipients in one frame */
};

/* One recipient that auth knows. */
struct recipient {
	uint64_t account;
	uint32_t partition;
	struct slice name;   /* owned */
	struct slice detail; /* owned */
};

struct delivery {
	struct delivery *next;
	struct lmtp_conn *conn;
	struct link *link; /* NULL: broken, or not made yet */
	uint32_t partition;
	uint32_t *members; /* numbers of its recipients, in its order */
	uint32_t n;
	uint32_t answered;
};

enum lmtp_wait {
	WAIT_CLIENT,
	WAIT_AUTH,
	WAIT_QUEUE,
	WAIT_RESULTS,
};

struct lmtp_conn {
	struct member member; /* first */
	struct gate *gate;
	struct wire wire;
	struct watch *watch;
	struct lmtp *lmtp;
	enum lmtp_wait wait;
	uint64_t request;
	struct recipient *recipients;
	size_t n;
	struct delivery *deliveries;
	struct timer silence;
	char session_id[SESSION_ID_SIZE];
};

static void conn_run(void *arg);

static void forget_recipients(struct lmtp_conn *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free((char *)c->recipients[i].name.ptr);
		free((char *)c->recipients[i].detail.ptr);
	}
	free(c->recipients);
	c->recipients = NULL;
	c->n = 0;
}

static void delivery_break(struct delivery *d)
{
	link_free(d->link);
	d->link = NULL;
	d->answered = d->n;
}

static void conn_free(struct lmtp_conn *c)
{
	struct gate *g = c->gate;
	struct delivery *d;

	while ((d = c->deliveries) != NULL) {
		c->deliveries = d->next;
		link_free(d->link);
		free(d->members);
		free(d);
	}
	requests_cancel(&g->requests, c->request);
	timer_stop(&c->silence);
	watch_free(c->watch);
	wire_end(&c->wire);
	forget_recipients(c);
	lmtp_free(c->lmtp);
	member_remove(&c->member);
	g->lmtp_count--;
	free(c);
	gate_check_end(g);
}

/* -- recipients -- */

static struct slice copy(struct slice s)
{
	return slice_of(mem_copy(s.ptr, s.len), s.len);
}

static void add_recipient(struct lmtp_conn *c, const struct recipient *r)
{
	if ((c->n & (c->n - 1)) == 0)
		c->recipients = mem_resize(c->recipients,
		                           c->n != 0 ? 2 * c->n : 1,
		                           sizeof *c->recipients);
	c->recipients[c->n] = *r;
	c->recipients[c->n].name = copy(r->name);
	c->recipients[c->n].detail = copy(r->detail);
	c->n++;
}

/* FRAME_FOUND behind its request */
static enum err_code parse_found(struct frame_in *f, struct recipient *out)
{
	uint8_t code = read_u8(&f->r);

	out->account = read_u64(&f->r);
	out->partition = read_u32(&f->r);
	out->name = frame_read_slice(f, LIMIT_LMTP_PATH);
	out->detail = frame_read_slice(f, LIMIT_LMTP_PATH);
	if (f->type != FRAME_FOUND || !frame_is_whole(f) ||
	    (code == ERR_OK && out->partition >= GATE_PARTITIONS)) {
		log_note(LOG_LEVEL_WARN, "bad_frame", "found");
		return ERR_UNAVAILABLE;
	}
	return code;
}

static void on_found(void *arg, struct frame_in *f)
{
	struct lmtp_conn *c = arg;
	struct recipient r;
	enum err_code code = ERR_UNAVAILABLE;

	c->request = 0;
	c->wait = WAIT_CLIENT;
	if (f != NULL)
		code = parse_found(f, &r);
	if (code == ERR_OK)
		add_recipient(c, &r);
	lmtp_found(c->lmtp, code);
	conn_run(c);
}

static enum io look_up(struct lmtp_conn *c)
{
	struct frame_out f = { 0 };

	c->request = request_begin(c->gate, &f, FRAME_LOOKUP, on_found, c);
	if (c->request != 0)
		frame_slice(&f, lmtp_recipient(c->lmtp));
	if (c->request == 0 || !request_send(c->gate, &f, c->request)) {
		c->request = 0;
		lmtp_found(c->lmtp, ERR_UNAVAILABLE);
		return IO_DONE;
	}
	c->wait = WAIT_AUTH;
	return IO_WAIT;
}

/* -- delivery links -- */

/* DELIVERED: u32 first, u32 n, n times: u8 enum err_code, slice text */
static bool parse_delivered(struct delivery *d, struct frame_in *f)
{
	uint32_t first = read_u32(&f->r);
	uint32_t n = read_u32(&f->r);

	if (f->type != FRAME_DELIVERED || f->r.failed || first > d->n ||
	    n > d->n - first || n > d->n - d->answered)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		enum err_code code = read_u8(&f->r);

		frame_read_slice(f, LIMIT_FRAME);
		if (f->r.failed)
			return false;
		lmtp_result(d->conn->lmtp, d->members[first + i], code);
	}
	d->answered += n;
	return frame_is_whole(f);
}

/* The run frees the connection perhaps, and this link with it. */
static void on_delivered(void *arg, struct frame_in *f)
{
	struct delivery *d = arg;

	if (f->fd >= 0)
		close(f->fd);
	if (!parse_delivered(d, f)) {
		log_note(LOG_LEVEL_WARN, "bad_frame", "delivered");
		delivery_break(d);
	}
	if (d->conn->wait == WAIT_RESULTS)
		conn_run(d->conn);
}

static void on_link_close(void *arg)
{
	struct delivery *d = arg;

	delivery_break(d);
	if (d->conn->wait == WAIT_RESULTS || d->conn->wait == WAIT_QUEUE)
		conn_run(d->conn);
}

static void on_drain(void *arg)
{
	struct delivery *d = arg;

	if (d->conn->wait == WAIT_QUEUE)
		conn_run(d->conn);
}

static void delivery_connect(struct delivery *d)
{
	struct gate *g = d->conn->gate;
	struct link *mail = gate_mail(g, d->partition);
	struct frame_out f = { 0 };
	int fds[2];

	if (mail == NULL || !is_ok(link_pair(fds)))
		return;
	frame_begin(&f, FRAME_DELIVER);
	if (!is_ok(link_send(mail, &f, fds[1]))) {
		close(fds[0]);
		return;
	}
	d->link = link_new(g->loop, fds[0],
	                   (struct link_handler){ .on_frame = on_delivered,
	                                          .on_close = on_link_close,
	                                          .on_drain = on_drain,
	                                          .arg = d });
}

static struct delivery *delivery_get(struct lmtp_conn *c, uint32_t partition)
{
	struct delivery *d = c->deliveries;

	while (d != NULL && d->partition != partition)
		d = d->next;
	if (d != NULL)
		return d;
	d = mem_new(1, sizeof *d);
	d->conn = c;
	d->partition = partition;
	d->members = mem_new(LIMIT_LMTP_RECIPIENTS, sizeof *d->members);
	d->next = c->deliveries;
	c->deliveries = d;
	return d;
}

static void delivery_send(struct delivery *d, struct frame_out *f)
{
	if (d->link == NULL)
		frame_free(f);
	else if (!is_ok(link_send(d->link, f, -1)))
		delivery_break(d);
}

static void add_batch(struct delivery *d, struct frame_out *f, uint32_t from)
{
	uint32_t n = d->n - from < BATCH ? d->n - from : BATCH;

	frame_u32(f, n);
	for (uint32_t i = from; i < from + n; i++) {
		struct recipient *r = &d->conn->recipients[d->members[i]];

		frame_u64(f, r->account);
		frame_slice(f, r->name);
		frame_slice(f, r->detail);
	}
}

static void delivery_begin(struct delivery *d)
{
	struct frame_out f = { 0 };

	if (d->link == NULL)
		delivery_connect(d);
	if (d->link == NULL) {
		d->answered = d->n;
		return;
	}
	frame_begin(&f, FRAME_MESSAGE);
	frame_slice(&f, lmtp_sender(d->conn->lmtp));
	add_batch(d, &f, 0);
	frame_slice(&f, slice_of(d->conn->session_id, SESSION_ID_SIZE));
	delivery_send(d, &f);
	for (uint32_t from = BATCH; from < d->n; from += BATCH) {
		frame_begin(&f, FRAME_MORE_RECIPIENTS);
		add_batch(d, &f, from);
		delivery_send(d, &f);
	}
}

static void begin_message(struct lmtp_conn *c)
{
	for (struct delivery *d = c->deliveries; d != NULL; d = d->next)
		d->n = d->answered = 0;
	for (uint32_t i = 0; i < c->n; i++) {
		struct delivery *d =
		        delivery_get(c, c->recipients[i].partition);

		d->members[d->n++] = i;
	}
	for (struct delivery *d = c->deliveries; d != NULL; d = d->next) {
		if (d->n != 0)
			delivery_begin(d);
	}
}

/* To all that take part in the message. */
static void send_all(struct lmtp_conn *c, enum frame_type type,
                     const struct slice *bytes)
{
	for (struct delivery *d = c->deliveries; d != NULL; d = d->next) {
		struct frame_out f = { 0 };

		if (d->n == 0 || d->link == NULL)
			continue;
		frame_begin(&f, (uint16_t)type);
		if (bytes != NULL)
			frame_slice(&f, *bytes);
		delivery_send(d, &f);
	}
}

static bool queues_are_long(const struct lmtp_conn *c)
{
	for (struct delivery *d = c->deliveries; d != NULL; d = d->next) {
		if (d->link != NULL && link_queued(d->link) > QUEUE_MOST)
			return true;
	}
	return false;
}

static void abort_message(struct lmtp_conn *c)
{
	send_all(c, FRAME_ABORT, NULL);
	for (struct delivery *d = c->deliveries; d != NULL; d = d->next)
		delivery_break(d);
}

static bool all_answered(const struct lmtp_conn *c)
{
	for (struct delivery *d = c->deliveries; d != NULL; d = d->next) {
		if (d->answered < d->n)
			return false;
	}
	return true;
}

/* -- the connection -- */

static enum io finish_message(struct lmtp_conn *c)
{
	if (c->wait != WAIT_RESULTS)
		send_all(c, FRAME_END, NULL);
	c->wait = WAIT_RESULTS;
	if (!all_answered(c))
		return IO_WAIT;
	c->wait = WAIT_CLIENT;
	lmtp_report(c->lmtp);
	return IO_DONE;
}

static enum io receive(struct lmtp_conn *c)
{
	enum io io = wire_flush(&c->wire, lmtp_out(c->lmtp));
	size_t size;
	size_t got;
	char *room;

	if (io != IO_DONE)
		return io;
	room = lmtp_room(c->lmtp, &size);
	io = wire_read(&c->wire, room, size, &got);
	lmtp_took(c->lmtp, got);
	return io;
}

static enum io send_piece(struct lmtp_conn *c)
{
	struct slice piece = lmtp_piece(c->lmtp);

	send_all(c, FRAME_DATA, &piece);
	return IO_DONE;
}

static enum io say_goodbye(struct lmtp_conn *c)
{
	enum io io = wire_flush(&c->wire, lmtp_out(c->lmtp));

	return io == IO_DONE ? IO_CLOSED : io;
}

static enum io step(struct lmtp_conn *c)
{
	if (c->wait == WAIT_AUTH)
		return IO_WAIT;
	if (c->wait != WAIT_RESULTS && queues_are_long(c)) {
		c->wait = WAIT_QUEUE;
		return IO_WAIT;
	}
	if (c->wait == WAIT_QUEUE)
		c->wait = WAIT_CLIENT;
	switch (lmtp_next(c->lmtp)) {
	case LMTP_INPUT:
		return receive(c);
	case LMTP_LOOKUP:
		return look_up(c);
	case LMTP_OPEN:
		begin_message(c);
		return IO_DONE;
	case LMTP_PIECE:
		return send_piece(c);
	case LMTP_ABORT:
		abort_message(c);
		return IO_DONE;
	case LMTP_DELIVER:
		return finish_message(c);
	case LMTP_RESET:
		forget_recipients(c);
		return IO_DONE;
	case LMTP_OVER:
		break;
	}
	return say_goodbye(c);
}

/* Mail that does not answer has not delivered, as far as we can tell. */
static void on_silence(void *arg)
{
	struct lmtp_conn *c = arg;

	if (c->wait == WAIT_RESULTS || c->wait == WAIT_QUEUE) {
		for (struct delivery *d = c->deliveries; d != NULL; d = d->next)
			delivery_break(d);
	} else if (c->wait == WAIT_AUTH) {
		requests_cancel(&c->gate->requests, c->request);
		on_found(c, NULL);
		return;
	} else if (lmtp_next(c->lmtp) == LMTP_OVER) {
		conn_free(c);
		return;
	} else {
		lmtp_end(c->lmtp, "4.4.2 too slow");
	}
	conn_run(c);
}

static void conn_run(void *arg)
{
	struct lmtp_conn *c = arg;
	enum io io;

	do {
		io = step(c);
	} while (io == IO_DONE);
	if (io == IO_CLOSED) {
		conn_free(c);
		return;
	}
	watch_for(c->watch, io == IO_WANT_READ    ? UV_READABLE
	                    : io == IO_WANT_WRITE ? UV_WRITABLE
	                                          : 0);
	timer_start(&c->silence, c->gate->loop, LIMIT_LMTP_SECONDS * 1000,
	            on_silence, c);
}

void lmtp_conn_new(struct gate *g, const struct arrival *from)
{
	struct lmtp_conn *c = mem_new(1, sizeof *c);

	*c = (struct lmtp_conn){ .gate = g, .wire = { .fd = from->fd } };
	c->lmtp = lmtp_new(g->options->hostname,
	                   g->options->message_limit_bytes);
	session_id_new(c->session_id);
	member_add(&g->lmtp_conns, &c->member);
	g->lmtp_count++;
	c->watch = watch_new(g->loop, from->fd, conn_run, c);
	if (c->watch == NULL) {
		conn_free(c);
		return;
	}
	if (g->lmtp_count > g->options->limits.lmtp)
		lmtp_end(c->lmtp, "4.7.0 too many connections");
	conn_run(c);
}

void lmtp_conns_stop(struct gate *g)
{
	struct member *next;

	for (struct member *m = g->lmtp_conns.next; m != &g->lmtp_conns;
	     m = next) {
		struct lmtp_conn *c = (struct lmtp_conn *)m;

		next = m->next;
		lmtp_stop(c->lmtp);
		conn_run(c);
	}
}

void lmtp_conns_free(struct gate *g)
{
	while (g->lmtp_conns.next != &g->lmtp_conns)
		conn_free((struct lmtp_conn *)g->lmtp_conns.next);
}
