/* check_issuers.c -- the files that issuers of tokens name, in auth/. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/issuer.h"
#include "base/sasl.h"
#include "config/check_internal.h"

/* One that may not be seen is none of our business: whoever checks may not be
 * who starts the server. */
static void check_file(struct check *k, struct slice name)
{
	char *path = config_accounts_path(k->config);
	char *slash = strrchr(path, '/');
	char whole[CHECK_TEXT / 2];
	struct stat st;

	*slash = '\0';
	snprintf(whole, sizeof whole, "%s/%.*s", path, (int)name.len, name.ptr);
	if (stat(whole, &st) != 0 && errno != EACCES)
		check_warning(k, &k->config->issuers, "%s: %s", whole,
		              strerrordesc_np(errno));
	free(path);
}

static void check_issuer(struct check *k, const struct issuer *i)
{
	if (i->keys.len != 0 && !issuer_is_url(i->keys))
		check_file(k, i->keys);
	if (i->secret.len != 0)
		check_file(k, i->secret);
}

static bool is_offered(const struct config_list *mechanisms)
{
	enum sasl m;

	for (size_t n = 0; n < mechanisms->n; n++)
		if (sasl_find(slice_cstr(mechanisms->v[n]), &m) &&
		    (SASL_TOKENS & sasl_bit(m)) != 0)
			return true;
	return false;
}

void check_issuers(struct check *k)
{
	const struct config *c = k->config;
	struct issuer one;

	if (c->issuers.n != 0 && !is_offered(&c->mechanisms))
		check_warning(k, &c->issuers,
		              "is of no use without OAUTHBEARER or XOAUTH2 in "
		              "mechanisms");
	for (size_t n = 0; n < c->issuers.n; n++)
		if (issuer_parse(slice_cstr(c->issuers.v[n]), &one) == NULL)
			check_issuer(k, &one);
}
