/*
 * stream.c -- one uv_poll, one queue of output.
 *
 * Small writes gather in the queue and leave together at the end of the
 * turn; a large one is offered to the kernel at once, behind what is
 * queued, and only what it leaves is copied. What the kernel will not take
 * stays queued and a clock runs: it starts again whenever some bytes go and
 * ends the stream when none do.
 *
 * Interest in reading is left armed between requests, which saves two
 * system calls each; an event that nobody wants disarms it.
 */
#include "task/stream.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "task/internal.h"

enum {
	GATHER = 16384, /* queued octets that are worth a system call */
	SMALL = 4096,   /* so few may make the queue twice as long */
};

struct stream {
	uv_poll_t poll;
	struct turn_job flush; /* at the end of the turn */
	struct loop *loop;
	int fd;
	int armed; /* UV_READABLE, UV_WRITABLE */
	struct err failed;
	struct buf queue;
	struct wait_list writer;
	struct timer stuck; /* runs while the kernel takes nothing */
	uint64_t write_timeout_ms;
	void (*on_readable)(void *arg);
	void *on_readable_arg;
};

static void arm(struct stream *s, int events);

/* -- failing -- */

static void fail(struct stream *s, struct err e)
{
	if (!is_ok(s->failed))
		return;
	s->failed = e;
	buf_free(&s->queue);
	timer_stop(&s->stuck);
	arm(s, 0);
	task_wake_all(&s->writer);
	loop_at_turn_end(s->loop, &s->flush); /* tells on_readable */
}

static void on_stuck(void *arg)
{
	fail(arg, err(ERR_TIMEOUT, "the peer takes nothing"));
}

/* -- sending -- */

static void wait_writable(struct stream *s)
{
	if (s->stuck.loop == NULL)
		timer_start(&s->stuck, s->loop, s->write_timeout_ms, on_stuck,
		            s);
	arm(s, s->armed | UV_WRITABLE);
}

