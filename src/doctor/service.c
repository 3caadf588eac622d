/*
 * service.c -- a port of IMAP: does it answer, and does it keep what is
 * private until there is TLS?
 */
#include <stdio.h>
#include <string.h>

#include "doctor/imap.h"
#include "doctor/internal.h"

static struct err open_place(const struct doctor *d, const struct place *p,
                             struct connection *c)
{
	return connection_open(c, (const struct sockaddr *)&p->where->address,
	                       p->where->len, d->seconds);
}

struct err service_open(const struct doctor *d, const struct place *p,
                        struct connection *c)
{
	struct buf greeting = { 0 };
	struct err e = open_place(d, p, c);

	if (!is_ok(e) || p->port->tls_first)
		return e;
	e = imap_greeting(c, &greeting);
	if (is_ok(e))
		e = imap_command(c, S("STARTTLS"), NULL);
	if (!is_ok(e))
		connection_close(c);
	buf_free(&greeting);
	return e;
}

/* -- before TLS -- */

static bool takes_passwords(const struct buf *capabilities)
{
	return !imap_has(capabilities, "LOGINDISABLED") ||
	       imap_has(capabilities, "AUTH=PLAIN") ||
	       imap_has(capabilities, "AUTH=LOGIN");
}

/* The server sees us as itself: many let such a client say what it likes. */
static bool is_here(const struct connection *c)
{
	struct sockaddr_storage own = { 0 };
	struct sockaddr_storage other = { 0 };
	socklen_t n = sizeof own;
	socklen_t m = sizeof other;

	if (getsockname(c->fd, (struct sockaddr *)&own, &n) != 0 ||
	    getpeername(c->fd, (struct sockaddr *)&other, &m) != 0 ||
	    own.ss_family != other.ss_family)
		return false;
	if (own.ss_family == AF_INET)
		return ((struct sockaddr_in *)&own)->sin_addr.s_addr ==
		       ((struct sockaddr_in *)&other)->sin_addr.s_addr;
	return own.ss_family == AF_INET6 &&
	       memcmp(&((struct sockaddr_in6 *)&own)->sin6_addr,
	              &((struct sockaddr_in6 *)&other)->sin6_addr,
	              sizeof(struct in6_addr)) == 0;
}

static void judge_clear_text(const struct doctor *d, const struct place *p,
                             const struct connection *c,
                             const struct buf *capabilities)
{
	struct report *r = d->report;
	bool starttls = imap_has(capabilities, "STARTTLS");

	if (starttls)
		report_good(r, CHECK_STARTTLS, p->text, "STARTTLS is offered");
	else
		report_bad(r, CHECK_STARTTLS, p->text,
		           "STARTTLS is not offered");
	if (!takes_passwords(capabilities))
		report_good(r, CHECK_NO_CLEAR_TEXT, p->text,
		            "no log-in before TLS");
	else if (imap_has(capabilities, "LOGINDISABLED"))
		report_bad(r, CHECK_NO_CLEAR_TEXT, p->text,
		           "mechanisms with passwords are offered before TLS");
	else if (starttls && is_here(c))
		report_bad(r, CHECK_CLEAR_TEXT_HERE, p->text,
		           "LOGIN is not disabled before TLS for this machine");
	else
		report_bad(r, CHECK_NO_CLEAR_TEXT, p->text,
		           "LOGIN is not disabled before TLS");
}

/* A second command in the same packet as STARTTLS is the attacker's. */
static void examine_injection(const struct doctor *d, const struct place *p)
{
	struct connection c;
	struct buf greeting = { 0 };
	struct slice line = S("");
	SSL_CTX *context = tls_context();
	struct err e = open_place(d, p, &c);

	if (!is_ok(e) || context == NULL) {
		SSL_CTX_free(context);
		return;
	}
	e = imap_greeting(&c, &greeting);
	if (is_ok(e))
		e = connection_send(&c, S("d1 STARTTLS\r\nd2 NOOP\r\n"));
	if (is_ok(e))
		e = connection_line(&c, &line);
	if (is_ok(e) && slice_istarts(line, S("d1 OK"))) {
		e = connection_start_tls(&c, context, p->port->name);
		if (is_ok(e))
			e = connection_send(&c, S("d3 NOOP\r\n"));
		if (is_ok(e))
			e = connection_line(&c, &line);
	}
	if (is_ok(e) && slice_istarts(line, S("d2 ")))
		report_bad(d->report, CHECK_NOTHING_BEFORE_TLS, p->text,
		           "a command from before TLS was obeyed inside it");
	else
		report_good(d->report, CHECK_NOTHING_BEFORE_TLS, p->text,
		            "nothing from before TLS is obeyed inside it");
	connection_close(&c);
	buf_free(&greeting);
	SSL_CTX_free(context);
}

/* -- the service -- */

