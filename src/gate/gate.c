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
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/internal.h"
#include "gate/preauth.h"
#include "gate/tls.h"
#include "gate/tls_client.h"

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

static bool is_in(const struct network *v, size_t n, const struct address *a)
{
	for (size_t i = 0; i < n; i++) {
		if (network_has(&v[i], a))
			return true;
	}
	return false;
}

bool gate_trusts(const struct gate *g, const struct address *a)
{
	return is_in(g->options->trusted, g->options->trusted_count, a);
}

bool gate_is_balancer(const struct gate *g, const struct address *a)
{
	return is_in(g->options->balancers, g->options->balancers_count, a);
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

void gate_end_exchange(struct gate *g, uint64_t exchange)
{
	struct frame_out f = { 0 };

	if (exchange == 0 || g->auth == NULL)
		return;
	frame_begin(&f, FRAME_CANCEL);
	frame_u64(&f, exchange);
	link_send(g->auth->link, &f, -1);
}

static bool on_hidden(struct gate *g, struct frame_in *f)
{
	struct slice names = frame_read_slice(f, LIMIT_HIDDEN);

	if (!frame_is_whole(f))
		return false;
	g->hidden = preauth_hidden(names);
	return true;
}

/* VERDICT, CHALLENGE and FOUND, which all begin with the request. A challenge
 * to who has gone is the end of its exchange. */
static void on_answer(struct peer *p, struct frame_in *f)
{
	uint64_t id = read_u64(&f->r);

	if (f->type != FRAME_VERDICT && f->type != FRAME_CHALLENGE &&
	    f->type != FRAME_FOUND)
		link_log_bad("auth", f);
	else if (!requests_answer(&p->gate->requests, id, f) &&
	         f->type == FRAME_CHALLENGE)
		gate_end_exchange(p->gate, read_u64(&f->r));
}

static void on_auth_frame(void *arg, struct frame_in *f)
{
	struct peer *p = arg;

	if (f->fd >= 0)
		close(f->fd);
	if (f->type != FRAME_HIDDEN)
		on_answer(p, f);
	else if (!on_hidden(p->gate, f))
		link_log_bad("auth", f);
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

/* Behind a balancer only mail remembers who it is; it has no say about
 * anybody else. */
static void ask_mail(const struct gate *g, struct slice peer, uint16_t port,
                     bool tls, struct arrival *a)
{
	struct network said;

	if (!gate_is_balancer(g, &a->address) || !network_parse(peer, &said) ||
	    said.bits != 128)
		return;
	a->address = said.base;
	a->peer_port = port;
	a->tls = tls && g->options->proxy_tls;
}

/* A client in clear, for whom there is no relay: who it is the kernel knows. */
static void return_clear(struct gate *g, struct frame_in *f)
{
	struct slice input = frame_read_slice(f, LIMIT_FRAME);
	struct slice said = frame_read_slice(f, ADDRESS_TEXT);
	uint16_t said_port = read_u16(&f->r);
	bool said_tls = read_u8(&f->r) != 0;
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
	ask_mail(g, said, said_port, said_tls, &r.from);
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
		link_log_bad("mail", f);
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
static bool on_peer(void *arg, struct frame_in *f)
{
	struct gate *g = arg;
	uint8_t role = read_u8(&f->r);
	uint32_t index = read_u32(&f->r);

	if (!frame_is_whole(f) || f->fd < 0)
		return false;
	if (role == ROLE_AUTH) {
		peer_new(g, &g->auth, f->fd, on_auth_frame);
		g->hidden = 0;
	} else if (role == ROLE_MAIL && index < GATE_PARTITIONS) {
		peer_new(g, &g->mail[index], f->fd, on_mail_frame);
	} else {
		return false;
	}
	f->fd = -1;
	return true;
}

static bool on_listener(void *arg, struct frame_in *f)
{
	struct gate *g = arg;
	uint8_t kind = read_u8(&f->r);
	uint16_t port = read_u16(&f->r);
	bool proxy = read_u8(&f->r) != 0;

	if (!frame_is_whole(f) || f->fd < 0 || kind > LISTENER_LMTP)
		return false;
	listener_new(g, f->fd, kind, port, proxy);
	f->fd = -1;
	return true;
}

static bool on_resumption(void *arg, struct frame_in *f)
{
	struct gate *g = arg;
	struct slice now = frame_read_slice(f, RESUMPTION_KEY_SIZE);
	struct slice before = frame_read_slice(f, RESUMPTION_KEY_SIZE);

	return frame_is_whole(f) && resumption_use(&g->resumption, now, before);
}

static void log_certificate(struct slice name, const char *problem)
{
	enum log_level level = name.len != 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
	struct log_line l;

	if (problem == NULL)
		l = log_open(level, "certificate");
	else
		l = log_open(LOG_LEVEL_ERROR, "certificate_refused");
	if (name.len != 0)
		log_text(&l, "name", name);
	if (problem != NULL)
		log_text(&l, "problem", slice_cstr(problem));
	log_close(&l);
}

/* Whoever has a session keeps the context it began with. */
static const char *use_certificate(struct gate *g, int fd)
{
	const char *problem;
	struct ssl_ctx_st *ctx;
	const struct tls_house house = { &g->resumption, g->sni,
		                         &g->authorities };

	if (fd < 0)
		return "it can't be read";
	ctx = tls_load(fd, &house, &problem);
	if (ctx == NULL)
		return problem;
	tls_free(g->tls);
	g->tls = ctx;
	return NULL;
}

static bool on_certificate(void *arg, struct frame_in *f)
{
	struct gate *g = arg;
	struct slice name = frame_read_slice(f, SNI_NAME_MOST);

	if (!frame_is_whole(f))
		return false;
	log_certificate(name, name.len != 0 ? sni_answer(g->sni, name, f->fd)
	                                    : use_certificate(g, f->fd));
	conns_shake(g);
	return true;
}

/* Whoever is in the midst of a handshake is asked as it began; auth verifies
 * by what it has. */
static bool on_client_ca(void *arg, struct frame_in *f)
{
	struct gate *g = arg;
	const char *problem;

	if (!frame_is_whole(f))
		return false;
	problem = authorities_read(&g->authorities, f->fd);
	if (problem != NULL)
		log_note(LOG_LEVEL_ERROR, "client_ca_refused", problem);
	else if (g->tls != NULL)
		tls_client_ask(g->tls, &g->authorities);
	return true;
}

static bool on_certificate_names(void *arg, struct frame_in *f)
{
	struct gate *g = arg;
	bool there = read_u8(&f->r) != 0;

	for (uint32_t n = read_u32(&f->r); n > 0 && !f->r.failed; n--) {
		struct slice name = frame_read_slice(f, SNI_NAME_MOST);

		if (there)
			sni_there(g->sni, name);
		else
			sni_gone(g->sni, name);
	}
	conns_shake(g);
	return frame_is_whole(f);
}

static void ask_certificate(void *arg, struct slice name)
{
	struct gate *g = arg;
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_CERTIFICATE_ASK);
	frame_slice(&f, name);
	parent_send(g->parent, &f);
}

static void use_options(struct gate *g, const struct gate_options *options)
{
	g->options = options;
	admission_set_limits(g->admission, &options->limits);
}

static bool on_reload(void *arg, struct frame_in *f)
{
	struct gate *g = arg;
	const struct gate_options *o = g->options;

	if (!frame_is_whole(f) || f->fd < 0)
		return false;
	o = o->reload != NULL ? o->reload(o->reload_arg, f->fd) : NULL;
	if (o != NULL)
		use_options(g, o);
	return true;
}

static bool on_stop(void *arg, struct frame_in *f)
{
	struct gate *g = arg;

	if (!frame_is_whole(f))
		return false;
	g->stopping = true;
	listeners_free(g);
	proxieds_free(g);
	conns_stop(g);
	relays_stop(g);
	lmtp_conns_stop(g);
	gate_check_end(g);
	return true;
}

static const struct parent_frame parent_frames[] = {
	{ FRAME_PEER, on_peer },
	{ FRAME_LISTENER, on_listener },
	{ FRAME_STOP, on_stop },
	{ FRAME_CERTIFICATE, on_certificate },
	{ FRAME_RELOAD, on_reload },
	{ FRAME_RESUMPTION, on_resumption },
	{ FRAME_CERTIFICATE_NAMES, on_certificate_names },
	{ FRAME_CLIENT_CA, on_client_ca },
};

static void gate_fini(struct gate *g)
{
	listeners_free(g);
	proxieds_free(g);
	conns_free(g);
	lmtp_conns_free(g);
	relays_free(g);
	if (g->auth != NULL)
		peer_free(g->auth);
	for (size_t i = 0; i < GATE_PARTITIONS; i++) {
		if (g->mail[i] != NULL)
			peer_free(g->mail[i]);
	}
	parent_free(g->parent);
	tls_free(g->tls);
	sni_free(g->sni);
	authorities_free(&g->authorities);
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
	g->sni = sni_new(ask_certificate, g);
	member_head(&g->listeners);
	member_head(&g->conns);
	member_head(&g->relays);
	member_head(&g->lmtp_conns);
	member_head(&g->proxied);
	use_options(g, options);
}

void gate_main(struct loop *loop, const struct gate_options *options,
               int parent_fd)
{
	struct gate *g = mem_new(1, sizeof *g);

	/* OpenSSL writes with write(), to clients that may have gone. */
	signal(SIGPIPE, SIG_IGN);
	gate_init(g, loop, options);
	g->parent = parent_new(
		loop, parent_fd,
		(struct parent_handler){ .frames = parent_frames,
	                                 .n_frames = sizeof parent_frames /
	                                             sizeof *parent_frames,
	                                 .arg = g });
	parent_say_ready(g->parent);
	loop_run(loop);
	gate_fini(g);
	free(g);
}
