/*
 * acl.h -- who may do what with a mailbox. RFC 4314
 *
 * A mailbox has a list of identifiers with rights; an identifier is a user's
 * name, "owner", "anyone" or "$group", and with "-" before it its rights are
 * taken away. Without an entry of their own, owners have every right; they
 * always may look a mailbox up and administer it, so that none is lost.
 *
 * The list belongs to the mailbox, goes along with RENAME, and is copied to
 * what is made below it. What is read here is committed state: rights are in
 * force from the next command on.
 */
#pragma once

#include "mailbox/mailbox.h"

enum right {
	RIGHT_LOOKUP = 1 << 0,      /* l */
	RIGHT_READ = 1 << 1,        /* r */
	RIGHT_SEEN = 1 << 2,        /* s */
	RIGHT_WRITE = 1 << 3,       /* w: other flags */
	RIGHT_INSERT = 1 << 4,      /* i */
	RIGHT_POST = 1 << 5,        /* p */
	RIGHT_CREATE = 1 << 6,      /* k: mailboxes below */
	RIGHT_DELETE = 1 << 7,      /* x: the mailbox */
	RIGHT_DELETED = 1 << 8,     /* t: the flag */
	RIGHT_EXPUNGE = 1 << 9,     /* e */
	RIGHT_ADMINISTER = 1 << 10, /* a */
	RIGHTS_ALL = (1 << 11) - 1,
	RIGHTS_OF_OWNER = RIGHT_LOOKUP | RIGHT_ADMINISTER, /* never taken */
};

/* Letters to a set; "c" is k and "d" is x, t, e (section 2.1.1). False when
 * a letter is none. */
bool rights_read(struct slice letters, unsigned *rights);
/* The set as letters, with "c" and "d" when they have any of theirs. */
void rights_write(unsigned rights, struct buf *out);
/* Without those. */
void rights_write_plain(unsigned rights, struct buf *out);

struct acl_entry {
	struct slice identifier;
	unsigned rights;
};

/* Can somebody be called so? Of any length. */
bool acl_is_identifier(struct slice);

/* A row of T_ACL; v has LIMIT_ACL_ENTRIES places, identifiers point into raw.
 * ERR_CORRUPT */
struct err acl_read(struct slice raw, struct acl_entry *v, size_t *n);

/* Who wants something. */
struct identity {
	uint64_t account;
	struct slice name;
	bool is_owner;              /* of the mailbox at hand */
	const struct slice *groups; /* names without "$" */
	size_t n_groups;
};

/* What a list allows. */
unsigned acl_rights(const struct acl_entry *, size_t n,
                    const struct identity *);

/* No mailbox of it has a list: its owner may do all, others nothing. */
bool account_is_unshared(struct account *);

/* What is allowed with that mailbox. ERR_NONEXISTENT: it is not there, or
 * may not be looked up: the same error. */
struct err mailbox_rights(struct account *, struct slice name,
                          const struct identity *, unsigned *rights);
/* Of one that is open; none when it can't be read. */
unsigned mailbox_rights_open(struct mailbox *, const struct identity *);

/* The same for the nearest mailbox above a name; all at the top, for the
 * owner. ERR_NONEXISTENT: who is not the owner may look up none above. */
struct err mailbox_rights_above(struct account *, struct slice name,
                                const struct identity *, unsigned *rights);

/* The list, in the arena, LIMIT_ACL_ENTRIES at most. ERR_NONEXISTENT */
struct err mailbox_get_acl(struct account *, struct slice name, struct arena *,
                           struct acl_entry **out, size_t *n);

enum acl_mode { ACL_REPLACE, ACL_ADD, ACL_REMOVE, ACL_DELETE };

/* One entry. ACL_DELETE takes it out; an entry without rights stays, for it
 * is other than none. ERR_NONEXISTENT, ERR_LIMIT. Suspends. */
struct err mailbox_set_acl(struct account *, struct slice name,
                           struct slice identifier, enum acl_mode,
                           unsigned rights);

/* Flags that may be changed, or set. */
struct flag_rights {
	uint8_t flags; /* enum message_flag */
	bool keywords;
	uint64_t user; /* whose \Seen is meant; 0: the owner's */
};

/* mailbox_copy(), whose copies go without the flags that may not be set there.
 */
struct err mailbox_copy_allowed(struct mailbox *source,
                                const struct uidset *uids,
                                struct mailbox *destination, bool move,
                                struct flag_rights may, struct uidset *from,
                                struct uidset *to);
