/*
 * visit_names.h -- whose mailbox a name is.
 *
 *	Other Users/ann@example.org/Plans
 *	namespace   owner
 *	prefix ────────────────────►
 *
 * An owner's name has an '@'. "Shared/Plans" is a name of our own, which may be
 * there from elsewhere, but can't be made. In a visit, and where nobody shares,
 * there are no others' names.
 */
#pragma once

#include "imap/visit.h"

struct visit_namespace {
	struct slice prefix; /* "Shared/" */
	bool shared;
};

enum { VISIT_NAMESPACES = 2 };

extern const struct visit_namespace visit_namespaces[VISIT_NAMESPACES];

/* "Shared" */
struct slice visit_top(const struct visit_namespace *);

/* Slices are in the name. */
struct visit_place {
	struct slice prefix;
	struct slice owner;
	bool shared;
};

/* False: it is a name of our own. */
bool visit_place_of(const struct session *, struct slice name,
                    struct visit_place *);

/* In it. */
struct slice visit_owner_of(struct slice prefix);
