/*
 * gate.c -- the process: its links to the others, and what the parent says.
 *
 * Everything that lives here hangs in one struct and ends with it. The
 * process has no tasks: each thing has a state, and is called when a
 * descriptor is ready, an answer has come or a timer has run out.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/internal.h"
#include "gate/tls.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, WARN_DAYS = 30 };

struct peer {
	struct gate *gate;
	struct link *link;
	struct requests returns; /* of a mail process: clients it may return */
	struct peer **place;     /* where the gate points to it */
};

void member_add(struct member *head, struct member *m)
{
	m->next = head;
	m->prev = head->prev;
	head->prev->next = m;
	head->prev = m;
}

void member_remove(struct member *m)
{
	m->prev->next = m->next;
	m->next->prev = m->prev;
}

static void member_head(struct member *head)
{
	head->next = head->prev = head;
}

static bool member_is_alone(const struct member *head)
{
	return head->next == head;
}

struct link *gate_mail(struct gate *g, uint32_t partition)
{
	if (partition >= GATE_PARTITIONS || g->mail[partition] == NULL)
		return NULL;
	return g->mail[partition]->link;
}

bool gate_trusts(const struct gate *g, const struct address *a)
{
	for (size_t i = 0; i < g->options->trusted_count; i++) {
		if (network_has(&g->options->trusted[i], a))
			return true;
	}
	return false;
}

void session_id_new(char out[SESSION_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[SESSION_ID_SIZE / 2];

	random_bytes(raw, sizeof raw);
	for (size_t i = 0; i < sizeof raw; i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
}

void gate_check_end(struct gate *g)
{
	if (g->stopping && member_is_alone(&g->conns) &&
	    member_is_alone(&g->relays) && member_is_alone(&g->lmtp_conns))
		loop_stop(g->loop);
}

uint64_t request_begin(struct gate *g, struct frame_out *f, uint16_t type,
                       request_fn *fn, void *arg)
{
	uint64_t id;

	if (g->auth == NULL)
		return 0;
	id = requests_add(&g->requests, fn, arg);
	frame_begin(f, type);
	frame_u64(f, id);
	return id;
}

bool request_send(struct gate *g, struct frame_out *f, uint64_t id)
{
	if (g->auth != NULL && is_ok(link_send(g->auth->link, f, -1)))
		return true;
	requests_cancel(&g->requests, id);
	return false;
}

static void log_bad_frame(const char *from, const struct frame_in *f)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "bad_frame");

	log_text(&l, "from", slice_cstr(from));
	log_number(&l, "type", f->type);
	log_close(&l);
}

/* auth: VERDICT and FOUND, which both begin with the request */
static void on_auth_frame(void *arg, struct frame_in *f)
{
	struct peer *p = arg;
	uint64_t id = read_u64(&f->r);

	if (f->fd >= 0)
		close(f->fd);
	if (f->type != FRAME_VERDICT && f->type != FRAME_FOUND)
		log_bad_frame("auth", f);
	else
		requests_answer(&p->gate->requests, id, f);
}

uint64_t gate_await_return(struct gate *g, uint32_t partition, request_fn *fn,
                           void *arg)
{
	return requests_add(&g->mail[partition]->returns, fn, arg);
}

void gate_forget_return(struct gate *g, uint32_t partition, uint64_t relay)
{
	if (g->mail[partition] != NULL)
		requests_cancel(&g->mail[partition]->returns, relay);
}

/* A client in clear, for whom there is no relay: who it is the kernel knows. */
static void return_clear(struct gate *g, struct frame_in *f)
{
	struct slice input = frame_read_slice(f, LIMIT_FRAME);
	struct sockaddr_storage peer = { 0 }, own = { 0 };
	socklen_t size = sizeof peer;
	struct returned r = { .from.kind = LISTENER_IMAP,
		              .wire.fd = f->fd,
		              .input = input };

	if (!frame_is_whole(f) || f->fd < 0 ||
	    getpeername(f->fd, (struct sockaddr *)&peer, &size) != 0)
		return;
	size = sizeof own;
	getsockname(f->fd, (struct sockaddr *)&own, &size);
	address_of(&own, &r.from.local_port);
	r.from.address = address_of(&peer, &r.from.peer_port);
	r.from.fd = f->fd;
	f->fd = -1;
	conn_return(g, &r);
}

