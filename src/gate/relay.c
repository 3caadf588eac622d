/*
 * relay.c -- TLS on one side, a mail process on the other.
 *
 *                    up: decrypted commands
 *   client ══ TLS ══► [held] ──────► socketpair ──► mail
 *          ◄═════════ [held] ◄────── socketpair ◄──
 *                    down: responses
 *
 * Bytes go through a buffer on the stack. Only what the other side has no
 * room for is held, one piece for each direction, and until it is gone
 * nothing more is read from where it came: so a relay that rests holds
 * nothing, and one that is stuck holds at most two pieces.
 *
 * A side that ends is passed on as an end; the relay is over when mail has
 * ended and the client has got everything. Or mail gives the client back, and
 * with it its end of the socketpair: what has not come out at either end is
 * taken along, and the client begins anew (conn.c). Its next log-in may be in
 * that: what is held on the way up is wiped.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "gate/internal.h"
#include "gate/tls.h"

enum {
	PIECE = 16384, /* the most one TLS record carries */
	TURN = 16,     /* pieces moved before others get a turn */
	END_MS = 5000, /* for the last words, when the server stops */
	/* of a client that is given back: what a frame, the kernel and we hold
	 */
	UNREAD = LIMIT_FRAME + 2 * LIMIT_UNSENT + 2 * PIECE,
};

struct relay {
	struct member member; /* first */
	struct gate *gate;
	struct wire client;
	struct arrival from;
	int mail_fd;
	uint32_t partition;
	uint64_t number; /* 0: mail will not give the client back */
	struct watch *client_watch;
	struct watch *mail_watch;
	struct buf up;
	struct buf down;
	struct timer stuck; /* runs while `down` waits for the client */
	bool client_ended;
	bool mail_ended;
	bool wants_write; /* TLS itself, while we read or write */
};

void relay_free(struct relay *r)
{
	struct gate *g = r->gate;

	gate_forget_return(g, r->partition, r->number);
	member_remove(&r->member);
	timer_stop(&r->stuck);
	watch_free(r->client_watch);
	watch_free(r->mail_watch);
	if (r->client.fd >= 0)
		wire_end(&r->client);
	close(r->mail_fd);
	buf_wipe(&r->up);
	buf_free(&r->down);
	free(r);
	gate_check_end(g);
}

/* To mail, as much as there is room for; the rest is held. */
static enum io send_up(struct relay *r, struct slice s)
{
	ssize_t n = send(r->mail_fd, s.ptr, s.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return IO_CLOSED;
	if (n == (ssize_t)s.len)
		return IO_DONE;
	buf_add(&r->up, slice_from(s, n > 0 ? (size_t)n : 0));
	return IO_WAIT;
}

static enum io flush_up(struct relay *r)
{
	struct buf held = r->up;
	enum io io;

	r->up = (struct buf){ 0 };
	io = held.len != 0 ? send_up(r, buf_slice(&held)) : IO_DONE;
	buf_wipe(&held);
	return io;
}

/* The client said that it ends, or is gone: mail hears of it, and may still
 * have something to say. */
static enum io end_up(struct relay *r)
{
	r->client_ended = true;
	shutdown(r->mail_fd, SHUT_WR);
	return IO_WAIT;
}

/* From client to mail. IO_DONE: there may be more. */
static enum io pump_up(struct relay *r)
{
	char piece[PIECE];
	size_t got;
	enum io io = flush_up(r);

	if (io != IO_DONE || r->client_ended)
		return io == IO_DONE ? IO_WAIT : io;
	io = wire_read(&r->client, piece, sizeof piece, &got);
	if (tls_is_abused(r->client.ssl))
		return IO_CLOSED;
	if (io == IO_CLOSED)
		return end_up(r);
	if (io == IO_DONE)
		io = send_up(r, slice_of(piece, got));
	mem_wipe(piece, got);
	return io;
}

/* To the client; what TLS did not take is held, and given first next time,
 * as OpenSSL asks. */
static enum io send_down(struct relay *r, struct slice s)
{
	enum io io = IO_DONE;
	size_t sent;

	while (s.len != 0 && io == IO_DONE) {
		io = wire_write(&r->client, s, &sent);
		s = slice_from(s, sent);
	}
	if (s.len != 0)
		buf_add(&r->down, s);
	return io;
}

static enum io flush_down(struct relay *r)
{
	struct slice held = buf_take(&r->down);
	enum io io = held.len != 0 ? send_down(r, held) : IO_DONE;

	free((char *)held.ptr);
	return io;
}

/* From mail to client. IO_DONE: there may be more. */
static enum io pump_down(struct relay *r)
{
	char piece[PIECE];
	enum io io = flush_down(r);
	ssize_t n;

