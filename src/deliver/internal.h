/* internal.h -- a message on its way to its recipients. */
#pragma once

#include "deliver/deliver.h"
#include "mailbox/mailbox.h"

struct recipient {
	uint64_t account;
	struct slice name;   /* own memory, as detail */
	struct slice detail; /* behind '+', or empty */
	struct err result;
};

struct delivery {
	struct model *model;
	struct loop *loop;
	struct slice
		sender; /* own memory, as session_id; "" is the null path */
	struct slice session_id;
	struct slice peer; /* of the link; "": none */
	struct recipient *v;
	uint32_t n;
	struct incoming *message; /* finished when it is delivered */
	int64_t now;
};

/* Delivers to every recipient and fills in the results. The first code is
 * that of the message itself: what is not ERR_OK goes to all. Suspends. */
void delivery_run(struct delivery *, struct err);
