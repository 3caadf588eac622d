/*
 * protocol.h -- every frame that travels between roost's processes.
 *
 * The comment behind a type lists its fields in order; "fd" means that a
 * descriptor comes with it. Receivers accept only the types listed for the
 * link they come in on (one switch a link, everything else is logged and
 * dropped), and check every field.
 *
 *              ┌────────┐ listeners, peers, reload, stop
 *              │ parent ├───────────────┬──────────────┐
 *              └────────┘               │              │
 *   client ──► ┌────────┐  verify   ┌───┴────┐     ┌───┴────┐
 *              │  gate  ├──────────►│  auth  │     │  mail  │ one a partition
 *              │        │◄──────────┤        ├────►│        │
 *              └───┬────┘  verdict  └───┬────┘expect└──▲──▲─┘
 *                  └────────────────────┼──────────────┘  │
 *                    session + ticket + fd, deliver + fd; │
 *                    return + fd                          │
 *   roost command ─────────────────────►┘ control + fd ───┤
 *                                       ┌────────┐ digest │
 *                        one a core     │ parse  ├────────┘
 *                                       │        │◄─ message
 *                                       └────────┘
 *
 * Why the ticket can be trusted to be known: auth sends EXPECT to mail
 * before VERDICT to gate. When gate's SESSION reaches mail, EXPECT is in
 * mail's socket already; mail drains its link to auth before it refuses a
 * ticket (link_drain).
 */
#pragma once

#include "base/limits.h"

enum { TICKET_SIZE = 16, SESSION_ID_SIZE = 16 /* hexadecimal digits */ };

enum { RESUMPTION_KEY_SIZE = 80 };

/* clang-format off */
enum frame_type {
	/* parent -> any child */
	FRAME_PEER = 1,   /* u8 enum role, u32 index; fd: link to that process */
	FRAME_LISTENER,   /* u8 enum listener_kind, u16 port; fd */
	FRAME_READY,      /* child -> parent: it has started and is serving */
	FRAME_RELOAD,     /* fd: the new configuration, one file, checked */
	FRAME_CERTIFICATE,/* slice name; fd: PEM, certificate chain and key */
	FRAME_STOP,       /* finish: BYE to clients, commit, exit */
	FRAME_RESUMPTION, /* slice key of TLS tickets, slice the one before it;
	                     RESUMPTION_KEY_SIZE each; to gates */

	/* gate -> auth, auth -> gate; request is chosen by gate */
	FRAME_VERIFY = 32, /* u64 request, u8 enum service, slice mechanism,
	                      slice authzid, slice user, slice secret,
	                      slice peer address (text), u16 peer port,
	                      u8 tls (0, 1), slice session id */
	FRAME_VERDICT,     /* u64 request, u8 enum err_code, slice text,
	                      u64 account, u32 partition, slice ticket,
	                      slice account name */
	FRAME_LOOKUP,      /* u64 request, slice recipient address */
	FRAME_FOUND,       /* u64 request, u8 enum err_code (ERR_ABSENT: no such
	                      user; ERR_UNAVAILABLE), u64 account, u32 partition,
	                      slice account name, slice detail ("" or what stood
	                      behind '+') */

	/* auth -> mail, mail -> auth; request is chosen by auth */
	FRAME_EXPECT = 64,    /* slice ticket, u64 account, slice account name,
	                         slice session id, slice names of hidden
	                         capabilities; a ticket lives 30 s */
	FRAME_ACCOUNT_CREATE, /* u64 request, u64 account, slice name, u64 quota
	                         bytes, u64 quota messages (0: none); an account
	                         that is there is ERR_ALREADYEXISTS, and has
	                         this quota from now on */
	FRAME_ACCOUNT_DELETE, /* u64 request, u64 account: kicks its sessions,
	                         then removes it; ERR_ABSENT: it isn't there */
	FRAME_ACCOUNT_DONE,   /* mail -> auth: u64 request, u8 enum err_code,
	                         slice text */
	FRAME_ACCOUNT_KICK,   /* u64 account: all its sessions end; tickets
	                         announced for it before are void */
	FRAME_CONTROL,        /* fd: link to a `roost` command; account u64 that
	                         it works for, 0 for the server; slice name */

	/* mail -> auth; request is chosen by mail, which may ask only for
	 * accounts of its own partition */
	FRAME_VISIT,          /* u64 request, u64 account of who wants to visit,
	                         slice session id, u8 shared (0, 1), slice name
	                         of the owner: there are such an account and a
	                         grant? The owner's mail process gets VISITOR
	                         first; ASKED brings the other end */
	FRAME_OWNERS,         /* u64 request, u64 account, u8 shared, slice name:
	                         who has made it a grant, by name, behind that
	                         one; the last of several frames has none */
	FRAME_GRANT,          /* u64 request, u64 owner, slice identifier: it may
	                         have rights to a mailbox of the owner's from now
	                         on; a hint that makes VISIT and OWNERS quick, the
	                         rights are the mailbox's */
	/* auth -> mail */
	FRAME_ASKED,          /* u64 request, u8 enum err_code, u32 n, n slices:
	                         names; fd: of VISIT */
	FRAME_VISITOR,        /* u64 owner, u64 visitor, slice visitor's name,
	                         slice session id, slice what names begin with,
	                         u32 n, n slices: groups; fd: its stream */
	FRAME_VISITOR_END,    /* u64 visitor: its visits end; they may come back
	                         with the groups that it has now */