/* Offers the queue and then `more`; *sent says how much went of both. */
static struct err offer(struct stream *s, struct slice more, size_t *sent)
{
	struct iovec parts[] = {
		{ s->queue.data, s->queue.len },
		{ (void *)(uintptr_t)more.ptr, more.len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n;

	do {
		n = sendmsg(s->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	*sent = n > 0 ? (size_t)n : 0;
	if (n < 0 && errno != EAGAIN && errno != ENOBUFS)
		return err_errno(errno);
	return OK;
}

/* Sends what the kernel takes of the queue and of `more`; the rest of both
 * is the queue. */
static void send_queue(struct stream *s, struct slice more)
{
	size_t queued = s->queue.len;
	size_t sent;
	struct err e = offer(s, more, &sent);

	if (!is_ok(e)) {
		fail(s, err(ERR_CLOSED, e.text));
		return;
	}
	if (sent != 0)
		timer_stop(&s->stuck);
	buf_drop(&s->queue, sent);
	more = slice_from(more, sent > queued ? sent - queued : 0);
	if (more.len > SMALL)
		buf_fit(&s->queue, s->queue.len + more.len);
	buf_add(&s->queue, more);
	if (s->queue.len != 0)
		wait_writable(s);
	else
		buf_free(&s->queue);
	if (sent != 0)
		task_wake_all(&s->writer);
}

static void flush_at_turn_end(struct turn_job *job)
{
	struct stream *s =
		(struct stream *)((char *)job - offsetof(struct stream, flush));
	void (*fn)(void *arg) = s->on_readable;

	if (is_ok(s->failed)) {
		/* else the kernel was full and says when it is not */
		if (s->queue.len != 0 && (s->armed & UV_WRITABLE) == 0)
			send_queue(s, S(""));
		return;
	}
	s->on_readable = NULL;
	if (fn != NULL)
		fn(s->on_readable_arg);
}

struct err stream_queue(struct stream *s, struct slice bytes)
{
	if (!is_ok(s->failed) || bytes.len == 0)
		return s->failed;
	if (s->queue.len + bytes.len < GATHER ||
	    (s->armed & UV_WRITABLE) != 0) {
		if (bytes.len > SMALL)
			buf_fit(&s->queue, s->queue.len + bytes.len);
		buf_add(&s->queue, bytes);
		loop_at_turn_end(s->loop, &s->flush);
	} else {
		send_queue(s, bytes);
	}
	return s->failed;
}

struct err stream_wait(struct stream *s, size_t most)
{
	while (is_ok(s->failed) && s->queue.len > most)
		task_wait(&s->writer, WAIT_FOREVER);
	return s->failed;
}

struct err stream_flush(struct stream *s)
{
	if (is_ok(s->failed) && s->queue.len != 0 &&
	    (s->armed & UV_WRITABLE) == 0)
		send_queue(s, S(""));
	while (is_ok(s->failed) && s->queue.len != 0)
		task_wait(&s->writer, WAIT_FOREVER);
	return s->failed;
}

/* -- events -- */

static void tell_readable(struct stream *s)
{
	void (*fn)(void *arg) = s->on_readable;

	if (fn == NULL) {
		arm(s, s->armed & ~UV_READABLE);
		return;
	}
	s->on_readable = NULL;
	fn(s->on_readable_arg);
}

/* An error (status) shows itself in the next read or write. */
static void on_event(uv_poll_t *poll, int status, int events)
{
	struct stream *s = poll->data;

	if (status != 0)
		events = UV_READABLE | UV_WRITABLE;
	if ((events & UV_WRITABLE) != 0) {
		arm(s, s->armed & ~UV_WRITABLE);
		send_queue(s, S(""));
	}
	if ((events & UV_READABLE) != 0 && is_ok(s->failed))
		tell_readable(s);
}

static void arm(struct stream *s, int events)
{
	if (events == s->armed)
		return;
	s->armed = events;
	if (events != 0)
		uv_poll_start(&s->poll, events, on_event);
	else
		uv_poll_stop(&s->poll);
}

/* -- reading -- */

struct err stream_read(struct stream *s, void *to, size_t size, size_t *got)
{
	ssize_t n;

	*got = 0;
	if (!is_ok(s->failed))
		return s->failed;
	do {
		n = recv(s->fd, to, size, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return OK;
	if (n < 0) {
		fail(s, err(ERR_CLOSED, err_errno(errno).text));
		return s->failed;
	}
	*got = (size_t)n;
	return n != 0 ? OK : err(ERR_CLOSED, "end of stream");
}

void stream_on_readable(struct stream *s, void (*fn)(void *arg), void *arg)
{
	s->on_readable = fn;
	s->on_readable_arg = arg;
	if (fn == NULL)
		return;
	if (is_ok(s->failed))
		arm(s, s->armed | UV_READABLE);
	else
		loop_at_turn_end(s->loop, &s->flush);
}

/* -- the rest -- */

struct stream *stream_new(struct loop *l, int fd)
{
	struct stream *s = mem_new(1, sizeof *s);

	s->loop = l;
	s->fd = fd;
	s->flush.run = flush_at_turn_end;
	s->write_timeout_ms = LIMIT_WRITE_SECONDS * 1000;
	if (uv_poll_init(&l->uv, &s->poll, fd) != 0)
		abort(); /* not a socket: a mistake in this program */
	s->poll.data = s;
	return s;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

int stream_release(struct stream *s)
{
	int fd = s->fd;

	assert(s->writer.first == NULL);
	loop_forget_job(s->loop, &s->flush);
	timer_stop(&s->stuck);
	buf_free(&s->queue);
	uv_close((uv_handle_t *)&s->poll, on_closed);
	return fd;
}

void stream_free(struct stream *s)
{
	if (s != NULL)
		close(stream_release(s));
}

void stream_abort(struct stream *s)
{
	fail(s, err(ERR_CLOSED, "the connection was closed"));
}

void stream_set_write_timeout(struct stream *s, uint64_t timeout_ms)
{
	s->write_timeout_ms = timeout_ms;
}

bool stream_is_leaving(const struct stream *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLRDHUP };

	return !is_ok(s->failed) || poll(&p, 1, 0) > 0;
}

size_t stream_queued(const struct stream *s)
{
	return s->queue.len;
}
