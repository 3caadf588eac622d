/* counter_metrics.c -- the table of what is counted. */
#include "base/counter.h"

const char *const counter_bounds[COUNTER_BOUNDS] = { "0.001", "0.005", "0.02",
	                                             "0.1",   "0.5",   "2.0",
	                                             "10.0" };

#define VALUES(list) (list), sizeof(list) / sizeof *(list)

static const char *const listeners[COUNTED_LISTENERS] = { "imap", "imaps",
	                                                  "lmtp", "control",
	                                                  "auth" };

static const char *const mechanisms[COUNTED_MECHANISMS] = {
	"command",       "EXTERNAL",         "SCRAM-SHA-256-PLUS",
	"SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1",
	"OAUTHBEARER",   "XOAUTH2",          "PLAIN",
	"LOGIN"
};

static const char *const outcomes[COUNTED_OUTCOMES] = { "ok", "refused",
	                                                "unavailable" };

static const char *const reasons[COUNTED_REASONS] = { "full", "pushed_out" };

static const char *const versions[COUNTED_VERSIONS] = { "TLSv1.2", "TLSv1.3" };

static const char *const asks[COUNTED_ASKS] = { "http_get", "http_post", "find",
	                                        "verify" };

static const char *const ranks[COUNTED_RANKS] = { "known", "stranger" };

static const char *const limits[COUNTED_LIMITS] = { "address", "network",
	                                            "account", "place",
	                                            "password" };

static const char *const answers[2] = { "unavailable", "answered" };

/* A test of imap/ compares them with the table there. */
static const char *const commands[COUNTED_COMMANDS] = {
	"APPEND",    "AUTHENTICATE", "CANCELUPDATE", "CAPABILITY",
	"CHECK",     "CLOSE",        "COMPRESS",     "COPY",
	"CREATE",    "DELETE",       "DELETEACL",    "ENABLE",
	"ESEARCH",   "EXAMINE",      "EXPUNGE",      "FETCH",
	"GETACL",    "GETMETADATA",  "GETQUOTA",     "GETQUOTAROOT",
	"ID",        "IDLE",         "LIST",         "LISTRIGHTS",
	"LOGIN",     "LOGOUT",       "LSUB",         "MOVE",
	"MYRIGHTS",  "NAMESPACE",    "NOOP",         "NOTIFY",
	"REMOVE",    "RENAME",       "REPLACE",      "SEARCH",
	"SELECT",    "SETACL",       "SETMETADATA",  "SETQUOTA",
	"SORT",      "STARTTLS",     "STATUS",       "STORE",
	"SUBSCRIBE", "THREAD",       "UIDBATCHES",   "UNAUTHENTICATE",
	"UNSELECT",  "UNSUBSCRIBE",  "XLIST",        "other",
};

static const char *const replies[COUNTED_REPLIES] = { "OK", "NO", "BAD" };

static const char *const deliveries[2] = { "refused", "delivered" };

static const char *const parsed[2] = { "opaque", "described" };

