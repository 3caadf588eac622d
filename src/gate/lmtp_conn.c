/*
 * lmtp_conn.c -- one LMTP client: its socket, auth's answers, its messages.
 *
 *   client ──► lmtp.c ──┬──► auth: who is this recipient?
 *                       └──► delivery.c ──► mail processes
 *
 * While a mail process is behind with what it was sent, the client is not
 * read from.
 */
#include <stdlib.h>

#include "base/counter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/delivery.h"
#include "gate/internal.h"

enum lmtp_wait {
	WAIT_CLIENT,
	WAIT_AUTH,
	WAIT_QUEUE,   /* until mail has taken what was sent */
	WAIT_RESULTS, /* until it has said what became of the message */
};

struct lmtp_conn {
	struct member member; /* first */
	struct gate *gate;
	struct wire wire;
	struct watch *watch;
	struct lmtp *lmtp;
	struct delivery *delivery;
	enum lmtp_wait wait;
	uint64_t request;
	struct timer silence;
	char session_id[SESSION_ID_SIZE];
	char peer[PEER_TEXT];
};

static void conn_run(void *arg);

static void conn_free(struct lmtp_conn *c)
{
	struct gate *g = c->gate;

	requests_cancel(&g->requests, c->request);
	timer_stop(&c->silence);
	watch_free(c->watch);
	wire_end(&c->wire);
	delivery_free(c->delivery);
	lmtp_free(c->lmtp);
	member_remove(&c->member);
	g->lmtp_count--;
	free(c);
	gate_check_end(g);
}

/* FRAME_FOUND behind its request */
static enum err_code take_recipient(struct lmtp_conn *c, struct frame_in *f)
{
	uint8_t code = read_u8(&f->r);
	uint64_t account = read_u64(&f->r);
	uint32_t partition = read_u32(&f->r);
	struct slice name = frame_read_slice(f, LIMIT_LMTP_PATH);
	struct slice detail = frame_read_slice(f, LIMIT_LMTP_PATH);

	if (f->type != FRAME_FOUND || !frame_is_whole(f)) {
		log_note(LOG_LEVEL_WARN, "bad_frame", "found");
		return ERR_UNAVAILABLE;
	}
	if (code == ERR_OK)
		delivery_add(c->delivery, account, partition, name, detail);
	return code;
}

static void on_found(void *arg, struct frame_in *f)
{
	struct lmtp_conn *c = arg;

	c->request = 0;
	c->wait = WAIT_CLIENT;
	lmtp_found(c->lmtp, f != NULL ? take_recipient(c, f) : ERR_UNAVAILABLE);
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

static void on_delivery_changed(void *arg)
{
	struct lmtp_conn *c = arg;

	if (c->wait == WAIT_QUEUE || c->wait == WAIT_RESULTS)
		conn_run(c);
}

static enum io finish_message(struct lmtp_conn *c)
{
	if (c->wait != WAIT_RESULTS)
		delivery_end(c->delivery);
	c->wait = WAIT_RESULTS;
	if (!delivery_is_answered(c->delivery))
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

static enum io say_goodbye(struct lmtp_conn *c)
{
	enum io io = wire_flush(&c->wire, lmtp_out(c->lmtp));

	return io == IO_DONE ? IO_CLOSED : io;
}

static enum io do_next(struct lmtp_conn *c)
{
	switch (lmtp_next(c->lmtp)) {
	case LMTP_INPUT:
		return receive(c);
	case LMTP_LOOKUP:
		return look_up(c);
	case LMTP_OPEN:
		delivery_begin(c->delivery, lmtp_sender(c->lmtp));
		return IO_DONE;
	case LMTP_PIECE:
		delivery_data(c->delivery, lmtp_piece(c->lmtp));
		return IO_DONE;
	case LMTP_ABORT:
		delivery_break(c->delivery);
		return IO_DONE;
	case LMTP_DELIVER:
		return finish_message(c);
	case LMTP_RESET:
		delivery_forget(c->delivery);
		return IO_DONE;
	case LMTP_OVER:
		break;
	}
	return say_goodbye(c);
}

static enum io step(struct lmtp_conn *c)
{
	if (c->wait == WAIT_AUTH)
		return IO_WAIT;
	if (c->wait == WAIT_RESULTS)
		return do_next(c);
	c->wait = delivery_is_slow(c->delivery) ? WAIT_QUEUE : WAIT_CLIENT;
	return c->wait == WAIT_QUEUE ? IO_WAIT : do_next(c);
}

/* Whoever has been waited for that long has not answered: auth does not
 * know, mail has not delivered as far as we can tell, the client is gone. */
static void on_silence(void *arg)
{
	struct lmtp_conn *c = arg;

	switch (c->wait) {
	case WAIT_AUTH:
		requests_cancel(&c->gate->requests, c->request);
		on_found(c, NULL);
		return;
	case WAIT_QUEUE:
	case WAIT_RESULTS:
		delivery_break(c->delivery);
		conn_run(c);
		return;
	case WAIT_CLIENT:
		lmtp_end(c->lmtp, "4.4.2 too slow");
		wire_flush(&c->wire, lmtp_out(c->lmtp));
		conn_free(c);
	}
}

static uint64_t silence_ms(const struct lmtp_conn *c)
{
	uint64_t seconds = c->gate->options->limits.lmtp_seconds;

	return (seconds != 0 ? seconds : LIMIT_LMTP_SECONDS) * 1000;
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
	timer_start(&c->silence, c->gate->loop, silence_ms(c), on_silence, c);
}

/* Over a Unix socket nobody has one. */
static struct slice peer_text(const struct arrival *from, char out[PEER_TEXT])
{
	char address[ADDRESS_TEXT];

	if (from->peer_port == 0)
		return S("");
	address_text(&from->address, address);
	return address_port_text(slice_cstr(address), from->peer_port, out,
	                         PEER_TEXT);
}

static void conn_init(struct lmtp_conn *c, struct gate *g,
                      const struct arrival *from)
{
	*c = (struct lmtp_conn){ .gate = g, .wire = { .fd = from->fd } };
	session_id_new(c->session_id);
	c->lmtp =
		lmtp_new(g->options->hostname, g->options->message_limit_bytes);
	c->delivery = delivery_new(&(struct delivery_options){
		.gate = g,
		.lmtp = c->lmtp,
		.session_id = c->session_id,
		.peer = peer_text(from, c->peer),
		.changed = on_delivery_changed,
		.arg = c,
	});
	c->watch = watch_new(g->loop, from->fd, conn_run, c);
	member_add(&g->lmtp_conns, &c->member);
	g->lmtp_count++;
}

void lmtp_conn_new(struct gate *g, const struct arrival *from)
{
	struct lmtp_conn *c = mem_new(1, sizeof *c);

	conn_init(c, g, from);
	if (c->watch == NULL) {
		conn_free(c);
		return;
	}
	if (g->lmtp_count > g->options->limits.lmtp) {
		counter_add(COUNTER_TURNED_AWAY, 1);
		lmtp_end(c->lmtp, "4.7.0 too many connections");
	}
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
