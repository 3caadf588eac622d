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
 *                                       ┌─────────┐  ask
 *               issuers, LDAP, SQL ◄────┤ outside │◄────── auth
 *                                       └─────────┘
 *                                       ┌─────────┐ pages, files of /proc
 *                        Prometheus ───►│ metrics │◄────── parent
 *                                       └─────────┘
 *
 * An exchange of AUTHENTICATE: VERIFY, any number of CHALLENGE and RESPONSE,
 * VERDICT.
 *
 * Why the ticket can be trusted to be known: auth sends EXPECT to mail
 * before VERDICT to gate. When gate's SESSION reaches mail, EXPECT is in
 * mail's socket already; mail drains its link to auth before it refuses a
 * ticket (link_drain).
 */
#pragma once

#include "base/limits.h"
#include "ipc/control_frames.h"

enum { TICKET_SIZE = 16, SESSION_ID_SIZE = 16 /* hexadecimal digits */ };

enum { RESUMPTION_KEY_SIZE = 80 };

enum { PEER_TEXT = 80 /* of a client's address and port, at most */ };

/* clang-format off */
enum frame_type {
	/* parent -> any child */
	FRAME_PEER = 1,   /* u8 enum role, u32 index; fd: link to that process */
	FRAME_LISTENER,   /* u8 enum listener_kind, u16 port, u8 proxy (0, 1:
	                     balancers there begin with a header); fd */
	FRAME_READY,      /* child -> parent: it has started and is serving */
	FRAME_RELOAD,     /* fd: the new configuration, one file, checked */
	FRAME_CERTIFICATE,/* slice name ("": for all without one of their
	                     own); fd: PEM, certificate chain and key (none:
	                     it can't be had now); to gates */
	FRAME_STOP,       /* finish: BYE to clients, commit, exit */
	FRAME_RESUMPTION, /* slice key of TLS tickets, slice the one before it;
	                     RESUMPTION_KEY_SIZE each; to gates */
	FRAME_CERTIFICATE_NAMES, /* u8 there (0: no longer, 1: new, or another
	                     than before), u32 n, n slices: names that ASK
	                     may be about; to gates */
	FRAME_CERTIFICATE_ASK, /* gate -> parent: slice name; answered by
	                     CERTIFICATE */
	FRAME_CERTIFICATE_DATE, /* slice name, u64 its end in seconds since 1970
	                     (0: it is gone); to auth and metrics */
	FRAME_PING = 20,  /* u64 number: are you there? */
	FRAME_PONG,       /* child -> parent: u64 the same number */
	FRAME_COUNTED,    /* u32 process, slice its name, u8 enum counted; fd: that
	                     of it; to metrics */
	FRAME_SURVEY,     /* metrics -> parent: who is there? */
	FRAME_SURVEYED,   /* slice: lines about those that are not ("": all are); to
	                     metrics, within SURVEY_MS */
	FRAME_CLIENT_CA,  /* fd: PEM, those who issue certificates for clients
	                     (none: nobody does); to gates and auth */

	/* gate -> auth, auth -> gate; request is chosen by gate */
	FRAME_VERIFY = 32, /* u64 request, u8 enum service, u8 enum sasl, slice
	                      what the client said first, slice channel binding
	                      ("": none), slice peer address (text), u16 peer
	                      port, slice own address (text), slice tls text
	                      ("": none), slice client ID (as of SESSION), slice
	                      session id, slice the client's certificate and its
	                      proof ("": none; ipc/client_proof.h) */
	FRAME_CHALLENGE,   /* instead of a verdict: u64 request, u64 exchange,
	                      slice what the client is to be asked */
	FRAME_RESPONSE,    /* u64 request, u64 exchange, slice session id (that
	                      of VERIFY), slice what the client said: answered
	                      as VERIFY is */
	FRAME_CANCEL,      /* u64 exchange: the client gave up, or has gone */
	FRAME_VERDICT,     /* u64 request, u8 enum err_code, slice text,
	                      u64 account, u32 partition, slice ticket,
	                      slice account name, u8 ticks that a refusal is
	                      held back by, beside what all are */
	FRAME_LOOKUP,      /* u64 request, slice recipient address */
	FRAME_FOUND,       /* u64 request, u8 enum err_code (ERR_ABSENT: no such
	                      user; ERR_CONTACTADMIN: it takes nothing for
	                      now; ERR_UNAVAILABLE), u64 account, u32 partition,
	                      slice account name, slice detail ("" or what stood
	                      behind '+') */
	FRAME_HIDDEN,      /* auth -> gate, at any time: slice names of all
	                      capabilities that are hidden from everybody; until
	                      it is said, none is */

