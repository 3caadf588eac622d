/* ready.c -- is the server ready, by what whoever watches it would be told? */
#include "config/config.h"
#include "doctor/internal.h"

enum { PAGE_MOST = 16384 };

static struct err fetch(const struct doctor *d, const char *where,
                        struct buf *out)
{
	struct config_address a;
	struct connection c;
	struct err e;

	if (!config_address_parse(where, &a))
		return err(ERR_SYNTAX, "that is no address");
	e = dial(d, a.address, a.port, &c);
	if (!is_ok(e))
		return e;
	e = connection_send(&c, S("GET /healthz/ready HTTP/1.1\r\n"
	                          "Host: localhost\r\n"
	                          "Connection: close\r\n\r\n"));
	if (is_ok(e))
		e = connection_rest(&c, PAGE_MOST, out);
	connection_close(&c);
	return e;
}

/* One finding for each line of what is wrong; a server that is ready may have
 * some below its "ok". */
static bool judge_body(const struct doctor *d, const char *where,
                       struct slice page)
{
	size_t end = slice_find(page, S("\r\n\r\n"));
	struct slice rest = end != SLICE_NONE ? slice_from(page, end + 4)
	                                      : S("it is no web server\n");
	bool is_well = slice_starts(page, S("HTTP/1.1 200"));
	struct slice line;

	while (slice_cut(rest, '\n', &line, &rest)) {
		line = slice_trim(line);
		if (line.len == 0 || slice_eq(line, S("ok")))
			continue;
		report_bad(d->report, CHECK_READY, where, "%.*s", (int)line.len,
		           line.ptr);
		is_well = false;
	}
	return is_well;
}

void doctor_ready(const struct doctor *d, const char *where)
{
	struct buf page = { 0 };
	struct err e = fetch(d, where, &page);

	if (!is_ok(e))
		report_bad(d->report, CHECK_READY, where, "%s", e.text);
	else if (judge_body(d, where, buf_slice(&page)))
		report_good(d->report, CHECK_READY, where,
		            "says that all is well");
	buf_free(&page);
}
