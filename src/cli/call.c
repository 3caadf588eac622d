/*
 * call.c -- from the command line to a struct call, by the table of verbs.
 *
 *	roost [-c FILE] VERB [options] [arguments]
 *
 * Options and arguments of a verb may be mixed; "--" ends the options; -c
 * may also stand behind the verb.
 */
#include "cli/verb.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/fail.h"
#include "cli/usage.h"

/* Options that every verb has, in this order in flag_find()'s answer. */
enum { COMMON_CONF = FLAGS_MAX, COMMON_JSON, COMMON_HELP, COMMON_NONE };

static const struct flag common[] = {
	{ "config", 'c', "FILE", "the configuration file" },
	{ "json", 0, NULL, "print a JSON array" },
	{ "help", 'h', NULL, "print this" },
};

const char *call_value(const struct call *c, const char *name)
{
	for (int i = 0; i < FLAGS_MAX && c->verb->flags[i].name != NULL; i++)
		if (!strcmp(c->verb->flags[i].name, name))
			return c->values[i];
	assert(false && "an option that the verb has");
	return NULL;
}

static const struct flag *flag_at(const struct verb *v, int index)
{
	return index < FLAGS_MAX ? &v->flags[index]
	                         : &common[index - FLAGS_MAX];
}

/* text is "name", "name=value" (long) or "lvalue" (short). */
static bool is_flag(const struct flag *f, const char *text, bool is_long)
{
	size_t n;

	if (f->name == NULL)
		return false;
	if (!is_long)
		return f->letter != 0 && f->letter == text[0];
	n = strlen(f->name);
	return !strncmp(f->name, text, n) && (text[n] == 0 || text[n] == '=');
}

static int flag_find(const struct verb *v, const char *text, bool is_long)
{
	int i = 0;

	while (i < COMMON_NONE && !is_flag(flag_at(v, i), text, is_long))
		i++;
	return i == COMMON_JSON && !v->json ? COMMON_NONE : i;
}

/* "=value" or "value" glued to the option; NULL when there is none. */
static const char *glued_value(const char *text, bool is_long)
{
	const char *equals;

	if (!is_long)
		return text[1] != 0 ? text + 1 : NULL;
	equals = strchr(text, '=');
	return equals != NULL ? equals + 1 : NULL;
}

static void set_value(struct call *c, int index, const char *value)
{
	if (index == COMMON_CONF)
		c->conf = value;
	else if (index == COMMON_JSON)
		c->json = true;
	else if (index < FLAGS_MAX)
		c->values[index] = value;
}

static bool wrong(const struct call *c, const char *what, const char *which,
                  int *status)
{
	*status = fail(EX_USAGE, "%s: %s %s (see roost %s --help)",
	               c->verb->name, what, which, c->verb->name);
	return false;
}

/* One option; *at moves over a value of its own word. */
static bool take_option(struct call *c, char **argv, int *at, int *status)
{
	bool is_long = argv[*at][1] == '-';
	const char *text = argv[*at] + (is_long ? 2 : 1);
	int index = flag_find(c->verb, text, is_long);
	const char *value = glued_value(text, is_long);

	if (index == COMMON_NONE)
		return wrong(c, "no option", argv[*at], status);
	if (index == COMMON_HELP) {
		usage_verb(stdout, c->verb, common, 3);
		*status = EX_OK;
		return false;
	}
	if (flag_at(c->verb, index)->value == NULL) {
		if (value != NULL)
			return wrong(c, "no value goes with", argv[*at],
			             status);
		set_value(c, index, "");
		return true;
	}
	if (value == NULL && argv[*at + 1] == NULL)
		return wrong(c, "a value is missing after", argv[*at], status);
	set_value(c, index, value != NULL ? value : argv[++*at]);
	return true;
}

static bool has_required(const struct call *c, int *status)
{
	for (int i = 0; i < FLAGS_MAX && c->verb->flags[i].name != NULL; i++) {
		const struct flag *f = &c->verb->flags[i];
		char text[64];

		if (!f->required ||
		    (c->values[i] != NULL && c->values[i][0] != 0))
			continue;
		snprintf(text, sizeof text, "--%s %s", f->name, f->value);
		return wrong(c, "missing:", text, status);
	}
	return true;
}

