/*
 * transfer.c -- the sockets that Postfix and Exim use: LMTP (RFC 2033), and
 * the protocol by which they ask who may send.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "config/config.h"
#include "doctor/connection.h"
#include "doctor/internal.h"

enum { AUTH_LINES = 64, REPLY_LINES = 32 };

static struct err open_path(const struct doctor *d, const char *path,
                            struct connection *c)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof a.sun_path)
		return err(ERR_LIMIT, "the path is too long for a socket");
	strcpy(a.sun_path, path);
	return connection_open(c, (const struct sockaddr *)&a, sizeof a,
	                       d->seconds);
}

static struct err open_socket(const struct doctor *d, const char *where,
                              struct connection *c)
{
	struct config_address a;

	if (where[0] == '/')
		return open_path(d, where, c);
	if (!config_address_parse(where, &a))
		return err(ERR_SYNTAX, "that is no address");
	return dial(d, a.address, a.port, c);
}

/* -- LMTP -- */

/* Is the reply, of any number of lines, one of 2xx? */
static struct err expect_good(struct connection *c)
{
	struct slice line = S("");
	struct err e = OK;

	for (int i = 0; is_ok(e) && i < REPLY_LINES; i++) {
		e = connection_line(c, &line);
		if (is_ok(e) && (line.len < 3 || line.ptr[0] != '2'))
			return err(ERR_IO, "it does not speak LMTP");
		if (is_ok(e) && (line.len == 3 || line.ptr[3] != '-'))
			return OK;
	}
	return is_ok(e) ? err(ERR_IO, "it does not come to an end") : e;
}

static struct err talk_lmtp(struct connection *c)
{
	struct err e = expect_good(c);

	if (is_ok(e))
		e = connection_send(c, S("LHLO localhost\r\n"));
	if (is_ok(e))
		e = expect_good(c);
	if (is_ok(e))
		e = connection_send(c, S("QUIT\r\n"));
	return is_ok(e) ? expect_good(c) : e;
}

/* By owner, group and others; what else may be (lists of rights) is not
 * looked at. */
static bool may(const struct stat *st, const struct passwd *who, mode_t bits)
{
	if (who->pw_uid == 0)
		return true;
	if (st->st_uid == who->pw_uid)
		bits <<= 6;
	else if (st->st_gid == who->pw_gid)
		bits <<= 3;
	return (st->st_mode & bits) == bits;
}

/* Where the way to it ends for that user; "": nowhere. */
static void way_ends(const char *path, const struct passwd *who,
                     char out[static 4096])
{
	struct stat st;

	snprintf(out, 4096, "%s", path);
	if (stat(path, &st) != 0 || !may(&st, who, 6))
		return;
	for (const char *p = strchr(path + 1, '/'); p != NULL;
	     p = strchr(p + 1, '/')) {
		snprintf(out, 4096, "%.*s", (int)(p - path), path);
		if (stat(out, &st) != 0 || !may(&st, who, 1))
			return;
	}
	out[0] = 0;
}

/* Whom the configuration names, or else whom Debian's packages run as. */
static const struct passwd *agent(const char *user)
{
	static const char *const usual[] = { "postfix", "Debian-exim", "root" };
	const struct passwd *who = NULL;

	if (user[0] != 0)
		return getpwnam(user);
	for (size_t i = 0; who == NULL && i < sizeof usual / sizeof *usual; i++)
		who = getpwnam(usual[i]);
	return who;
}

static void judge_way(const struct doctor *d, enum check check,
                      const char *path, const char *user)
{
	const struct passwd *who = agent(user);
	struct stat st;
	char end[4096];

	if (who == NULL || path[0] != '/' || lstat(path, &st) != 0)
		return; /* has been said */
	way_ends(path, who, end);
	if (end[0] == 0)
		report_good(d->report, check, path, "%s may open it",
		            who->pw_name);
	else
		report_bad(d->report, check, path, "%s is shut out at %s",
		           who->pw_name, end);
}

void doctor_lmtp(const struct doctor *d, const char *where, const char *user)
{
	struct connection c;
	struct err e = open_socket(d, where, &c);

	if (is_ok(e)) {
		e = talk_lmtp(&c);
		connection_close(&c);
	}
	if (is_ok(e))
		report_good(d->report, CHECK_LMTP, where, "takes mail");
	else
		report_bad(d->report, CHECK_LMTP, where, "%s", e.text);
	judge_way(d, CHECK_LMTP_REACH, where, user);
}

/* -- the authentication protocol of Dovecot -- */

/* VERSION, any number of MECH, and others, up to DONE; not one of them needs
 * a word of ours. */
static struct err read_mechanisms(struct connection *c, struct buf *out)
{
	struct slice line = S("");
	struct slice name, rest;
	struct err e = OK;

	for (int i = 0; is_ok(e) && i < AUTH_LINES; i++) {
		e = connection_line(c, &line);
		if (is_ok(e) && slice_eq(line, S("DONE")))
			return OK;
		if (!is_ok(e) || !slice_starts(line, S("MECH\t")))
			continue;
		slice_cut(slice_from(line, 5), '\t', &name, &rest);
		buf_printf(out, "%s%.*s", out->len != 0 ? ", " : "",
		           (int)name.len, name.ptr);
	}
	return is_ok(e) ? err(ERR_IO, "it does not come to an end") : e;
}

void doctor_auth_socket(const struct doctor *d, const char *where,
                        const char *user)
{
	struct buf mechanisms = { 0 };
	struct connection c;
	struct err e = open_socket(d, where, &c);

	if (is_ok(e)) {
		e = read_mechanisms(&c, &mechanisms);
		connection_close(&c);
	}
	if (is_ok(e) && mechanisms.len == 0)
		e = err(ERR_IO, "it offers no mechanism");
	if (is_ok(e))
		report_good(d->report, CHECK_AUTH_SOCKET, where, "offers %.*s",
		            (int)mechanisms.len, mechanisms.data);
	else
		report_bad(d->report, CHECK_AUTH_SOCKET, where, "%s", e.text);
	judge_way(d, CHECK_AUTH_REACH, where, user);
	buf_free(&mechanisms);
}
