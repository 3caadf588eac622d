/*
 * sql.h -- accounts in a database: one query, its parameters bound.
 *
 *	database = postgresql        or mariadb, sqlite
 *	host = /run/postgresql       or a name; another machine needs `ca`
 *	user = roost
 *	password = secret
 *	name = mail                  of the database; sqlite: its file
 *	query = SELECT password FROM mailbox WHERE username = %u AND active
 *
 * %u is the user, %n what stands before its domain, %d the domain; each is a
 * parameter, never text. The columns that count: password, quota (octets).
 */
#pragma once

#include "outside/question.h"

enum { SQL_PARAMETERS = 16 };

struct sql_description {
	char *database;
	char *host;
	char *port;
	char *user;
	char *password;
	char *name;
	char *ca;
	char *query;

	/* of the query: with the placeholders of the engine, and which
	 * variable each stands for */
	char *statement;
	char parameters[SQL_PARAMETERS];
	size_t n;
};

/* The values for a question, in the order of the placeholders. */
struct sql_values {
	char *v[SQL_PARAMETERS]; /* NUL-terminated */
	size_t n;
};

/* A row as it is found; what a column has that isn't there: NULL. */
struct sql_row {
	unsigned rows; /* 2: there are more than one */
	struct buf password;
	struct buf quota;
};

struct sql_engine {
	const char *name;
	char placeholder; /* "$" and a number, or "?" alone */
	/* Answers with *kept or a new connection, which it leaves there unless
	 * it is broken. NULL, or what went wrong: text in q. */
	bool (*query)(const struct sql_description *, struct question *q,
	              const struct sql_values *, void **kept,
	              struct sql_row *out);
};

/* A column's value, of the columns that count. */
void sql_take(struct sql_row *, const char *column, struct slice value);

extern const struct sql_engine sql_sqlite;
extern const struct sql_engine sql_postgresql;
extern const struct sql_engine sql_mariadb;
