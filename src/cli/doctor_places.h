/*
 * doctor_places.h -- where our own server listens, and how it is there.
 *
 * The running server knows: a service manager may have opened its sockets,
 * and then the configuration's count for nothing. Of one that does not run it
 * is what the configuration says.
 */
#pragma once

#include "cli/control.h"
#include "config/config.h"
#include "doctor/doctor.h"

struct doctor_place {
	char kind[16]; /* as auth/auth.h has them */
	char where[128];
};

struct doctor_places {
	struct doctor_place *v;
	size_t n;
};

/* server: NULL: it does not run. */
void doctor_places_find(const struct config *, struct control *server,
                        struct doctor_places *out);
void doctor_places_free(struct doctor_places *);

bool doctor_places_have(const struct doctor_places *, const char *kind);

/* Each of them. */
void doctor_places_examine(const struct doctor *, const struct config *,
                           const struct doctor_places *);
