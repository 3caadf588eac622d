/* tree.h -- what making, deleting and renaming mailboxes share. */
#pragma once

#include "mailbox/change.h"
#include "mailbox/name.h"

static inline bool is_inbox(struct slice name)
{
	return slice_eq(name, S("INBOX"));
}

/* Is `name` below `parent`? */
static inline bool is_below(struct slice name, struct slice parent)
{
	return name.len > parent.len + 1 && slice_starts(name, parent) &&
	       name.ptr[parent.len] == '/';
}

/* A mailbox's name, as an entry of the tree. */
void change_put_name(struct change *, struct slice name, uint32_t id);
void change_delete_name(struct change *, struct slice name);

/* Numbers for a new mailbox; puts nothing yet. */
struct mailbox_meta change_new_mailbox(struct change *, uint32_t special_use);

/* A new mailbox, written whole. ERR_IO, ERR_CORRUPT */
struct err change_make_mailbox(struct change *, struct slice name,
                               uint32_t special_use, bool noselect);

/* The missing parents of a name. ERR_LIMIT */
struct err change_make_parents(struct change *, struct slice name);
/* After the commit, and when the name itself has been told. */
void change_notify_parents(const struct change *, struct slice name);
struct err change_has_mailbox_room(const struct change *);

/* A new mailbox has the rights of the nearest one above it (acl.c). */
struct err change_inherit_acl(struct change *, struct slice name, uint32_t id);

/* A mailbox's list of rights as it is kept (acl.c). */
struct err acl_row(struct account *, uint32_t id, struct buf *out);

/* A mailbox's annotations (metadata.c). ERR_OVERQUOTA, ERR_LIMIT. Suspend. */
struct err change_drop_annotations(struct change *, uint32_t id);
struct err change_copy_annotations(struct change *, uint32_t from, uint32_t to);

/* Every message with such a row of T_DIGEST loses its blob. ERR_IO */
struct err change_drop_blobs(struct change *, const struct store_key *digests);

/* All that lies below a name. */
struct below {
	struct entry {
		uint32_t id;
		struct slice name; /* in the arena */
	} * v;
	size_t n;
};

/* Suspends; the account's lock is held. */
struct err tree_below(struct account *, struct slice name, struct arena *,
                      struct below *out);

/* Is there anything? Suspends. */
struct err tree_has_below(struct account *, struct slice name, bool *has);
