/* audit.c -- roost audit: reads the audit log, and follows its chain. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/chain.h"
#include "cli/fail.h"
#include "cli/site.h"

/* -- one file, line by line -- */

struct reader {
	FILE *file;
	char *line; /* getline()'s */
	size_t size;
};

/* NULL: it can't be read, which has been said. */
static FILE *open_file(const char *path)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		fail(EX_NOINPUT, "%s: %s", path, strerror(errno));
	return f;
}

/* Without its end; *whole: it had one. */
static bool next_line(struct reader *r, struct slice *out, bool *whole)
{
	ssize_t n = getline(&r->line, &r->size, r->file);

	if (n <= 0)
		return false;
	*whole = r->line[n - 1] == '\n';
	*out = slice_of(r->line, (size_t)n - *whole);
	return true;
}

static char *own_log(const struct call *c, int *status)
{
	struct config *config;
	char *path = NULL;

	*status = site_config(c, &config);
	if (*status == EX_OK)
		path = config_audit_path(config);
	config_free(config);
	return path;
}

/* -- verify -- */

struct verdict {
	struct chain chain;
	const char *seen; /* a hash that must be there; NULL: found, or none */
	uint64_t lines;
	bool begun;
};

/* The first line of all may be any one: what was before it is not here. */
static int follow(struct verdict *v, struct reader *r, const char *path)
{
	struct slice line, rest;
	uint64_t number = 0;
	bool whole = true;

	while (next_line(r, &line, &whole)) {
		number++;
		if (!whole ||
		    !chain_follow(&v->chain, line,
		                  !v->begun && !slice_starts(line, S("seq=1 ")),
		                  &rest))
			return fail(EX_DATAERR,
			            "%s:%" PRIu64 ": this line, or one before "
			            "it, is not as it was written",
			            path, number);
		v->begun = true;
		v->lines++;
		if (v->seen != NULL &&
		    slice_ieq(slice_of(v->chain.hex, CHAIN_HEX),
		              slice_cstr(v->seen)))
			v->seen = NULL;
	}
	return EX_OK;
}

static int verify_file(struct verdict *v, const char *path)
{
	struct reader r = { open_file(path), NULL, 0 };
	int status;

	if (r.file == NULL)
		return EX_NOINPUT;
	status = follow(v, &r, path);
	free(r.line);
	fclose(r.file);
	return status;
}

int run_audit_verify(const struct call *c)
{
	struct verdict v = { .chain = chain_start(),
		             .seen = call_value(c, "seen") };
	int status;
	char *own = own_log(c, &status);

	for (int i = 0; status == EX_OK && i < c->n_args; i++)
		status = verify_file(&v, c->args[i]);
	if (status == EX_OK)
		status = verify_file(&v, own);
	free(own);
	if (status != EX_OK)
		return status;
	if (v.seen != NULL)
		return fail(EX_DATAERR, "no line has the hash %s", v.seen);
	printf("%" PRIu64 " lines, the last one's hash is %.*s\n", v.lines,
	       CHAIN_HEX, v.chain.hex);
	return EX_OK;
}

/* -- show -- */

/* " user=ann@example.org " is in it, and such; names have no quotes. */
static bool is_about(struct slice line, const char *user)
{
	size_t len = strlen(user);
	struct slice rest = line;
	size_t at;

	while ((at = slice_find(rest, slice_of(user, len))) != SLICE_NONE) {
		struct slice behind = slice_from(rest, at + len);
		char before = at != 0 ? rest.ptr[at - 1] : ' ';

		if ((before == '=' || before == '"') &&
		    (behind.len == 0 || behind.ptr[0] == ' ' ||
		     behind.ptr[0] == '"'))
			return true;
		rest = slice_from(rest, at + 1);
	}
	return false;
}

int run_audit_show(const struct call *c)
{
	const char *user = c->n_args > 0 ? c->args[0] : NULL;
	struct reader r = { 0 };
	struct slice line;
	bool whole;
	int status;
	char *own = own_log(c, &status);

	if (own == NULL)
		return status;
	r.file = open_file(own);
	free(own);
	if (r.file == NULL)
		return EX_NOINPUT;
	while (next_line(&r, &line, &whole))
		if (user == NULL || is_about(line, user))
			printf("%.*s\n", (int)line.len, line.ptr);
	free(r.line);
	fclose(r.file);
	return ferror(stdout) || fflush(stdout) != 0
	               ? fail(EX_IOERR, "standard output can't be written")
	               : EX_OK;
}
