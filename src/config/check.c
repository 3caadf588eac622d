/* check.c -- files, names and numbers; users and listeners are elsewhere. */
#include "config/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "config/check_internal.h"
#include "config/source.h"

enum { PARTITIONS_TOLD = 4 };

/* -- what is found -- */

static const struct config_option *option_of(const struct check *k,
                                             const void *field)
{
	for (size_t i = 0; i < n_config_options; i++) {
		if (config_field(k->config, &config_options[i]) == field)
			return &config_options[i];
	}
	abort(); /* no option has that field */
}

/* What config_read() could not take has its default, which nobody wrote. */
static bool was_refused(const struct check *k, unsigned line)
{
	for (size_t i = 0; i < k->n_read; i++) {
		if (line != 0 && k->errors->v[i].line == line)
			return true;
	}
	return false;
}

__attribute__((format(printf, 4, 0))) static void
found(struct check *k, const void *field, bool is_warning, const char *format,
      va_list ap)
{
	const struct config_option *o = option_of(k, field);
	unsigned line = config_line(k->config, o);
	char text[CHECK_TEXT];

	if (was_refused(k, line))
		return;
	vsnprintf(text, sizeof text, format, ap);
	config_note(k->errors, line, slice_cstr(o->name), text);
	k->errors->v[k->errors->n - 1].is_warning = is_warning;
}

const char *check_name(const struct check *k, const void *field)
{
	return option_of(k, field)->name;
}

void check_error(struct check *k, const void *field, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	found(k, field, false, format, ap);
	va_end(ap);
}

void check_warning(struct check *k, const void *field, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	found(k, field, true, format, ap);
	va_end(ap);
}

bool config_is_refused(const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++) {
		if (!errors->v[i].is_warning)
			return true;
	}
	return false;
}

/* -- names -- */

static bool is_label(struct slice s)
{
	if (s.len == 0 || s.len > 63 || s.ptr[0] == '-' ||
	    s.ptr[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_alpha(s.ptr[i]) && !ascii_is_digit(s.ptr[i]) &&
		    s.ptr[i] != '-')
			return false;
	}
	return true;
}

bool config_is_hostname(struct slice name)
{
	struct slice label;
	bool more = true;

	if (name.len > 253)
		return false;
	while (more) {
		more = slice_cut(name, '.', &label, &name);
		if (!is_label(label))
			return false;
	}
	return true;
}

static void check_hostname(struct check *k)
{
	const struct config *c = k->config;

	if (!config_is_hostname(slice_cstr(c->hostname)))
		check_error(k, &c->hostname, "is no name of a host");
}

/* -- the directory -- */

/* NULL: a directory, or none of our business: whoever checks may not be who
 * starts the server. */
static const char *problem_of_directory(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? NULL : "is no directory";
	return errno == EACCES ? NULL : strerrordesc_np(errno);
}

/* One that lies behind the last says that there were more when the accounts
 * were made: roostd does not start then, but nobody else may read why. */
static void check_behind(struct check *k)
{
	const struct config *c = k->config;
	char *path = config_partition_path(c, c->partitions);
	struct stat st;

	if (stat(path, &st) == 0)
		check_warning(k, &c->partitions,
		              "%s: is there, and more than are used", path);
	free(path);
}

/* A partition is never made anew, as an empty one would look like mail that is
 * lost; the others are served meanwhile. */
static void check_partitions(struct check *k)
{
	const struct config *c = k->config;
	uint64_t missing = 0;

	for (uint64_t i = 0; i < c->partitions; i++) {
		char *path = config_partition_path(c, i);
		const char *problem = problem_of_directory(path);

		if (problem != NULL && missing++ < PARTITIONS_TOLD)
			check_warning(k, &c->partitions, "%s: %s", path,
			              problem);
		free(path);
	}
	if (missing > PARTITIONS_TOLD)
		check_warning(k, &c->partitions,
		              "and %" PRIu64 " more of them are missing",
		              missing - PARTITIONS_TOLD);
	check_behind(k);
}

/* What roostd makes by itself (run, auth) may be missing. */
static void check_directory(struct check *k)
{
	const struct config *c = k->config;
	const char *problem = problem_of_directory(c->directory);

	if (problem != NULL)
		check_error(k, &c->directory, "%s: %s", c->directory, problem);
	else
		check_partitions(k);
}

/* -- sources of accounts -- */

/* What has a % in it is many files, or none yet. */
static void check_source(struct check *k, const char *text)
{
	struct config_source s;
	const char *path;

	if (!config_source_parse(slice_cstr(text), &s))
		return;
	path = s.path.ptr; /* the rest of the text */
	if (s.kind != SOURCE_DIRECTORY && strchr(path, '%') == NULL &&
	    access(path, F_OK) != 0 && errno != EACCES)
		check_error(k, &k->config->sources, "%s: %s", path,
		            strerrordesc_np(errno));
}

static void check_sources(struct check *k)
{
	const struct config_list *list = &k->config->sources;

	if (list->n == 0 || list->n > SOURCES_MOST)
		check_error(k, list, "has none, or more than %d", SOURCES_MOST);
	for (size_t i = 0; i < list->n; i++) {
		check_source(k, list->v[i]);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(list->v[i], list->v[j]) == 0)
				check_error(k, list, "has %s twice",
				            list->v[i]);
		}
	}
}

/* -- numbers -- */

static void check_numbers(struct check *k)
{
	const struct config *c = k->config;
	const uint64_t *const rising[] = {
		&c->connections_per_host,
		&c->connections_per_site,
		&c->connections_per_network,
		&c->connections_in_all,
	};

	for (size_t i = 0; i + 1 < 4; i++) {
		if (*rising[i] > *rising[i + 1])
			check_warning(k, rising[i], "is more than %s allows",
			              option_of(k, rising[i + 1])->name);
	}
	if (c->quota_bytes != 0 && c->quota_bytes < c->message_limit)
		check_warning(k, &c->quota_bytes,
		              "is less than message_limit allows a message");
}

/* -- all -- */

static int by_line(const void *a, const void *b)
{
	const struct config_error *x = a;
	const struct config_error *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

void config_check(const struct config *c, struct config_errors *errors)
{
	struct check k = { c, errors, errors->n };

	check_directory(&k);
	check_hostname(&k);
	check_users(&k);
	check_certificate(&k);
	check_client_ca(&k);
	check_issuers(&k);
	check_alerts(&k);
	check_listeners(&k);
	check_sources(&k);
	check_numbers(&k);
	if (errors->n > 1)
		qsort(errors->v, errors->n, sizeof *errors->v, by_line);
}
