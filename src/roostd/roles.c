/* roles.c -- options made from a configuration, kept until the one after
 * the next replaces them. */
#include "roostd/roles.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "auth/auth.h"
#include "base/log.h"
#include "base/mem.h"
#include "gate/gate.h"
#include "parse/parse.h"
#include "roostd/mail_process.h"

/* What the parent has checked already; NULL all the same if it is wrong. */
static struct config *read_again(const struct server *s, int fd)
{
	struct config_errors errors;
	struct config *c = config_read(s->path, fd, &errors);

	if (c != NULL && errors.n != 0) {
		config_free(c);
		c = NULL;
	}
	config_errors_free(&errors);
	if (c != NULL)
		log_set_level(log_level_of(c));
	return c;
}

/* -- gate -- */

struct gate_role {
	struct server *server;
	struct network *trusted[2];     /* what the options point into */
	struct gate_options options[2]; /* now and before */
	size_t now;
};

static struct network *networks_of(const struct config_list *list)
{
	struct network *v = mem_new(list->n, sizeof *v);

	for (size_t i = 0; i < list->n; i++) {
		if (!network_parse(slice_cstr(list->v[i]), &v[i]))
			abort(); /* config_read() took it */
	}
	return v;
}

static const struct gate_options *reload_gate(void *arg, int fd);

static void fill_gate(struct gate_role *g, const struct config *c)
{
	free(g->trusted[g->now]);
	g->trusted[g->now] = networks_of(&c->trusted_networks);
	g->options[g->now] = (struct gate_options){
		.hostname = slice_cstr(g->server->start->hostname),
		.message_limit_bytes = c->message_limit,
		.trusted = g->trusted[g->now],
		.trusted_count = c->trusted_networks.n,
		.limits = { (uint32_t)c->connections_per_host,
		            (uint32_t)c->connections_per_site,
		            (uint32_t)c->connections_per_network,
		            (uint32_t)c->connections_in_all,
		            (uint32_t)c->connections_lmtp,
		            (uint32_t)c->login_seconds,
		            (uint32_t)c->write_seconds,
		            (uint32_t)c->keepalive_seconds },
		.refusal_ms = (uint32_t)c->refusal_seconds * 1000,
		.reload = reload_gate,
		.reload_arg = g,
	};
}

static const struct gate_options *reload_gate(void *arg, int fd)
{
	struct gate_role *g = arg;
	struct config *c = read_again(g->server, fd);

	if (c == NULL)
		return NULL;
	g->now = 1 - g->now;
	fill_gate(g, c);
	config_free(c);
	return &g->options[g->now];
}

int run_gate(struct server *s, int parent_fd)
{
	struct gate_role g = { .server = s };

	fill_gate(&g, s->config);
	gate_main(loop_new(), &g.options[0], parent_fd);
	return EX_OK;
}

/* -- auth -- */

struct auth_role {
	struct server *server;
	char *directory;
	struct auth_options options[2];
	size_t now;
};

static const struct auth_options *reload_auth(void *arg, int fd);

static void fill_auth(struct auth_role *a, const struct config *c,
                      struct auth_options *o)
{
	*o = (struct auth_options){
		.directory = a->directory,
		.partitions = (uint32_t)a->server->start->partitions,
		.quota_bytes = c->quota_bytes,
		.quota_messages = c->quota_messages,
		.password_cost = { (uint32_t)(c->password_memory / 1024),
		                   (uint32_t)c->password_passes,
		                   (uint32_t)c->password_lanes },
		.allow_plain = c->password_plain,
		.verdict_seconds = (uint32_t)c->verdict_seconds,
		.reload = reload_auth,
		.reload_arg = a,
	};
}

static const struct auth_options *reload_auth(void *arg, int fd)
{
	struct auth_role *a = arg;
	struct config *c = read_again(a->server, fd);

	if (c == NULL)
		return NULL;
	a->now = 1 - a->now;
	fill_auth(a, c, &a->options[a->now]);
	config_free(c);
	return &a->options[a->now];
}

int run_auth(struct server *s, int parent_fd)
{
	struct auth_role a = { .server = s };

	a.directory = config_accounts_path(s->start);
	fill_auth(&a, s->config, &a.options[0]);
	return auth_main(loop_new(), &a.options[0], parent_fd);
}

/* -- mail -- */

/* Beside three times what a message may take: others may wait before it. */
enum { HANG_MS = 10000 };

struct mail_role {
	struct server *server;
	char *directory;
	struct mail_options options;
};

static struct mail_limits mail_limits_of(const struct config *c)
{
	return (struct mail_limits){
		.message_bytes = c->message_limit,
		.sessions_per_account = c->sessions_per_account,
		.write_seconds = c->write_seconds,
		.command_seconds = c->command_seconds,
		.command_messages = c->command_messages,
	};
}

static bool reload_mail(void *arg, int fd, struct mail_limits *out)
{
	struct mail_role *m = arg;
	struct config *c = read_again(m->server, fd);

	if (c == NULL)
		return false;
	*out = mail_limits_of(c);
	config_free(c);
	return true;
}

int run_mail(struct server *s, uint32_t index, int parent_fd)
{
	struct mail_role m = { .server = s };

	m.directory = config_partition_path(s->start, index);
	m.options = (struct mail_options){
		.directory = m.directory,
		.index = index,
		.hostname = slice_cstr(s->start->hostname),
		.limits = mail_limits_of(s->config),
		.parsers = s->parsers,
		.hang_ms = 3 * (uint32_t)s->start->parse_time + HANG_MS,
		.reload = reload_mail,
		.reload_arg = &m,
	};
	return mail_main(loop_new(), &m.options, parent_fd);
}

/* -- parse -- */

static struct parse_options parse_options_of(const struct server *s)
{
	return (struct parse_options){
		.memory_bytes = s->start->parse_memory,
		.cpu_ms = (uint32_t)s->start->parse_time,
		.links = (uint32_t)s->start->partitions,
	};
}

bool prepare_parse(const struct server *s)
{
	const struct parse_options o = parse_options_of(s);

	return parse_prepare(&o);
}

int run_parse(struct server *s, int parent_fd)
{
	const struct parse_options o = parse_options_of(s);

	return parse_main(loop_new(), &o, parent_fd);
}