/* The rest of argv: options out, arguments to its front. */
static bool take_rest(struct call *c, char **argv, int *status)
{
	bool options = true;

	c->args = argv;
	for (int i = 0; argv[i] != NULL; i++) {
		if (options && !strcmp(argv[i], "--"))
			options = false;
		else if (!options || argv[i][0] != '-' || argv[i][1] == 0)
			c->args[c->n_args++] = argv[i];
		else if (!take_option(c, argv, &i, status))
			return false;
	}
	if (!has_required(c, status))
		return false;
	if (c->n_args < c->verb->least)
		return wrong(c, "missing:", c->verb->args, status);
	if (c->n_args > c->verb->most)
		return wrong(c, "too much:", c->args[c->verb->most], status);
	return true;
}

/* How many of argv's words are the verb's name; 0: it isn't that verb. */
static int verb_words(const struct verb *v, char **argv)
{
	size_t first = strcspn(v->name, " ");

	if (argv[0] == NULL || strlen(argv[0]) != first ||
	    strncmp(v->name, argv[0], first) != 0)
		return 0;
	if (v->name[first] == 0)
		return 1;
	return argv[1] != NULL && !strcmp(v->name + first + 1, argv[1]) ? 2 : 0;
}

static bool is_help(const char *word)
{
	return word == NULL || !strcmp(word, "--help") || !strcmp(word, "-h") ||
	       !strcmp(word, "help");
}

/* Of a verb, of a family of verbs, or (nothing is named) of all. */
static bool help_of(char **words, int *status)
{
	*status = EX_OK;
	for (size_t i = 0; i < n_verbs; i++) {
		if (verb_words(&verbs[i], words) == 0)
			continue;
		usage_verb(stdout, &verbs[i], common, 3);
		return false;
	}
	if (words[0] == NULL || usage_has_family(words[0]))
		usage_verbs(stdout, words[0]);
	else
		*status = fail(EX_USAGE, "no verb %s (see roost --help)",
		               words[0]);
	return false;
}

/* No verb's name: the list of verbs, of one family where that is known. */
static bool no_verb(char **argv, int *status)
{
	const char *family = argv[0];

	if (family != NULL && !strcmp(family, "--version")) {
		puts("roost " ROOST_VERSION);
		*status = EX_OK;
		return false;
	}
	if (family == NULL) {
		*status = EX_USAGE;
		usage_verbs(stderr, NULL);
		return false;
	}
	if (is_help(family))
		return help_of(argv + 1, status);
	if (usage_has_family(family) && is_help(argv[1])) {
		*status = argv[1] != NULL ? EX_OK : EX_USAGE;
		usage_verbs(argv[1] != NULL ? stdout : stderr, family);
		return false;
	}
	*status = fail(EX_USAGE, "no verb %s%s%s (see roost --help)", family,
	               usage_has_family(family) ? " " : "",
	               usage_has_family(family) ? argv[1] : "");
	return false;
}

/* -c FILE or --config FILE before the verb; false: without the FILE. */
static bool take_conf(struct call *c, char ***argv)
{
	const struct flag *f = &common[0];
	const char *word = **argv;
	bool is_long = word != NULL && !strncmp(word, "--", 2);
	const char *text = word != NULL ? word + (is_long ? 2 : 1) : "";

	if (word == NULL || word[0] != '-' || !is_flag(f, text, is_long))
		return true;
	c->conf = glued_value(text, is_long);
	if (c->conf == NULL)
		c->conf = *++*argv;
	if (c->conf == NULL)
		return false;
	++*argv;
	return true;
}

bool call_parse(int argc, char **argv, struct call *out, int *status)
{
	*out = (struct call){ 0 };
	if (argc > 0)
		argv++;
	if (!take_conf(out, &argv)) {
		*status = fail(EX_USAGE, "a value is missing after -c");
		return false;
	}
	for (size_t i = 0; i < n_verbs; i++) {
		int words = verb_words(&verbs[i], argv);

		if (words == 0)
			continue;
		out->verb = &verbs[i];
		return take_rest(out, argv + words, status);
	}
	return no_verb(argv, status);
}
