/*
 * limits.h -- every bound on what comes from outside, in one place.
 *
 * What an operator may want to change is in the configuration and has its
 * default here. Each limit has its tests: at it, one beyond it, and never
 * finished; tests/system/limits.py has a row for each.
 */
#pragma once

/* clang-format off */
enum {
	/* before log-in (gate) */
	LIMIT_PREAUTH_LINE = 25600,      /* octets of one command, with literals; a
	                                    SASL line may be in it, RFC 4959 */
	LIMIT_PREAUTH_LITERAL = 4096,    /* RFC 7888 section 5 */
	LIMIT_PREAUTH_INPUT = 65536,     /* octets in all, then BYE */
	LIMIT_TAG = 128,                 /* octets of a command's tag */
	LIMIT_SASL_LINE = 24576,         /* octets of one base64 line: tokens of 18,000
	                                    (those that name 200 groups have 13,000) */
	LIMIT_AUTH_LINE = 26624,         /* octets of a line of auth's socket */
	LIMIT_PREAUTH_COMMANDS = 20,     /* then BYE */
	LIMIT_PREAUTH_BAD = 3,           /* BAD answers, then BYE */
	LIMIT_LOGIN_FAILURES = 3,        /* NO answers to log-ins, then BYE */
	LIMIT_TLS_SECONDS = 10,          /* from the first to the last handshake byte */
	LIMIT_CLIENT_CHAIN = 16384,      /* octets of a client's certificate and its
	                                    chain, as they come */
	LIMIT_KEY_UPDATES = 32,          /* TLS 1.3, a minute, then dropped */
	LIMIT_PROXY = 4096,              /* octets of a balancer's header */
	LIMIT_PROXY_SECONDS = 5,         /* from the accept to its end */
	LIMIT_ID_PAIRS = 30,             /* RFC 2971 section 3.3 */
	LIMIT_ID_KEY = 30,
	LIMIT_ID_VALUE = 1024,
	LIMIT_CLIENT_ID = 1024,          /* octets of all of it */
	LIMIT_USER_NAME = 255,
	LIMIT_CAPABILITY = 64,    /* octets of its name */
	LIMIT_HIDDEN = 8192,      /* octets of the names of those hidden */
	LIMIT_PASSWORD = 1024,
	LIMIT_POLICY = 1024,      /* octets of a policy's value */
	LIMIT_APP_PASSWORDS = 32,        /* of one account */
	LIMIT_APP_PASSWORD_NAME = 64,    /* octets of one's name */
	LIMIT_CERTIFICATES = 32,         /* of clients, of one account */
	LIMIT_LOGINS = 600,              /* let in at once, then 5 a second: one account
	                                    from one network; strangers from an address */
	LIMIT_LOGINS_MANY = 2400,        /* the same, then 20 a second: one account from
	                                    anywhere; strangers from a network */

	/* after log-in (imap) */
	LIMIT_LINE = 65536,              /* octets of one command, literals apart */
	LIMIT_LITERAL = 65536,           /* of one literal that is not a message */
	LIMIT_COMMAND = 256 * 1024,      /* octets of one command, literals in */
	LIMIT_DEPTH = 32,                /* parentheses, counted at open */
	LIMIT_BAD = 20,                  /* BAD answers in a row, then BYE */
	LIMIT_COMMAND_ARENA = 4 << 20,   /* bytes a command may parse into */
	LIMIT_APPEND_MESSAGES = 1000,    /* of one MULTIAPPEND */
	LIMIT_APPEND_BYTES = 64 << 20,   /* of its messages, if several */
	LIMIT_CATENATE_URLS = 500,       /* of one APPEND or REPLACE */
	LIMIT_SEARCH_KEYS = 1000,        /* AND, OR, NOT of one program counted */
	LIMIT_CONTEXTS = 8,              /* searches kept up to date, of a session */
	LIMIT_CONTEXT_TEXT = 8192,       /* octets of the program of each */
	LIMIT_CONTEXT_ARENA = 128 * 1024, /* bytes it is parsed into */
	LIMIT_CONTEXT_RANGES = 2048,     /* of UIDs in its result, and in a set */
	LIMIT_CONTEXT_SORTED = 10000,    /* messages, of one that is in order */
	LIMIT_FETCH_ITEMS = 1000,        /* of one FETCH */
	LIMIT_NOTIFY_GROUPS = 32,
	LIMIT_NOTIFY_NAMES = 1000,       /* of mailboxes, in all groups */
	LIMIT_NOTIFY_ENTRIES = 8192,     /* octets of annotations' names */
	LIMIT_NOTIFY_NEWS = 500,         /* mailboxes with news not yet told */
	LIMIT_SOURCES = 100,             /* of one ESEARCH, and mailboxes in each */
	LIMIT_LIST_PATTERNS = 10,
	LIMIT_LIST_PATTERN = 1024,
	LIMIT_UIDBATCHES = 4096,         /* ranges of one UIDBATCHES */
	LIMIT_AUTOLOGOUT_SECONDS = 1800, /* RFC 9051 section 5.4: at least 30 min */
	LIMIT_WRITE_SECONDS = 300,       /* a client that takes nothing is dropped */
	LIMIT_DISMISS_MS = 500,          /* for the last words to who must go */
	LIMIT_UNREAD = 8192,             /* octets queued to a client: no more is made
	                                    until it takes them */
	LIMIT_UNSENT = 32768,            /* octets in the kernel that no client can take
	                                    yet, and between two processes */
	LIMIT_OUTPUT = 65536,            /* the same, of other streams and links */

