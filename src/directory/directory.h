/*
 * directory.h -- domains, accounts and credentials in one SQLite file.
 *
 * An account is an opaque number for ever; its name is only how people call
 * it. A credential has a generation that every change raises (verdict.h).
 *
 *	(absent) ──add──► ADDING ──► ENABLED ◄──► DISABLED
 *	    ▲                │           │            │
 *	    └── forget ──────┴── REMOVING ◄───────────┘
 *
 * ADDING and REMOVING mean that the account's partition may or may not have
 * it; both are absent for log-in and delivery, and are finished by adding
 * again, or by removing (auth/accounts.c).
 *
 * Reading happens on the loop through one connection, from memory; writing
 * on a worker thread through another one, a transaction each, durable when
 * the function returns (WAL, synchronous=FULL). Functions that write suspend.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/network.h"
#include "base/slice.h"
#include "directory/password.h"
#include "directory/policy.h"

struct directory;

enum account_state {
	ACCOUNT_ADDING,
	ACCOUNT_ENABLED,
	ACCOUNT_DISABLED,
	ACCOUNT_REMOVING,
};

/* A copy of a row; bytes without NUL at their end. */
struct account_row {
	uint64_t id;
	uint8_t state;
	bool shared;        /* nobody logs in to it */
	bool administrator; /* of its domain */
	bool second_factor; /* it has one (credential.h) */
	int64_t created_s;
	uint64_t credential; /* 0: none; never used twice */
	uint64_t generation;
	int64_t changed_s;  /* the credential */
	int64_t last_use_s; /* 0: never */
	size_t name_len;
	size_t stored_len;
	char name[LIMIT_USER_NAME];
	char stored[PASSWORD_STORED]; /* password.h */
};

static inline struct slice account_row_name(const struct account_row *row)
{
	return slice_of(row->name, row->name_len);
}

static inline struct slice account_row_stored(const struct account_row *row)
{
	return slice_of(row->stored, row->stored_len);
}

/*
 * Opens, or makes, the file. ERR_NOTNOW: made for another number of
 * partitions or by a newer program; ERR_IO, ERR_CORRUPT. The text says why.
 */
struct err directory_open(const char *path, uint32_t partitions,
                          struct directory **out);
void directory_close(struct directory *);

/* Where an account lives; the same for ever. */
uint32_t directory_partition(const struct directory *, uint64_t account);

/* By name in normal form, whatever its state. ERR_ABSENT, ERR_IO. */
struct err directory_find(struct directory *, struct slice name,
                          struct account_row *out);

/* By name, from behind `after` ("" is the start) on, at most `most` of the
 * domain ("" is all). */
struct err directory_page(struct directory *, struct slice domain,
                          struct slice after, struct account_row *out,
                          size_t most, size_t *n);

/* One that is ADDING or REMOVING, with an id above `after`. ERR_ABSENT. */
struct err directory_unfinished(struct directory *, uint64_t after,
                                struct account_row *out);

/* Random, of this directory for ever, told nobody. */
struct slice directory_secret(const struct directory *);

struct directory_counts {
	uint64_t domains;
	uint64_t accounts;
};

struct err directory_count(struct directory *, struct directory_counts *out);

/* The highest UIDVALIDITY of accounts that are gone: one that is new, which may
 * have the name of one of them, must give out others. */
struct err directory_uidvalidity(struct directory *, uint32_t *out);

/* -- writing -- */

/*
 * A new account, ADDING, with its domain; or one that is ADDING already,
 * with this password from now on. ERR_ALREADYEXISTS for any other state.
 * Without a password ("") nobody logs in to it: it is shared.
 */
struct err directory_add(struct directory *, struct slice name,
                         struct slice stored, uint64_t *id);

/* Raises the generation. ERR_ABSENT. */
struct err directory_set_state(struct directory *, uint64_t id,
                               enum account_state);

/* It administers its domain from now on, or no longer. ERR_ABSENT. */
struct err directory_set_administrator(struct directory *, uint64_t id,
                                       bool on);

/* Raises the generation. ERR_ABSENT. */
struct err directory_set_password(struct directory *, uint64_t id,
                                  struct slice stored);

/* The same secret in a better form: only if the credential is still of that
 * generation, which stays. */
struct err directory_rehash(struct directory *, uint64_t credential,
                            uint64_t generation, struct slice stored);

/* directory_uidvalidity() is at least this one from now on. */
struct err directory_raise_uidvalidity(struct directory *, uint32_t);

