/*
 * http.c -- one listener, and who asks there.
 *
 * libmicrohttpd speaks HTTP; it is run by our loop, on one thread. A request is
 * a line and some headers in CONNECTION_BYTES; each has its connection, which
 * lasts CONNECTION_S in all, however busy it looks.
 *
 * A page in somebody's browser must not read this by way of a name that it has
 * made mean 127.0.0.1 (DNS rebinding): a name that is not ours is refused.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "metrics/internal.h"

enum {
	CONNECTIONS = 16,
	CONNECTION_BYTES = 16384,
	CONNECTION_S = 10,
	LOOK_MS = 1000,
};

struct open {
	int fd; /* -1: none */
	uint64_t since_ms;
};

struct http {
	struct metrics *metrics;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	struct timer due;  /* libmicrohttpd wants to be run */
	struct timer look; /* at those that last too long */
	struct open open[CONNECTIONS];
	bool has_closed; /* one of them, in this turn */
};

/* One that waits for something. */
struct request {
	struct http *http;
	struct MHD_Connection *connection;
	bool is_asked;
};

/* -- the loop -- */

static void run(struct http *h);

static void on_due(void *arg)
{
	run(arg);
}

/* Where all places were taken the library looks at its listener again in the
 * turn after one has become free. */
static void run(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	h->has_closed = false;
	MHD_run(h->daemon);
	if (h->has_closed || MHD_get_timeout(h->daemon, &ms) == MHD_YES)
		timer_start(&h->due, h->metrics->loop, ms != 0 ? ms : 1, on_due,
		            h);
	else
		timer_stop(&h->due);
}

/* -- answers -- */

/* Takes what is in body. */
static enum MHD_Result answer(struct MHD_Connection *c, unsigned status,
                              const char *type, struct buf *body)
{
	struct slice bytes = buf_take(body);
	struct MHD_Response *r = MHD_create_response_from_buffer(
		bytes.len, (void *)(uintptr_t)bytes.ptr, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status,
                           const char *text)
{
	struct buf body = { 0 };

	buf_add(&body, slice_cstr(text));
	return answer(c, status, "text/plain; charset=utf-8", &body);
}

static const char *header_of(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum exposition wanted_by(struct MHD_Connection *c)
{
	const char *accept = header_of(c, MHD_HTTP_HEADER_ACCEPT);

	if (accept == NULL || strstr(accept, "application/openmetrics-text"))
		return OPENMETRICS;
	return strstr(accept, "text/plain") ? PROMETHEUS : OPENMETRICS;
}

static enum MHD_Result answer_metrics(struct request *r)
{
	static const char *const content[] = {
		[OPENMETRICS] = "application/openmetrics-text; version=1.0.0; "
				"charset=utf-8",
		[PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
	};
	enum exposition as = wanted_by(r->connection);
	struct buf body = { 0 };

	page_write(r->http->metrics, as, &body);
	return answer(r->connection, MHD_HTTP_OK, content[as], &body);
}

static enum MHD_Result answer_live(struct request *r)
{
	return say(r->connection, MHD_HTTP_OK, "ok\n");
}

/* Nothing that the library watches says that it may go on. */
static void on_health(void *arg)
{
	struct request *r = arg;

	MHD_resume_connection(r->connection);
	timer_start(&r->http->due, r->http->metrics->loop, 1, on_due, r->http);
}

static enum MHD_Result answer_ready(struct request *r)
{
	struct health *h = r->http->metrics->health;
	struct buf body = { 0 };

	if (!r->is_asked && !health_is_known(h)) {
		r->is_asked = true;
		MHD_suspend_connection(r->connection);
		health_ask(h, on_health, r);
		return MHD_YES;
	}
	if (health_is_well(h))
		buf_add(&body, S("ok\n"));
	buf_add(&body, health_text(h));
	return answer(r->connection,
	              health_is_well(h) ? MHD_HTTP_OK
	                                : MHD_HTTP_SERVICE_UNAVAILABLE,
	              "text/plain; charset=utf-8", &body);
}

static const struct {
	const char *path;
	enum MHD_Result (*answer)(struct request *);
} routes[] = {
	{ "/metrics", answer_metrics },
	{ "/healthz/live", answer_live },
	{ "/healthz/ready", answer_ready },
};

/* -- requests -- */

/* "name:port", "1.2.3.4", "[::1]:9" without what is not the name */
static struct slice name_in(struct slice host)
{
	size_t end;

	if (slice_starts(host, S("["))) {
		end = slice_find_byte(host, ']');
		return end == SLICE_NONE ? S("")
		                         : slice_of(host.ptr + 1, end - 1);
	}
	end = slice_find_byte(host, ':');
	return end == SLICE_NONE ? host : slice_first(host, end);
}

static bool is_where(struct MHD_Connection *c, const char *address)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr_storage here = { 0 };
	socklen_t size = sizeof here;
	char text[INET6_ADDRSTRLEN] = "";

	if (info == NULL ||
	    getsockname(info->connect_fd, (struct sockaddr *)&here, &size) != 0)
		return false;
	if (here.ss_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)&here)->sin_addr,
		          text, sizeof text);
	else if (here.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&here)->sin6_addr,
		          text, sizeof text);
	return strcmp(text, address) == 0;
}

