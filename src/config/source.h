/*
 * source.h -- where accounts come from: one entry of `sources`.
 *
 *	directory                        roost's own
 *	passwd-file:/etc/mail/%d/users   a file, as Dovecot has them
 *	sql:/etc/roost/sql.conf          a database; the rest is in that file
 *	ldap:/etc/roost/ldap.conf        a directory that verifies passwords
 *	ldap-lookup:/etc/roost/ldap.conf one that shows stored ones
 *	pam:/etc/pam.d/roost             a service of PAM
 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

enum source_kind {
	SOURCE_DIRECTORY,
	SOURCE_PASSWD_FILE,
	SOURCE_SQL,
	SOURCE_LDAP,
	SOURCE_LDAP_LOOKUP,
	SOURCE_PAM,
	SOURCE_KINDS
};

enum {
	SOURCES_MOST = 16,
	SOURCE_NAME = 255, /* octets of an entry, which is its name */
};

struct config_source {
	enum source_kind kind;
	struct slice path; /* points into the text; absolute */
};

bool config_source_parse(struct slice text, struct config_source *out);

/* What it is stands in a file, with passwords, that the parent hands on. */
bool config_source_is_described(enum source_kind);

/* It says itself whether a password is right, and is told it therefore;
 * others show what they have stored. */
bool config_source_verifies(enum source_kind);

/* It can say who there is, without a password. */
bool config_source_finds(enum source_kind);
