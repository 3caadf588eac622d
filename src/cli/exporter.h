/*
 * exporter.h -- the receiving half of an export, whatever it writes to.
 */
#pragma once

#include "base/err.h"
#include "cli/transfer.h"
#include "cli/verb.h"

/*
 * Where mail goes. Called in this order: mailbox, then (begin, data ..., end)
 * for each of its messages by rising UID, then the next mailbox. The first
 * error ends the export. Slices are valid during the call.
 */
struct sink {
	struct err (*mailbox)(void *arg, const struct transfer_mailbox *);
	struct err (*begin)(void *arg, const struct transfer_message *);
	struct err (*data)(void *arg, struct slice);
	struct err (*end)(void *arg);
};

/* --user and --mailbox of the verb; an exit status, errors are printed. */
int exporter_run(const struct call *, const struct sink *, void *arg);
