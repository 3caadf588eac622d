/* config.c -- roost config: is it right, and what does it say? */
#include <stdio.h>
#include <sysexits.h>

#include "cli/fail.h"
#include "cli/site.h"
#include "cli/table.h"

int run_config_check(const struct call *c)
{
	return site_check(c);
}

static const char *const columns[] = { "option", "value", "source" };

/* "roost.conf:12" or "default" */
static void put_source(const char *file, unsigned line, struct buf *out)
{
	if (line != 0)
		buf_printf(out, "%s:%u", file, line);
	else
		buf_add(out, S("default"));
}

static struct table *all_options(const struct config *config, const char *file)
{
	struct table *t = table_new(columns, 3);

	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option *o = &config_options[i];
		struct buf value = { 0 };
		struct buf source = { 0 };
		struct slice row[3] = { slice_cstr(o->name) };

		config_value(config, o, &value);
		put_source(file, config_line(config, o), &source);
		row[1] = buf_slice(&value);
		row[2] = buf_slice(&source);
		table_add(t, row, 3);
		buf_free(&value);
		buf_free(&source);
	}
	return t;
}

int run_config_show(const struct call *c)
{
	struct config *config;
	struct table *t;
	int status = site_config(c, &config);

	if (status != EX_OK)
		return status;
	t = all_options(config, site_conf(c));
	if (!table_print(t, c->json, stdout))
		status = fail(EX_IOERR, "standard output can't be written");
	table_free(t);
	config_free(config);
	return status;
}