	/* auth -> mail, mail -> auth; request is chosen by auth */
	FRAME_EXPECT = 64,    /* slice ticket, u64 account, u64 credential that
	                         let it in (0: none that is ended alone), slice
	                         account name, slice session id, slice names
	                         of hidden capabilities, u8 set of enum term;
	                         a ticket lives 30 s */
	FRAME_ACCOUNT_CREATE, /* u64 request, u64 account, slice name, u64 quota
	                         bytes, u64 quota messages (0: none), u32 a
	                         UIDVALIDITY below its own; an account that is
	                         there is ERR_ALREADYEXISTS, and has this quota
	                         from now on */
	FRAME_ACCOUNT_DELETE, /* u64 request, u64 account, u32 UIDVALIDITY:
	                         kicks its sessions, then removes it; ERR_ABSENT:
	                         it isn't there; ERR_NOTNOW: it has given out
	                         that much more, to be kept in mind first */
	FRAME_ACCOUNT_DONE,   /* mail -> auth: u64 request, u8 enum err_code,
	                         slice text, u32 UIDVALIDITY (0: none) */
	FRAME_ACCOUNT_KICK,   /* u64 account, u64 credential: all its sessions,
	                         or (not 0) those that it let in, end; tickets
	                         announced for them before are void */
	FRAME_CONTROL,        /* fd: link to a `roost` command; account u64 that
	                         it works for, 0 for the server; slice name, u32
	                         uid of whoever runs it */

	/* mail -> auth; request is chosen by mail, which may ask only for
	 * accounts of its own partition */
	FRAME_VISIT,          /* u64 request, u64 account of who wants to visit,
	                         slice session id, slice his client's address,
	                         u8 shared (0, 1), slice name of the owner: there
	                         are such an account and a grant? The owner's
	                         mail process gets VISITOR first; ASKED brings
	                         the other end */
	FRAME_OWNERS,         /* u64 request, u64 account, u8 shared, slice name:
	                         who has made it a grant, by name, behind that
	                         one; the last of several frames has none */
	FRAME_GRANT,          /* u64 request, u64 owner, slice identifier: it may
	                         have rights to a mailbox of the owner's from now
	                         on; a hint that makes VISIT and OWNERS quick, the
	                         rights are the mailbox's */
	FRAME_ADMINISTERS,    /* u64 request, u64 account, u64 owner (of the
	                         partition): is it an administrator of the
	                         owner's domain? ERR_NOPERM: no */
	FRAME_FETCHED,        /* any number of: u64 account, slice peer address,
	                         u64 octets and u64 messages that a session has
	                         fetched since it was told of last */
	FRAME_DISK,           /* u64 which file system, u64 octets that are free,
	                         u64 all octets of it */
	FRAME_QUOTA_BAND,     /* u64 account, u8 enum quota_resource, u8 enum
	                         quota_band that it has come into, u64 used, u64
	                         limit */
	/* auth -> mail */
	FRAME_ASKED,          /* u64 request, u8 enum err_code, u32 n, n slices:
	                         names; fd: of VISIT */
	FRAME_VISITOR,        /* u64 owner, u64 visitor, slice visitor's name,
	                         slice session id, slice what names begin with,
	                         u8 set of enum term of the owner, u8 of the
	                         visitor, slice his client's address, u32 n,
	                         n slices: groups; fd: its stream */
	FRAME_VISITOR_END,    /* u64 visitor: its visits end; they may come back
	                         with the groups that it has now */
	FRAME_GRANTED,        /* slice identifier: an owner has GRANTed it for
	                         the first time; its sessions may want to look */
	FRAME_ROLL_CALL,      /* u64 account (0: all): who is there? Tickets
	                         announced before are void */
	FRAME_PRESENT,        /* mail -> auth, any number of: u64 account, slice
	                         session id ("": whoever visits it), slice peer
	                         address (text), u64 credential that let it in,
	                         u8 set of enum term */
	FRAME_ALERT,          /* u64 request, u64 account, slice name, slice
	                         message: to be delivered into its INBOX;
	                         answered by ACCOUNT_DONE */
	FRAME_SESSION_END,    /* u64 account, slice session id ("": the visits
	                         to it): its policies have sent it away */
	FRAME_SETTLE,         /* u64 request; ACCOUNT_DONE once all frames before
	                         it have been obeyed */
	FRAME_AUDIT,          /* mail -> auth: u64 request, entry of the audit
	                         log (audit_frame.h); ASKED when it is durable,
	                         ERR_UNAVAILABLE: it can't be */