/* mail: RETURN. A relay's number is good for the link that it was told. */
static void on_mail_frame(void *arg, struct frame_in *f)
{
	struct peer *p = arg;
	uint64_t relay = read_u64(&f->r);

	if (f->type != FRAME_RETURN)
		log_bad_frame("mail", f);
	else if (relay == 0)
		return_clear(p->gate, f);
	else
		requests_answer(&p->returns, relay, f);
	if (f->fd >= 0)
		close(f->fd);
}

static void peer_free(struct peer *p)
{
	struct gate *g = p->gate;
	bool is_auth = p->place == &g->auth;

	*p->place = NULL;
	link_free(p->link);
	requests_fail_all(&p->returns);
	requests_free(&p->returns);
	free(p);
	if (is_auth)
		requests_fail_all(&g->requests);
}

static void on_peer_close(void *arg)
{
	peer_free(arg);
}

static void peer_new(struct gate *g, struct peer **place, int fd,
                     void (*on_frame)(void *, struct frame_in *))
{
	struct peer *p = mem_new(1, sizeof *p);

	if (*place != NULL)
		peer_free(*place);
	*p = (struct peer){ .gate = g, .place = place };
	p->link = link_new(g->loop, fd,
	                   (struct link_handler){ .on_frame = on_frame,
	                                          .on_close = on_peer_close,
	                                          .arg = p });
	*place = p;
}

/* The handlers below own f->fd; what they keep they set to -1. */
static bool on_peer(struct gate *g, struct frame_in *f)
{
	uint8_t role = read_u8(&f->r);
	uint32_t index = read_u32(&f->r);

	if (!frame_is_whole(f) || f->fd < 0)
		return false;
	if (role == ROLE_AUTH)
		peer_new(g, &g->auth, f->fd, on_auth_frame);
	else if (role == ROLE_MAIL && index < GATE_PARTITIONS)
		peer_new(g, &g->mail[index], f->fd, on_mail_frame);
	else
		return false;
	f->fd = -1;
	return true;
}

static bool on_listener(struct gate *g, struct frame_in *f)
{
	uint8_t kind = read_u8(&f->r);
	uint16_t port = read_u16(&f->r);

	if (!frame_is_whole(f) || f->fd < 0 || kind > LISTENER_LMTP)
		return false;
	listener_new(g, f->fd, kind, port);
	f->fd = -1;
	return true;
}

static bool on_resumption(struct gate *g, struct frame_in *f)
{
	struct slice now = frame_read_slice(f, RESUMPTION_KEY_SIZE);
	struct slice before = frame_read_slice(f, RESUMPTION_KEY_SIZE);

	return frame_is_whole(f) && resumption_use(&g->resumption, now, before);
}

/* Daily: a certificate runs out while nothing else happens. */
static void check_certificate(void *arg)
{
	struct gate *g = arg;
	int days = tls_days_left(g->tls);
	struct log_line l;

	timer_start(&g->certificate_timer, g->loop, DAY_MS, check_certificate,
	            g);
	if (days >= WARN_DAYS)
		return;
	l = log_open(LOG_LEVEL_WARN,
	             days < 0 ? "certificate_expired" : "certificate_expires");
	if (days >= 0)
		log_number(&l, "days", (uint64_t)days);
	log_close(&l);
}