	if (io != IO_DONE)
		return io;
	n = recv(r->mail_fd, piece, sizeof piece, MSG_DONTWAIT);
	if (n > 0)
		return send_down(r, slice_of(piece, (size_t)n));
	r->mail_ended = n == 0 || (errno != EAGAIN && errno != EINTR);
	return IO_WAIT;
}

/* IO_CLOSED when the relay is broken. */
static enum io pump(struct relay *r, enum io (*one_way)(struct relay *))
{
	enum io io = IO_DONE;

	for (int i = 0; i < TURN && io == IO_DONE; i++)
		io = one_way(r);
	r->wants_write = r->wants_write || io == IO_WANT_WRITE;
	return io;
}

static void on_stuck(void *arg)
{
	relay_free(arg);
}

/* A client that takes nothing for that long will not come back. */
static uint64_t patience_ms(const struct gate *g)
{
	uint64_t most = g->options->limits.write_seconds * 1000u;

	return g->stopping && most > END_MS ? END_MS : most;
}

static void watch_progress(struct relay *r, bool moved)
{
	if (r->down.len == 0)
		timer_stop(&r->stuck);
	else if (moved || r->stuck.loop == NULL)
		timer_start(&r->stuck, r->gate->loop, patience_ms(r->gate),
		            on_stuck, r);
}

static void watch_both(struct relay *r)
{
	int client = 0;
	int mail = 0;

	if (r->up.len != 0)
		mail |= UV_WRITABLE;
	else if (!r->client_ended)
		client |= UV_READABLE;
	if (r->down.len == 0 && !r->mail_ended)
		mail |= UV_READABLE;
	if (r->down.len != 0 || r->wants_write)
		client |= UV_WRITABLE;
	watch_for(r->client_watch, client);
	watch_for(r->mail_watch, mail);
}

static void relay_run(void *arg)
{
	struct relay *r = arg;
	size_t held = r->down.len;

	r->wants_write = false;
	if (pump(r, pump_up) == IO_CLOSED || pump(r, pump_down) == IO_CLOSED ||
	    (r->mail_ended && r->down.len == 0)) {
		relay_free(r);
		return;
	}
	watch_progress(r, r->down.len < held);
	watch_both(r);
}

/* What is in the kernel, of which there is a bound. */
static void take_all(int fd, struct buf *to)
{
	ssize_t n;

	do {
		n = recv(fd, buf_room(to, PIECE), PIECE, MSG_DONTWAIT);
		to->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
}

static void give_back(struct relay *r, int mail_fd, struct slice input)
{
	struct gate *g = r->gate;
	struct returned back = { .from = r->from, .wire = r->client };
	struct buf unread = { 0 };
	struct buf unsent = r->down;

	buf_fit(&unread, UNREAD);
	buf_add(&unread, input);
	take_all(mail_fd, &unread);
	buf_add(&unread, buf_slice(&r->up));
	take_all(r->mail_fd, &unsent);
	r->down = (struct buf){ 0 };
	r->client.fd = -1;
	relay_free(r);
	back.input = buf_slice(&unread);
	back.output = buf_slice(&unsent);
	conn_return(g, &back);
	buf_wipe(&unread);
	buf_free(&unsent);
}

/* FRAME_RETURN behind its relay; NULL: mail has gone, and its end of the
 * socketpair */
static void on_return(void *arg, struct frame_in *f)
{
	struct relay *r = arg;
	struct slice input;

	r->number = 0;
	if (f == NULL)
		return;
	input = frame_read_slice(f, LIMIT_FRAME);
	/* of itself it knows better */
	frame_read_slice(f, ADDRESS_TEXT);
	read_u16(&f->r);
	read_u8(&f->r);
	if (frame_is_whole(f) && f->fd >= 0)
		give_back(r, f->fd, input);
	else
		relay_free(r);
}

struct relay *relay_new(struct gate *g, const struct arrival *from,
                        uint32_t partition, int mail_fd)
{
	struct relay *r = mem_new(1, sizeof *r);

	*r = (struct relay){ .gate = g,
		             .client.fd = -1,
		             .from = *from,
		             .mail_fd = mail_fd,
		             .partition = partition };
	r->number = gate_await_return(g, partition, on_return, r);
	member_add(&g->relays, &r->member);
	return r;
}

uint64_t relay_number(const struct relay *r)
{
	return r->number;
}

void relay_start(struct relay *r, struct wire client)
{
	struct gate *g = r->gate;

	r->client = client;
	r->client_watch = watch_new(g->loop, client.fd, relay_run, r);
	r->mail_watch = watch_new(g->loop, r->mail_fd, relay_run, r);
	if (r->client_watch == NULL || r->mail_watch == NULL)
		relay_free(r);
	else
		relay_run(r);
}

void relays_stop(struct gate *g)
{
	for (struct member *m = g->relays.next; m != &g->relays; m = m->next)
		watch_progress((struct relay *)m, true);
}

void relays_free(struct gate *g)
{
	while (g->relays.next != &g->relays)
		relay_free((struct relay *)g->relays.next);
}
