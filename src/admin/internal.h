/*
 * internal.h -- one control link to a mail process, and what it does.
 */
#pragma once

#include "admin/serve_mail.h"
#include "base/arena.h"
#include "base/err.h"
#include "ipc/protocol.h"
#include "mailbox/account.h"

struct import;

struct control_link {
	const struct admin_mail *mail;
	struct link *link;
	uint64_t account_id;     /* 0: for the server */
	uint32_t uid;            /* of the machine: who asks */
	struct account *account; /* NULL: for the server */
	struct import *import;   /* NULL until an import has begun */
	bool lost;               /* from the audit log; DONE says so */
	struct err e;            /* of the link: it is over */
};

/* Frames to the `roost` command; suspend while it is slow. After an error
 * (kept in e) nothing is sent any more. */
void control_row(struct control_link *, const struct slice *fields, uint32_t n);
void control_done(struct control_link *, struct err);
void control_send(struct control_link *, struct frame_out *);

extern const struct slice quota_names[QUOTA_RESOURCES];

/*
 * Whose mail an administrator reads or changes is recorded, before he does;
 * event, who and whose are filled in here. He must be able to act: what can't
 * be recorded is done all the same, and he and the log hear of it. Suspends.
 */
void control_record(struct control_link *, const char *event,
                    struct audit_entry);

/* -- the requests, as ipc/control_frames.h has them -- */

/* Each sends its answer, and suspends while nobody takes it. An error is one
 * that ends the link. */
struct err import_mailbox(struct control_link *, struct frame_in *);
struct err import_keywords(struct control_link *, struct frame_in *);
struct err import_message(struct control_link *, struct frame_in *);
struct err import_data(struct control_link *, struct frame_in *);
struct err import_end(struct control_link *, struct frame_in *);
struct err import_commit(struct control_link *, struct frame_in *);
struct err acl(struct control_link *, struct frame_in *);
struct err examine(struct control_link *, struct frame_in *);
struct err export_account(struct control_link *, struct frame_in *);
struct err mailboxes(struct control_link *, struct frame_in *);
struct err trace(struct control_link *, struct frame_in *);
struct err who(struct control_link *, struct frame_in *);
struct err kick(struct control_link *, struct frame_in *);

/* What has been begun and not committed is forgotten; NULL is allowed. */
void import_free(struct import *);
