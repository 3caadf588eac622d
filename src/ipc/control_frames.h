/*
 * control_frames.h -- what the `roost` command says to auth and mail.
 *
 * The frames of the control socket and of control links, for protocol.h; the
 * comment behind each lists its fields, as there. Columns of rows are in
 * admin/verbs.h.
 */
#pragma once

/* clang-format off */
enum {
	/* A request is answered by any number of ROWs and one DONE. */
	FRAME_ROW = 512,     /* u32 n, n slices, in the order of the verb's table */
	FRAME_DONE,          /* u8 enum err_code, slice text, u8 1: the audit log
	                        lacks it */
	/* to auth */
	FRAME_USER_ADD,      /* slice name, slice password */
	FRAME_USER_ADD_STORED, /* slice name, slice stored password */
	FRAME_USER_ADD_SHARED, /* slice name: one that nobody logs in to */
	FRAME_USER_LIST,     /* slice domain or "" */
	FRAME_USER_SHOW,     /* slice name */
	FRAME_USER_PASSWORD, /* slice name, slice password */
	FRAME_USER_PASSWORD_STORED, /* slice name, slice stored password */
	FRAME_USER_DISABLE,  /* slice name */
	FRAME_USER_ENABLE,   /* slice name */
	FRAME_USER_PROMOTE,  /* slice name: it administers its domain */
	FRAME_USER_DEMOTE,   /* slice name: no longer */
	FRAME_USER_REMOVE,   /* slice name */
	FRAME_USER_STALE,    /* slice days, slice "" or "disable" */
	FRAME_CAPABILITY_HIDE,  /* slice "", "@domain" or account name, slice
	                           capability */
	FRAME_CAPABILITY_OFFER, /* the same: no longer */
	FRAME_CAPABILITY_LIST,
	FRAME_GROUP_ADD,     /* slice group, slice account name */
	FRAME_GROUP_REMOVE,  /* the same: no longer */
	FRAME_GROUP_LIST,
	FRAME_POLICY_SET,    /* slice "server", "@domain" or account name; slice
	                        policy, a blank, its value */
	FRAME_POLICY_UNSET,  /* slice the same, slice policy: no longer */
	FRAME_POLICY_SHOW,   /* slice the same or "" for all, slice policy or ""
	                        for all: what is set there */
	FRAME_POLICY_EFFECTIVE, /* slice the same, but not "", slice policy or
	                        "": what counts there, from wherever it is */
	FRAME_STATUS,        /* of auth and, on a mail link, of that partition */
	FRAME_AUTH_TEST,     /* slice name, slice password: what a log-in would
	                        find, step by step */
	FRAME_AUTH_TEST_TOKEN, /* slice name, slice token: the same */
	FRAME_ISSUERS,       /* of tokens, each asked now */
	FRAME_SOURCES,       /* of accounts, those that can say who there is */
	FRAME_LISTENERS,     /* where it listens, whoever opened it */
	FRAME_LINK,          /* slice account name or "", u32 partition: answered
	                        by LINKED, then DONE */
	FRAME_LINKED,        /* u64 account, u32 partition, u32 partitions; fd:
	                        control link to that mail process */
	FRAME_ALERT_LIST,    /* slice account name, or "" for all */
	FRAME_ALERT_SILENCE, /* slice scope as of POLICY_SET, slice kind, slice
	                        until when ("": for good) */
	FRAME_ALERT_RESUME,  /* slice scope, slice kind: no longer */
	FRAME_ALERT_TEST,    /* slice account name that is the owner, or "" */
	FRAME_APP_PASSWORD_ADD, /* slice account name, slice its name, slice
	                        services and slice networks (commas between
	                        them; "" is all), slice seconds that it counts
	                        ("": for good) */
	FRAME_APP_PASSWORD_LIST,   /* slice account name */
	FRAME_APP_PASSWORD_REVOKE, /* slice account name, slice its name */
	FRAME_TOTP_ENABLE,   /* slice account name: a key, not yet confirmed */
	FRAME_TOTP_CONFIRM,  /* slice account name, slice code: it is on */
	FRAME_TOTP_CHECK,    /* slice account name, slice code, which is taken */
	FRAME_TOTP_RECOVERY, /* slice account name: other recovery codes */
	FRAME_TOTP_DISABLE,  /* slice account name */
	FRAME_TOTP_STATUS,   /* slice account name */
	FRAME_CLIENT_CERTIFICATE_ADD, /* slice account name, slice SHA-256
	                        fingerprint, slice subject ("": not known),
	                        slice its end in seconds since 1970 ("": not
	                        known) */
	FRAME_CLIENT_CERTIFICATE_LIST,   /* slice account name */
	FRAME_CLIENT_CERTIFICATE_REMOVE, /* slice account name, slice
	                        fingerprint */
	FRAME_HISTORY,       /* slice account name, slice how many or "": its
	                        sign-ins, newest first */
	FRAME_LOCKOUT_LIST,
	FRAME_LOCKOUT_CLEAR, /* slice account name, address, network, or "" for
	                        all */

	/* to mail */
	FRAME_WHO,           /* rows: see admin/verbs.h */
	FRAME_KICK,          /* slice session id, or slice account name */
	FRAME_TRACE,         /* u8 with text of messages (0, 1): rows of one
	                        line each, until the command leaves */
	FRAME_ACL,           /* u8 change (0, 1), slice mailbox ("": all, if
	                        there is no change), slice identifier, slice
	                        rights ("": without an entry): rows as they
	                        are then */
	FRAME_QUOTA,         /* u8 set of resources, then QUOTA_RESOURCES times
	                        u64 limit (0: none) for those in the set */
	FRAME_MAILBOXES,     /* rows: see admin/verbs.h */
	FRAME_IMPORT_MAILBOX,/* slice name, u32 uidvalidity or 0, u32 uidnext or
	                        0, u8 subscribe (0 no, 1 yes, 2: only that, the
	                        mailbox is not made). Made unless it is there;
	                        messages go to it from now on. ROW with its
	                        UIDNEXT if it was made, DONE; ERR_NOTNOW when
	                        uidvalidity is given, is not the mailbox's, and
	                        it has messages. Sent again behind the last
	                        message to raise UIDNEXT to what it was */
	FRAME_IMPORT_MESSAGE,/* u32 uid or 0 (at least UIDNEXT), u8 flags, u64
	                        internaldate, u16 zone; FRAME_DATA and FRAME_END
	                        follow. Not answered: a failure is what the next
	                        COMMIT's DONE says */
	FRAME_IMPORT_COMMIT, /* DONE: what came since the last one is durable,
	                        or why not all of it is */
	FRAME_EXPORT,        /* slice mailbox or "" for all: answered by
	                        EXPORT_MAILBOX, (KEYWORDS +) EXPORT_MESSAGE +
	                        DATA + END ... */
	FRAME_EXPORT_MAILBOX,/* slice name, u32 uidvalidity, u32 uidnext, u8
	                        subscribed, u8 exists */
	FRAME_EXPORT_MESSAGE,/* as IMPORT_MESSAGE, then u64 size */
	FRAME_EXAMINE,       /* u8 per cent: what is not well with accounts */
	FRAME_KEYWORDS,      /* u32 n, n slices: keywords of the next message, of
	                        import or export; more than one frame may come */
};
/* clang-format on */
