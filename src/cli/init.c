/*
 * init.c -- roost init: a directory that roostd can serve.
 *
 *	DIR/roost.conf         every option, explained; roost.conf.new until all
 *	                       else is there
 *	DIR/certificate.pem    signed by itself
 *	DIR/partition/N/       the store, empty
 *	DIR/auth/              where auth puts the accounts
 *	DIR/run/               the control socket
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/certificate.h"
#include "cli/conf_text.h"
#include "cli/fail.h"
#include "cli/file.h"
#include "cli/verb.h"
#include "config/check.h"
#include "store/partition.h"

enum { PARTITIONS_LEAST = 4, PARTITIONS_MOST = 64 };

static const char finished_name[] = "roost.conf";
static const char unfinished_name[] = "roost.conf.new";

struct plan {
	const char *dir;
	char hostname[256];
	char imap[64];
	char imaps[64];
	char lmtp[64];
	unsigned partitions;
};

/* -- what was asked for -- */

/* A port of the command line, or its default; 0: it is none, which has been
 * said. */
static unsigned port_of(const struct call *c, const char *name,
                        unsigned as_root, unsigned otherwise)
{
	const char *text = call_value(c, name);
	uint64_t n;

	if (text == NULL)
		return geteuid() == 0 ? as_root : otherwise;
	if (slice_number(slice_cstr(text), &n) && n != 0 && n <= 65535)
		return (unsigned)n;
	fail(EX_USAGE, "init: --%s: a number from 1 to 65535", name);
	return 0;
}

static bool plan_ports(const struct call *c, struct plan *p)
{
	unsigned imap = port_of(c, "imap-port", 143, 1143);
	unsigned imaps = port_of(c, "imaps-port", 993, 1993);
	unsigned lmtp = port_of(c, "lmtp-port", 24, 1024);

	const char *v4 = call_value(c, "loopback") ? "127.0.0.1" : "0.0.0.0";
	const char *v6 = call_value(c, "loopback") ? "::1" : "::";

	snprintf(p->imap, sizeof p->imap, "%s:%u, [%s]:%u", v4, imap, v6, imap);
	snprintf(p->imaps, sizeof p->imaps, "%s:%u, [%s]:%u", v4, imaps, v6,
	         imaps);
	snprintf(p->lmtp, sizeof p->lmtp, "127.0.0.1:%u", lmtp);
	return imap != 0 && imaps != 0 && lmtp != 0;
}

static bool plan_hostname(const struct call *c, struct plan *p)
{
	const char *name = call_value(c, "hostname");

	if (name != NULL)
		snprintf(p->hostname, sizeof p->hostname, "%s", name);
	else if (gethostname(p->hostname, sizeof p->hostname - 1) != 0)
		strcpy(p->hostname, "localhost");
	return config_is_hostname(slice_cstr(p->hostname));
}

/* A process a core, and room for machines to come. */
static unsigned plan_partitions(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (cores < PARTITIONS_LEAST)
		return PARTITIONS_LEAST;
	return cores > PARTITIONS_MOST ? PARTITIONS_MOST : (unsigned)cores;
}

/* -- making it -- */

static const char *path_in(char room[PATH_MAX], const struct plan *p,
                           const char *name)
{
	snprintf(room, PATH_MAX, "%s/%s", p->dir, name);
	return room;
}

static bool has(const struct plan *p, const char *name)
{
	char path[PATH_MAX];

	return access(path_in(path, p, name), F_OK) == 0;
}

/* Nobody has ever been served from it, and nothing in it is worth keeping. */
static bool was_broken_off(const struct plan *p)
{
	return has(p, unfinished_name) && !has(p, finished_name) &&
	       !has(p, "auth/accounts.sqlite");
}

