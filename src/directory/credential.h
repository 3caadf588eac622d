/*
 * credential.h -- what an account has besides its password, in the directory.
 *
 *	app passwords	by name, each a credential of its own (directory.h)
 *	certificates	of clients, by fingerprint, the same
 *	second factor	(absent) ──set──► pending ──confirm──► on
 *	recovery codes	with a second factor; each is there until it is taken
 *
 * Hashes of secrets and when they count are made elsewhere (app_password.h,
 * second_factor.h). All that writes suspends, and is durable when it returns.
 */
#pragma once

#include "base/network.h"
#include "directory/code.h"
#include "directory/directory.h"
#include "directory/totp.h"

/* -- app passwords -- */

struct app_password {
	uint64_t credential;
	struct slice name;
	struct slice services; /* "imap", "smtp"; "" is all */
	struct slice networks; /* commas between them; "" is all */
	int64_t expires_s;     /* 0: never */
	int64_t created_s;
	int64_t last_use_s; /* 0: never */
	struct slice last_address;
};

/* By name, at most LIMIT_APP_PASSWORDS of them, copied into the arena. */
struct err directory_app_passwords(struct directory *, uint64_t account,
                                   struct arena *, struct app_password *out,
                                   size_t *n);

/* The one whose secret is kept so. ERR_ABSENT */
struct err directory_app_password(struct directory *, uint64_t account,
                                  struct slice stored, struct arena *,
                                  struct app_password *out);

/* ERR_ALREADYEXISTS: one of that name; ERR_LIMIT: there are too many. */
struct err directory_add_app_password(struct directory *, uint64_t account,
                                      const struct app_password *,
                                      struct slice stored);

/* ERR_ABSENT. *credential is which one it was. */
struct err directory_revoke_app_password(struct directory *, uint64_t account,
                                         struct slice name,
                                         uint64_t *credential);

/* Of all accounts, those that ran out after then and until then, in that
 * order, at most `most`. */
struct expired_row {
	uint64_t account;
	uint64_t credential;
	int64_t expires_s;
};

struct err directory_expired(struct directory *, int64_t after_s,
                             int64_t until_s, struct expired_row *out,
                             size_t most, size_t *n);

/* -- certificates -- */

struct client_certificate {
	uint64_t credential;
	struct slice fingerprint; /* SHA-256, hexadecimal */
	struct slice subject;     /* "": not known */
	int64_t expires_s;        /* 0: not known */
	int64_t created_s;
	int64_t last_use_s; /* 0: never */
	struct slice last_address;
};

/* Whose it is, and which credential. ERR_ABSENT: nobody's. */
struct err directory_certificate(struct directory *, struct slice fingerprint,
                                 uint64_t *account, uint64_t *credential);

/* Oldest first, at most LIMIT_CERTIFICATES, copied into the arena. */
struct err directory_certificates(struct directory *, uint64_t account,
                                  struct arena *,
                                  struct client_certificate *out, size_t *n);

/* Of c fingerprint, subject and end count. ERR_ALREADYEXISTS: it is somebody's;
 * ERR_LIMIT: there are too many. */
struct err directory_add_certificate(struct directory *, uint64_t account,
                                     const struct client_certificate *c);

/* ERR_ABSENT. *credential is which one it was. */
struct err directory_remove_certificate(struct directory *, uint64_t account,
                                        struct slice fingerprint,
                                        uint64_t *credential);

/* -- second factors -- */

struct second_factor {
	int64_t confirmed_s;     /* 0: pending */
	uint64_t step;           /* of the last code that was taken (totp.h) */
	uint32_t misses;         /* wrong codes since */
	int64_t missed_s;        /* the last of them */
	uint32_t recovery_codes; /* left */
	size_t key_len;
	char key[TOTP_KEY_TEXT];
};

/* ERR_ABSENT */
struct err directory_second_factor(struct directory *, uint64_t account,
                                   struct second_factor *out);

/* Pending, in the place of one that is. ERR_NOTNOW: there is one that is on. */
struct err directory_set_second_factor(struct directory *, uint64_t account,
                                       struct slice key);

/* The pending one with this key is on, and the code of this step is taken;
 * the recovery codes are these, CODE_STORED octets each. Raises the
 * generation of the account's credentials. ERR_NOTNOW: it is not pending. */
struct err directory_confirm_second_factor(struct directory *, uint64_t account,
                                           struct slice key, uint64_t step,
                                           const char (*codes)[CODE_STORED],
                                           size_t n);

/* These in the place of those that are left. ERR_NOTNOW: it is not on. */
struct err directory_set_recovery_codes(struct directory *, uint64_t account,
                                        const char (*codes)[CODE_STORED],
                                        size_t n);

/* The code of this step is taken, and misses are forgotten. ERR_ABSENT: it
 * or a later one has been. */
struct err directory_take_step(struct directory *, uint64_t account,
                               uint64_t step);

/* ERR_ABSENT: there is no such code (any more). */
struct err directory_take_recovery_code(struct directory *, uint64_t account,
                                        struct slice stored);

struct err directory_miss_code(struct directory *, uint64_t account);

/* With its recovery codes. ERR_ABSENT */
struct err directory_remove_second_factor(struct directory *, uint64_t account);
