/* connection.c -- a socket that doesn't block, and poll(). */
#include "doctor/connection.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static uint64_t now_ms(void)
{
	return system_clock.mono_ms(&system_clock);
}

static const struct err too_late = { ERR_TIMEOUT, "no answer in time" };
static const struct err gone = { ERR_CLOSED, "the connection was closed" };

static struct err wait_for(const struct connection *c, short events)
{
	struct pollfd p = { c->fd, events, 0 };
	uint64_t now = now_ms();
	int n;

	if (now >= c->deadline_ms)
		return too_late;
	n = poll(&p, 1, (int)(c->deadline_ms - now));
	if (n == 0)
		return too_late;
	return n < 0 && errno != EINTR ? err_errno(errno) : OK;
}

static struct err finish_connect(struct connection *c)
{
	struct err e = wait_for(c, POLLOUT);
	socklen_t len = sizeof(int);
	int error = 0;

	if (!is_ok(e))
		return e;
	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error == 0 ? OK : err_errno(error);
}

struct err connection_open(struct connection *c, const struct sockaddr *to,
                           socklen_t len, uint64_t seconds)
{
	struct err e = OK;

	c->ssl = NULL;
	c->n_in = 0;
	c->opened_ms = now_ms();
	c->deadline_ms = c->opened_ms + seconds * 1000;
	c->fd = socket(to->sa_family,
	               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_errno(errno);
	if (connect(c->fd, to, len) != 0)
		e = errno == EINPROGRESS ? finish_connect(c) : err_errno(errno);
	if (!is_ok(e))
		connection_close(c);
	return e;
}

void connection_close(struct connection *c)
{
	if (c->ssl != NULL) {
		SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
	}
	c->ssl = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* -- TLS -- */

/* What OpenSSL has to say, or the error itself. */
static struct err tls_error(struct err e)
{
	unsigned long code = ERR_peek_last_error();
	const char *text = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
		return err(ERR_IO, "what answers there is not TLS");
	return text != NULL ? err(ERR_IO, text) : e;
}

/* OK: it is to be tried again. */
static struct err tls_wait(struct connection *c, int answer)
{
	switch (SSL_get_error(c->ssl, answer)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(c, POLLIN);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(c, POLLOUT);
	default:
		return tls_error(gone);
	}
}

struct err connection_start_tls(struct connection *c, SSL_CTX *context,
                                const char *server_name)
{
	struct err e = OK;
	int answer;

	c->n_in = 0;
	ERR_clear_error();
	c->ssl = SSL_new(context);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, server_name) != 1 ||
	    SSL_set1_host(c->ssl, server_name) != 1)
		return tls_error(err(ERR_IO, "OpenSSL can't begin"));
	while (is_ok(e) && (answer = SSL_connect(c->ssl)) != 1)
		e = tls_wait(c, answer);
	return e;
}

/* -- bytes -- */

static struct err send_some(struct connection *c, struct slice s, size_t *n)
{
	ssize_t sent;
	int answer;

	*n = 0;
	if (c->ssl != NULL) {
		answer = SSL_write(c->ssl, s.ptr, (int)s.len);
		*n = answer > 0 ? (size_t)answer : 0;
		return answer > 0 ? OK : tls_wait(c, answer);
	}
	sent = send(c->fd, s.ptr, s.len, MSG_NOSIGNAL);
	*n = sent > 0 ? (size_t)sent : 0;
	if (sent >= 0)
		return OK;
	return errno == EAGAIN ? wait_for(c, POLLOUT) : err_errno(errno);
}

struct err connection_send(struct connection *c, struct slice s)
{
	struct err e = OK;
	size_t n;

	while (is_ok(e) && s.len != 0) {
		e = send_some(c, s, &n);
		s = slice_from(s, n);
	}
	return e;
}

/* *n is 0 when it is to be tried again. ERR_CLOSED */
static struct err receive_some(struct connection *c, char *into, size_t room,
                               size_t *n)
{
	ssize_t got;
	int answer;

	*n = 0;
	if (c->ssl != NULL) {
		answer = SSL_read(c->ssl, into, (int)room);
		*n = answer > 0 ? (size_t)answer : 0;
		return answer > 0 ? OK : tls_wait(c, answer);
	}
	got = recv(c->fd, into, room, 0);
	*n = got > 0 ? (size_t)got : 0;
	if (got < 0)
		return errno == EAGAIN ? wait_for(c, POLLIN) : err_errno(errno);
	return got == 0 ? gone : OK;
}

/* Takes n octets from the front; valid till the next call. */
static struct slice take(struct connection *c, size_t n)
{
	char line[CONNECTION_LINE];

	memcpy(line, c->in, n);
	memmove(c->in, c->in + n, c->n_in - n);
	c->n_in -= n;
	memcpy(c->in + c->n_in, line, n);
	return slice_of(c->in + c->n_in, n);
}

struct err connection_line(struct connection *c, struct slice *out)
{
	struct err e = OK;
	size_t end, n;

	while (is_ok(e)) {
		end = slice_find_byte(slice_of(c->in, c->n_in), '\n');
		if (end != SLICE_NONE) {
			*out = slice_trim(take(c, end + 1));
			return OK;
		}
		if (c->n_in == sizeof c->in)
			return err(ERR_LIMIT, "a line without an end");
		e = receive_some(c, c->in + c->n_in, sizeof c->in - c->n_in,
		                 &n);
		c->n_in += n;
	}
	return e;
}

struct err connection_rest(struct connection *c, size_t most, struct buf *out)
{
	struct err e = OK;
	size_t n = c->n_in;

	while (is_ok(e) && out->len < most) {
		buf_add(out, slice_of(c->in, n));
		e = receive_some(c, c->in, sizeof c->in, &n);
	}
	c->n_in = 0;
	return e.code == ERR_CLOSED || is_ok(e) ? OK : e;
}

uint64_t connection_ms(const struct connection *c)
{
	return now_ms() - c->opened_ms;
}
