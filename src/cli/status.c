/*
 * status.c -- roost status, who, kick: what the running server is doing.
 *
 * auth answers for itself; then each partition's mail process is asked over
 * a link of its own. One that does not answer is reported, the others'
 * rows are printed all the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "admin/verbs.h"
#include "cli/fail.h"
#include "cli/server.h"
#include "cli/site.h"
#include "cli/table.h"
#include "ipc/protocol.h"
#include "store/check.h"

static struct frame_out request(uint16_t type)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	return f;
}

struct round {
	const struct call *call;
	struct control *server;
	struct err (*ask)(struct control *mail, void *arg);
	void *arg;
	const struct config *config;
	int status;
};

static struct err look_at(const struct round *r, uint32_t number)
{
	char *dir = config_partition_path(r->config, number);
	struct err e = store_look(dir);

	free(dir);
	return e;
}

/* Of a partition that nobody serves, the disk may say why. What it says of one
 * that has come back meanwhile is worth nothing. */
static struct err link_to(const struct round *r, uint32_t number,
                          struct control *mail)
{
	struct linked linked;
	struct err e = control_link(r->server, S(""), number, mail, &linked);
	struct err why;

	if (e.code != ERR_UNAVAILABLE)
		return e;
	why = look_at(r, number);
	if (why.code != ERR_CORRUPT)
		return e;
	e = control_link(r->server, S(""), number, mail, &linked);
	return e.code == ERR_UNAVAILABLE ? why : e;
}

static void ask_partition(struct round *r, uint32_t number)
{
	struct control mail;
	char name[32];
	struct err e = link_to(r, number, &mail);

	if (is_ok(e)) {
		e = r->ask(&mail, r->arg);
		control_close(&mail);
	}
	snprintf(name, sizeof name, "partition %u", (unsigned)number);
	if (!is_ok(e))
		r->status = fail_err(e, name);
}

static int ask_partitions(struct round r)
{
	struct config *config;
	int status = site_config(r.call, &config);

	if (status != EX_OK)
		return status;
	r.config = config;
	for (uint32_t i = 0; i < config->partitions; i++)
		ask_partition(&r, i);
	config_free(config);
	return r.status;
}

static int print_table(const struct call *c, const struct table *t, int status)
{
	if (!table_print(t, c->json, stdout))
		return fail(EX_IOERR, "standard output can't be written");
	return status;
}

/* -- status -- */

static struct err ask_status(struct control *to, void *table)
{
	struct frame_out f = request(FRAME_STATUS);

	return control_call(to, &f, table_add, table);
}

int run_status(const struct call *c)
{
	struct control server;
	struct table *t;
	struct err e;
	int status = server_open(c, &server);

	if (status != EX_OK)
		return status;
	t = table_new(status_columns, STATUS_COLUMNS);
	e = ask_status(&server, t);
	status = is_ok(e) ? ask_partitions((struct round){
				    c, &server, ask_status, t, NULL, EX_OK })
	                  : fail_err(e, "auth");
	control_close(&server);
	status = print_table(c, t, status);
	table_free(t);
	return status;
}

/* -- who -- */

struct who {
	struct table *table;
	struct slice only; /* this account; empty: all */
};

static void add_session(void *arg, const struct slice *values, size_t n)
{
	struct who *who = arg;

	if (who->only.len == 0 ||
	    (n > WHO_ACCOUNT && slice_ieq(values[WHO_ACCOUNT], who->only)))
		table_add(who->table, values, n);
}

static struct err ask_who(struct control *mail, void *who)
{
	struct frame_out f = request(FRAME_WHO);

	return control_call(mail, &f, add_session, who);
}

int run_who(const struct call *c)
{
	struct control server;
	struct who who;
	int status = server_open(c, &server);

	if (status != EX_OK)
		return status;
	who.table = table_new(who_columns, WHO_COLUMNS);
	who.only = slice_cstr(c->n_args > 0 ? c->args[0] : "");
	status = ask_partitions(
		(struct round){ c, &server, ask_who, &who, NULL, EX_OK });
	control_close(&server);
	status = print_table(c, who.table, status);
	table_free(who.table);
	return status;
}

/* -- kick -- */

struct kick {
	const char *whom;
	unsigned long long sessions;
};

static struct err ask_kick(struct control *mail, void *arg)
{
	struct kick *kick = arg;
	struct frame_out f = request(FRAME_KICK);
	struct err e;

	frame_slice(&f, slice_cstr(kick->whom));
	e = control_call(mail, &f, NULL, NULL);
	if (is_ok(e))
		kick->sessions += strtoull(e.text, NULL, 10);
	return e.code == ERR_ABSENT ? OK : e;
}

int run_kick(const struct call *c)
{
	struct kick kick = { .whom = c->args[0] };
	struct control server;
	int status = server_open(c, &server);

	if (status != EX_OK)
		return status;
	status = ask_partitions(
		(struct round){ c, &server, ask_kick, &kick, NULL, EX_OK });
	control_close(&server);
	if (status == EX_OK && kick.sessions == 0)
		return fail(EX_NOUSER, "%s: no such session", kick.whom);
	printf("%llu\n", kick.sessions);
	return status;
}
