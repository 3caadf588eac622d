/* listeners.c -- TCP and Unix sockets, bound and listening. */
#include "roostd/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum {
	/* A server that was killed a moment ago may still hold the port. */
	BIND_TRIES = 30,
	BIND_TRIES_METRICS = 3, /* or another server has it, and keeps it */
	BIND_PAUSE_MS = 100,
};

static void say_failed(enum log_level level, const char *what, int error)
{
	struct log_line l = log_open(level, "listen_failed");

	log_text(&l, "at", slice_cstr(what));
	log_text(&l, "error", slice_cstr(strerrordesc_np(error)));
	log_close(&l);
}

static void complain(const char *what, int error)
{
	say_failed(LOG_LEVEL_ERROR, what, error);
}

/* Where it is, whoever has opened it. */
static void fill_place(struct listening *l)
{
	union {
		struct sockaddr_storage any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} at = { 0 };
	socklen_t size = sizeof at - 1; /* a NUL stays behind a path */
	char text[INET6_ADDRSTRLEN] = "";

	getsockname(l->fd, (struct sockaddr *)&at, &size);
	if (at.any.ss_family == AF_UNIX) {
		snprintf(l->where, sizeof l->where, "%s", at.un.sun_path);
	} else if (at.any.ss_family == AF_INET) {
		l->port = ntohs(at.in.sin_port);
		inet_ntop(AF_INET, &at.in.sin_addr, text, sizeof text);
		snprintf(l->where, sizeof l->where, "%s:%u", text,
		         (unsigned)l->port);
	} else if (at.any.ss_family == AF_INET6) {
		l->port = ntohs(at.in6.sin6_port);
		inet_ntop(AF_INET6, &at.in6.sin6_addr, text, sizeof text);
		snprintf(l->where, sizeof l->where, "[%s]:%u", text,
		         (unsigned)l->port);
	}
}

static bool add(struct listeners *l, struct listening new)
{
	fill_place(&new);
	if (l->n == LISTENERS_MOST) { /* a service manager gave too many */
		complain("one socket more", ENFILE);
		close(new.fd);
		return false;
	}
	l->v[l->n++] = new;
	return true;
}

bool listeners_have(const struct listeners *l, enum listener_kind kind)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].kind == kind)
			return true;
	}
	return false;
}

/* -- TCP -- */

static socklen_t fill_address(const struct config_address *a,
                              struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, a->address, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		return sizeof *in;
	}
	if (inet_pton(AF_INET6, a->address, &in6->sin6_addr) != 1)
		return 0;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	return sizeof *in6;
}

