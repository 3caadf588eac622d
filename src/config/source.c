/* source.c -- see source.h. */
#include "config/source.h"

#include "base/issuer.h"
#include "config/config.h"

struct kind {
	struct slice prefix;
	bool verifies;
	bool finds;
	bool described;
};

/* clang-format off */
static const struct kind kinds[SOURCE_KINDS] = {
	[SOURCE_DIRECTORY]   = { N("directory"),    false, true,  false },
	[SOURCE_PASSWD_FILE] = { N("passwd-file:"), false, true,  false },
	[SOURCE_SQL]         = { N("sql:"),         false, true,  true },
	[SOURCE_LDAP]        = { N("ldap:"),        true,  true,  true },
	[SOURCE_LDAP_LOOKUP] = { N("ldap-lookup:"), false, true,  true },
	[SOURCE_PAM]         = { N("pam:"),         true,  false, false },
};
/* clang-format on */

bool config_source_finds(enum source_kind kind)
{
	return kinds[kind].finds;
}

bool config_source_verifies(enum source_kind kind)
{
	return kinds[kind].verifies;
}

bool config_source_is_described(enum source_kind kind)
{
	return kinds[kind].described;
}

bool config_source_parse(struct slice text, struct config_source *out)
{
	size_t i = SOURCE_PASSWD_FILE;

	*out = (struct config_source){ SOURCE_DIRECTORY, S("") };
	if (slice_eq(text, kinds[SOURCE_DIRECTORY].prefix))
		return true;
	while (i < SOURCE_KINDS && !slice_starts(text, kinds[i].prefix))
		i++;
	if (i == SOURCE_KINDS || text.len > SOURCE_NAME)
		return false;
	out->kind = (enum source_kind)i;
	out->path = slice_from(text, kinds[i].prefix.len);
	return slice_starts(out->path, S("/"));
}

bool config_has_sources(const struct config *c)
{
	struct config_source s;

	for (size_t i = 0; i < c->sources.n; i++) {
		if (config_source_parse(slice_cstr(c->sources.v[i]), &s) &&
		    s.kind != SOURCE_DIRECTORY)
			return true;
	}
	return false;
}

/* What its keys or its answers are is not in a file here. */
static bool is_asked(const char *text)
{
	struct issuer issuer;

	return issuer_parse(slice_cstr(text), &issuer) == NULL &&
	       issuer_is_asked(&issuer);
}

bool config_needs_outside(const struct config *c)
{
	for (size_t i = 0; i < c->issuers.n; i++) {
		if (is_asked(c->issuers.v[i]))
			return true;
	}
	for (size_t i = 0; i < c->alerts.n; i++) {
		if (issuer_is_url(slice_cstr(c->alerts.v[i])))
			return true;
	}
	return config_has_sources(c);
}
