/* doctor_outside.c -- can those be asked who have accounts, or issue tokens? */
#include <inttypes.h>
#include <stdlib.h>

#include "admin/verbs.h"
#include "base/mem.h"
#include "cli/doctor_policies.h"
#include "ipc/protocol.h"

enum { CLOCK_OFF_S = 60 };

static void judge_clock(struct report *r, const char *url, const char *ahead)
{
	int64_t s = strtoll(ahead, NULL, 10);

	if (s > CLOCK_OFF_S || s < -CLOCK_OFF_S)
		report_bad(r, CHECK_CLOCK, url,
		           "its clock and ours are %" PRId64 " s apart",
		           s < 0 ? -s : s);
	else
		report_good(r, CHECK_CLOCK, url, "it has the same time");
}

static void take_issuer(void *arg, const struct slice *v, size_t n)
{
	struct report *r = arg;
	struct slice keys, problem;
	char *ahead;
	char *url;

	if (n < ISSUER_COLUMNS)
		return;
	keys = v[ISSUER_KEYS];
	problem = v[ISSUER_PROBLEM];
	url = mem_cstr(v[ISSUER_URL]);
	ahead = mem_cstr(v[ISSUER_AHEAD]);
	if (problem.len != 0)
		report_bad(r, CHECK_ISSUERS, url, "%.*s", (int)problem.len,
		           problem.ptr);
	else if (slice_eq(keys, S("0")))
		report_bad(r, CHECK_ISSUERS, url, "it has no keys");
	else if (keys.len == 0)
		report_good(r, CHECK_ISSUERS, url,
		            "says what tokens are worth");
	else
		report_good(r, CHECK_ISSUERS, url, "its keys are here: %.*s",
		            (int)keys.len, keys.ptr);
	if (ahead[0] != '\0')
		judge_clock(r, url, ahead);
	free(ahead);
	free(url);
}

static void take_source(void *arg, const struct slice *v, size_t n)
{
	struct slice problem;
	char *name;

	if (n < SOURCE_COLUMNS)
		return;
	problem = v[SOURCE_PROBLEM];
	name = mem_cstr(v[SOURCE_NAME]);
	if (problem.len != 0)
		report_bad(arg, CHECK_SOURCES, name, "%.*s", (int)problem.len,
		           problem.ptr);
	else
		report_good(arg, CHECK_SOURCES, name, "it answers");
	free(name);
}

static void ask(struct report *r, struct control *server, uint16_t what,
                void (*take)(void *, const struct slice *, size_t))
{
	struct frame_out f = { 0 };
	struct err e;

	frame_begin(&f, what);
	e = control_call(server, &f, take, r);
	if (!is_ok(e))
		report_bad(r, CHECK_RUNNING, "auth", "%s", e.text);
}

void doctor_outside(struct report *r, struct control *server)
{
	ask(r, server, FRAME_SOURCES, take_source);
	ask(r, server, FRAME_ISSUERS, take_issuer);
}