/* clang-format off */
const struct counter_metric counter_metrics[] = {
	{ "connections", KIND_COUNTER, COUNTER_CONNECTIONS,
	  "Connections that were accepted.",
	  { { "listener", VALUES(listeners) } } },
	{ "connections_unauthenticated", KIND_GAUGE, COUNTER_GUESTS,
	  "Connections of clients that have not logged in." },
	{ "connections_turned_away", KIND_COUNTER, COUNTER_TURNED_AWAY,
	  "Connections that had to go, by the limits of connections or descriptors.",
	  { { "reason", VALUES(reasons) } } },
	{ "tls_handshakes", KIND_COUNTER, COUNTER_HANDSHAKES,
	  "TLS handshakes of clients that were finished.",
	  { { "version", VALUES(versions) } } },
	{ "tls_handshakes_resumed", KIND_COUNTER, COUNTER_HANDSHAKES_RESUMED,
	  "Those of them that went on with an earlier session." },
	{ "tls_handshakes_failed", KIND_COUNTER, COUNTER_HANDSHAKES_FAILED,
	  "TLS handshakes that failed, or that the client left." },
	{ "logins", KIND_COUNTER, COUNTER_LOGINS,
	  "Log-ins that got a verdict.",
	  { { "mechanism", VALUES(mechanisms) }, { "result", VALUES(outcomes) } } },
	{ "logins_limited", KIND_COUNTER, COUNTER_LOGINS_UNSEEN,
	  "Log-ins refused by a lock-out or limit, without a look at the password." },
	{ "logins_too_often", KIND_COUNTER, COUNTER_LOGINS_TOO_OFTEN,
	  "Log-ins that were right and refused, as too many came before them." },
	{ "outside_requests", KIND_COUNTER, COUNTER_ASKED,
	  "Questions to sources of accounts, issuers of tokens and webhooks.",
	  { { "kind", VALUES(asks) }, { "result", VALUES(answers) } } },
	{ "hashes_waiting", KIND_GAUGE, COUNTER_HASHES_WAITING,
	  "Log-ins that wait for a core to hash their password.",
	  { { "client", VALUES(ranks) } } },
	{ "lockouts", KIND_GAUGE, COUNTER_LOCKOUTS,
	  "What is locked out now, as roost lockout list has it; and passwords.",
	  { { "kind", VALUES(limits) } } },
	{ "sessions_started", KIND_COUNTER, COUNTER_SESSIONS_BEGUN,
	  "IMAP sessions that logged in." },
	{ "sessions", KIND_GAUGE, COUNTER_SESSIONS,
	  "IMAP sessions that are logged in." },
	{ "sessions_idle", KIND_GAUGE, COUNTER_SESSIONS_IDLE,
	  "Those of them that are in IDLE." },
	{ "network_receive_bytes", KIND_COUNTER, COUNTER_RECEIVED,
	  "What sessions were sent by their clients, without TLS." },
	{ "network_transmit_bytes", KIND_COUNTER, COUNTER_SENT,
	  "What sessions sent to their clients, without TLS." },
	{ "commands", KIND_COUNTER, COUNTER_COMMANDS,
	  "IMAP commands of sessions.",
	  { { "command", VALUES(commands) }, { "result", VALUES(replies) } },
	  .sparse = true },
	{ "command_duration_seconds", KIND_TIME, COUNTER_COMMAND_TIME,
	  "How long commands took to be answered; waiting in IDLE is not counted.",
	  { { "command", VALUES(commands) } }, .sparse = true },
	{ "messages_delivered", KIND_COUNTER, COUNTER_DELIVERED,
	  "Messages for a recipient, by LMTP or roost deliver.",
	  { { "result", VALUES(deliveries) } } },
	{ "messages_appended", KIND_COUNTER, COUNTER_APPENDED,
	  "Messages that were added to mailboxes, delivered ones among them." },
	{ "messages_fetched", KIND_COUNTER, COUNTER_FETCHED,
	  "Messages that FETCH told of, whatever it was." },
	{ "messages_expunged", KIND_COUNTER, COUNTER_EXPUNGED,
	  "Messages that were removed from mailboxes." },
	{ "messages_parsed", KIND_COUNTER, COUNTER_PARSED,
	  "Messages that the parse processes were given.",
	  { { "result", VALUES(parsed) } } },
	{ "parse_cpu_seconds", KIND_TIME, COUNTER_PARSE_TIME,
	  "Processor time that parse processes spent on a message." },
	{ "commit_duration_seconds", KIND_TIME, COUNTER_COMMIT_TIME,
	  "How long group commits took, their syncs to disk among it." },
	{ "commits_failed", KIND_COUNTER, COUNTER_COMMITS_FAILED,
	  "Group commits in which something could not be stored." },
	{ "syncs", KIND_COUNTER, COUNTER_SYNCS,
	  "Times that a disk was asked to have written what it was given." },
	{ "store_bytes", KIND_GAUGE, COUNTER_STORE_BYTES,
	  "Messages in a partition's packs.", .by_process = "mail" },
	{ "store_dead_bytes", KIND_GAUGE, COUNTER_STORE_DEAD,
	  "Of these, what can be reclaimed.", .by_process = "mail" },
	{ "store_free_bytes", KIND_GAUGE, COUNTER_STORE_FREE,
	  "Room that is left where a partition is.", .by_process = "mail" },
	{ "store_full", KIND_GAUGE, COUNTER_STORE_FULL,
	  "1 while the disk of a partition is full.", .by_process = "mail" },
	{ "store_broken", KIND_GAUGE, COUNTER_STORE_BROKEN,
	  "1 while a partition can't be written.", .by_process = "mail" },
	{ "process_restarts", KIND_COUNTER, COUNTER_RESTARTS,
	  "How often a process was started again after it had ended.",
	  .by_process = "" },
};
/* clang-format on */

const size_t n_counter_metrics =
	sizeof counter_metrics / sizeof counter_metrics[0];

size_t counter_places(const struct counter_metric *m)
{
	size_t n = m->kind == KIND_TIME ? COUNTER_TIME_PLACES : 1;

	for (size_t i = 0; i < 2 && m->labels[i].name != NULL; i++)
		n *= m->labels[i].n;
	return n;
}