/* An address, that of this machine or of the connection, is nobody's name. */
static bool is_address(struct MHD_Connection *c, struct slice name)
{
	struct in6_addr v6;
	struct in_addr v4;
	char text[INET6_ADDRSTRLEN];

	if (name.len == 0 || name.len >= sizeof text)
		return false;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1)
		return v4.s_addr << 24 == 127U << 24 || is_where(c, text);
	return inet_pton(AF_INET6, text, &v6) == 1 &&
	       (IN6_IS_ADDR_LOOPBACK(&v6) || is_where(c, text));
}

/* Without the header no browser asks. */
static bool is_for_us(const struct request *r)
{
	const char *host = header_of(r->connection, MHD_HTTP_HEADER_HOST);
	struct slice name;

	if (host == NULL)
		return true;
	name = name_in(slice_cstr(host));
	return slice_ieq(name, S("localhost")) ||
	       slice_ieq(name,
	                 slice_cstr(r->http->metrics->options->hostname)) ||
	       is_address(r->connection, name);
}

static bool has_body(struct MHD_Connection *c)
{
	return header_of(c, MHD_HTTP_HEADER_CONTENT_LENGTH) != NULL ||
	       header_of(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

static enum MHD_Result route(struct request *r, const char *path,
                             const char *method)
{
	if (!is_for_us(r))
		return say(r->connection, MHD_HTTP_MISDIRECTED_REQUEST,
		           "That name is not this server's.\n");
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return say(r->connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		           "There is only GET.\n");
	if (has_body(r->connection))
		return say(r->connection, MHD_HTTP_CONTENT_TOO_LARGE,
		           "There is nothing to send.\n");
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (strcmp(path, routes[i].path) == 0)
			return routes[i].answer(r);
	}
	return say(r->connection, MHD_HTTP_NOT_FOUND,
	           "There are /metrics, /healthz/live and /healthz/ready.\n");
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c,
                                  const char *path, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **state)
{
	struct request *r = *state;

	(void)version;
	(void)data;
	*size = 0;
	if (r == NULL) {
		r = mem_new(1, sizeof *r);
		*r = (struct request){ .http = arg, .connection = c };
		*state = r;
	}
	return route(r, path, method);
}

static void on_completed(void *arg, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode how)
{
	(void)arg;
	(void)c;
	(void)how;
	free(*state);
	*state = NULL;
}

/* -- connections -- */

static void on_look(void *arg)
{
	struct http *h = arg;
	uint64_t now = loop_now_ms(h->metrics->loop);
	bool some = false;

	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct open *o = &h->open[i];

		some |= o->fd >= 0;
		if (o->fd >= 0 && now - o->since_ms > CONNECTION_S * 1000)
			shutdown(o->fd, SHUT_RDWR);
	}
	if (some)
		timer_start(&h->look, h->metrics->loop, LOOK_MS, on_look, h);
}

static void on_opened(struct http *h, int fd)
{
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (h->open[i].fd >= 0)
			continue;
		h->open[i] = (struct open){ fd, loop_now_ms(h->metrics->loop) };
		break;
	}
	if (h->look.loop == NULL)
		timer_start(&h->look, h->metrics->loop, LOOK_MS, on_look, h);
}

static void on_closed_connection(struct http *h, int fd)
{
	h->has_closed = true;
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (h->open[i].fd == fd)
			h->open[i].fd = -1;
	}
}

static void on_connection(void *arg, struct MHD_Connection *c, void **state,
                          enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	(void)state;
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		on_opened(arg, info->connect_fd);
	else
		on_closed_connection(arg, info->connect_fd);
}

/* -- the listener -- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	run(poll->data);
}

static struct MHD_Daemon *start(struct http *h, int fd)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_S,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
}

static bool watch(struct http *h)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	h->poll.data = h;
	return info != NULL &&
	       uv_poll_init(loop_uv(h->metrics->loop), &h->poll,
	                    info->epoll_fd) == 0 &&
	       uv_poll_start(&h->poll, UV_READABLE, on_poll) == 0;
}

struct http *http_new(struct metrics *m, int fd)
{
	struct http *h = mem_new(1, sizeof *h);

	h->metrics = m;
	for (size_t i = 0; i < CONNECTIONS; i++)
		h->open[i].fd = -1;
	h->daemon = start(h, fd);
	if (h->daemon == NULL) {
		log_note(LOG_LEVEL_ERROR, "listener", "can't be served");
		close(fd);
		free(h);
		return NULL;
	}
	if (!watch(h))
		abort(); /* an epoll descriptor can be watched */
	return h;
}

static void on_closed(uv_handle_t *poll)
{
	free(poll->data);
}

void http_free(struct http *h)
{
	timer_stop(&h->due);
	uv_poll_stop(&h->poll);
	MHD_stop_daemon(h->daemon);
	timer_stop(&h->look);
	uv_close((uv_handle_t *)&h->poll, on_closed);
}
