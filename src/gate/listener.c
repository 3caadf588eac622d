/*
 * listener.c -- accepting, also when there is nothing left to accept with.
 *
 * Out of descriptors, the kernel would report a waiting client for ever and
 * we would ask for ever. So one descriptor is kept in reserve: it is given
 * up to take the client in and send him away, and the listener rests for a
 * moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/internal.h"

enum {
	REST_MS = 100,
	TURN = 32,  /* clients accepted before others get a turn */
	PROBES = 5, /* without an answer, then it is gone */
};

struct listener {
	struct member member; /* first */
	struct gate *gate;
	struct watch *watch;
	struct timer rest;
	uint64_t rests; /* how often there were no descriptors */
	int fd;
	enum listener_kind kind;
	uint16_t port;
	bool proxy;
};

static void on_rested(void *arg)
{
	struct listener *l = arg;

	watch_for(l->watch, UV_READABLE);
}

static void log_rest(const struct listener *l)
{
	struct log_line line = log_open(LOG_LEVEL_ERROR, "no_descriptors");

	log_number(&line, "port", l->port);
	log_number(&line, "times", l->rests);
	log_close(&line);
}

static void rest(struct listener *l)
{
	struct gate *g = l->gate;
	int fd;

	close(g->reserve_fd);
	fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		counter_add(COUNTER_CONNECTIONS + l->kind, 1);
		counter_add(COUNTER_TURNED_AWAY, 1);
		close(fd);
	}
	g->reserve_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	/* every power of two is enough to be seen and does not fill a disk */
	l->rests++;
	if ((l->rests & (l->rests - 1)) == 0)
		log_rest(l);
	watch_for(l->watch, 0);
	timer_start(&l->rest, g->loop, REST_MS, on_rested, l);
}

static void set_tcp(int fd, int option, int value)
{
	setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
}

/*
 * A client whose network has gone away says nothing for ever. It is asked
 * when it has been silent for keepalive_time, and given up when the probes,
 * or what we have sent, have not been answered: a phone that sleeps does
 * answer. Without TCP_NOTSENT_LOWAT one who does not read has megabytes in
 * the kernel.
 */
static void set_options(int fd, uint32_t silent_s)
{
	int yes = 1;
	int apart_s = silent_s > 20 ? (int)silent_s / 20 : 1;
	int gone_s = (int)silent_s + PROBES * apart_s;

	/* On a Unix socket they fail, and are not needed. */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
	set_tcp(fd, TCP_NODELAY, 1);
	set_tcp(fd, TCP_KEEPIDLE, (int)silent_s);
	set_tcp(fd, TCP_KEEPINTVL, apart_s);
	set_tcp(fd, TCP_KEEPCNT, PROBES);
	set_tcp(fd, TCP_USER_TIMEOUT, gone_s * 1000);
	set_tcp(fd, TCP_NOTSENT_LOWAT, LIMIT_UNSENT);
}

void arrival_begin(struct gate *g, const struct arrival *a)
{
	if (a->kind == LISTENER_LMTP)
		lmtp_conn_new(g, a);
	else
		conn_new(g, a);
}

/* False: nobody is waiting any more, or nobody can be taken in. */
static bool accept_one(struct listener *l)
{
	struct sockaddr_storage from = { 0 };
	socklen_t size = sizeof from;
	struct arrival a = { .kind = l->kind, .local_port = l->port };

	a.fd = accept4(l->fd, (struct sockaddr *)&from, &size,
	               SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (a.fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		rest(l);
		return false;
	}
	/* ECONNABORTED and the like are one client's trouble */
	if (a.fd < 0)
		return errno == ECONNABORTED || errno == EINTR;
	counter_add(COUNTER_CONNECTIONS + l->kind, 1);
	a.address = address_of(&from, &a.peer_port);
	set_options(a.fd, l->gate->options->limits.keepalive_seconds);
	if (l->proxy && gate_is_balancer(l->gate, &a.address))
		proxied_new(l->gate, &a);
	else
		arrival_begin(l->gate, &a);
	return true;
}

static void on_readable(void *arg)
{
	for (int i = 0; i < TURN && accept_one(arg); i++)
		continue;
}

static void listener_free(struct listener *l)
{
	member_remove(&l->member);
	timer_stop(&l->rest);
	watch_free(l->watch);
	close(l->fd);
	free(l);
}

void listener_new(struct gate *g, int fd, enum listener_kind kind,
                  uint16_t port, bool proxy)
{
	struct listener *l = mem_new(1, sizeof *l);

	*l = (struct listener){
		.gate = g, .fd = fd, .kind = kind, .port = port, .proxy = proxy
	};
	member_add(&g->listeners, &l->member);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	l->watch = watch_new(g->loop, fd, on_readable, l);
	if (l->watch == NULL) {
		log_note(LOG_LEVEL_ERROR, "listener", "can't be watched");
		listener_free(l);
		return;
	}
	watch_for(l->watch, UV_READABLE);
}

void listeners_free(struct gate *g)
{
	while (g->listeners.next != &g->listeners)
		listener_free((struct listener *)g->listeners.next);
}
