/* sql.c -- the description, the statement, and what a row means. */
#include "outside/sql.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "outside/description.h"
#include "outside/quota.h"
#include "outside/source.h"

#define AT(field) offsetof(struct sql_description, field)

static const struct description_option options[] = {
	{ "database", AT(database) },
	{ "host", AT(host) },
	{ "port", AT(port) },
	{ "user", AT(user) },
	{ "password", AT(password) },
	{ "name", AT(name) },
	{ "ca", AT(ca) },
	{ "query", AT(query) },
};

struct sql_state {
	struct sql_description description;
	const struct sql_engine *engine;
};

/* -- the statement -- */

static const char *add_parameter(struct sql_state *s, struct buf *out,
                                 char letter)
{
	struct sql_description *d = &s->description;

	if (strchr("und", letter) == NULL)
		return "its query has a variable that there is not: %u, %n and "
		       "%d are";
	if (d->n == SQL_PARAMETERS)
		return "its query has too many variables";
	if (out->len != 0 && strchr("'\"", out->data[out->len - 1]) != NULL)
		return "its query has quotes around a variable: it is none of "
		       "its text";
	d->parameters[d->n++] = letter;
	buf_byte(out, s->engine->placeholder);
	if (s->engine->placeholder == '$')
		buf_number(out, d->n);
	return NULL;
}

/* %% is a per cent sign. */
static const char *make_statement(struct sql_state *s)
{
	struct buf out = { 0 };
	const char *e = NULL;

	for (const char *p = s->description.query; *p != '\0' && e == NULL;
	     p++) {
		if (p[0] != '%')
			buf_byte(&out, *p);
		else if (*++p == '%')
			buf_byte(&out, '%');
		else if (*p == '\0')
			return "its query ends with a per cent sign";
		else
			e = add_parameter(s, &out, *p);
	}
	s->description.statement = mem_cstr(buf_slice(&out));
	buf_free(&out);
	return e;
}

/* -- the description -- */

static const struct sql_engine *engine_called(const char *name)
{
	static const struct sql_engine *const all[] = { &sql_sqlite,
		                                        &sql_postgresql,
		                                        &sql_mariadb };

	for (size_t i = 0; name != NULL && i < 3; i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}

/* A socket, or this machine: nobody listens in between. */
static bool is_near(const char *host)
{
	struct in_addr address;

	return host == NULL || host[0] == '/' ||
	       strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       (strncmp(host, "127.", 4) == 0 &&
	        inet_pton(AF_INET, host, &address) == 1);
}

static const char *check(struct sql_state *s)
{
	const struct sql_description *d = &s->description;

	s->engine = engine_called(d->database);
	if (s->engine == NULL)
		return "its database is none of sqlite, postgresql, mariadb";
	if (d->query == NULL || d->name == NULL)
		return "it needs a query and a name";
	if (s->engine != &sql_sqlite && d->user == NULL)
		return "it needs a user";
	if (!is_near(d->host) && d->ca == NULL)
		return "it is on another machine: it needs ca, the authorities "
		       "that its certificate is verified by";
	return make_statement(s);
}

/* The directory of the file, in which SQLite makes others. */
static void set_paths(struct source *s, const struct sql_state *state)
{
	struct slice path = slice_cstr(state->description.name);

	if (state->engine == &sql_sqlite) {
		path = slice_first(path, slice_rfind_byte(path, '/'));
		s->opens = mem_cstr(path.len != 0 ? path : S("/"));
		s->writes = true;
	} else if (state->description.ca != NULL) {
		s->opens = state->description.ca;
	}
}

static void prepare(struct source *s, int fd)
{
	struct sql_state *state = mem_new(1, sizeof *state);

	s->state = state;
	s->problem =
		description_read(fd, options, sizeof options / sizeof *options,
	                         &state->description);
	if (s->problem == NULL)
		s->problem = check(state);
	if (s->problem == NULL)
		set_paths(s, state);
}

/* -- a question -- */

static struct slice value_of(const struct source_user *u, char letter)
{
	return letter == 'u' ? u->name : letter == 'n' ? u->local : u->domain;
}

static struct sql_values values_of(const struct sql_description *d,
                                   const struct question *q)
{
	struct source_user u = source_user(q);
	struct sql_values out = { .n = d->n };

	for (size_t i = 0; i < d->n; i++)
		out.v[i] = mem_cstr(value_of(&u, d->parameters[i]));
	return out;
}

void sql_take(struct sql_row *row, const char *column, struct slice value)
{
	struct buf *to = strcmp(column, "password") == 0 ? &row->password
	                 : strcmp(column, "quota") == 0  ? &row->quota
	                                                 : NULL;

	if (to != NULL) {
		to->len = 0;
		buf_add(to, value);
	}
}

static void answer(struct question *q, const struct sql_row *row)
{
	if (row->rows == 0) {
		question_fail(q, ERR_ABSENT, "no such user");
	} else if (row->rows > 1) {
		question_fail(q, ERR_UNAVAILABLE,
		              "the query finds more than one");
	} else if (row->password.overflow) {
		question_fail(q, ERR_UNAVAILABLE, "the password is too long");
	} else {
		source_found(q, buf_slice(&row->password));
		q->told.quota_bytes = quota_rule(buf_slice(&row->quota));
	}
}

static void ask(struct source *s, struct question *q, void **kept)
{
	struct sql_state *state = s->state;
	struct sql_values values = values_of(&state->description, q);
	struct sql_row row = { .password = buf_limit(TOLD_BODY),
		               .quota = buf_limit(64) };
	bool was_kept = *kept != NULL;
	bool ok = state->engine->query(&state->description, q, &values, kept,
	                               &row);

	if (!ok && was_kept && *kept == NULL) { /* it was closed meanwhile */
		row.rows = 0;
		ok = state->engine->query(&state->description, q, &values, kept,
		                          &row);
	}
	if (ok) {
		q->told.text[0] = '\0';
		q->told.code = ERR_OK;
		answer(q, &row);
	}
	for (size_t i = 0; i < values.n; i++)
		free(values.v[i]);
	mem_wipe(row.password.data, row.password.cap);
	buf_free(&row.password);
	buf_free(&row.quota);
}

const struct source_type source_sql = { prepare, ask };
