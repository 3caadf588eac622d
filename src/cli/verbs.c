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
	  "shared has none: nobody logs in to it, its mailboxes are others'.",
	  false, { { "shared", 0, NULL, "nobody logs in to it" } }, run_user_add },
	{ "user list", "[DOMAIN]", 0, 1, "List accounts",
	  "State \"adding\" or \"removing\": that did not come to its end. Doing it\n"
	  "again does; left alone it is removed when its partition starts again.",
	  true, { { 0 } }, run_user_list },
	{ "user show", "NAME", 1, 1, "Show one account",
	  NULL, true, { { 0 } }, run_user_show },
	{ "user password", "NAME", 1, 1, "Change a password, end sessions",
	  "The password is asked for on a terminal, else it is the first line of\n"
	  "standard input.",
	  false, { { 0 } }, run_user_password },
	{ "user disable", "NAME", 1, 1, "Refuse log-ins, end sessions, keep mail",
	  NULL, false, { { 0 } }, run_user_disable },
	{ "user enable", "NAME", 1, 1, "Allow log-ins again",
	  NULL, false, { { 0 } }, run_user_enable },
	{ "user quota", "NAME", 1, 1, "Show or set what an account may have",
	  "Prints what is used and the limits; with an option it sets that limit\n"
	  "first. 0 is no limit. What is there already may be more.",
	  true, { { "storage", 0, "SIZE", "octets of all messages; K, M, G" },
	          { "messages", 0, "N", "how many" },
	          { "mailboxes", 0, "N", "how many" },
	          { "annotations", 0, "SIZE", "octets of METADATA; K, M, G" } },
	  run_user_quota },
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

	{ "capability hide", "CAPABILITY", 1, 1,
	  "Do not tell clients of a capability",
	  "For clients that break over an extension. Without an option it is\n"
	  "hidden from all. What is hidden can't be switched on with ENABLE\n"
	  "either. It counts from the next log-in on.",
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

	{ "group add", "GROUP NAME", 2, 2, "Put an account into a group",
	  "A group is there while somebody is in it. In lists of rights it is\n"
	  "$GROUP, and means those of the mailbox's domain.",
	  false, { { 0 } }, run_group_add },
	{ "group list", "", 0, 0, "List who is in which group",
	  NULL, true, { { 0 } }, run_group_list },
	{ "group remove", "GROUP NAME", 2, 2, "Take an account out of a group",
	  NULL, false, { { 0 } }, run_group_remove },

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
	  NULL, false, { { 0 } }, run_kick },

	{ "trace", "USER", 1, 1,
	  "Show what an account's clients and the server say",
	  "Line by line (C: the client, S: the server), until it is stopped.\n"
	  "Credentials are never shown, text of messages only with --text; of\n"
	  "it and of other literals there is how long they are.",
	  false, { { "for", 0, "SECONDS", "stop then" },
	           { "text", 0, NULL, "show literals too" } }, run_trace },

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