	/* gate -> mail */
	FRAME_SESSION = 96, /* slice ticket, slice session id, slice tag of the
	                       log-in command, slice peer address, u16 peer port,
	                       u16 local port, u8 tls (0, 1), slice tls text
	                       ("TLSv1.3 TLS_AES_256_GCM_SHA384"), slice client
	                       ID (as sent with the ID command, or ""), slice
	                       input read already behind the log-in, u64 relay
	                       (0: there is none); fd: the client (TCP, or a
	                       stream socketpair to the relay) */
	FRAME_DELIVER,      /* slice the client's address and port (""; it came
	                       over a Unix socket); fd: delivery link, for many
	                       messages in turn */
	/* mail -> gate */
	FRAME_RETURN,       /* u64 relay, slice input read already behind
	                       UNAUTHENTICATE; slice peer address, u16 peer
	                       port, u8 tls and fd: as in SESSION, back */

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

	/* auth -> outside; request is chosen by auth */
	FRAME_ASK = 224,     /* u64 request, u8 enum ask_kind, ASK_FIELDS slices: those
	                        of its kind, then "" */
	/* outside -> auth, within ASK_SECONDS */
	FRAME_TOLD,          /* u64 request, u8 enum err_code (ERR_OK: there is an
	                        answer), slice text for the log, u32 status, slice
	                        body, u64 quota bytes (0: none), u64 date in
	                        seconds since 1970, as HTTP has it (0: none) */
};
/* clang-format on */

enum role {
	ROLE_PARENT,
	ROLE_GATE,
	ROLE_AUTH,
	ROLE_MAIL,
	ROLE_PARSE,
	ROLE_OUTSIDE,
	ROLE_METRICS,
	ROLES
};

/* What metrics gets of each process. */
enum counted {
	COUNTED_PAGE,   /* base/counter.h */
	COUNTED_MEMORY, /* /proc/PID/statm */
	COUNTED_TIME,   /* /proc/PID/stat */
	COUNTED_FILES,  /* /proc/PID/fd, a directory */
	COUNTED_THINGS
};

enum { SURVEY_MS = 1000, SURVEY_TEXT = 4096 };

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

/* On what terms a session was let in: a set of them. */
enum term {
	TERM_READ_ONLY = 1 << 0, /* it changes nothing */
	TERM_AUDITED = 1 << 1,   /* what it deletes is recorded */
	TERMS = 1 << 2,
};

/* What somebody wants to use. */
enum service {
	SERVICE_IMAP,
	SERVICE_LMTP,
	SERVICE_SMTP, /* submission, of a mail transfer agent */
	SERVICE_OTHER,
	SERVICES
};

enum listener_kind {
	LISTENER_IMAP,    /* STARTTLS */
	LISTENER_IMAPS,   /* TLS from the first byte */
	LISTENER_LMTP,    /* TCP or Unix */
	LISTENER_CONTROL, /* Unix, SOCK_SEQPACKET, for auth */
	LISTENER_AUTH,    /* Unix or TCP, of mail transfer agents, for auth */
	LISTENER_METRICS, /* TCP, HTTP for metrics */
};
