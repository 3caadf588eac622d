/*
 * gen-docs.c -- pages that are written from the tables of the program.
 *
 *	gen-docs roost.conf.example    every option, commented
 *	gen-docs roost.conf.5          the same as a manual page
 *	gen-docs roost.1               every verb
 *	gen-docs capabilities          name, RFC, source; tabs between them:
 *	                               tools/extensions makes the page
 *
 * The pages are in the tree; tools/docs fails when one is not what this
 * prints, and `./dev docs` writes them anew.
 */
#include <stdio.h>
#include <string.h>

#include "cli/conf_text.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "config/config.h"
#include "imap/extensions.h"

/* -- text for mdoc(7): no line may begin with a control character -- */

static void put(const char *text)
{
	bool at_start = true;

	for (; *text != 0; text++) {
		if (at_start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		fputs(*text == '\\' ? "\\e" : (char[2]){ *text, 0 }, stdout);
		at_start = *text == '\n';
	}
	putchar('\n');
}

static void head(const char *name, int section, const char *what)
{
	printf(".\\\" written by gen-docs from the program's tables\n"
	       ".Dd November 21, 2026\n.Dt %s %d\n.Os\n.Sh NAME\n.Nm %s\n"
	       ".Nd %s\n",
	       name, section, name, what);
}

/* -- roost.conf -- */

static void example(void)
{
	struct buf text = { 0 };

	conf_text(NULL, 0, &text);
	fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
}

static const char *kind_text(enum config_kind kind)
{
	static const char *const texts[] = {
		[CONFIG_TEXT] = "text",
		[CONFIG_PATH] = "path",
		[CONFIG_NUMBER] = "number",
		[CONFIG_SIZE] = "size",
		[CONFIG_SECONDS] = "duration",
		[CONFIG_TRUTH] = "yes or no",
		[CONFIG_ADDRESSES] = "addresses",
		[CONFIG_NETWORKS] = "networks",
		[CONFIG_MECHANISMS] = "mechanisms",
		[CONFIG_ALERTS] = "places",
		[CONFIG_ISSUERS] = "issuers",
		[CONFIG_SOURCES] = "sources",
		[CONFIG_USERS] = "users",
		[CONFIG_FIELD] = "field",
		[CONFIG_LEVEL] = "level",
	};

	return texts[kind];
}

static void conf_page(void)
{
	head("roost.conf", 5, "configuration of the roost IMAP server");
	puts(".Sh DESCRIPTION\n"
	     "One option a line, NAME = VALUE; a line that begins with # is a\n"
	     "comment. Lists are separated by commas. An address is IPv4:PORT\n"
	     "or [IPv6]:PORT, a network is an address or ADDRESS/BITS. Sizes\n"
	     "may end in K, M or G, durations in s, m, h or d. Relative paths\n"
	     "are relative to directory, which is relative to the file's own\n"
	     "directory.");
	puts(".Pp\n.Ic roost config check\nlists every mistake with its line,\n"
	     ".Ic roost config show\n"
	     "every value and where it came from. On SIGHUP\n"
	     ".Xr roostd 8\nreads the file again.\n"
	     ".Sh OPTIONS\n.Bl -tag -width Ds");
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option *o = &config_options[i];

		printf(".It Ic %s No = Ar %s\n", o->name, kind_text(o->kind));
		put(o->help);
		if (o->standard[0] != 0)
			printf("(default: %s)\n", o->standard);
	}
	puts(".El\n.Sh SEE ALSO\n.Xr roost 1 ,\n.Xr roostd 8");
}

/* -- roost(1) -- */

static void put_flag(const struct flag *f)
{
	printf(".It ");
	if (f->letter != 0)
		printf("Fl %c , ", f->letter);
	printf("Fl -%s", f->name);
	if (f->value != NULL)
		printf(" Ar %s", f->value);
	putchar('\n');
	put(f->help);
}

static void put_verb(const struct verb *v)
{
	fputs(".Ss roost ", stdout);
	usage_synopsis(stdout, v);
	printf("\n%s.\n", v->help);
	if (v->more != NULL)
		put(v->more);
	if (v->flags[0].name == NULL && !v->json)
		return;
	puts(".Bl -tag -width Ds");
	for (int i = 0; i < FLAGS_MAX && v->flags[i].name != NULL; i++)
		put_flag(&v->flags[i]);
	if (v->json)
		puts(".It Fl -json\nprint a JSON array instead of a table");
	puts(".El");
}

static void roost_page(void)
{
	head("roost", 1, "administer the roost IMAP server");
	puts(".Sh SYNOPSIS\n.Nm\n.Op Fl c Ar file\n.Ar verb\n.Ar ...\n"
	     ".Sh DESCRIPTION\n"
	     "Makes a server's directory, keeps its accounts, brings mail in "
	     "and out, and\nshows what the running server does. "
	     "Most verbs ask the running\n.Xr roostd 8\n"
	     "over its control socket, so they need its user's rights or "
	     "root's.\n.Pp\n"
	     "The configuration is the file of\n.Fl c ,\nelse of the "
	     "environment variable\n.Ev ROOST_CONF ,\nelse\n"
	     ".Pa ./roost.conf\nif it is there, else\n"
	     ".Pa /etc/roost/roost.conf .\n"
	     ".Sh VERBS");
	for (size_t i = 0; i < n_verbs; i++)
		put_verb(&verbs[i]);
	puts(".Sh EXIT STATUS\n"
	     "0 is success, 1 that nothing was done because the answer was no;\n"
	     "else a status of\n.Xr sysexits 3 :\n"
	     "64 wrong usage, 65 wrong data or problems found, 66 no such "
	     "input,\n67 no such account, 69 the server is not running, "
	     "73 it can't be made\n(or is there already), 74 a disk error, "
	     "75 try again later, 77 not\npermitted, 78 a wrong "
	     "configuration.\n"
	     ".Sh SEE ALSO\n.Xr roost.conf 5 ,\n.Xr roostd 8");
}

/* -- capabilities -- */

static void capability_rows(void)
{
	for (size_t i = 0; i < n_capabilities; i++)
		printf("%.*s%s\t%s\t%s\n", (int)capabilities[i].name.len,
		       capabilities[i].name.ptr,
		       capabilities[i].value != NULL ? "=n" : "",
		       capabilities[i].rfc, capabilities[i].source);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*write)(void);
	} pages[] = {
		{ "roost.conf.example", example },
		{ "roost.conf.5", conf_page },
		{ "roost.1", roost_page },
		{ "capabilities", capability_rows },
	};

	for (size_t i = 0; argc == 2 && i < sizeof pages / sizeof pages[0]; i++)
		if (!strcmp(argv[1], pages[i].name)) {
			pages[i].write();
			return 0;
		}
	fputs("usage: gen-docs PAGE\n", stderr);
	return 64;
}