/* The row, its credentials, and its domain if it was the last there. */
struct err directory_forget(struct directory *, uint64_t id);

struct credential_use {
	uint64_t credential;
	int64_t at_s;
	char address[ADDRESS_TEXT]; /* from which */
};

struct err directory_used(struct directory *, const struct credential_use *,
                          size_t n);

/* -- capabilities that are hidden --
 *
 * A scope is "" (the server), "@domain", or an account's name, in normal
 * form; what is said of one that goes is forgotten with it. */

/* Appends the names, a space between them, of what is hidden from the
 * account, its domain, or all ("": from all); at most LIMIT_HIDDEN octets. */
struct err directory_hidden_for(struct directory *, struct slice name,
                                struct buf *out);

struct hidden_row {
	struct slice scope;
	struct slice capability;
};

/* By scope and name, from behind `after` on; at most `most`, copied into the
 * arena. */
struct err directory_hidden_page(struct directory *,
                                 const struct hidden_row *after, struct arena *,
                                 struct hidden_row *out, size_t most,
                                 size_t *n);

/* ERR_LIMIT: for some account the names would be longer than LIMIT_HIDDEN. */
struct err directory_hide(struct directory *, struct slice scope,
                          struct slice capability);

/* No longer hidden there. ERR_ABSENT. */
struct err directory_offer(struct directory *, struct slice scope,
                           struct slice capability);

/* -- policies (policy.h); scopes are those of what is hidden -- */

/* What counts for the account of that name; texts in the arena. */
struct err directory_policies_for(struct directory *, struct slice name,
                                  struct arena *, struct policies *out);

struct policy_setting {
	struct slice scope;
	struct slice name;
	struct slice value;
};

/* As directory_hidden_page(). */
struct err directory_policy_page(struct directory *,
                                 const struct policy_setting *after,
                                 struct arena *, struct policy_setting *out,
                                 size_t most, size_t *n);

/* When, behind that time, something expires first, or INT64_MAX. */
struct err directory_next_expiry(struct directory *, int64_t after_s,
                                 int64_t *out);

/* The value is in normal form. */
struct err directory_set_policy(struct directory *,
                                const struct policy_setting *);
/* ERR_ABSENT: nothing is said there. */
struct err directory_unset_policy(struct directory *,
                                  const struct policy_setting *);

/* -- whom nobody has seen for long -- */

struct stale_row {
	struct slice name;
	int64_t last_use_s; /* 0: never */
	int64_t created_s;
};

/* Enabled accounts that are older, and that none of their credentials has let
 * in since then; as directory_hidden_page(). */
struct err directory_stale(struct directory *, int64_t before_s,
                           struct slice after, struct arena *,
                           struct stale_row *out, size_t most, size_t *n);

/* -- who shares with whom -- */

/* By id, whatever its state. ERR_ABSENT, ERR_IO. */
struct err directory_find_id(struct directory *, uint64_t id,
                             struct account_row *out);

/* ERR_ABSENT: the owner (0: nobody) has made no grant to the account. */
struct err directory_granted(struct directory *, uint64_t owner,
                             const struct account_row *);

/* Names of those of its domain who have made it a grant, behind `after`,
 * copied into the arena. */
struct err directory_owners(struct directory *, const struct account_row *,
                            bool shared, struct slice after, struct arena *,
                            struct slice *out, size_t most, size_t *n);

/* There is such a grant from now on; was there none before? */
struct err directory_grant(struct directory *, uint64_t owner,
                           struct slice identifier, bool *is_new);

/* The groups that it is in, at most LIMIT_GROUPS, copied into the arena. */
struct err directory_groups(struct directory *, uint64_t account,
                            struct arena *, struct slice *out, size_t *n);

/* ERR_LIMIT: it would be in more than LIMIT_GROUPS. */
struct err directory_join(struct directory *, uint64_t account,
                          struct slice group);
struct err directory_leave(struct directory *, uint64_t account,
                           struct slice group); /* ERR_ABSENT */

struct member_row {
	struct slice group;
	struct slice account;
};

/* By group and name; as directory_hidden_page(). */
struct err directory_members(struct directory *, const struct member_row *after,
                             struct arena *, struct member_row *out,
                             size_t most, size_t *n);

/*
 * A change that was refused because the disk failed, so much that it could not
 * even be struck out, comes back if the process dies before the next change.
 * This is one, if it is needed: who looks now sees what stays. Suspends.
 */
void directory_settle(struct directory *);

/* Waits for the change under way; whoever comes after waits for ever. */
void directory_seal(struct directory *);
