/* check_listeners.c -- addresses and sockets: free, ours, and once each. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/network.h"
#include "config/check_internal.h"

enum { LISTS = 5 };

/* One of an option's addresses. */
struct place {
	const struct config_list *list;
	const char *text;
	bool v6;
	uint16_t port;
	unsigned char bytes[16]; /* as inet_pton() gives them */
};

static const struct config_list *list_at(const struct config *c, int i)
{
	const struct config_list *const lists[LISTS] = {
		&c->listen_imap, &c->listen_imaps, &c->listen_lmtp,
		&c->listen_auth, &c->listen_metrics
	};

	return lists[i];
}

static struct place place_of(const struct config_list *list, size_t i)
{
	struct place p = { .list = list, .text = list->v[i] };
	struct config_address a;

	if (!config_address_parse(p.text, &a))
		abort(); /* config_read() took it */
	p.port = a.port;
	p.v6 = strchr(a.address, ':') != NULL;
	inet_pton(p.v6 ? AF_INET6 : AF_INET, a.address, p.bytes);
	return p;
}

static bool is_any(const struct place *p)
{
	static const unsigned char zeroes[16];

	return memcmp(p->bytes, zeroes, sizeof zeroes) == 0;
}

/* Each family has its own wildcard: IPv6 sockets take no IPv4. */
static bool overlap(const struct place *a, const struct place *b)
{
	return a->v6 == b->v6 && a->port == b->port &&
	       (is_any(a) || is_any(b) ||
	        memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0);
}

/* -- this machine -- */

/* *have: as whoever listens to it writes it, or all of 127/8. */
static bool has_address(const struct ifaddrs *have, const struct place *p)
{
	const struct sockaddr *sa = have->ifa_addr;

	if (sa == NULL || sa->sa_family != (p->v6 ? AF_INET6 : AF_INET))
		return false;
	if (p->v6)
		return memcmp(&((const struct sockaddr_in6 *)sa)->sin6_addr,
		              p->bytes, 16) == 0;
	return p->bytes[0] == 127 ||
	       memcmp(&((const struct sockaddr_in *)sa)->sin_addr, p->bytes,
	              4) == 0;
}

static void check_is_ours(struct check *k, const struct place *p)
{
	struct ifaddrs *all = NULL;
	bool ours = is_any(p) || getifaddrs(&all) != 0;

	for (struct ifaddrs *at = all; !ours && at != NULL; at = at->ifa_next)
		ours = has_address(at, p);
	freeifaddrs(all);
	if (!ours)
		check_warning(k, p->list,
		              "has %s, which is no address of this machine",
		              p->text);
}

/* ip_unprivileged_port_start(7); 1024 where the kernel does not say */
static unsigned first_free_port(void)
{
	FILE *file =
		fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	unsigned port = 1024;

	if (file == NULL)
		return port;
	if (fscanf(file, "%u", &port) != 1)
		port = 1024;
	fclose(file);
	return port;
}

static void check_port(struct check *k, const struct place *p)
{
	if (geteuid() != 0 && p->port < first_free_port())
		check_warning(k, p->list, "has %s, which only root can bind",
		              p->text);
}

/* -- balancers -- */

static void check_mark(struct check *k, const struct config_list *list,
                       const char *text)
{
	struct config_address a;

	if (!config_address_parse(text, &a) || !a.proxy)
		return;
	if (list == &k->config->listen_auth ||
	    list == &k->config->listen_metrics)
		check_error(k, list, "has %s: only clients come by balancers",
		            text);
	else if (k->config->proxy_networks.n == 0)
		check_warning(k, list,
		              "has %s, but proxy_networks names nobody", text);
}

/* -- what has no password -- */

static bool is_loopback(const struct place *p)
{
	static const unsigned char one[16] = { [15] = 1 };

	return p->v6 ? memcmp(p->bytes, one, sizeof one) == 0
	             : p->bytes[0] == 127;
}

