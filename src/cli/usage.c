/* usage.c -- help texts, laid out. */
#include "cli/usage.h"

#include <string.h>

static bool in_family(const struct verb *v, const char *family)
{
	size_t n = strlen(family);

	return !strncmp(v->name, family, n) && v->name[n] == ' ';
}

bool usage_has_family(const char *word)
{
	for (size_t i = 0; i < n_verbs; i++)
		if (in_family(&verbs[i], word))
			return true;
	return false;
}

void usage_verbs(FILE *out, const char *family)
{
	fprintf(out, "usage: roost [-c FILE] %s ...\n\n",
	        family != NULL ? family : "VERB");
	for (size_t i = 0; i < n_verbs; i++) {
		const struct verb *v = &verbs[i];

		if (family == NULL || in_family(v, family))
			fprintf(out, "  %-19s %s\n", v->name, v->help);
	}
	fprintf(out, "\n\"roost VERB --help\" says more about one.\n");
}

static void put_flag(FILE *out, const struct flag *f)
{
	char name[64];

	snprintf(name, sizeof name, "--%s%s%s", f->name,
	         f->value != NULL ? " " : "", f->value != NULL ? f->value : "");
	if (f->letter != 0)
		fprintf(out, "  -%c, %-20s %s\n", f->letter, name, f->help);
	else
		fprintf(out, "  %-24s %s\n", name, f->help);
}

void usage_synopsis(FILE *out, const struct verb *v)
{
	bool optional = false;

	fputs(v->name, out);
	for (int i = 0; i < FLAGS_MAX && v->flags[i].name != NULL; i++) {
		const struct flag *f = &v->flags[i];

		if (f->required)
			fprintf(out, " --%s %s", f->name, f->value);
		optional = optional || !f->required;
	}
	if (optional)
		fputs(" [options]", out);
	if (v->args[0] != 0)
		fprintf(out, " %s", v->args);
}

void usage_verb(FILE *out, const struct verb *v, const struct flag *common,
                int n_common)
{
	fputs("usage: roost ", out);
	usage_synopsis(out, v);
	fprintf(out, "\n\n%s.\n", v->help);
	if (v->more != NULL)
		fprintf(out, "\n%s\n", v->more);
	fprintf(out, "\noptions:\n");
	for (int i = 0; i < FLAGS_MAX && v->flags[i].name != NULL; i++)
		put_flag(out, &v->flags[i]);
	for (int i = 0; i < n_common; i++)
		if (v->json || strcmp(common[i].name, "json") != 0)
			put_flag(out, &common[i]);
}
