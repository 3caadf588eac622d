/*
 * proxied.c -- a balancer's connection until it has said whose it is.
 *
 * Not one octet is read that is not of the header: what follows may be TLS's,
 * or go to mail with the socket. Until then it counts among all connections;
 * from then on it is as if the client had come by itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/internal.h"
#include "gate/proxy.h"

struct proxied {
	struct member member; /* first */
	struct guest guest;
	struct gate *gate;
	struct watch *watch;
	struct timer deadline;
	struct arrival from;
	size_t len;
	char header[LIMIT_PROXY];
};

/* The descriptor is somebody else's by now, or closed. */
static void proxied_free(struct proxied *p)
{
	struct gate *g = p->gate;

	timer_stop(&p->deadline);
	watch_free(p->watch);
	admission_leave(g->admission, &p->guest);
	member_remove(&p->member);
	free(p);
}

static void proxied_close(struct proxied *p)
{
	watch_free(p->watch);
	p->watch = NULL;
	close(p->from.fd);
	proxied_free(p);
}

static void refuse(struct proxied *p, const char *why)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "proxy_refused");
	char text[ADDRESS_TEXT];

	address_text(&p->from.address, text);
	log_text(&l, "balancer", slice_cstr(text));
	log_number(&l, "port", p->from.local_port);
	log_text(&l, "reason", slice_cstr(why));
	log_close(&l);
	proxied_close(p);
}

static void on_deadline(void *arg)
{
	refuse(arg, "there was no header in time");
}

static void go_on(struct proxied *p, const struct proxy_header *h)
{
	struct arrival from = p->from;
	struct gate *g = p->gate;

	if (h->has_peer) {
		from.address = h->peer;
		from.peer_port = h->port;
	}
	from.tls = h->tls && g->options->proxy_tls;
	watch_free(p->watch);
	p->watch = NULL;
	proxied_free(p);
	arrival_begin(g, &from);
}

/* Looked at first, then read as far as it is ours. */
static void on_readable(void *arg)
{
	struct proxied *p = arg;
	char *to = p->header + p->len;
	struct proxy_header h;
	enum proxy result;
	ssize_t n = recv(p->from.fd, to, sizeof p->header - p->len, MSG_PEEK);
	size_t take;

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			proxied_close(p); /* a balancer's look at us */
		return;
	}
	result = proxy_parse(slice_of(p->header, p->len + (size_t)n), &h);
	take = result == PROXY_DONE ? h.size - p->len : (size_t)n;
	if (result == PROXY_BAD ||
	    recv(p->from.fd, to, take, 0) != (ssize_t)take) {
		refuse(p, "that is no header");
		return;
	}
	p->len += take;
	if (result == PROXY_DONE)
		go_on(p, &h);
}

void proxied_new(struct gate *g, const struct arrival *from)
{
	struct proxied *p = mem_new(1, sizeof *p);

	p->gate = g;
	p->from = *from;
	member_add(&g->proxied, &p->member);
	p->watch = watch_new(g->loop, from->fd, on_readable, p);
	if (p->watch == NULL ||
	    !admission_enter(g->admission, &p->guest, &from->address, true)) {
		proxied_close(p);
		return;
	}
	timer_start(&p->deadline, g->loop, LIMIT_PROXY_SECONDS * 1000,
	            on_deadline, p);
	watch_for(p->watch, UV_READABLE);
}

void proxieds_free(struct gate *g)
{
	while (g->proxied.next != &g->proxied)
		proxied_close((struct proxied *)g->proxied.next);
}
