/* sql_postgresql.c -- PostgreSQL by libpq, never waiting longer than there is
 * time: each step is begun, and the socket waited for. */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>

#include "outside/sql.h"

static bool fail(struct question *q, PGconn **c, const char *what)
{
	question_fail(q, ERR_UNAVAILABLE, "%s", what);
	PQfinish(*c);
	*c = NULL;
	return false;
}

static bool wait_for(const PGconn *c, struct question *q, short events)
{
	struct pollfd p = { .fd = PQsocket(c), .events = events };
	int n;

	do {
		uint32_t left = question_left_ms(q);

		if (left <= 1)
			return false;
		n = poll(&p, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static bool connect_to(const struct sql_description *d, struct question *q,
                       PGconn **c)
{
	const char *const names[] = { "host",     "port",     "user",
		                      "password", "dbname",   "sslrootcert",
		                      "sslmode",  "passfile", NULL };
	const char *const values[] = { d->host,
		                       d->port,
		                       d->user,
		                       d->password,
		                       d->name,
		                       d->ca,
		                       d->ca != NULL ? "verify-full" : "prefer",
		                       "/dev/null",
		                       NULL };
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	*c = PQconnectStartParams(names, values, 0);
	if (*c == NULL || PQstatus(*c) == CONNECTION_BAD)
		return fail(q, c, PQerrorMessage(*c));
	while (state == PGRES_POLLING_WRITING ||
	       state == PGRES_POLLING_READING) {
		if (!wait_for(*c, q,
		              state == PGRES_POLLING_READING ? POLLIN
		                                             : POLLOUT))
			return fail(q, c, "it does not answer");
		state = PQconnectPoll(*c);
	}
	return state == PGRES_POLLING_OK || fail(q, c, PQerrorMessage(*c));
}

static void take_result(const PGresult *r, struct sql_row *out)
{
	out->rows = PQntuples(r) > 1 ? 2 : (unsigned)PQntuples(r);
	for (int i = 0; out->rows == 1 && i < PQnfields(r); i++) {
		if (!PQgetisnull(r, 0, i))
			sql_take(out, PQfname(r, i),
			         slice_of(PQgetvalue(r, 0, i),
			                  (size_t)PQgetlength(r, 0, i)));
	}
}

/* All results of the one statement: the last is NULL. */
static bool take_results(PGconn **c, struct question *q, struct sql_row *out)
{
	bool ok = true;
	PGresult *r;

	for (;;) {
		while (PQisBusy(*c)) {
			if (!wait_for(*c, q, POLLIN))
				return fail(q, c, "it does not answer");
			if (!PQconsumeInput(*c))
				return fail(q, c, PQerrorMessage(*c));
		}
		r = PQgetResult(*c);
		if (r == NULL)
			return ok;
		ok &= PQresultStatus(r) == PGRES_TUPLES_OK;
		if (ok)
			take_result(r, out);
		else
			question_fail(q, ERR_UNAVAILABLE, "%s",
			              PQresultErrorMessage(r));
		PQclear(r);
		if (!ok && PQstatus(*c) == CONNECTION_BAD)
			return fail(q, c, "it has closed the connection");
	}
}

static bool query(const struct sql_description *d, struct question *q,
                  const struct sql_values *values, void **kept,
                  struct sql_row *out)
{
	PGconn **c = (PGconn **)kept;

	if (*c == NULL && !connect_to(d, q, c))
		return false;
	if (!PQsendQueryParams(*c, d->statement, (int)values->n, NULL,
	                       (const char *const *)values->v, NULL, NULL, 0))
		return fail(q, c, PQerrorMessage(*c));
	return take_results(c, q, out);
}

const struct sql_engine sql_postgresql = { "postgresql", '$', query };
