/* doctor_places.c -- each listener is asked as its clients ask it. */
#include "cli/doctor_places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/verbs.h"
#include "base/mem.h"
#include "ipc/protocol.h"

/* -- which there are -- */

static void add(struct doctor_places *p, const char *kind, const char *more,
                struct slice where)
{
	struct doctor_place *new;

	p->v = mem_resize(p->v, p->n + 1, sizeof *p->v);
	new = &p->v[p->n++];
	snprintf(new->kind, sizeof new->kind, "%s%s", kind, more);
	snprintf(new->where, sizeof new->where, "%.*s", (int)where.len,
	         where.ptr);
}

static void add_list(struct doctor_places *p, const char *kind,
                     const struct config_list *list)
{
	struct config_address a;

	for (size_t i = 0; i < list->n; i++)
		if (config_address_parse(list->v[i], &a))
			add(p, kind, a.proxy ? "-proxy" : "",
			    slice_cstr(list->v[i]));
}

static void add_configured(struct doctor_places *p, const struct config *c)
{
	add_list(p, "imap", &c->listen_imap);
	add_list(p, "imaps", &c->listen_imaps);
	add_list(p, "lmtp", &c->listen_lmtp);
	add_list(p, "auth", &c->listen_auth);
	add_list(p, "metrics", &c->listen_metrics);
	if (c->lmtp_socket[0] != '\0')
		add(p, "lmtp", "", slice_cstr(c->lmtp_socket));
	if (c->auth_socket[0] != '\0')
		add(p, "auth", "", slice_cstr(c->auth_socket));
}

static void take_row(void *arg, const struct slice *v, size_t n)
{
	char kind[16];

	if (n < LISTENER_COLUMNS)
		return;
	snprintf(kind, sizeof kind, "%.*s", (int)v[LISTENER_KIND].len,
	         v[LISTENER_KIND].ptr);
	add(arg, kind, "", v[LISTENER_WHERE]);
}

void doctor_places_find(const struct config *c, struct control *server,
                        struct doctor_places *out)
{
	struct frame_out f = { 0 };

	*out = (struct doctor_places){ 0 };
	if (server == NULL) {
		add_configured(out, c);
		return;
	}
	frame_begin(&f, FRAME_LISTENERS);
	if (!is_ok(control_call(server, &f, take_row, out)))
		add_configured(out, c);
}

void doctor_places_free(struct doctor_places *p)
{
	free(p->v);
	*p = (struct doctor_places){ 0 };
}

bool doctor_places_have(const struct doctor_places *p, const char *kind)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i].kind, kind))
			return true;
	return false;
}

/* -- how they are -- */

/* Who listens everywhere is asked where we are. */
static const char *here(const char *address)
{
	if (!strcmp(address, "0.0.0.0"))
		return "127.0.0.1";
	return !strcmp(address, "::") ? "::1" : address;
}

static void examine_imap(const struct doctor *d, const struct config *c,
                         const struct doctor_place *p)
{
	struct config_address a;

	if (config_address_parse(p->where, &a))
		doctor_imap(d, &(struct imap_port){
				       c->hostname, here(a.address), a.port,
				       !strcmp(p->kind, "imaps") });
}

/* "ADDRESS:PORT" that can be asked, or the path that it is. */
static void put_where(const struct doctor_place *p, char out[static 128])
{
	struct config_address a;

	snprintf(out, 128, "%s", p->where);
	if (p->where[0] == '/' || !config_address_parse(p->where, &a))
		return;
	snprintf(out, 128, strchr(a.address, ':') != NULL ? "[%s]:%u" : "%s:%u",
	         here(a.address), (unsigned)a.port);
}

/* Whom a socket is for the configuration says only of its own. */
static const char *user_of(const char *where, const char *path,
                           const char *user)
{
	return !strcmp(where, path) ? user : "";
}

static void examine(const struct doctor *d, const struct config *c,
                    const struct doctor_place *p)
{
	char where[128];

	put_where(p, where);
	if (!strcmp(p->kind, "imap") || !strcmp(p->kind, "imaps"))
		examine_imap(d, c, p);
	else if (!strcmp(p->kind, "lmtp"))
		doctor_lmtp(
			d, where,
			user_of(where, c->lmtp_socket, c->lmtp_socket_user));
	else if (!strcmp(p->kind, "auth"))
		doctor_auth_socket(
			d, where,
			user_of(where, c->auth_socket, c->auth_socket_user));
	else if (!strcmp(p->kind, "metrics"))
		doctor_ready(d, where);
}

static void judge_listeners(const struct doctor *d,
                            const struct doctor_places *p)
{
	if (doctor_places_have(p, "imap") || doctor_places_have(p, "imaps") ||
	    doctor_places_have(p, "imap-proxy") ||
	    doctor_places_have(p, "imaps-proxy"))
		report_good(d->report, CHECK_LISTENERS, "listeners", "%zu",
		            p->n);
	else
		report_bad(d->report, CHECK_LISTENERS, "listeners",
		           "none of %zu is for IMAP", p->n);
}

/* Where balancers speak for others nobody else is asked. */
void doctor_places_examine(const struct doctor *d, const struct config *c,
                           const struct doctor_places *p)
{
	judge_listeners(d, p);
	for (size_t i = 0; i < p->n; i++)
		examine(d, c, &p->v[i]);
	if (c->listen_metrics.n != 0 && !doctor_places_have(p, "metrics"))
		report_bad(d->report, CHECK_READY, "listen_metrics",
		           "the server could not have that port");
}
