/* site.c -- the configuration file, found and read. */
#include "cli/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/fail.h"

const char *site_conf(const struct call *c)
{
	const char *env = getenv("ROOST_CONF");

	if (c->conf != NULL)
		return c->conf;
	if (env != NULL && env[0] != 0)
		return env;
	if (access("roost.conf", F_OK) == 0)
		return "roost.conf";
	return "/etc/roost/roost.conf";
}

/* Which file it is was our guess. */
static void put_hint(const struct call *c, const char *path)
{
	if (c->conf == NULL && access(path, F_OK) != 0)
		fail(EX_CONFIG, "-c FILE says where it is");
}

/* "roost.conf:12: hostname is no name of a host" */
static void put_error(const char *path, const struct config_error *e)
{
	char line[16] = "";

	if (e->line != 0)
		snprintf(line, sizeof line, ":%u", e->line);
	if (e->is_warning)
		warn("%s%s: %s", path, line, e->text);
	else
		fail(EX_CONFIG, "%s%s: %s", path, line, e->text);
}

/* Prints and frees them. */
static int put_errors(const struct call *c, const char *path,
                      struct config_errors *errors)
{
	int status = config_is_refused(errors) ? EX_CONFIG : EX_OK;

	for (size_t i = 0; i < errors->n; i++)
		put_error(path, &errors->v[i]);
	config_errors_free(errors);
	if (status != EX_OK)
		put_hint(c, path);
	return status;
}

int site_config(const struct call *c, struct config **out)
{
	const char *path = site_conf(c);
	struct config_errors errors;
	int status;

	*out = config_read(path, -1, &errors);
	status = put_errors(c, path, &errors);
	if (status != EX_OK) {
		config_free(*out);
		*out = NULL;
	}
	return status;
}

int site_check(const struct call *c)
{
	const char *path = site_conf(c);
	struct config_errors errors;
	struct config *config = config_read(path, -1, &errors);

	if (config != NULL)
		config_check(config, &errors);
	config_free(config);
	return put_errors(c, path, &errors);
}
