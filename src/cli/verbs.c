/* verbs.c -- the table of verbs: all that `roost` can do. */
#include "cli/verb.h"

#define USER                                             \
	{                                                \
		"user", 'u', "USER", "the account", true \
	}

/* clang-format off */
const struct verb verbs[] = {
	{ "init", "DIR", 1, 1, "Make a directory that roostd can serve",
	  "DIR must be empty or not there yet. It gets a configuration file\n"
	  "(roost.conf), a self-signed certificate, and an empty store.",
	  false,
	  { { "imap-port", 0, "N", "IMAP with STARTTLS (143; 1143 if not root)" },
	    { "imaps-port", 0, "N", "IMAP over TLS (993; 1993 if not root)" },
	    { "lmtp-port", 0, "N", "delivery, on loopback (24; 1024 if not root)" },
	    { "hostname", 0, "NAME", "in greetings and in the certificate" },
	    { "loopback", 0, NULL, "listen for this machine only" } },
	  run_init },
	{ "config check", "", 0, 0, "Check the configuration",
	  "Prints every error and warning with its file and line; status 78 if\n"
	  "there is an error. roostd starts if and only if there is none.",
	  false, { { 0 } }, run_config_check },
	{ "config show", "", 0, 0, "Show every option, its value and its source",
	  NULL, true, { { 0 } }, run_config_show },

	{ "user add", "NAME", 1, 1, "Add an account",
	  "NAME is an address (ann@example.org). The password is asked for on a\n"
	  "terminal, else it is the first line of standard input. One that is\n"
	  "shared has none: nobody logs in to it, its mailboxes are others'.\n"
	  "With --stored it is what another server has kept of it, {SCHEME}hash;\n"
	  "the first log-in makes it Argon2id.",
	  false,
	  { { "shared", 0, NULL, "nobody logs in to it" },
	    { "stored", 0, NULL, "a password as another server has kept it" } },
	  run_user_add },
	{ "user list", "[DOMAIN]", 0, 1, "List accounts",
	  "State \"adding\" or \"removing\": that did not come to its end. Doing it\n"
	  "again does; left alone it is removed when its partition starts again.",
	  true, { { 0 } }, run_user_list },
	{ "user show", "NAME", 1, 1, "Show one account",
	  NULL, true, { { 0 } }, run_user_show },
	{ "user password", "NAME", 1, 1, "Change a password, end sessions",
	  "The password is asked for on a terminal, else it is the first line of\n"
	  "standard input.",
	  false,
	  { { "stored", 0, NULL, "a password as another server has kept it" } },
	  run_user_password },
	{ "user disable", "NAME", 1, 1, "Refuse log-ins, end sessions, keep mail",
	  NULL, false, { { 0 } }, run_user_disable },
	{ "user enable", "NAME", 1, 1, "Allow log-ins again",
	  NULL, false, { { 0 } }, run_user_enable },
	{ "user promote", "NAME", 1, 1, "Let an account administer its domain",
	  "It may set quotas of the domain's accounts through IMAP (SETQUOTA).",
	  false, { { 0 } }, run_user_promote },
	{ "user demote", "NAME", 1, 1, "Take back what promote said",
	  "It counts from the account's next command on.",
	  false, { { 0 } }, run_user_demote },
	{ "user quota", "NAME", 1, 1, "Show or set what an account may have",
	  "Prints what is used and the limits; with an option it sets that limit\n"
	  "first. 0 is no limit. What is there already may be more.",
	  true, { { "storage", 0, "SIZE", "octets of all messages; K, M, G" },
	          { "messages", 0, "N", "how many" },
	          { "mailboxes", 0, "N", "how many" },
	          { "annotations", 0, "SIZE", "octets of METADATA; K, M, G" } },
	  run_user_quota },
	{ "user stale", "", 0, 0, "List accounts that nobody signs in to",
	  "Those that are enabled, were made before, and have not been signed in\n"
	  "to since, by any means that has a credential here.",
	  true, { { "days", 0, "N", "for so long", true },
	          { "disable", 0, NULL, "refuse log-ins to them from now on" } },
	  run_user_stale },
	{ "user remove", "NAME", 1, 1, "Remove an account and all its mail",
	  "Asks before it does so, on a terminal; elsewhere --yes is needed.\n"
	  "Status 1: the answer was no, and nothing was removed.",
	  false, { { "yes", 'y', NULL, "do not ask" } }, run_user_remove },

	{ "acl set", "NAME MAILBOX WHO RIGHTS", 4, 4,
	  "Set rights to an account's mailbox",
	  "WHO is an account's name, $GROUP, anyone, owner, or one of these with\n"
	  "a \"-\" before it, whose rights are taken away. RIGHTS are letters as\n"
	  "in RFC 4314 (lrswipkxtea); \"\" takes the entry out.",
	  true, { { 0 } }, run_acl_set },
	{ "acl show", "NAME [MAILBOX]", 1, 2, "List rights to an account's mailboxes",
	  NULL, true, { { 0 } }, run_acl_show },

	{ "alert list", "[USER]", 0, 1, "List what somebody was told of",
	  "Each row was told once, when it was seen first. What lasts (a disk that\n"
	  "is full) leaves the list when it is better.",
	  true, { { 0 } }, run_alert_list },
	{ "alert resume", "SCOPE KIND", 2, 2, "Take back what silence said",
	  NULL, false, { { 0 } }, run_alert_resume },
	{ "alert silence", "SCOPE KIND", 2, 2, "Hear no more of a kind of alert",
	  "SCOPE is server, @DOMAIN or an account's name; the nearest counts (it is\n"
	  "the policy silent-alerts). KIND is certificate, disk, download,\n"
	  "intrusion, lockout, new-country, quota, spraying, travel, or all. What\n"
	  "happens meanwhile is not told later, but what lasts is.",
	  false, { { "until", 0, "DATE", "as 2026-12-31 or 2026-12-31T18:00Z" } },
	  run_alert_silence },
	{ "alert test", "[USER]", 0, 1, "Send an alert to all places, now",
	  "To those of the option alerts, and what became of it; owner is USER.\n"
	  "Status 65: not all have taken it.",
	  true, { { 0 } }, run_alert_test },

	{ "app-password add", "USER NAME", 2, 2, "Make an app password",
	  "A secret for one program, which NAME tells from the others, is made\n"
	  "and printed once: nobody can read it again. Spaces in it do not count.\n"
	  "It can be revoked alone, and works where the password does not.",
	  true,
	  { { "expires", 0, "TIME", "how long it counts: 12h, 90d, 2w, 1y" },
	    { "network", 0, "NETWORKS", "only from these, commas between them" },
	    { "protocol", 0, "NAME", "only for imap, or smtp" } },
	  run_app_password_add },
	{ "app-password list", "USER", 1, 1, "List an account's app passwords",
	  "With when and from where each was used last. The secrets are not\n"
	  "kept.",
	  true, { { 0 } }, run_app_password_list },
	{ "app-password revoke", "USER NAME", 2, 2,
	  "Revoke one app password, end its sessions",
	  NULL, false, { { 0 } }, run_app_password_revoke },

	{ "audit show", "[USER]", 0, 1, "Show who changed what",
	  "Lines of the audit log that are about USER, or all. Each change that\n"
	  "an administrator asks for has one, written before it is made, and each\n"
	  "look into somebody's mail; so has what owners do to rights, and (policy\n"
	  "audit) what they delete.",
	  false, { { 0 } }, run_audit_show },
	{ "audit verify", "[FILE]...", 0, 1000,
	  "Find out if the audit log was tampered with",
	  "Prints how many lines there are and the last one's hash: keep it\n"
	  "somewhere else, and say it with --seen later. FILEs are those that it\n"
	  "was kept in before, the oldest first. Status 65: a line was changed,\n"
	  "is missing, or is not what it was when it was seen.",
	  false, { { "seen", 0, "HASH", "it must be in there" } },
	  run_audit_verify },

	{ "auth test", "USER", 1, 1, "Try a password or a token, and show each step",
	  "Where the user was looked for, who knows it, what its policies, its\n"
	  "second factor and a lock-out have against it, and whether the password\n"
	  "or app password is right; it is asked for on a terminal, or is the first\n"
	  "line of the input. Of a token: who issued it, whether that can be asked,\n"
	  "keys and signature, and each claim that counts, up to whose it is. It\n"
	  "counts as no attempt, and makes no account.",
	  true, { { "token", 't', NULL, "a token of OAUTHBEARER or XOAUTH2, not a password" } },
	  run_auth_test },

	{ "capability hide", "CAPABILITY", 1, 1,
	  "Do not tell clients of a capability",
	  "For clients that break over an extension. Without an option it is\n"
	  "hidden from all, before log-in, too. What is hidden can't be switched\n"
	  "on with ENABLE either. It counts from the next log-in on.",
	  false, { { "user", 'u', "NAME", "hide it from one account" },
	           { "domain", 'd', "DOMAIN", "hide it from one domain" } },
	  run_capability_hide },
	{ "capability list", "", 0, 0, "List what is hidden, and from whom",
	  "One whose user and domain are empty is hidden from all.",
	  true, { { 0 } }, run_capability_list },
	{ "capability offer", "CAPABILITY", 1, 1, "Take back what hide said",
	  "With the option that was given to hide.",
	  false, { { "user", 'u', "NAME", "of one account" },
	           { "domain", 'd', "DOMAIN", "of one domain" } },
	  run_capability_offer },

	{ "doctor", "[HOST]", 0, 1, "Look for what is wrong, and say what to do",
	  "Without HOST the server of the configuration, layer by layer:\n"
	  "configuration, service, TLS, identity, mailboxes, how clients find\n"
	  "it, and the sockets of Postfix and Exim. With HOST any IMAP server,\n"
	  "as far as strangers can see; no credentials are sent. Status 0: there\n"
	  "is nothing but notes; 1: warnings; 2: errors.",
	  true,
	  { { "all", 'a', NULL, "show what is well, too" },
	    { "imap-port", 0, "N", "of HOST, with STARTTLS (143; 0: not used)" },
	    { "imaps-port", 0, "N", "of HOST, with TLS (993; 0: not used)" },
	    { "domain", 'd', "DOMAIN", "whose clients are to find the server" },
	    { "ca", 0, "FILE", "PEM of authorities to trust" },
	    { "resolver", 0, "ADDRESS", "the name server to ask" },
	    { "timeout", 0, "SECONDS", "of a conversation (10)" } },
	  run_doctor },

	{ "certificate add", "USER FILE", 2, 2,
	  "Let a client's certificate in to an account",
	  "FILE has it in PEM; or its SHA-256 fingerprint. Whatever name is in it,\n"
	  "it opens this account, once those of client_ca vouch for it.",
	  false, { { 0 } }, run_certificate_add },
	{ "certificate list", "USER", 1, 1,
	  "List certificates that were added to an account",
	  "With when and from where each was used last.",
	  true, { { 0 } }, run_certificate_list },
	{ "certificate remove", "USER FILE", 2, 2,
	  "Take one away, end its sessions",
	  "FILE as for add. A name in it that is an account's still counts.",
	  false, { { 0 } }, run_certificate_remove },

	{ "group add", "GROUP NAME", 2, 2, "Put an account into a group",
	  "A group is there while somebody is in it. In lists of rights it is\n"
	  "$GROUP, and means those of the mailbox's domain.",
	  false, { { 0 } }, run_group_add },
	{ "group list", "", 0, 0, "List who is in which group",
	  NULL, true, { { 0 } }, run_group_list },
	{ "group remove", "GROUP NAME", 2, 2, "Take an account out of a group",
	  NULL, false, { { 0 } }, run_group_remove },

	{ "mailbox list", "USER", 1, 1, "List an account's mailboxes",
	  "One that does not exist is only subscribed to.",
	  true, { { 0 } }, run_mailbox_list },

	{ "policy set", "SCOPE POLICY VALUE", 3, 3,
	  "Say what accounts may do, and from where",
	  "SCOPE is server, @DOMAIN or an account's name; the nearest counts.\n"
	  "POLICY is one of: audit (changes, deletions: of what its owner does),\n"
	  "imap (on, off), passwords (on, off: log-in by them),\n"
	  "main-password (never, allowed: of accounts that have a second\n"
	  "factor), networks (any, or 192.0.2.0/24,2001:db8::/32),\n"
	  "countries (any, or AT,DE,unknown), read-only (on, off), silent-alerts\n"
	  "(none, all, or kinds: roost alert silence), suspended (no,\n"
	  "deliver, defer: what becomes of mail), expires (never, or 2026-12-31,\n"
	  "2026-12-31T18:00Z). It counts at once: open sessions that would not\n"
	  "be let in like this end.",
	  false, { { 0 } }, run_policy_set },
	{ "policy show", "[SCOPE [POLICY]]", 0, 2, "List what has been said so",
	  "Of all, or of SCOPE. What counts there is found in up to three places.",
	  true, { { "effective", 'e', NULL, "what counts for SCOPE, and whence" } },
	  run_policy_show },
	{ "policy unset", "SCOPE POLICY", 2, 2, "Take back what policy set said",
	  "What was said of the domain or the server counts again.",
	  false, { { 0 } }, run_policy_unset },

	{ "totp enable", "USER", 1, 1, "Begin a second factor of an account",
	  "Prints a key for an authenticator app, on a terminal as a QR code too.\n"
	  "It counts once a code has confirmed it. From then on mail clients can't\n"
	  "log in with the main password, unless policy says so: they use app\n"
	  "passwords or tokens.",
	  false, { { "svg", 0, "FILE", "write the QR code there, as a picture" } },
	  run_totp_enable },
	{ "totp confirm", "USER CODE", 2, 2, "Switch it on with a code of the app",
	  "Prints recovery codes, once: each counts for one code if the app is\n"
	  "lost. Sessions of the main password end.",
	  true, { { 0 } }, run_totp_confirm },
	{ "totp check", "USER CODE", 2, 2, "Is that the code, now? It is used up",
	  "A code of the app or a recovery code: for somebody on the telephone.\n"
	  "Status 0: it is.",
	  false, { { 0 } }, run_totp_check },
	{ "totp recovery", "USER", 1, 1, "Make other recovery codes",
	  "Those before count no longer.",
	  true, { { 0 } }, run_totp_recovery },
	{ "totp disable", "USER", 1, 1, "Take a second factor away",
	  "With its recovery codes. App passwords stay.",
	  false, { { 0 } }, run_totp_disable },
	{ "totp status", "USER", 1, 1, "Show an account's second factor",
	  NULL, true, { { 0 } }, run_totp_status },

	{ "history", "USER", 1, 1, "Show when and from where an account signs in",
	  "And who tried to and did not. Newest first; what is the same but for\n"
	  "its time is one row a day.",
	  true, { { "last", 'n', "N", "only the last N" } }, run_history },

	{ "lockout clear", "[WHO]", 0, 1, "Let somebody try again",
	  "WHO is an account, an address or a network as lockout list shows it;\n"
	  "without it, all. What was counted of them is forgotten.",
	  false, { { 0 } }, run_lockout_clear },
	{ "lockout list", "", 0, 0, "List who has failed too often and has to wait",
	  "An account is locked out where it has not signed in of late; a place is\n"
	  "an account at a network where it has.",
	  true, { { 0 } }, run_lockout_list },

	{ "import maildir", "PATH", 1, 1, "Import a Maildir with its subfolders",
	  "Flags, keywords, dates, hierarchy, subscriptions, UIDVALIDITY and UIDs\n"
	  "are kept (as Dovecot writes them: dovecot-uidlist, dovecot-keywords).",
	  false,
	  { USER, { "mailbox", 'm', "NAME", "import into this one and below it" } },
	  run_import_maildir },
	{ "import mbox", "PATH", 1, 1, "Import an mbox file or a tree of them",
	  "A file goes to INBOX or to the mailbox of --mailbox; a directory as\n"
	  "written by `roost export mbox` becomes mailboxes again. A file that is\n"
	  "no mbox is left out, with a warning and status 65.",
	  false,
	  { USER, { "mailbox", 'm', "NAME", "import into this one and below it" } },
	  run_import_mbox },
	{ "export maildir", "PATH", 1, 1, "Export all mail of an account, Maildir++",
	  "PATH must not be there yet.",
	  false,
	  { USER, { "mailbox", 'm', "NAME", "only this one" } },
	  run_export_maildir },
	{ "export mbox", "PATH", 1, 1, "Export all mail of an account, mbox files",
	  "PATH must not be there yet; it becomes a directory with one file a\n"
	  "mailbox (mboxrd).",
	  false,
	  { USER, { "mailbox", 'm', "NAME", "only this one" } },
	  run_export_mbox },

	{ "deliver", "", 0, 0, "Deliver a message from standard input",
	  "Exit status as of a local delivery agent: 0 delivered, 67 no such user,\n"
	  "75 try again later, 77 refused for good.",
	  false,
	  { { "destination", 'd', "USER", "the recipient", true },
	    { "from", 'f', "ADDRESS", "the envelope's sender" },
	    { "mailbox", 'm', "NAME", "into this mailbox, if it exists" } },
	  run_deliver },

	{ "status", "", 0, 0, "Show the state of the running server",
	  NULL, true, { { 0 } }, run_status },
	{ "who", "[USER]", 0, 1, "Show who is logged in",
	  NULL, true, { { 0 } }, run_who },
	{ "kick", "WHOM", 1, 1, "End sessions: those of an account, or one by id",
	  "With an account's sessions the visits end that others make there.",
	  false, { { 0 } }, run_kick },

	{ "trace", "USER", 1, 1,
	  "Show what an account's clients and the server say",
	  "Line by line (C: the client, S: the server), until it is stopped.\n"
	  "Credentials are never shown, text of messages only with --text; of\n"
	  "it and of other literals there is how long they are.",
	  false, { { "for", 0, "SECONDS", "stop then" },
	           { "text", 0, NULL, "show literals and previews, too" } }, run_trace },

	{ "store check", "", 0, 0, "Verify everything the store promises",
	  "The server may run. Status 0: all is well; 65: problems were found.",
	  true,
	  { { "deep", 0, NULL, "read every message and check its hash" } },
	  run_store_check },
	{ "store salvage", "", 0, 0, "Rebuild the index from the packs alone",
	  "For a lost or broken index. The server must be stopped. The old store\n"
	  "is kept beside the new one. Mailboxes get a new UIDVALIDITY.",
	  false,
	  { { "partition", 0, "N", "only this one" } },
	  run_store_salvage },
};
/* clang-format on */

const size_t n_verbs = sizeof verbs / sizeof verbs[0];
