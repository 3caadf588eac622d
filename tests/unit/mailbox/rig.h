/* rig.h -- a model over a real partition, for the tests of mailbox/. */
#pragma once

#include <sys/types.h>

#include "mailbox/mailbox.h"
#include "mailbox/view.h"

enum { RIG_ACCOUNT = 7 };

struct rig {
	char dir[64];
	struct loop *loop;
	struct partition *partition;
	struct model *model;
	struct account *account; /* RIG_ACCOUNT, made and open */
	struct clock clock;
	int64_t now; /* wall clock */
};

/* Runs fn in a task over a new partition with one account; then checks the
 * partition, opened anew from disk. */
void rig_run(void (*fn)(struct rig *));

/* A socket that others will close: which one it is, and until they have. */
struct rig_socket {
	int fd;
	ino_t inode;
};

struct rig_socket rig_socket(int fd);
void rig_wait_closed(const struct rig_socket *);

/* A test program: each case in a partition of its own. */
struct rig_case {
	const char *name;
	void (*fn)(struct rig *);
};

int rig_main(const struct rig_case *cases, size_t n);

/* Closes all and opens it again. */
void rig_reopen(struct rig *);

/* The same; how many problems a check of the mailboxes finds meanwhile. */
uint64_t rig_problems(struct rig *);

/* Appends a message with this text and these flags to a mailbox; its UID. */
uint32_t rig_append(struct rig *, struct mailbox *, const char *text,
                    uint8_t flags);
struct incoming *rig_incoming(struct rig *, const char *text);
struct err rig_append_to(struct mailbox *, struct incoming *, uint8_t flags,
                         uint32_t *uid);

struct mailbox *rig_open(struct rig *, const char *name);

/* "1:3,5" */
struct uidset rig_set(const char *text);
/* asserts that the set reads like this, and frees it */
void rig_assert_set(struct uidset *, const char *text);

/* STORE by nobody in particular; returns the modseq. */
uint64_t rig_store(struct mailbox *, const char *uids, enum store_mode,
                   uint8_t flags, const char *keyword);
void rig_expunge(struct mailbox *, const char *uids);
struct mailbox_status rig_status(struct rig *, const char *name);
