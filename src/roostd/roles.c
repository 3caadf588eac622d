/* roles.c -- options made from a configuration, kept until the one after
 * the next replaces them. */
#include "roostd/roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "auth/auth.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/source.h"
#include "gate/gate.h"
#include "parse/parse.h"
#include "roostd/mail_process.h"

const char *role_name(enum role role)
{
	static const char *const names[ROLES] = {
		[ROLE_PARENT] = "roostd",   [ROLE_GATE] = "gate",
		[ROLE_AUTH] = "auth",       [ROLE_MAIL] = "mail",
		[ROLE_PARSE] = "parse",     [ROLE_OUTSIDE] = "outside",
		[ROLE_METRICS] = "metrics",
	};

	return names[role];
}

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
	struct network *trusted[2];     /* what the options point into, */
	struct network *balancers[2];   /* and this too */
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

/* Tokens and certificates only from those who issue them. */
static uint32_t mechanisms_of(const struct config *c)
{
	const struct config_list *list = &c->mechanisms;
	uint32_t set = 0;
	enum sasl m;

	for (size_t i = 0; i < list->n; i++) {
		if (!sasl_find(slice_cstr(list->v[i]), &m))
			abort(); /* config_read() took it */
		set |= sasl_bit(m);
	}
	if (c->issuers.n == 0)
		set &= ~(uint32_t)SASL_TOKENS;
	return c->client_ca[0] != '\0' ? set : set & ~sasl_bit(SASL_EXTERNAL);
}

static const struct gate_options *reload_gate(void *arg, int fd);

