/*
 * table.h -- rows from the server, printed for a person or as JSON.
 *
 * Rows are kept till the end, since the widest decides a column's width.
 * Columns are those of admin/verbs.h; what a column holds (a time, a number)
 * is known by its name. Control characters in a value, which may be
 * foreign, are never printed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/slice.h"

struct table;

/* columns must outlive the table. */
struct table *table_new(const char *const *columns, size_t n_columns);
void table_free(struct table *);

/* A row; values beyond the columns are left out, missing ones are empty.
 * The first argument is a struct table, as control_call() wants it. */
void table_add(void *table, const struct slice *values, size_t n);

size_t table_rows(const struct table *);

/* In columns under their names (nothing at all without rows), or as an
 * array of objects. False when out could not be written. */
bool table_print(const struct table *, bool json, FILE *out);

/* A row a line, without the columns' names. */
bool table_print_values(const struct table *, FILE *out);
