/* check_internal.h -- between the files that check a configuration. */
#pragma once

#include <stdio.h>

#include "config/internal.h"

enum { CHECK_TEXT = 4400 }; /* a path, and what is wrong with it */

struct check {
	const struct config *config;
	struct config_errors *errors;
	size_t n_read; /* of them, config_read()'s */
};

/* field: the address of an option's field in the configuration. */
void check_error(struct check *, const void *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void check_warning(struct check *, const void *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The option's. */
const char *check_name(const struct check *, const void *field);

void check_alerts(struct check *);
void check_certificate(struct check *);
void check_client_ca(struct check *);
void check_issuers(struct check *);
void check_listeners(struct check *);
void check_users(struct check *);