static void fill_gate(struct gate_role *g, const struct config *c)
{
	free(g->trusted[g->now]);
	free(g->balancers[g->now]);
	g->balancers[g->now] = networks_of(&c->proxy_networks);
	g->trusted[g->now] = networks_of(&c->trusted_networks);
	g->options[g->now] = (struct gate_options){
		.hostname = slice_cstr(g->server->start->hostname),
		.message_limit_bytes = c->message_limit,
		.trusted = g->trusted[g->now],
		.trusted_count = c->trusted_networks.n,
		.balancers = g->balancers[g->now],
		.balancers_count = c->proxy_networks.n,
		.proxy_tls = c->proxy_tls,
		.limits = { (uint32_t)c->connections_per_host,
		            (uint32_t)c->connections_per_site,
		            (uint32_t)c->connections_per_network,
		            (uint32_t)c->connections_in_all,
		            (uint32_t)c->connections_lmtp,
		            (uint32_t)c->login_seconds,
		            (uint32_t)c->write_seconds,
		            (uint32_t)c->keepalive_seconds },
		.mechanisms = mechanisms_of(c),
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
	struct config_list issuers[2]; /* what the options point into */
	struct config_list alerts[2];
	struct network *trusted[2];
	struct auth_options options[2];
	size_t now;
	struct auth_listener listeners[LISTENERS_MOST];
	size_t listeners_count;
};

static const struct auth_options *reload_auth(void *arg, int fd);

/* Of a kind of SCRAM that is not offered no keys are kept. Its PLUS stands
 * before it in enum sasl. */
static uint32_t rounds_of(const struct config *c, uint32_t set, enum sasl m)
{
	uint32_t both = sasl_bit(m) | sasl_bit((enum sasl)(m - 1));

	return (set & both) != 0 ? (uint32_t)c->scram_rounds : 0;
}

/* The directory alone is nothing to search in. */
static size_t fill_sources(const struct config *c, struct auth_source *out)
{
	size_t n = 0;

	for (size_t i = 0; i < c->sources.n && n < AUTH_SOURCES; i++) {
		struct config_source s;

		if (!config_source_parse(slice_cstr(c->sources.v[i]), &s))
			abort(); /* config_read() took it */
		out[n] = (struct auth_source){
			.verifies = config_source_verifies(s.kind),
			.finds = config_source_finds(s.kind),
		};
		if (s.kind != SOURCE_DIRECTORY)
			snprintf(out[n].name, sizeof out[n].name, "%s",
			         c->sources.v[i]);
		n++;
	}
	return config_has_sources(c) ? n : 0;
}

static void copy_list(struct config_list *to, const struct config_list *from)
{
	for (size_t i = 0; i < to->n; i++)
		free(to->v[i]);
	to->n = from->n;
	to->v = mem_resize(to->v, from->n + 1, sizeof *to->v);
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = mem_cstr(slice_cstr(from->v[i]));
}

static struct limit_rules limits_of(const struct config *c)
{
	return (struct limit_rules){
		.per_address = (uint32_t)c->failures_per_address,
		.per_network = (uint32_t)c->failures_per_network,
		.per_account = (uint32_t)c->failures_per_account,
		.spray_accounts = (uint32_t)c->spray_accounts,
		.lock_s = (uint32_t)c->lockout_seconds,
		.lock_most_s = c->lockout_seconds > LOCKOUT_LONGEST_S
		                       ? (uint32_t)c->lockout_seconds
		                       : LOCKOUT_LONGEST_S,
	};
}

/* For `roost status`: nobody else would notice. */
static const char *metrics_of(const struct server *s)
{
	if (s->listeners.metrics_failed)
		return "no";
	return listeners_have(&s->listeners, LISTENER_METRICS) ? "yes" : "off";
}

enum { TOKEN_SKEW_S = 60 };

static struct history_rules history_of(const struct config *c)
{
	return (struct history_rules){
		.keep_s = (uint32_t)c->history_seconds,
		.keep_failures_s = (uint32_t)c->history_seconds / 3,
		.per_account = HISTORY_PER_ACCOUNT,
		.in_all = HISTORY_IN_ALL,
	};
}

/* config_read() has looked at it. */
static enum certificate_name certificate_name_of(const struct config *c)
{
	static const char *const names[] = {
		[CERTIFICATE_NAME_EMAIL] = "email",
		[CERTIFICATE_NAME_UPN] = "upn",
		[CERTIFICATE_NAME_CN] = "cn",
	};

	for (int i = CERTIFICATE_NAME_EMAIL; i <= CERTIFICATE_NAME_CN; i++)
		if (strcmp(c->client_name, names[i]) == 0)
			return (enum certificate_name)i;
	return CERTIFICATE_NAME_NONE;
}

static void fill_auth(struct auth_role *a, const struct config *c)
{
	struct config_list *issuers = &a->issuers[a->now];
	struct config_list *alerts = &a->alerts[a->now];
	uint32_t set = mechanisms_of(c);

	copy_list(issuers, &c->issuers);
	copy_list(alerts, &c->alerts);
	free(a->trusted[a->now]);
	a->trusted[a->now] = networks_of(&c->trusted_networks);
	a->options[a->now] = (struct auth_options){
		.directory = a->directory,
		.partitions = (uint32_t)a->server->start->partitions,
		.quota_bytes = c->quota_bytes,
		.quota_messages = c->quota_messages,
		.hostname = a->server->start->hostname,
		.alerts = (const char *const *)alerts->v,
		.alerts_count = alerts->n,
		.country_data = a->server->start->country_data,
		.mechanisms = set,
		.certificate_name = certificate_name_of(c),
		.password_cost = { (uint32_t)(c->password_memory / 1024),
		                   (uint32_t)c->password_passes,
		                   (uint32_t)c->password_lanes,
		                   { rounds_of(c, set, SASL_SCRAM_SHA_256),
		                     rounds_of(c, set, SASL_SCRAM_SHA_1) } },
		.issuers = (const char *const *)issuers->v,
		.issuers_count = issuers->n,
		.token_skew_seconds = TOKEN_SKEW_S,
		.allow_plain = c->password_plain,
		.verdict_seconds = (uint32_t)c->verdict_seconds,
		.refusal_ms = (uint32_t)c->refusal_seconds * 1000,
		.log_dovecot = c->log_dovecot,
		.limits = limits_of(c),
		.history = history_of(c),
		.known_s = (uint32_t)c->history_seconds / 3,
		.trusted = a->trusted[a->now],
		.trusted_count = c->trusted_networks.n,
		.metrics = metrics_of(a->server),
		.listeners = a->listeners,
		.listeners_count = a->listeners_count,
		.reload = reload_auth,
		.reload_arg = a,
	};
	a->options[a->now].n_sources =
		fill_sources(c, a->options[a->now].sources);
}

static const struct auth_options *reload_auth(void *arg, int fd)
{
	struct auth_role *a = arg;
	struct config *c = read_again(a->server, fd);

	if (c == NULL)
		return NULL;
	a->now = 1 - a->now;
	fill_auth(a, c);
	config_free(c);
	return &a->options[a->now];
}

/* Closed they may be, in this process; what they were called stays. */
static void fill_listeners(struct auth_role *a)
{
	const struct listeners *all = &a->server->listeners;

	for (size_t i = 0; i < all->n; i++) {
		const char *kind = listening_name(&all->v[i]);

		if (kind != NULL)
			a->listeners[a->listeners_count++] =
				(struct auth_listener){ kind, all->v[i].where };
	}
}

int run_auth(struct server *s, int parent_fd)
{
	struct auth_role a = { .server = s };

	fill_listeners(&a);

	a.directory = config_accounts_path(s->start);
	fill_auth(&a, s->config);
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
		.check_index = s->check_index,
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
