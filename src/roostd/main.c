/* main.c -- roostd: arguments, configuration, and the way to supervise(). */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "config/check.h"
#include "config/user.h"
#include "mime/charset.h"
#include "roostd/directories.h"
#include "roostd/roles.h"
#include "roostd/supervise.h"

static const char help[] =
	"usage: roostd [-c FILE] [-F]\n"
	"\n"
	"Serves mail by IMAP and takes it in by LMTP.\n"
	"\n"
	"  -c, --config FILE   the configuration (/etc/roost/roost.conf)\n"
	"  -F, --foreground    stay in the foreground\n"
	"      --version       print the version\n"
	"      --help          print this\n"
	"\n"
	"SIGHUP reads the configuration and the certificate again; SIGTERM\n"
	"ends all sessions and the server. It logs to standard error.\n";

#ifdef __SANITIZE_ADDRESS__
/* Freed memory waits before it is used again, by default up to 256 MiB: more
 * than a parser may have (parse_memory). */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=16";
}
#endif

struct arguments {
	const char *config;
	bool foreground;
};

/* -1, or the status to end with. */
static int parse_arguments(int argc, char **argv, struct arguments *out)
{
	enum { HELP = 1, VERSION };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'F' },
		{ "version", no_argument, NULL, VERSION },
		{ "help", no_argument, NULL, HELP },
		{ 0 },
	};
	int c;

	*out = (struct arguments){ .config = "/etc/roost/roost.conf" };
	while ((c = getopt_long(argc, argv, "c:F", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			out->config = optarg;
			break;
		case 'F':
			out->foreground = true;
			break;
		case VERSION:
			puts("roost " ROOST_VERSION);
			return EX_OK;
		case HELP:
			fputs(help, stdout);
			return EX_OK;
		default:
			fputs("Try roostd --help.\n", stderr);
			return EX_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "roostd: what is \"%s\"? Try roostd --help.\n",
	        argv[optind]);
	return EX_USAGE;
}

/* -- configuration -- */

static void print_errors(const char *path, const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++) {
		const struct config_error *e = &errors->v[i];
		const char *kind = e->is_warning ? "warning: " : "";

		if (e->line != 0)
			fprintf(stderr, "%s:%u: %s%s\n", path, e->line, kind,
			        e->text);
		else
			fprintf(stderr, "%s: %s%s\n", path, kind, e->text);
	}
}

static bool find_user(struct server *s, enum role role, const char *name)
{
	struct err e = identity_find(name, &s->users[role]);

	if (!is_ok(e))
		fprintf(stderr, "%s: user %s: %s\n", s->path, name, e.text);
	return is_ok(e);
}

static bool find_users(struct server *s)
{
	bool ok = true;

	for (enum role r = ROLE_PARENT + 1; r < ROLES; r++)
		ok = find_user(s, r, config_user_of(s->config, role_name(r))) &&
		     ok;
	if (ok && geteuid() == 0 && !s->users[ROLE_GATE].change)
		log_note(LOG_LEVEL_WARN, "runs_as_root", "users is not set");
	return ok;
}

/* As configured, 0: one a core. */
static uint32_t processes(uint64_t configured)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (configured != 0)
		return (uint32_t)configured;
	return cores < 1 ? 1 : cores > 256 ? 256 : (uint32_t)cores;
}

static bool read_config(struct server *s, const char *path)
{
	struct config_errors errors;
	bool ok;

	s->config = config_read(path, -1, &errors);
	if (s->config != NULL)
		config_check(s->config, &errors);
	print_errors(path, &errors);
	ok = s->config != NULL && !config_is_refused(&errors);
	config_errors_free(&errors);
	if (!ok)
		return false;
	s->path = realpath(path, NULL);
	s->start = s->config;
	s->gates = processes(s->config->gates);
	s->parsers = processes(s->config->parsers);
	return s->path != NULL;
}

/* -- the process -- */

/* Descriptors 0 to 2 exist, so that no socket of ours is ever one of them. */
static void fill_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* As many connections as we are allowed. */
static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

/* In the process that was called: ends when the server is ready (0) or with
 * its status. */
static void wait_until_ready(pid_t server, int fd)
{
	char byte;
	int status;

	if (read(fd, &byte, 1) == 1)
		_exit(EX_OK);
	if (waitpid(server, &status, 0) == server && WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(EX_SOFTWARE);
}

/* Returns in the background, with the descriptor that says "ready"; -1 when
 * that is not possible. */
static int go_into_background(void)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid > 0) {
		close(fds[1]);
		wait_until_ready(pid, fds[0]);
	}
	close(fds[0]);
	setsid();
	return fds[1];
}

/* arg: the descriptor of whoever waits, or -1 */
static void tell_ready(void *arg)
{
	int *fd = arg;

	sd_notifyf(0, "READY=1\nMAINPID=%ld", (long)getpid());
	if (*fd < 0)
		return;
	if (write(*fd, "r", 1) != 1)
		log_note(LOG_LEVEL_WARN, "nobody_waits", "");
	close(*fd);
	*fd = -1;
}

static int serve(struct server *s, bool foreground)
{
	struct converter *charsets;
	int ready = -1;
	int status;

	if (!directories_prepare(s))
		return EX_CANTCREAT;
	if (!foreground)
		ready = go_into_background();
	if (!foreground && ready < 0)
		return EX_OSERR;
	if (!listeners_open(&s->listeners, s->config))
		return EX_UNAVAILABLE;
	charsets = charset_load_all();
	status = supervise(s, tell_ready, &ready);
	charset_unload_all(charsets);
	listeners_close(&s->listeners);
	return status;
}

static int prepare(struct server *s, const char *config)
{
	if (!read_config(s, config))
		return EX_CONFIG;
	log_init("roostd", log_level_of(s->config));
	return find_users(s) ? EX_OK : EX_NOUSER;
}

static void server_fini(struct server *s)
{
	if (s->start != s->config)
		config_free(s->config);
	config_free(s->start);
	free(s->path);
}

int main(int argc, char **argv)
{
	struct server s = { .started_s = (uint64_t)time(NULL) };
	struct arguments a;
	int status = parse_arguments(argc, argv, &a);

	if (status >= 0)
		return status;
	umask(077);
	fill_standard_fds();
	raise_descriptors();
	signal(SIGPIPE, SIG_IGN);
	status = prepare(&s, a.config);
	if (status == EX_OK)
		status = serve(&s, a.foreground);
	server_fini(&s);
	return status;
}
