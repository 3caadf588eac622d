/*
 * metrics_main.c -- roost-metrics: the process that shows what was counted.
 *
 * Started by roostd, as its user already (roostd/program.h); it confines itself
 * before it hears of anybody. It may accept whom its listeners bring, and look
 * into directories that it is handed.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "metrics/metrics.h"
#include "roostd/privileges.h"
#include "roostd/sandbox.h"
#include "roostd/server.h"

enum { ARGUMENTS = 5 };

static struct err prepare(void)
{
	const struct identity as_it_is = { .change = false };
	const struct sandbox sandbox = { .accept = true, .list = true };
	struct err e;

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "metrics");
	e = privileges_drop(&as_it_is); /* some of it does not last */
	return is_ok(e) ? sandbox_enter(&sandbox) : e;
}

int main(int argc, char **argv)
{
	struct metrics_options options = { 0 };
	uint64_t parent;
	struct err e;

	if (argc < ARGUMENTS || !slice_number(slice_cstr(argv[2]), &parent) ||
	    !slice_number(slice_cstr(argv[4]), &options.started_s)) {
		fputs("roost-metrics is started by roostd.\n", stderr);
		return EX_USAGE;
	}
	log_init("metrics",
	         log_level_of(&(struct config){ .log_level = argv[1] }));
	options.hostname = argv[3];
	e = prepare();
	if (!is_ok(e)) {
		log_note(LOG_LEVEL_ERROR, "not_started", e.text);
		return EX_OSERR;
	}
	_exit(metrics_main(loop_new(), &options, (int)parent));
}