/* Holds nothing, or is made. */
static int take_directory(const struct plan *p)
{
	const char *dir = p->dir;
	struct dirent *entry;
	DIR *d;
	bool empty = true;

	if (mkdir(dir, 0700) == 0)
		return EX_OK;
	if (errno != EEXIST || (d = opendir(dir)) == NULL)
		return fail(EX_CANTCREAT, "%s: %s", dir, strerror(errno));
	if (was_broken_off(p)) {
		closedir(d);
		return fail(EX_CANTCREAT,
		            "%s: roost init was broken off here: remove what "
		            "it has left (rm -r %s/*), and try again",
		            dir, dir);
	}
	while ((entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			empty = false;
	closedir(d);
	if (!empty)
		return fail(EX_CANTCREAT, "%s: is not empty", dir);
	return chmod(dir, 0700) == 0
	               ? EX_OK
	               : fail(EX_CANTCREAT, "%s: %s", dir, strerror(errno));
}

static int make_directory(const struct plan *p, const char *name)
{
	char path[PATH_MAX];

	if (mkdir(path_in(path, p, name), 0700) != 0)
		return fail(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	return EX_OK;
}

static int make_store(const struct plan *p)
{
	char path[PATH_MAX];
	char name[32];

	for (unsigned i = 0; i < p->partitions; i++) {
		struct err e;

		snprintf(name, sizeof name, "partition/%u", i);
		e = partition_make(path_in(path, p, name));
		if (!is_ok(e))
			return fail_err(e, path);
	}
	return EX_OK;
}

static int write_new(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 &&
	          write(fd, text.ptr, text.len) == (ssize_t)text.len &&
	          fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok ? EX_OK : fail(EX_CANTCREAT, "%s: %s", path, strerror(errno));
}

static int make_conf(const struct plan *p)
{
	char partitions[16];
	const struct conf_setting settings[] = {
		{ "hostname", p->hostname },  { "listen_imap", p->imap },
		{ "listen_imaps", p->imaps }, { "listen_lmtp", p->lmtp },
		{ "partitions", partitions },
	};
	char path[PATH_MAX];
	struct buf text = { 0 };
	int status;

	snprintf(partitions, sizeof partitions, "%u", p->partitions);
	conf_text(settings, sizeof settings / sizeof settings[0], &text);
	status = write_new(path_in(path, p, unfinished_name), buf_slice(&text));
	buf_free(&text);
	return status;
}

static int finish_conf(const struct plan *p)
{
	char from[PATH_MAX];
	char to[PATH_MAX];

	if (rename(path_in(from, p, unfinished_name),
	           path_in(to, p, finished_name)) == 0)
		return EX_OK;
	return fail(EX_CANTCREAT, "%s: %s", to, strerror(errno));
}

static int make_certificate(const struct plan *p)
{
	char path[PATH_MAX];
	const char *wrong = certificate_make(
		path_in(path, p, "certificate.pem"), p->hostname);

	return wrong == NULL ? EX_OK
	                     : fail(EX_CANTCREAT, "%s: %s", path, wrong);
}

static int sync_names(const char *path)
{
	return directory_sync(path)
	               ? EX_OK
	               : fail(EX_CANTCREAT, "%s: %s", path, strerror(errno));
}

/* The configuration gets its name last: a directory that has one is whole,
 * also when the power fails. Until then it says that this is not. */
static int make_all(const struct plan *p)
{
	static const char *const directories[] = { "partition", "auth", "run" };
	char parent[PATH_MAX];
	int status = take_directory(p);

	if (status == EX_OK)
		status = make_conf(p);
	for (int i = 0; status == EX_OK && i < 3; i++)
		status = make_directory(p, directories[i]);
	if (status == EX_OK)
		status = make_certificate(p);
	if (status == EX_OK)
		status = make_store(p);
	if (status == EX_OK)
		status = sync_names(p->dir);
	if (status == EX_OK)
		status = finish_conf(p);
	if (status == EX_OK)
		status = sync_names(p->dir);
	if (status == EX_OK)
		status = sync_names(path_in(parent, p, ".."));
	return status;
}

int run_init(const struct call *c)
{
	struct plan p = { .dir = c->args[0], .partitions = plan_partitions() };
	int status;

	if (strlen(p.dir) > PATH_MAX / 2)
		return fail(EX_USAGE, "init: the path is too long");
	if (!plan_ports(c, &p))
		return EX_USAGE;
	if (!plan_hostname(c, &p))
		return fail(EX_USAGE, "init: no name of a host; "
		                      "give one with --hostname");
	status = make_all(&p);
	if (status == EX_OK)
		printf("%s is ready: roostd -c %s/roost.conf\n", p.dir, p.dir);
	return status;
}