/* Whoever has a session keeps the context it began with. */
static bool on_certificate(struct gate *g, struct frame_in *f)
{
	struct slice name = frame_read_slice(f, 1024);
	const char *problem;
	struct ssl_ctx_st *ctx;
	struct log_line l;

	if (!frame_is_whole(f) || f->fd < 0)
		return false;
	ctx = tls_load(f->fd, &g->resumption, &problem);
	l = log_open(ctx != NULL ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
	             ctx != NULL ? "certificate" : "certificate_refused");
	log_text(&l, "name", name);
	if (ctx == NULL)
		log_text(&l, "problem", slice_cstr(problem));
	log_close(&l);
	if (ctx == NULL)
		return true;
	tls_free(g->tls);
	g->tls = ctx;
	check_certificate(g);
	return true;
}

static void use_options(struct gate *g, const struct gate_options *options)
{
	g->options = options;
	admission_set_limits(g->admission, &options->limits);
}

static bool on_reload(struct gate *g, struct frame_in *f)
{
	const struct gate_options *o = g->options;

	if (!frame_is_whole(f) || f->fd < 0)
		return false;
	o = o->reload != NULL ? o->reload(o->reload_arg, f->fd) : NULL;
	if (o != NULL)
		use_options(g, o);
	return true;
}

static bool on_stop(struct gate *g, struct frame_in *f)
{
	if (!frame_is_whole(f))
		return false;
	g->stopping = true;
	listeners_free(g);
	conns_stop(g);
	relays_stop(g);
	lmtp_conns_stop(g);
	gate_check_end(g);
	return true;
}

static const struct {
	enum frame_type type;
	bool (*handle)(struct gate *, struct frame_in *);
} parent_frames[] = {
	{ FRAME_PEER, on_peer },     { FRAME_LISTENER, on_listener },
	{ FRAME_STOP, on_stop },     { FRAME_CERTIFICATE, on_certificate },
	{ FRAME_RELOAD, on_reload }, { FRAME_RESUMPTION, on_resumption },
};

static void on_parent_frame(void *arg, struct frame_in *f)
{
	bool is_good = false;

	for (size_t i = 0; i < sizeof parent_frames / sizeof *parent_frames;
	     i++) {
		if (f->type == parent_frames[i].type)
			is_good = parent_frames[i].handle(arg, f);
	}
	if (!is_good)
		log_bad_frame("parent", f);
	if (f->fd >= 0)
		close(f->fd);
}

static void on_parent_close(void *arg)
{
	struct gate *g = arg;

	link_free(g->parent);
	g->parent = NULL;
	loop_stop(g->loop);
}

static void say_ready(struct gate *g)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_READY);
	link_send(g->parent, &f, -1);
}

static void gate_fini(struct gate *g)
{
	listeners_free(g);
	conns_free(g);
	lmtp_conns_free(g);
	relays_free(g);
	if (g->auth != NULL)
		peer_free(g->auth);
	for (size_t i = 0; i < GATE_PARTITIONS; i++) {
		if (g->mail[i] != NULL)
			peer_free(g->mail[i]);
	}
	if (g->parent != NULL)
		link_free(g->parent);
	timer_stop(&g->certificate_timer);
	tls_free(g->tls);
	resumption_wipe(&g->resumption);
	requests_free(&g->requests);
	admission_free(g->admission);
	close(g->reserve_fd);
}

static void gate_init(struct gate *g, struct loop *loop,
                      const struct gate_options *options)
{
	*g = (struct gate){ .loop = loop };
	g->admission = admission_new(conn_evict);
	g->reserve_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	resumption_init(&g->resumption);
	member_head(&g->listeners);
	member_head(&g->conns);
	member_head(&g->relays);
	member_head(&g->lmtp_conns);
	use_options(g, options);
}

void gate_main(struct loop *loop, const struct gate_options *options,
               int parent_fd)
{
	struct gate *g = mem_new(1, sizeof *g);

	/* OpenSSL writes with write(), to clients that may have gone. */
	signal(SIGPIPE, SIG_IGN);
	gate_init(g, loop, options);
	g->parent = link_new(loop, parent_fd,
	                     (struct link_handler){ .on_frame = on_parent_frame,
	                                            .on_close = on_parent_close,
	                                            .arg = g });
	say_ready(g);
	loop_run(loop);
	gate_fini(g);
	free(g);
}
