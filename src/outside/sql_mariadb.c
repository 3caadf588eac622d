/* sql_mariadb.c -- MariaDB and MySQL, by a statement that is prepared. */
#include <mysql.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "outside/sql.h"

enum { COLUMNS = 16, VALUE = 2048 };

struct columns {
	MYSQL_BIND bind[COLUMNS];
	char value[COLUMNS][VALUE];
	unsigned long length[COLUMNS];
	my_bool is_null[COLUMNS];
};

static bool fail(struct question *q, MYSQL **c, const char *what)
{
	question_fail(q, ERR_UNAVAILABLE, "%s", what);
	mysql_close(*c);
	*c = NULL;
	return false;
}

/* It counts in seconds, and each step alone. */
static void set_limits(MYSQL *c, const struct question *q)
{
	unsigned seconds = question_left_ms(q) / 1000 + 1;

	mysql_options(c, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_options(c, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_options(c, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
}

static bool connect_to(const struct sql_description *d, struct question *q,
                       MYSQL **c)
{
	bool is_socket = d->host != NULL && d->host[0] == '/';
	unsigned port = d->port != NULL ? (unsigned)atoi(d->port) : 0;
	const my_bool yes = 1;
	const unsigned no = 0;

	*c = mysql_init(NULL);
	if (*c == NULL)
		abort(); /* there is no memory */
	set_limits(*c, q);
	mysql_options(*c, MYSQL_OPT_LOCAL_INFILE, &no);
	if (d->ca != NULL) {
		mysql_ssl_set(*c, NULL, NULL, d->ca, NULL, NULL);
		mysql_options(*c, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
	}
	if (mysql_real_connect(*c, is_socket ? NULL : d->host, d->user,
	                       d->password, d->name, port,
	                       is_socket ? d->host : NULL, 0) == NULL)
		return fail(q, c, mysql_error(*c));
	return true;
}

static bool bind_columns(MYSQL_STMT *s, unsigned n, struct columns *out)
{
	if (n > COLUMNS)
		return false;
	for (unsigned i = 0; i < n; i++)
		out->bind[i] = (MYSQL_BIND){
			.buffer_type = MYSQL_TYPE_STRING,
			.buffer = out->value[i],
			.buffer_length = VALUE,
			.length = &out->length[i],
			.is_null = &out->is_null[i],
		};
	return mysql_stmt_bind_result(s, out->bind) == 0;
}

static bool take_row(const MYSQL_RES *meta, unsigned n,
                     const struct columns *columns, struct sql_row *out)
{
	for (unsigned i = 0; i < n; i++) {
		if (columns->is_null[i])
			continue;
		if (columns->length[i] > VALUE)
			return false;
		sql_take(out, mysql_fetch_fields((MYSQL_RES *)meta)[i].name,
		         slice_of(columns->value[i], columns->length[i]));
	}
	return true;
}

/* Truncated is what we see by its length. */
static bool take_rows(MYSQL_STMT *s, struct sql_row *out)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(s);
	unsigned n = meta != NULL ? mysql_num_fields(meta) : 0;
	struct columns *columns = mem_new(1, sizeof *columns);
	bool ok = meta != NULL && bind_columns(s, n, columns);
	int code = 1;

	while (ok && out->rows < 2 &&
	       ((code = mysql_stmt_fetch(s)) == 0 ||
	        code == MYSQL_DATA_TRUNCATED))
		ok = ++out->rows > 1 || take_row(meta, n, columns, out);
	mem_wipe(columns, sizeof *columns);
	free(columns);
	if (meta != NULL)
		mysql_free_result(meta);
	return ok && (code == MYSQL_NO_DATA || out->rows > 1);
}

static bool run(MYSQL_STMT *s, const struct sql_description *d,
                const struct sql_values *values, struct sql_row *out)
{
	MYSQL_BIND in[SQL_PARAMETERS] = { { 0 } };

	for (size_t i = 0; i < values->n; i++) {
		in[i].buffer_type = MYSQL_TYPE_STRING;
		in[i].buffer = values->v[i];
		in[i].buffer_length = strlen(values->v[i]);
	}
	return mysql_stmt_prepare(s, d->statement, strlen(d->statement)) == 0 &&
	       mysql_stmt_param_count(s) == values->n &&
	       (values->n == 0 || mysql_stmt_bind_param(s, in) == 0) &&
	       mysql_stmt_execute(s) == 0 && take_rows(s, out);
}

static bool query(const struct sql_description *d, struct question *q,
                  const struct sql_values *values, void **kept,
                  struct sql_row *out)
{
	MYSQL **c = (MYSQL **)kept;
	MYSQL_STMT *s;
	bool ok;

	if (*c == NULL && !connect_to(d, q, c))
		return false;
	s = mysql_stmt_init(*c);
	if (s == NULL)
		return fail(q, c, mysql_error(*c));
	ok = run(s, d, values, out);
	if (!ok)
		question_fail(q, ERR_UNAVAILABLE, "%s",
		              mysql_stmt_errno(s) != 0
		                      ? mysql_stmt_error(s)
		                      : "the answer can't be understood");
	mysql_stmt_close(s);
	if (!ok) {
		mysql_close(*c);
		*c = NULL;
	}
	return ok;
}

const struct sql_engine sql_mariadb = { "mariadb", '?', query };
