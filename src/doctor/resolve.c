/* resolve.c -- getaddrinfo, and libresolv. */
#include "doctor/resolve.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"

enum { ANSWER_MOST = 16384, RETRY_SECONDS = 3, RETRIES = 2, DNS_PORT = 53 };

struct err resolver_parse(const char *text, struct resolver *out)
{
	struct config_address a = { .port = DNS_PORT };

	*out = (struct resolver){ .server.sin_family = AF_INET };
	if (inet_pton(AF_INET, text, &out->server.sin_addr) != 1 &&
	    (!config_address_parse(text, &a) ||
	     inet_pton(AF_INET, a.address, &out->server.sin_addr) != 1))
		return err(ERR_SYNTAX, "that is no IPv4 address of a name "
		                       "server");
	out->server.sin_port = htons(a.port);
	return OK;
}

/* -- asking -- */

static struct err asked(int error)
{
	return error == HOST_NOT_FOUND || error == NO_DATA
	               ? err(ERR_ABSENT, "there is no such record")
	               : err(ERR_UNAVAILABLE, "no name server says");
}

/* Of the records that answer, *n of the type; take() gets them one by one. */
static struct err ask(const struct resolver *r, const char *name, ns_type type,
                      void (*take)(void *, ns_msg *, ns_rr *), void *arg)
{
	unsigned char answer[ANSWER_MOST];
	struct __res_state state = { 0 };
	struct err e = OK;
	ns_msg message;
	ns_rr record;
	int len;

	if (res_ninit(&state) != 0)
		return err(ERR_UNAVAILABLE, "the resolver does not start");
	state.retrans = RETRY_SECONDS;
	state.retry = RETRIES;
	if (r->server.sin_family != 0) {
		state.nscount = 1;
		state.nsaddr_list[0] = r->server;
	}
	len = res_nquery(&state, name, ns_c_in, (int)type, answer,
	                 sizeof answer);
	if (len < 0)
		e = asked(state.res_h_errno);
	res_nclose(&state);
	if (!is_ok(e))
		return e;
	if (ns_initparse(answer, len, &message) != 0)
		return err(ERR_UNAVAILABLE, "the name server's answer can't be "
		                            "read");
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++)
		if (ns_parserr(&message, ns_s_an, i, &record) == 0 &&
		    ns_rr_type(record) == type)
			take(arg, &message, &record);
	return OK;
}

/* -- addresses -- */

struct places {
	struct where *v;
	size_t n;
	uint16_t port;
};

static void add_place(struct places *p, const void *sockaddr, socklen_t len)
{
	const struct sockaddr *a = sockaddr;
	struct where *w = &p->v[p->n];
	char host[NI_MAXHOST];
	bool v6 = a->sa_family == AF_INET6;

	if (p->n == ADDRESSES_MOST)
		return;
	memcpy(&w->address, sockaddr, len);
	w->len = len;
	if (getnameinfo(a, len, host, sizeof host, NULL, 0, NI_NUMERICHOST) !=
	    0)
		return;
	snprintf(w->text, sizeof w->text, "%s%.48s%s:%u", v6 ? "[" : "", host,
	         v6 ? "]" : "", (unsigned)p->port);
	p->n++;
}

static void take_v4(void *arg, ns_msg *m, ns_rr *record)
{
	struct places *p = arg;
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons(p->port) };

	(void)m;
	if (ns_rr_rdlen(*record) != sizeof a.sin_addr)
		return;
	memcpy(&a.sin_addr, ns_rr_rdata(*record), sizeof a.sin_addr);
	add_place(p, &a, sizeof a);
}

static void take_v6(void *arg, ns_msg *m, ns_rr *record)
{
	struct places *p = arg;
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
		                  .sin6_port = htons(p->port) };

	(void)m;
	if (ns_rr_rdlen(*record) != sizeof a.sin6_addr)
		return;
	memcpy(&a.sin6_addr, ns_rr_rdata(*record), sizeof a.sin6_addr);
	add_place(p, &a, sizeof a);
}

static struct err system_addresses(const char *name, int flags,
                                   struct places *p)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		                  .ai_flags = AI_NUMERICSERV | flags };
	struct addrinfo *list;
	char port[8];
	int error;

	snprintf(port, sizeof port, "%u", (unsigned)p->port);
	error = getaddrinfo(name, port, &hints, &list);
	if (error == EAI_NONAME || error == EAI_NODATA)
		return err(ERR_ABSENT, "the name has no address");
	if (error != 0)
		return err(ERR_UNAVAILABLE, gai_strerror(error));
	for (struct addrinfo *a = list; a != NULL; a = a->ai_next)
		add_place(p, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
	return OK;
}

struct err resolve_addresses(const struct resolver *r, const char *name,
                             uint16_t port, struct where *out, size_t *n)
{
	struct places p = { out, 0, port };
	struct err e = system_addresses(name, AI_NUMERICHOST, &p);
	struct err v6;

	if (is_ok(e)) {
		*n = p.n;
		return OK;
	}
	if (r->server.sin_family == 0) {
		e = system_addresses(name, 0, &p);
	} else {
		e = ask(r, name, ns_t_a, take_v4, &p);
		v6 = ask(r, name, ns_t_aaaa, take_v6, &p);
		if (e.code == ERR_ABSENT)
			e = v6;
	}
	*n = p.n;
	if (p.n == 0 && is_ok(e))
		return err(ERR_ABSENT, "the name has no address");
	return p.n != 0 ? OK : e;
}

/* -- SRV -- */

struct records {
	struct srv *v;
	size_t n;
};

/* RFC 2782: priority, weight, port, 16 bits each; target */
static void take_srv(void *arg, ns_msg *m, ns_rr *record)
{
	struct records *r = arg;
	const unsigned char *data = ns_rr_rdata(*record);
	struct srv *s = &r->v[r->n];

	if (r->n == SRV_MOST || ns_rr_rdlen(*record) < 7)
		return;
	s->priority = (uint16_t)ns_get16(data);
	s->weight = (uint16_t)ns_get16(data + 2);
	s->port = (uint16_t)ns_get16(data + 4);
	if (dn_expand(ns_msg_base(*m), ns_msg_end(*m), data + 6, s->target,
	              sizeof s->target) < 0)
		return;
	if (!strcmp(s->target, "."))
		s->target[0] = 0;
	r->n++;
}

struct err resolve_srv(const struct resolver *r, const char *name,
                       struct srv *out, size_t *n)
{
	struct records found = { out, 0 };
	struct err e = ask(r, name, ns_t_srv, take_srv, &found);

	*n = found.n;
	return is_ok(e) && found.n == 0
	               ? err(ERR_ABSENT, "there is no such record")
	               : e;
}
