/* store.c -- roost store check: is everything as it was promised? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/fail.h"
#include "cli/site.h"
#include "cli/table.h"
#include "mailbox/check.h"

static const char *const columns[] = { "partition", "accounts", "mailboxes",
	                               "messages",  "blobs",    "packs",
	                               "problems" };

enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void add_row(struct table *t, uint64_t partition,
                    const struct check_report *r)
{
	const uint64_t numbers[COLUMNS] = { partition,    r->accounts,
		                            r->mailboxes, r->messages,
		                            r->blobs,     r->packs,
		                            r->problems };
	struct slice row[COLUMNS];
	char text[COLUMNS][24];

	for (size_t i = 0; i < COLUMNS; i++) {
		snprintf(text[i], sizeof text[i], "%" PRIu64, numbers[i]);
		row[i] = slice_cstr(text[i]);
	}
	table_add(t, row, COLUMNS);
}

static int check_partition(const char *dir, bool deep, uint64_t number,
                           struct table *t)
{
	struct check_report report = { 0 };
	struct err e = store_check(dir, deep, &report);
	int status = EX_OK;

	if (is_ok(e))
		e = mailbox_check(dir, &report);
	if (is_ok(e)) /* no row of zeros for what couldn't be looked at */
		add_row(t, number, &report);
	if (report.text.len > 0)
		fwrite(report.text.data, 1, report.text.len, stderr);
	if (!is_ok(e))
		status = fail_err(e, dir);
	else if (report.problems > 0)
		status = EX_DATAERR;
	buf_free(&report.text);
	return status;
}

int run_store_check(const struct call *c)
{
	bool deep = call_value(c, "deep") != NULL;
	struct config *config;
	struct table *t;
	int status = site_config(c, &config);

	if (status != EX_OK)
		return status;
	t = table_new(columns, COLUMNS);
	for (uint64_t i = 0; i < config->partitions; i++) {
		char *dir = config_partition_path(config, i);
		int worse = check_partition(dir, deep, i, t);

		status = worse != EX_OK ? worse : status;
		free(dir);
	}
	if (!table_print(t, c->json, stdout))
		status = fail(EX_IOERR, "standard output can't be written");
	table_free(t);
	config_free(config);
	return status;
}
