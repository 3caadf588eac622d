/*
 * source.h -- those who have accounts, and what can be asked of them.
 *
 * Each kind is a row: how it is prepared (before the sandbox, while files can
 * still be opened), and how one question is answered, on a worker thread.
 * Sources outlive all questions; what a worker keeps for the next one lies
 * in its place (desk.h).
 */
#pragma once

#include "config/source.h"
#include "outside/desk.h"
#include "outside/question.h"

struct source {
	char *name; /* its entry in `sources` */
	struct config_source is;
	const struct source_type *type;
	void *state;         /* of its kind */
	const char *problem; /* it can't be used, and why; or NULL */
	const char *opens;   /* below here; NULL: no file */
	bool writes;         /* there, too */
	bool loads;          /* libraries */
	struct desk desk;
};

struct source_type {
	/* fd: what describes it, -1: nothing; to be closed. Sets problem. */
	void (*prepare)(struct source *, int fd);

	/*
	 * ASK_FIND: ERR_ABSENT, or what there is of the user: told_account,
	 * the stored password if it shows it. ASK_VERIFY: TOLD_RIGHT and
	 * TOLD_WRONG instead, from those that verify.
	 */
	void (*ask)(struct source *, struct question *, void **kept);
};

struct sources {
	struct source *v[SOURCES_MOST];
	size_t n;
};

/* text: an entry of `sources`; the directory is passed over. */
void sources_add(struct sources *, const char *text, int fd);

/* NULL: there is none of that name. */
struct source *sources_find(const struct sources *, struct slice name);

/* On a worker thread. */
void source_ask(struct source *, struct question *, void **kept);

/* -- for the kinds -- */

/* The user's name, which is in normal form, in its parts; domain: without
 * the "@", or empty. */
struct source_user {
	struct slice name;
	struct slice local;
	struct slice domain;
};

struct source_user source_user(const struct question *);

/* The user is there: with this stored password, unless it is too long. */
void source_found(struct question *, struct slice stored);

extern const struct source_type source_passwd_file;
extern const struct source_type source_sql;
extern const struct source_type source_ldap;
extern const struct source_type source_pam;