static bool bind_patiently(int fd, const struct sockaddr_storage *to,
                           socklen_t size, int tries)
{
	const struct timespec pause = { 0, BIND_PAUSE_MS * 1000000L };

	for (int i = 0; i < tries; i++) {
		if (bind(fd, (const struct sockaddr *)to, size) == 0)
			return true;
		if (errno != EADDRINUSE)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* -1, with errno, when it can't be had. */
static int listen_tcp(const struct config_address *a, int tries)
{
	struct sockaddr_storage to;
	socklen_t size = fill_address(a, &to);
	int yes = 1;
	int fd = socket(to.ss_family,
	                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (to.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	if (bind_patiently(fd, &to, size, tries) && listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool open_tcp(struct listeners *l, const struct config_list *list,
                     enum listener_kind kind)
{
	bool ok = true;

	if (listeners_have(l, kind))
		return true;
	for (size_t i = 0; i < list->n; i++) {
		struct config_address a;
		int fd = -1;

		errno = EINVAL;
		if (config_address_parse(list->v[i], &a))
			fd = listen_tcp(&a, BIND_TRIES);
		if (fd < 0)
			complain(list->v[i], errno);
		ok = fd >= 0 &&
		     add(l, (struct listening){ .fd = fd,
		                                .kind = kind,
		                                .proxy = a.proxy }) &&
		     ok;
	}
	return ok;
}

/* Nobody goes without mail because of it. */
static void open_metrics(struct listeners *l, const struct config_list *list)
{
	if (listeners_have(l, LISTENER_METRICS))
		return;
	for (size_t i = 0; i < list->n; i++) {
		struct config_address a;
		int fd = -1;

		errno = EINVAL;
		if (config_address_parse(list->v[i], &a))
			fd = listen_tcp(&a, BIND_TRIES_METRICS);
		if (fd >= 0) {
			add(l, (struct listening){ .fd = fd,
			                           .kind = LISTENER_METRICS });
			continue;
		}
		say_failed(LOG_LEVEL_WARN, list->v[i], errno);
		l->metrics_failed = true;
	}
}

/* -- Unix -- */

/* What an earlier run left; anything but a socket stays where it is. */
static void remove_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

/* Who may connect is who may write to it: its owner. */
static bool give_to(const char *path, const char *user)
{
	struct passwd *p;

	if (user[0] == '\0')
		return true;
	p = getpwnam(user);
	if (p == NULL) {
		errno = ENOENT;
		return false;
	}
	return chown(path, p->pw_uid, p->pw_gid) == 0;
}

static int listen_unix(const char *path, int type, const char *user)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;
	bool ok;

	errno = ENAMETOOLONG;
	if (strlen(path) >= sizeof to.sun_path)
		return -1;
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	remove_socket(path);
	mode_t before = umask(0177);
	ok = bind(fd, (const struct sockaddr *)&to, sizeof to) == 0;
	umask(before);
	if (ok && give_to(path, user) && listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool open_unix(struct listeners *l, const char *path, int type,
                      const char *user, enum listener_kind kind)
{
	int fd = listen_unix(path, type, user);

	if (fd < 0)
		complain(path, errno);
	return fd >= 0 && add(l, (struct listening){ .fd = fd, .kind = kind });
}

/* -- from the service manager -- */

static const struct {
	const char *name;
	enum listener_kind kind;
	bool proxy;
} activated[] = {
	{ "imap", LISTENER_IMAP, false },
	{ "imaps", LISTENER_IMAPS, false },
	{ "lmtp", LISTENER_LMTP, false },
	{ "imap-proxy", LISTENER_IMAP, true },
	{ "imaps-proxy", LISTENER_IMAPS, true },
	{ "lmtp-proxy", LISTENER_LMTP, true },
	{ "auth", LISTENER_AUTH, false },
	{ "metrics", LISTENER_METRICS, false },
};

const char *listening_name(const struct listening *l)
{
	for (size_t i = 0; i < sizeof activated / sizeof *activated; i++)
		if (activated[i].kind == l->kind &&
		    activated[i].proxy == l->proxy)
			return activated[i].name;
	return NULL;
}

static bool take_activated(struct listeners *l, int fd, const char *name)
{
	for (size_t i = 0; i < sizeof activated / sizeof *activated; i++) {
		if (strcmp(name, activated[i].name) == 0)
			return add(l, (struct listening){
					      .fd = fd,
					      .kind = activated[i].kind,
					      .proxy = activated[i].proxy });
	}
	complain(name, EINVAL);
	close(fd);
	return false;
}

static bool open_activated(struct listeners *l)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);
	bool ok = true;

	for (int i = 0; i < n; i++) {
		ok = take_activated(l, SD_LISTEN_FDS_START + i, names[i]) && ok;
		free(names[i]);
	}
	free(names);
	return ok;
}

bool listeners_open(struct listeners *l, const struct config *c)
{
	char *control = config_control_path(c);
	bool ok, lmtp_is_given, auth_is_given;

	*l = (struct listeners){ .n = 0 };
	ok = open_activated(l);
	lmtp_is_given = listeners_have(l, LISTENER_LMTP);
	auth_is_given = listeners_have(l, LISTENER_AUTH);
	ok = open_tcp(l, &c->listen_imap, LISTENER_IMAP) && ok;
	ok = open_tcp(l, &c->listen_imaps, LISTENER_IMAPS) && ok;
	ok = open_tcp(l, &c->listen_lmtp, LISTENER_LMTP) && ok;
	ok = open_tcp(l, &c->listen_auth, LISTENER_AUTH) && ok;
	open_metrics(l, &c->listen_metrics);
	if (c->lmtp_socket[0] != '\0' && !lmtp_is_given)
		ok = open_unix(l, c->lmtp_socket, SOCK_STREAM,
		               c->lmtp_socket_user, LISTENER_LMTP) &&
		     ok;
	if (c->auth_socket[0] != '\0' && !auth_is_given)
		ok = open_unix(l, c->auth_socket, SOCK_STREAM,
		               c->auth_socket_user, LISTENER_AUTH) &&
		     ok;
	ok = open_unix(l, control, SOCK_SEQPACKET, "", LISTENER_CONTROL) && ok;
	free(control);
	return ok;
}

void listeners_close(struct listeners *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->v[i].fd);
	l->n = 0;
}
