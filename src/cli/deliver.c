/*
 * deliver.c -- roost deliver: what a local delivery agent is called as.
 *
 * It hands the message to the running server by LMTP, so delivery has one
 * way in; the exit status tells the caller (Postfix's pipe, procmail, fdm)
 * what to do next.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/ascii.h"
#include "cli/fail.h"
#include "cli/lmtp.h"
#include "cli/site.h"
#include "cli/verb.h"

static int connect_unix(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof at.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static socklen_t tcp_address(const char *text, uint16_t port,
                             struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof *v4;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	return sizeof *v6;
}

static int connect_tcp(const char *address, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t len = tcp_address(address, port, &at);
	int fd;

	if (len == 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The Unix socket if there is one: no port is open to others then. NULL: there
 * is neither. */
static const char *place_of(const struct config *config)
{
	if (config->lmtp_socket[0] != 0)
		return config->lmtp_socket;
	return config->listen_lmtp.n > 0 ? config->listen_lmtp.v[0] : NULL;
}

static int connect_lmtp(const char *place)
{
	struct config_address at;

	return config_address_parse(place, &at)
	               ? connect_tcp(at.address, at.port)
	               : connect_unix(place);
}

/* Where it failed has been said. */
static int open_lmtp(const struct config *config, int *fd)
{
	const char *place = place_of(config);

	if (place == NULL)
		return fail(EX_TEMPFAIL, "deliver: roost.conf has neither "
		                         "lmtp_socket nor listen_lmtp");
	*fd = connect_lmtp(place);
	return *fd >= 0 ? EX_OK
	                : fail(EX_TEMPFAIL, "deliver: %s: %s", place,
	                       strerror(errno));
}

/* 2xx, 5xx with 5.1.1 or 5.1.10 (no such mailbox), other 5xx, all else. */
static int status_of(const struct lmtp_reply *r)
{
	if (r->code / 100 == 2)
		return EX_OK;
	if (r->code / 100 != 5)
		return EX_TEMPFAIL;
	return !strncmp(r->text, "5.1.1", 5) ? EX_NOUSER : EX_NOPERM;
}

static int deliver(int fd, struct slice sender, struct slice recipient)
{
	struct lmtp_reply reply;
	struct err e = lmtp_deliver(fd, sender, recipient, stdin, &reply);
	int status;

	if (!is_ok(e))
		return fail(EX_TEMPFAIL, "deliver: %s", e.text);
	status = status_of(&reply);
	if (status != EX_OK)
		fail(status, "deliver: %d %s", reply.code, reply.text);
	return status;
}

/* Nothing that could end the command's line or the angle brackets. */
static bool is_address(const char *s)
{
	for (; *s != 0; s++)
		if (ascii_is_ctl(*s) || *s == '<' || *s == '>')
			return false;
	return true;
}

static const char *value_or_empty(const struct call *c, const char *name)
{
	const char *value = call_value(c, name);

	return value != NULL ? value : "";
}

int run_deliver(const struct call *c)
{
	const char *user = call_value(c, "destination");
	const char *sender = value_or_empty(c, "from");
	const char *mailbox = value_or_empty(c, "mailbox");
	struct buf recipient = { 0 };
	struct config *config;
	int status;
	int fd = -1;

	if (!is_address(user) || !is_address(sender) || !is_address(mailbox))
		return fail(EX_USAGE, "deliver: that is no address");
	status = site_config(c, &config);
	if (status != EX_OK)
		return status;
	status = open_lmtp(config, &fd);
	config_free(config);
	if (status != EX_OK)
		return status;
	lmtp_recipient(slice_cstr(user), slice_cstr(mailbox), &recipient);
	status = deliver(fd, slice_cstr(sender), buf_slice(&recipient));
	buf_free(&recipient);
	return status;
}
