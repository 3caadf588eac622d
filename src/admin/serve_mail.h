/*
 * serve_mail.h -- what a mail process answers to the `roost` command.
 *
 * The command asks auth for a link to a partition (FRAME_LINK); auth hands
 * one end to the mail process with FRAME_CONTROL, and the mail process gives
 * it to admin_serve_mail(): STATUS, WHO and KICK for the server, ACL,
 * QUOTA, TRACE, IMPORT_* and EXPORT for one account (ipc/protocol.h,
 * admin/verbs.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/audit_entry.h"
#include "base/clock.h"
#include "base/slice.h"
#include "ipc/link.h"
#include "mailbox/account.h"

/* A session as `roost who` shows it; slices are valid during the call. */
struct session_entry {
	struct slice session_id;
	struct slice account_name;
	struct slice peer; /* "192.0.2.1:4711" */
	struct slice client_id;
	struct slice mailbox;
	struct slice command;
	int64_t since_s; /* wall clock */
	uint64_t idle_s; /* since the last command ended */
	bool tls;
	const struct slice *visits; /* names of owners */
	size_t n_visits;
};

/* Who hears what an account's clients and the server say. */
struct watcher {
	void (*line)(void *ctx, struct slice session_id, struct slice line);
	void *ctx;
	bool text; /* of messages too */
};

/* The sessions of the process, as far as this room may know them. */
struct session_registry {
	/* Calls fn for each session, which does not suspend. */
	void (*walk)(void *ctx,
	             void (*fn)(void *arg, const struct session_entry *),
	             void *arg);
	/* BYE to those with this session id, or of the account with this
	 * name, and to the visits of others there; how many there were. */
	uint64_t (*kick)(void *ctx, struct slice session_id_or_account);
	/* From now on, of the account's sessions there are and will be.
	 * False: somebody does already. The watcher is copied. */
	bool (*watch)(void *ctx, uint64_t account, const struct watcher *);
	void (*unwatch)(void *ctx, uint64_t account);
	void *ctx;
};

/* The processes that read messages for this one. */
struct parser_registry {
	uint32_t n;
	bool (*is_serving)(void *ctx, uint32_t index);
	/* Messages that were read, and that could not be. */
	void (*count)(void *ctx, uint64_t *parsed, uint64_t *unparsed);
	void *ctx;
};

/* The same for all control links of the process; outlives them. */
struct admin_mail {
	struct loop *loop;
	struct model *model;
	const struct clock *clock;
	struct session_registry sessions;
	struct parser_registry parsers;
	/* As visit_office.grant (imap/visit.h). */
	struct err (*grant)(void *ctx, uint64_t owner, struct slice identifier);
	void *grant_ctx;
	const struct audit_recorder *recorder; /* NULL: nobody keeps a record */
	uint32_t index;                        /* of the partition */
	uint64_t message_limit_bytes;          /* of an imported message */
};

/* A task of its own for each link; ends with the link, which it frees.
 * account 0: for the server; uid: of the machine, who asks. */
void admin_serve_mail(const struct admin_mail *, struct link *,
                      uint64_t account, uint32_t uid);