static void check_is_private(struct check *k, const struct place *p)
{
	const struct config *c = k->config;

	if (is_loopback(p))
		return;
	if (p->list == &c->listen_metrics)
		check_warning(k, p->list,
		              "has %s: whoever reaches it may read it",
		              p->text);
	if (p->list == &c->listen_lmtp)
		check_warning(k, p->list,
		              "has %s: whoever reaches it can deliver mail",
		              p->text);
	if (p->list == &c->listen_auth)
		check_warning(k, p->list,
		              "has %s: whoever reaches it can try passwords",
		              p->text);
}

/* -- twice -- */

/* Those before it, of this option and the ones above. */
static void check_is_free(struct check *k, const struct place *p, int list,
                          size_t n)
{
	for (int i = 0; i <= list; i++) {
		const struct config_list *l = list_at(k->config, i);

		for (size_t at = 0; at < (i < list ? l->n : n); at++) {
			struct place other = place_of(l, at);

			if (!overlap(p, &other))
				continue;
			check_error(k, p->list, "has %s, which %s takes",
			            p->text, other.text);
			return;
		}
	}
}

static void check_number(struct check *k)
{
	size_t n = 0;

	for (int i = 0; i < LISTS; i++) {
		const struct config_list *l = list_at(k->config, i);

		n += l->n;
		if (n > CONFIG_ADDRESSES_MOST) {
			check_error(k, l, "makes more than %d addresses",
			            CONFIG_ADDRESSES_MOST);
			return;
		}
	}
}

static void check_places(struct check *k)
{
	for (int i = 0; i < LISTS; i++) {
		const struct config_list *l = list_at(k->config, i);

		for (size_t n = 0; n < l->n; n++) {
			struct place p = place_of(l, n);

			check_is_free(k, &p, i, n);
			check_is_ours(k, &p);
			check_port(k, &p);
			check_mark(k, l, p.text);
			check_is_private(k, &p);
		}
	}
}

/* -- sockets in the file system -- */

static void check_socket_file(struct check *k, char *const *field)
{
	const char *slash = strrchr(*field, '/');
	struct stat st;
	char *directory = strndup(*field, (size_t)(slash - *field));

	if (directory[0] != '\0' && stat(directory, &st) != 0 &&
	    errno != EACCES)
		check_error(k, field, "%s: %s", directory,
		            strerrordesc_np(errno));
	else if (lstat(*field, &st) == 0 && !S_ISSOCK(st.st_mode))
		check_error(k, field, "%s: is something else than a socket",
		            *field);
	free(directory);
}

static bool is_too_long(const char *path)
{
	return strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path;
}

static void check_socket(struct check *k, char *const *field, char *const *user,
                         const char *control)
{
	if ((*field)[0] == '\0') {
		if ((*user)[0] != '\0')
			check_warning(k, user, "is of no use without %s",
			              check_name(k, field));
	} else if (strcmp(*field, control) == 0) {
		check_error(k, field, "is the control socket");
	} else if (is_too_long(*field)) {
		check_error(k, field, "is too long for the path of a socket");
	} else {
		check_socket_file(k, field);
	}
}

static void check_sockets(struct check *k)
{
	const struct config *c = k->config;
	char *control = config_control_path(c);

	if (is_too_long(control))
		check_error(k, &c->directory,
		            "%s: too long for the path of a socket", control);
	check_socket(k, &c->lmtp_socket, &c->lmtp_socket_user, control);
	check_socket(k, &c->auth_socket, &c->auth_socket_user, control);
	if (c->auth_socket[0] != '\0' &&
	    strcmp(c->auth_socket, c->lmtp_socket) == 0)
		check_error(k, &c->auth_socket, "is lmtp_socket, too");
	free(control);
}

void check_listeners(struct check *k)
{
	check_number(k);
	check_places(k);
	check_sockets(k);
}