	/* mailboxes */
	LIMIT_NAME = 1000,               /* octets of a mailbox name, UTF-8 */
	LIMIT_NAME_LEVEL = 255,          /* octets of one level */
	LIMIT_NAME_LEVELS = 32,
	LIMIT_KEYWORD = 128,             /* octets of one keyword */
	LIMIT_KEYWORDS = 512,            /* different ones in a mailbox */
	LIMIT_EXPUNGE_LOG = 16384,       /* ranges of UIDs that a mailbox remembers */
	LIMIT_MAILBOXES = 10000,         /* of one account */
	LIMIT_SUBSCRIPTIONS = 20000,     /* of one account; names, RFC 9051 6.3.7 */
	LIMIT_THREAD_IDS = 1 << 20,      /* of one account: message ids of threads */
	LIMIT_ACL_ENTRIES = 128,         /* of one mailbox */
	LIMIT_ACL_IDENTIFIER = 255,      /* octets of who has them */
	LIMIT_GROUPS = 64,               /* that one account is in */
	LIMIT_GROUP_NAME = 64,           /* octets of one's name */
	LIMIT_VISITS = 4,                /* of one session, at a time */
	LIMIT_WATCHES = 8,               /* of one NOTIFY: owners of others' mailboxes */
	LIMIT_OWNERS = 100,              /* of others' mailboxes that one ESEARCH is about */
	LIMIT_VISIT_LINE = 16 << 20,     /* octets of a response's line */
	LIMIT_METADATA_NAME = 255,       /* octets of an annotation's name */
	LIMIT_METADATA_VALUE = 32768,    /* octets of its value */
	LIMIT_METADATA_ENTRIES = 128,    /* of one mailbox; also in one command */
	LIMIT_METADATA_ACCOUNT = 16 << 20, /* octets of all, names too */

	/* messages (mime); beyond them the rest is kept but not described */
	LIMIT_MIME_DEPTH = 100,
	LIMIT_MIME_PARTS = 10000,
	LIMIT_HEADER_BYTES = 4 << 20,    /* parsed header octets of one message */
	LIMIT_HEADER_FIELDS = 20000,
	LIMIT_ADDRESSES = 10000,         /* of one message, all fields */
	LIMIT_PARAMETERS = 128,          /* of one field */
	LIMIT_PARAMETERS_ALL = 20000,    /* of one message */
	LIMIT_REFERENCES = 1000,
	LIMIT_DIGEST = 4 << 20,          /* octets of one digest */

	/* LMTP */
	LIMIT_LMTP_LINE = 4096,          /* command line, RFC 5321 section 4.5.3.1 */
	LIMIT_LMTP_PATH = 512,           /* octets of a sender or recipient */
	LIMIT_LMTP_SECONDS = 300,        /* without a byte, then 421 */
	LIMIT_LMTP_RECIPIENTS = 1000,    /* of one message */

	/* between processes */
	LIMIT_FRAME = 65536,             /* octets of one frame */
};
/* clang-format on */
