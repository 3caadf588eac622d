/* child.c -- from a copy of the parent to a process of one role. */
#include "roostd/child.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "roostd/outside_command.h"
#include "roostd/roles.h"
#include "roostd/sandbox.h"

/* Standard input, output and error, and the link to the parent. */
static void close_others(int parent_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	if (parent_fd > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned)parent_fd - 1, 0);
	close_range((unsigned)parent_fd + 1, ~0U, 0);
}

/* The parent is told to stop and tells its children, in the right order; a
 * signal to the whole group (Ctrl-C, a service manager) changes nothing. */
static void ignore_signals(void)
{
	sigset_t none;

	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Ends with its parent, so that a new server finds everything free. */
static void follow_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EX_OK);
}

/* -- what each role may touch -- */

static struct err enter_gate(void)
{
	const struct sandbox sandbox = { .accept = true };

	return sandbox_enter(&sandbox);
}

/* Where the file is: another one is to take its place. */
static char *country_directory(const struct server *s)
{
	char *path = mem_cstr(slice_cstr(s->start->country_data));

	if (strrchr(path, '/') != NULL)
		*strrchr(path, '/') = '\0';
	return path;
}

static struct err enter_auth(const struct server *s)
{
	char *directory = config_accounts_path(s->start);
	char *countries = country_directory(s);
	const struct sandbox_path paths[] = {
		{ directory, true },
		/* SQLite's */
		{ "/dev/urandom", false },
		{ countries, false },
	};
	const struct sandbox sandbox = { .paths = paths,
		                         .n_paths = *countries != '\0' ? 3 : 2,
		                         .accept = true };
	struct err e;

	*strrchr(directory, '/') = '\0'; /* where its file is */
	e = sandbox_enter(&sandbox);
	free(directory);
	free(countries);
	return e;
}

static struct err enter_mail(const struct server *s, uint32_t index)
{
	char *directory = config_partition_path(s->start, index);
	const struct sandbox_path partition = { directory, true };
	const struct sandbox sandbox = { .paths = &partition,
		                         .n_paths = 1,
		                         .share = true };
	struct err e;

	e = sandbox_enter(&sandbox);
	free(directory);
	return e;
}

/* Nothing at all: its links come from the parent. */
static struct err enter_parse(const struct server *s)
{
	const struct sandbox sandbox = { .pure = true };

	if (!prepare_parse(s))
		return err(ERR_NOPERM, "can't limit itself");
	return sandbox_enter(&sandbox);
}

static struct err enter(const struct server *s, enum role role, uint32_t index)
{
	switch (role) {
	case ROLE_GATE:
		return enter_gate();
	case ROLE_AUTH:
		return enter_auth(s);
	case ROLE_PARSE:
		return enter_parse(s);
	default:
		return enter_mail(s, index);
	}
}

static int run(struct server *s, enum role role, uint32_t index, int parent_fd)
{
	switch (role) {
	case ROLE_GATE:
		return run_gate(s, parent_fd);
	case ROLE_AUTH:
		return run_auth(s, parent_fd);
	case ROLE_PARSE:
		return run_parse(s, parent_fd);
	default:
		return run_mail(s, index, parent_fd);
	}
}

/* -- programs -- */

static struct program *metrics_command(const struct server *s, int parent_fd)
{
	struct program *p = program_new("roost-metrics", s, parent_fd);
	char number[24];

	snprintf(number, sizeof number, "%" PRIu64, s->started_s);
	program_add(p, mem_cstr(slice_cstr(s->start->hostname)));
	program_add(p, mem_cstr(slice_cstr(number)));
	return p;
}

/* NULL: its code is here. What it is told may be read from files that its user
 * may not read. */
static struct program *program_of(const struct server *s, enum role role,
                                  int parent_fd)
{
	switch (role) {
	case ROLE_OUTSIDE:
		return outside_command(s, parent_fd);
	case ROLE_METRICS:
		return metrics_command(s, parent_fd);
	default:
		return NULL;
	}
}

noreturn void child_main(struct server *s, enum role role, uint32_t index,
                         const char *name, int parent_fd)
{
	pid_t parent = getppid();
	struct program *program;
	struct err e;

	close_others(parent_fd);
	ignore_signals();
	prctl(PR_SET_NAME, name);
	log_init(name, log_level_of(s->config));
	program = program_of(s, role, parent_fd);
	e = privileges_drop(&s->users[role]);
	follow_parent(parent); /* a change of user would have undone it */
	if (is_ok(e) && program != NULL)
		e = program_run(program);
	else if (is_ok(e))
		e = enter(s, role, index);
	if (!is_ok(e)) {
		log_note(LOG_LEVEL_ERROR, "not_started", e.text);
		_exit(EX_OSERR);
	}
	/* not exit(): what is to be done at the parent's end is not ours */
	_exit(run(s, role, index, parent_fd));
}