static void judge_capabilities(const struct doctor *d, const struct place *p,
                               const struct buf *capabilities)
{
	struct slice s = buf_slice(capabilities);
	bool rev2 = imap_has(capabilities, "IMAP4rev2");
	bool rev1 = imap_has(capabilities, "IMAP4rev1");

	if (rev1 || rev2)
		report_good(d->report, CHECK_REVISION, p->text, "%s%s%s",
		            rev2 ? "IMAP4rev2" : "", rev1 && rev2 ? ", " : "",
		            rev1 ? "IMAP4rev1" : "");
	else
		report_bad(d->report, CHECK_REVISION, p->text,
		           "it is neither IMAP4rev1 nor IMAP4rev2");
	if (slice_find(s, S(" AUTH=")) != SLICE_NONE ||
	    !imap_has(capabilities, "LOGINDISABLED"))
		report_good(d->report, CHECK_LOG_IN_OFFERED, p->text,
		            "log-ins are offered inside TLS");
	else
		report_bad(d->report, CHECK_LOG_IN_OFFERED, p->text,
		           "no log-in is offered inside TLS");
}

static void say_greeting(const struct doctor *d, const struct place *p,
                         struct err e, const struct buf *greeting, uint64_t ms)
{
	struct slice s = slice_first(buf_slice(greeting), 200);

	if (is_ok(e))
		report_good(d->report, CHECK_GREETING, p->text,
		            "answers in %llu ms: %.*s", (unsigned long long)ms,
		            (int)s.len, s.ptr);
	else if (s.len != 0)
		report_bad(d->report, CHECK_GREETING, p->text, "%s: %.*s",
		           e.text, (int)s.len, s.ptr);
	else
		report_bad(d->report, CHECK_GREETING, p->text, "%s", e.text);
}

/* Greeting and capabilities, in clear text or not. */
static struct err converse(const struct doctor *d, const struct place *p,
                           struct connection *c, struct buf *capabilities)
{
	struct buf greeting = { 0 };
	struct err e = imap_greeting(c, &greeting);

	say_greeting(d, p, e, &greeting, connection_ms(c));
	buf_free(&greeting);
	if (!is_ok(e))
		return e;
	e = imap_capabilities(c, capabilities);
	if (!is_ok(e))
		report_bad(d->report, CHECK_REVISION, p->text,
		           "it doesn't say what it can do: %s", e.text);
	return e;
}

/* Is TLS to be had there? */
static bool examine_clear(const struct doctor *d, const struct place *p,
                          struct connection *c)
{
	struct buf capabilities = { 0 };
	bool starttls = false;

	if (is_ok(converse(d, p, c, &capabilities))) {
		judge_clear_text(d, p, c, &capabilities);
		starttls = imap_has(&capabilities, "STARTTLS");
	}
	buf_free(&capabilities);
	return starttls;
}

/* What is said inside TLS. */
static void examine_inside(const struct doctor *d, const struct place *p)
{
	SSL_CTX *context = tls_context();
	struct buf capabilities = { 0 };
	struct connection c;
	struct err e;

	if (context == NULL || !is_ok(service_open(d, p, &c))) {
		SSL_CTX_free(context);
		return;
	}
	e = connection_start_tls(&c, context, p->port->name);
	if (is_ok(e))
		e = p->port->tls_first ? converse(d, p, &c, &capabilities)
		                       : imap_capabilities(&c, &capabilities);
	if (is_ok(e))
		judge_capabilities(d, p, &capabilities);
	connection_close(&c);
	buf_free(&capabilities);
	SSL_CTX_free(context);
}

static void examine(const struct doctor *d, const struct place *p)
{
	struct connection c;
	struct err e = open_place(d, p, &c);
	bool tls = p->port->tls_first;

	if (!is_ok(e)) {
		report_bad(d->report, CHECK_REACHABLE, p->text, "%s", e.text);
		return;
	}
	report_good(d->report, CHECK_REACHABLE, p->text, "reachable from here");
	if (!p->port->tls_first)
		tls = examine_clear(d, p, &c);
	connection_close(&c);
	if (!tls || !tls_examine(d, p))
		return;
	if (!p->port->tls_first)
		examine_injection(d, p);
	examine_inside(d, p);
}

void doctor_imap(const struct doctor *d, const struct imap_port *port)
{
	struct where where[ADDRESSES_MOST];
	size_t n = 0;
	struct err e = resolve_addresses(&d->resolver, port->address,
	                                 port->port, where, &n);

	if (!is_ok(e))
		report_bad(d->report, CHECK_ADDRESS, port->address, "%s",
		           e.text);
	for (size_t i = 0; i < n; i++) {
		struct place p = { port, &where[i], "" };

		snprintf(p.text, sizeof p.text, "%.253s (%s)", port->name,
		         where[i].text);
		examine(d, &p);
	}
}
