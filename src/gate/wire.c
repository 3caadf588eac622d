/* wire.c -- system calls and OpenSSL's in one set of answers. */
#include "gate/wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/tls.h"
#include "gate/tls_client.h"

void wire_start_tls(struct wire *w, SSL_CTX *ctx, uint8_t listener)
{
	w->ssl = tls_session_new(ctx, listener);
	if (w->ssl == NULL)
		return;
	SSL_set_fd(w->ssl, w->fd);
	SSL_set_accept_state(w->ssl);
	w->transcript = tls_client_watch(w->ssl);
}

static enum io io_of_errno(enum io blocked)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
	               ? blocked
	               : IO_CLOSED;
}

static enum io io_of_ssl(SSL *ssl, int result)
{
	int error = SSL_get_error(ssl, result);

	if (error == SSL_ERROR_WANT_READ)
		return IO_WANT_READ;
	if (error == SSL_ERROR_WANT_WRITE)
		return IO_WANT_WRITE;
	if (error == SSL_ERROR_WANT_X509_LOOKUP)
		return IO_WAIT;
	/* After a fatal error SSL_shutdown() must not be called. */
	if (error != SSL_ERROR_ZERO_RETURN)
		SSL_set_quiet_shutdown(ssl, 1);
	return IO_CLOSED;
}

enum io wire_handshake(struct wire *w)
{
	int result;

	if (w->ssl == NULL)
		return IO_CLOSED;
	ERR_clear_error();
	result = SSL_do_handshake(w->ssl);
	return result == 1 ? IO_DONE : io_of_ssl(w->ssl, result);
}

static enum io read_clear(int fd, void *to, size_t size, size_t *got)
{
	ssize_t n = recv(fd, to, size, 0);

	if (n < 0)
		return io_of_errno(IO_WANT_READ);
	*got = (size_t)n;
	return n == 0 ? IO_CLOSED : IO_DONE;
}

enum io wire_read(struct wire *w, void *to, size_t size, size_t *got)
{
	int result;

	*got = 0;
	if (w->ssl == NULL)
		return read_clear(w->fd, to, size, got);
	ERR_clear_error();
	result = SSL_read_ex(w->ssl, to, size, got);
	return result == 1 ? IO_DONE : io_of_ssl(w->ssl, result);
}

enum io wire_write(struct wire *w, struct slice s, size_t *sent)
{
	ssize_t n;
	int result;

	*sent = 0;
	if (w->ssl == NULL) {
		n = send(w->fd, s.ptr, s.len, MSG_NOSIGNAL);
		*sent = n > 0 ? (size_t)n : 0;
		return n < 0 ? io_of_errno(IO_WANT_WRITE) : IO_DONE;
	}
	ERR_clear_error();
	result = SSL_write_ex(w->ssl, s.ptr, s.len, sent);
	return result == 1 ? IO_DONE : io_of_ssl(w->ssl, result);
}

enum io wire_flush(struct wire *w, struct buf *out)
{
	while (out->len != 0) {
		size_t sent;
		enum io io = wire_write(w, buf_slice(out), &sent);

		if (io != IO_DONE)
			return io;
		buf_drop(out, sent);
	}
	buf_free(out);
	return IO_DONE;
}

/* Bytes nobody has read make close() send a reset, which may overtake our
 * last words. */
static void discard(int fd)
{
	char trash[4096];

	for (int i = 0; i < 16; i++) {
		if (recv(fd, trash, sizeof trash, MSG_DONTWAIT) <= 0)
			return;
	}
}

void wire_end(struct wire *w)
{
	if (w->ssl != NULL) {
		ERR_clear_error();
		if (SSL_is_init_finished(w->ssl))
			SSL_shutdown(w->ssl);
		SSL_free(w->ssl);
		w->ssl = NULL;
	}
	transcript_free(w->transcript);
	w->transcript = NULL;
	if (w->fd >= 0) {
		shutdown(w->fd, SHUT_WR);
		discard(w->fd);
		close(w->fd);
	}
	w->fd = -1;
}