	/* gate -> mail */
	FRAME_SESSION = 96, /* slice ticket, slice session id, slice tag of the
	                       log-in command, slice peer address, u16 peer port,
	                       u16 local port, u8 tls (0, 1), slice tls text
	                       ("TLSv1.3 TLS_AES_256_GCM_SHA384"), slice client
	                       ID (as sent with the ID command, or ""), slice
	                       input read already behind the log-in, u64 relay
	                       (0: there is none); fd: the client (TCP, or a
	                       stream socketpair to the relay) */
	FRAME_DELIVER,      /* fd: delivery link, for many messages in turn */
	/* mail -> gate */
	FRAME_RETURN,       /* u64 relay, slice input read already behind
	                       UNAUTHENTICATE; fd: that of SESSION, back */

	/* delivery link: gate -> mail */
	FRAME_MESSAGE = 128, /* slice sender, u32 n, then n times: u64 account,
	                        slice account name, slice detail; slice session
	                        id. n at most as many as fit the frame. */
	FRAME_MORE_RECIPIENTS, /* u32 n, n times as above */
	FRAME_DATA,          /* slice bytes, dots undone; in order */
	FRAME_END,           /* the message is whole: deliver it */
	FRAME_ABORT,         /* forget it */
	/* mail -> gate */
	FRAME_DELIVERED,     /* u32 first, u32 n, n times: u8 enum err_code,
	                        slice text; recipients first..first+n-1 */

	/* control socket and control links: roost command <-> auth or mail.
	 * A request is answered by any number of ROWs and one DONE. */
	FRAME_ROW = 160,     /* u32 n, n slices, in the order of the verb's table */
	FRAME_DONE,          /* u8 enum err_code, slice text */
	/* to auth */
	FRAME_USER_ADD,      /* slice name, slice password */
	FRAME_USER_ADD_SHARED, /* slice name: one that nobody logs in to */
	FRAME_USER_LIST,     /* slice domain or "" */
	FRAME_USER_SHOW,     /* slice name */
	FRAME_USER_PASSWORD, /* slice name, slice password */
	FRAME_USER_DISABLE,  /* slice name */
	FRAME_USER_ENABLE,   /* slice name */
	FRAME_USER_REMOVE,   /* slice name */
	FRAME_CAPABILITY_HIDE,  /* slice "", "@domain" or account name, slice
	                           capability */
	FRAME_CAPABILITY_OFFER, /* the same: no longer */
	FRAME_CAPABILITY_LIST,
	FRAME_GROUP_ADD,     /* slice group, slice account name */
	FRAME_GROUP_REMOVE,  /* the same: no longer */
	FRAME_GROUP_LIST,
	FRAME_STATUS,        /* of auth and, on a mail link, of that partition */
	FRAME_LINK,          /* slice account name or "", u32 partition: answered
	                        by LINKED, then DONE */
	FRAME_LINKED,        /* u64 account, u32 partition, u32 partitions; fd:
	                        control link to that mail process */
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
	FRAME_IMPORT_MAILBOX,/* slice name, u32 uidvalidity or 0, u32 uidnext or
	                        0, u8 subscribe (0 no, 1 yes, 2: only that, the
	                        mailbox is not made). Made unless it is there;
	                        messages go to it from now on. ROW with its
	                        UIDNEXT if it was made, DONE; ERR_STATE when
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
	FRAME_KEYWORDS,      /* u32 n, n slices: keywords of the next message, of
	                        import or export; more than one frame may come */

	/* mail -> parse; job is chosen by mail, never 0 */
	FRAME_PARSE_PAGE = 192, /* first of all; fd: a page (parse/page.h) */
	FRAME_PARSE,         /* any number of: u64 job, u8 enum parse_piece,
	                        slice bytes. Of the messages that come in
	                        several pieces one at a time */
	/* parse -> mail */
	FRAME_PARSED,        /* any number of: u64 job, u8 last (0, 1), slice
	                        bytes of its digest, in order */
	/* mail -> parent */
	FRAME_PARSER_BAD,    /* u32 index of a parse process: it hangs or talks
	                        nonsense, and must be ended */
};
/* clang-format on */

enum role { ROLE_PARENT, ROLE_GATE, ROLE_AUTH, ROLE_MAIL, ROLE_PARSE, ROLES };

enum parse_piece {
	PIECE_MIDDLE,
	PIECE_FIRST,
	PIECE_LAST,
	PIECE_WHOLE, /* first and last */
	PIECES
};

/* Of a piece of a message, or of a digest, both ways. */
enum {
	PIECE_HEAD = 13,               /* octets: job, kind or last, length */
	PIECE_MOST = LIMIT_FRAME - 64, /* octets of pieces in a frame */
};

enum service { SERVICE_IMAP, SERVICE_LMTP };

enum listener_kind {
	LISTENER_IMAP,    /* STARTTLS */
	LISTENER_IMAPS,   /* TLS from the first byte */
	LISTENER_LMTP,    /* TCP or Unix */
	LISTENER_CONTROL, /* Unix, SOCK_SEQPACKET, for auth */
};
