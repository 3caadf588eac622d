/* site.c -- the configuration file, found and read. */
#include "cli/site.h"

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

int site_config(const struct call *c, struct config **out)
{
	const char *path = site_conf(c);
	struct config_errors errors;
	int status = EX_OK;

	*out = config_read(path, -1, &errors);
	for (size_t i = 0; i < errors.n; i++)
		status = errors.v[i].line == 0
		                 ? fail(EX_CONFIG, "%s: %s", path,
		                        errors.v[i].text)
		                 : fail(EX_CONFIG, "%s:%u: %s", path,
		                        errors.v[i].line, errors.v[i].text);
	config_errors_free(&errors);
	if (status != EX_OK) {
		config_free(*out);
		*out = NULL;
	}
	return status;
}
