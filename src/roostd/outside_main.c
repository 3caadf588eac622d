/*
 * outside_main.c -- roost-outside: the process that asks those outside.
 *
 * Started by roostd, as its user already (outside_command.h); it confines
 * itself before it hears of anybody. It may connect to whom it likes, open
 * what names and certificates are looked up in, and what its sources need.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "ipc/ask.h"
#include "outside/desk.h"
#include "outside/outside.h"
#include "outside/source.h"
#include "roostd/privileges.h"
#include "roostd/sandbox.h"
#include "roostd/server.h"

enum {
	FIRST_SOURCE = 3,
	HANG_MS = 20000,
	/* Its libraries take some 20 MiB; an answer is at most a frame. */
	MEMORY = 512 << 20,
	STACK = 9 << 20, /* of a thread, and what malloc() keeps for it */
};

/* -- what it may open -- */

/* For names, and for authorities that certificates are verified by. */
static const char *const common[] = {
	"/dev/null",
	"/dev/urandom",
	"/etc/gai.conf",
	"/etc/host.conf",
	"/etc/hosts",
	"/etc/ldap/ldap.conf",
	"/etc/localtime",
	"/etc/nsswitch.conf",
	"/etc/protocols",
	"/etc/resolv.conf",
	"/etc/services",
	"/etc/ssl/certs",
	"/etc/ssl/openssl.cnf",
	"/run/systemd/resolve",
	"/usr/lib/ssl",
	"/usr/local/share/ca-certificates",
	"/usr/share/ca-certificates",
	"/usr/share/zoneinfo",
};

enum { COMMON = sizeof common / sizeof *common };

static struct err confine(const struct sources *sources)
{
	struct sandbox_path paths[COMMON + 1 + SOURCES_MOST] = { { 0 } };
	struct sandbox sandbox = { .paths = paths, .ask = true };
	const char *authorities = getenv("SSL_CERT_FILE");

	for (size_t i = 0; i < COMMON; i++)
		paths[sandbox.n_paths++].path = common[i];
	if (authorities != NULL)
		paths[sandbox.n_paths++].path = authorities;
	for (size_t i = 0; i < sources->n; i++) {
		const struct source *s = sources->v[i];

		if (s->opens != NULL)
			paths[sandbox.n_paths++] =
				(struct sandbox_path){ s->opens, s->writes };
		sandbox.load |= s->loads;
	}
	return sandbox_enter(&sandbox);
}

/* -- what it is started with -- */

/* FD=SOURCE */
static void take_source(struct sources *sources, const char *argument)
{
	struct slice fd, name;
	uint64_t number;

	if (slice_cut(slice_cstr(argument), '=', &fd, &name))
		sources_add(sources, name.ptr,
		            slice_number(fd, &number) ? (int)number : -1);
}

/* Each may be waited for by as many threads as have a place there. */
static size_t threads_of(const struct sources *sources)
{
	return (sources->n + 1) * DESK_PLACES;
}

static void allow_threads(const struct sources *sources)
{
	char number[16];

	snprintf(number, sizeof number, "%zu", threads_of(sources));
	setenv("UV_THREADPOOL_SIZE", number, 1);
}

static struct err prepare(const struct sources *sources)
{
	const struct identity as_it_is = { .change = false };
	struct err e;

	prctl(PR_SET_NAME, "outside");
	e = privileges_drop(&as_it_is); /* some of it does not last */
	outside_prepare();
	if (is_ok(e) && !memory_limit(MEMORY + threads_of(sources) * STACK))
		e = err(ERR_NOPERM, "can't limit its memory");
	return is_ok(e) ? confine(sources) : e;
}

int main(int argc, char **argv)
{
	struct sources sources = { 0 };
	struct outside_options options = { .ask_ms = ASK_SECONDS * 1000,
		                           .hang_ms = HANG_MS,
		                           .sources = &sources };
	uint64_t parent;
	struct err e;

	if (argc < FIRST_SOURCE ||
	    !slice_number(slice_cstr(argv[2]), &parent)) {
		fputs("roost-outside is started by roostd.\n", stderr);
		return EX_USAGE;
	}
	log_init("outside",
	         log_level_of(&(struct config){ .log_level = argv[1] }));
	for (int i = FIRST_SOURCE; i < argc; i++)
		take_source(&sources, argv[i]);
	allow_threads(&sources);
	e = prepare(&sources);
	if (!is_ok(e)) {
		log_note(LOG_LEVEL_ERROR, "not_started", e.text);
		return EX_OSERR;
	}
	_exit(outside_main(loop_new(), &options, (int)parent));
}
