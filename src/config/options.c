/* options.c -- the table of options. */
#include <stddef.h>

#include "config/config.h"

#define AT(field) offsetof(struct config, field)

/* clang-format off */
const struct config_option config_options[] = {
	{ "directory", CONFIG_PATH, AT(directory), ".", 0, 0,
	  "Where mail, accounts and the control socket are; relative to this file." },
	{ "hostname", CONFIG_TEXT, AT(hostname), "localhost", 0, 0,
	  "This server's name, in greetings." },
	{ "listen_imap", CONFIG_ADDRESSES, AT(listen_imap), "0.0.0.0:143, [::]:143", 0, 0,
	  "IMAP with STARTTLS." },
	{ "listen_imaps", CONFIG_ADDRESSES, AT(listen_imaps), "0.0.0.0:993, [::]:993", 0, 0,
	  "IMAP over TLS from the first byte." },
	{ "listen_lmtp", CONFIG_ADDRESSES, AT(listen_lmtp), "", 0, 0,
	  "Delivery over TCP. Whoever reaches this port can deliver mail." },
	{ "lmtp_socket", CONFIG_PATH, AT(lmtp_socket), "", 0, 0,
	  "Delivery over a Unix socket, for Postfix:\n"
	  "/var/spool/postfix/private/roost-lmtp" },
	{ "lmtp_socket_user", CONFIG_TEXT, AT(lmtp_socket_user), "", 0, 0,
	  "Who owns that socket and may use it (with Postfix: postfix)." },
	{ "certificate", CONFIG_PATH, AT(certificate), "certificate.pem", 0, 0,
	  "The certificate and its chain, PEM." },
	{ "certificate_key", CONFIG_PATH, AT(certificate_key), "", 0, 0,
	  "Its private key, PEM; empty: in the same file." },
	{ "trusted_networks", CONFIG_NETWORKS, AT(trusted_networks), "", 0, 0,
	  "Clients there may log in without TLS and are not limited by address:\n"
	  "a web mailer on this machine, 127.0.0.1, ::1." },
	{ "user_gate", CONFIG_TEXT, AT(user_gate), "", 0, 0,
	  "The system users that the processes run as, if roostd is started by\n"
	  "root; four different ones keep a break-in where it happened. Empty:\n"
	  "as whoever starts roostd. The gate: talks to strangers, owns no file." },
	{ "user_auth", CONFIG_TEXT, AT(user_auth), "", 0, 0,
	  "Owns the accounts and their password hashes." },
	{ "user_mail", CONFIG_TEXT, AT(user_mail), "", 0, 0,
	  "Owns the mail." },
	{ "user_parse", CONFIG_TEXT, AT(user_parse), "", 0, 0,
	  "Reads strangers' messages, owns nothing at all." },
	{ "partitions", CONFIG_NUMBER, AT(partitions), "4", 1, 1024,
	  "How many parts the store was made with; each has a process of its own.\n"
	  "Fixed once there are accounts." },
	{ "gates", CONFIG_NUMBER, AT(gates), "0", 0, 256,
	  "Processes that talk to clients; 0: one a processor core." },
	{ "parsers", CONFIG_NUMBER, AT(parsers), "0", 0, 256,
	  "Processes that read the messages that arrive; 0: one a processor core." },
	{ "parse_memory", CONFIG_SIZE, AT(parse_memory), "64M", 1024 * 1024, UINT32_MAX,
	  "Memory that each of them may use." },
	{ "parse_time", CONFIG_NUMBER, AT(parse_time), "5000", 1, 600000,
	  "Processor time that one message may take, in milliseconds. One that\n"
	  "needs more of either is delivered all the same, but not described." },
	{ "message_limit", CONFIG_SIZE, AT(message_limit), "50M", 1024, UINT32_MAX,
	  "The largest message, delivered or appended." },
	{ "quota_bytes", CONFIG_SIZE, AT(quota_bytes), "0", 0, UINT64_MAX,
	  "Quota of a new account; 0: none." },
	{ "quota_messages", CONFIG_NUMBER, AT(quota_messages), "0", 0, UINT64_MAX,
	  "The same in messages." },
	{ "connections_per_host", CONFIG_NUMBER, AT(connections_per_host), "20", 1, 1000000,
	  "Connections that have not logged in, from one IPv4 address or IPv6 /64." },
	{ "connections_per_site", CONFIG_NUMBER, AT(connections_per_site), "60", 1, 1000000,
	  "The same, from one IPv6 /56." },
	{ "connections_per_network", CONFIG_NUMBER, AT(connections_per_network), "200", 1, 1000000,
	  "The same, from one IPv4 /24 or IPv6 /48." },
	{ "connections_in_all", CONFIG_NUMBER, AT(connections_in_all), "8192", 1, 1000000,
	  "The same, from anywhere." },
	{ "connections_lmtp", CONFIG_NUMBER, AT(connections_lmtp), "256", 1, 1000000,
	  "Connections for delivery, from anywhere." },
	{ "sessions_per_account", CONFIG_NUMBER, AT(sessions_per_account), "100", 1, 1000000,
	  "Sessions of one account at a time, from all its devices together." },
	{ "login_time", CONFIG_SECONDS, AT(login_seconds), "1m", 1, 3600,
	  "How long a connection may take to log in, in all." },
	{ "write_time", CONFIG_SECONDS, AT(write_seconds), "5m", 1, 3600,
	  "A client that takes nothing of what it asked for is dropped after it." },
	{ "command_time", CONFIG_SECONDS, AT(command_seconds), "1m", 0, 86400,
	  "Processor time that one command may use, to search or to list: beyond\n"
	  "it the answer is NO [LIMIT]. Others are served meanwhile. 0: no limit." },
	{ "command_messages", CONFIG_NUMBER, AT(command_messages), "0", 0, UINT32_MAX,
	  "How many messages one command may be about (MESSAGELIMIT): clients\n"
	  "that know of it come back for the rest. 0: no limit." },
	{ "keepalive_time", CONFIG_SECONDS, AT(keepalive_seconds), "10m", 1, 7200,
	  "A client that is silent for so long is asked by its network whether it\n"
	  "is still there; without an answer it is gone a quarter of it later." },
	{ "password_memory", CONFIG_SIZE, AT(password_memory), "19M", 1024 * 1024, UINT32_MAX,
	  "What a new password hash (Argon2id) costs: memory," },
	{ "password_passes", CONFIG_NUMBER, AT(password_passes), "2", 1, 100,
	  "passes over it," },
	{ "password_lanes", CONFIG_NUMBER, AT(password_lanes), "1", 1, 64,
	  "and how many lanes it has." },
	{ "password_plain", CONFIG_TRUTH, AT(password_plain), "no", 0, 0,
	  "Accept passwords that are stored in the clear ({PLAIN})." },
	{ "verdict_time", CONFIG_SECONDS, AT(verdict_seconds), "5m", 0, 300,
	  "How long a password found right is remembered in memory (as a keyed\n"
	  "hash), so that the next log-ins cost little. 0: not at all." },
	{ "refusal_time", CONFIG_SECONDS, AT(refusal_seconds), "2s", 1, 20,
	  "When a log-in is refused, whatever the reason: so long after it was\n"
	  "tried. Those of one address come so far apart from each other; each\n"
	  "gate counts for itself." },
	{ "log_level", CONFIG_LEVEL, AT(log_level), "info", 0, 0,
	  "error, warn, info or debug." },
};
/* clang-format on */

const size_t n_config_options =
	sizeof config_options / sizeof config_options[0];
