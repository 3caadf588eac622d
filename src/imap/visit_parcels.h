/*
 * visit_parcels.h -- messages on their way from one account to another: read
 * here (visit_collect.c) and put down there (visit_append.c), all in one
 * command, so that all of them come or none.
 */
#pragma once

#include "imap/internal.h"
#include "imap/visit_internal.h"
#include "mailbox/incoming.h"

struct parcel {
	struct incoming *message; /* or: */
	uint32_t uid;             /* of the selected mailbox */
	struct flag_list flags;
	int64_t internaldate;
	int16_t zone;
};

struct parcels {
	struct session *s;
	struct parcel *v; /* in the command's arena */
	size_t n;
	uint64_t bytes;
	struct uidset from;
	bool in_parts; /* as many as a command may be about; else all or none */
};

struct parcels parcels_new(struct session *);
void parcels_free(struct parcels *);

/* Those that an APPEND or a REPLACE has brought, which stay its own. */
struct parcels parcels_of(struct session *, const struct append_request *);

/* The messages of the set, of the mailbox that is selected here, or (as it
 * was written) of the one selected there. ERR_LIMIT: more than one APPEND may
 * bring. */
struct err parcels_collect_own(struct parcels *, const struct seq_set *);
struct err parcels_collect_there(struct parcels *, struct visit *from,
                                 struct slice set);

/* Into the mailbox of that name, ours if `to` is NULL. *said: as a visit says
 * it, "OK [APPENDUID ...] ..."; an error of our own is returned. */
struct err parcels_append(const struct parcels *, struct visit *to,
                          struct slice name, struct slice *said);

/* The originals of a MOVE, or what REPLACE replaces, go (visit_replace.c);
 * `from` NULL: from our own mailbox, `to`: where they are now. */
struct err visit_check_removal(struct session *, struct visit *from);
struct err parcels_remove(struct parcels *, struct visit *from,
                          struct slice to);

/* "verb mailbox" with the messages: a whole command of the client's. */
struct err visit_send(struct session *, struct visit *to, struct slice verb,
                      const struct append_request *, struct slice *said);
