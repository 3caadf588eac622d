/*
 * server.h -- verbs that are one question to the running server.
 *
 * Each returns an exit status; what went wrong has been printed.
 */
#pragma once

#include <stddef.h>

#include "cli/control.h"
#include "cli/verb.h"

/* The control socket of the configured server. */
int server_open(const struct call *, struct control *);

/* A link to the mail process of an account. */
int server_open_account(const struct call *, const char *account,
                        struct control *);

/* Sends the request, prints nothing but an error: "roost: WHAT: ...". what
 * NULL, here and below: the verb and its arguments, as they were typed. */
int server_do(const struct call *, struct frame_out *, const char *what);

/* Prints the rows that answer. */
int server_table(const struct call *, struct frame_out *, const char *what,
                 const char *const *columns, size_t n_columns);

/* The same without the columns' names, for what is to be copied. */
int server_values(const struct call *, struct frame_out *, const char *what,
                  const char *const *columns, size_t n_columns);

/* Gives each row to fn. */
int server_rows(const struct call *, struct frame_out *, const char *what,
                void (*fn)(void *arg, const struct slice *, size_t n),
                void *arg);

/* The same as server_table(), asked of an account's mail process. */
int server_account_table(const struct call *, struct frame_out *,
                         const char *account, const char *const *columns,
                         size_t n_columns);
