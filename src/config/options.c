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
	{ "listen_auth", CONFIG_ADDRESSES, AT(listen_auth), "", 0, 0,
	  "Log-in for a mail transfer agent over TCP (Dovecot's protocol). Whoever\n"
	  "reaches this port can try passwords." },
	{ "auth_socket", CONFIG_PATH, AT(auth_socket), "", 0, 0,
	  "The same over a Unix socket, for Postfix:\n"
	  "/var/spool/postfix/private/auth" },
	{ "auth_socket_user", CONFIG_TEXT, AT(auth_socket_user), "", 0, 0,
	  "Who owns that socket and may use it (postfix, Debian-exim)." },
	{ "listen_metrics", CONFIG_ADDRESSES, AT(listen_metrics), "127.0.0.1:20993", 0, 0,
	  "What has been counted, for Prometheus and others, by HTTP at /metrics;\n"
	  "whether all is well at /healthz/live and /healthz/ready. Whoever reaches\n"
	  "it may read it. Empty: nowhere." },
	{ "certificate", CONFIG_PATH, AT(certificate), "certificate.pem", 0, 0,
	  "The certificate and its chain, PEM." },
	{ "certificate_key", CONFIG_PATH, AT(certificate_key), "", 0, 0,
	  "Its private key, PEM; empty: in the same file." },
	{ "certificates", CONFIG_PATH, AT(certificates), "", 0, 0,
	  "A directory with certificates for further names, by the name that the\n"
	  "client asks for: NAME/fullchain.pem with NAME/privkey.pem, or NAME.pem\n"
	  "with both; *.example.org.pem for any name below. New ones and changed\n"
	  "ones, and the one above, count as soon as they are there." },
	{ "client_ca", CONFIG_PATH, AT(client_ca), "", 0, 0,
	  "Who issues certificates to clients, PEM: CAs, intermediate ones too, and\n"
	  "lists of what they have revoked (CRL). Clients are asked for one then,\n"
	  "by TLS 1.3, and come in with it (EXTERNAL). A change of the file counts\n"
	  "at once." },
	{ "client_name", CONFIG_FIELD, AT(client_name), "email", 0, 0,
	  "What in such a certificate is the account's name: email (rfc822Name), upn\n"
	  "(userPrincipalName), cn (commonName), or none: only those count that\n"
	  "were added (roost certificate add), which do in any case. Whoever is in\n"
	  "client_ca can speak for any account by these names." },
	{ "trusted_networks", CONFIG_NETWORKS, AT(trusted_networks), "", 0, 0,
	  "Clients there may log in without TLS and are not limited by address:\n"
	  "a web mailer on this machine, 127.0.0.1, ::1." },
	{ "proxy_networks", CONFIG_NETWORKS, AT(proxy_networks), "", 0, 0,
	  "Balancers that speak the PROXY protocol (version 1 or 2). Connections\n"
	  "from there to an address that is marked (listen_imap = 10.0.0.1:1143\n"
	  "proxy) begin with its header, and count as the client's that it names." },
	{ "proxy_tls", CONFIG_TRUTH, AT(proxy_tls), "no", 0, 0,
	  "Believe a balancer that says its client came by TLS: it may log in,\n"
	  "though the way from the balancer to here is in clear." },
	{ "users", CONFIG_USERS, AT(users), "", 0, 0,
	  "The system users that the processes run as, if roostd is started by\n"
	  "root; different ones keep a break-in where it happened:\n"
	  "gate:roost-gate, auth:roost-auth, mail:roost-mail, parse:roost-parse,\n"
	  "metrics:roost-metrics, outside:roost-outside. The gate talks to\n"
	  "strangers, auth owns accounts and password hashes, mail owns the mail,\n"
	  "parse reads messages of strangers, metrics shows what was counted,\n"
	  "outside (which is only there when something here needs it) asks others\n"
	  "and may reach the network. Empty: as whoever starts roostd." },
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
	{ "sources", CONFIG_SOURCES, AT(sources), "directory", 0, 0,
	  "Where accounts come from, in the order in which they are asked:\n"
	  "directory (roost's own), passwd-file:/FILE (as Dovecot has them; %d in\n"
	  "it is the domain), sql:/FILE, ldap:/FILE (which verifies passwords) and\n"
	  "ldap-lookup:/FILE (which shows them), each described by that file, and\n"
	  "pam:/etc/pam.d/SERVICE. The first that knows somebody decides." },
	{ "mechanisms", CONFIG_MECHANISMS, AT(mechanisms), "EXTERNAL, SCRAM-SHA-256-PLUS, SCRAM-SHA-256, OAUTHBEARER, XOAUTH2, PLAIN, LOGIN", 0, 0,
	  "What AUTHENTICATE offers. There are SCRAM-SHA-1-PLUS and SCRAM-SHA-1,\n"
	  "too, for old clients. SCRAM works for accounts whose password was set\n"
	  "here, or that have logged in with it once since. OAUTHBEARER and\n"
	  "XOAUTH2 are offered once there is an issuer, EXTERNAL with client_ca to\n"
	  "whoever has shown a certificate." },
	{ "issuers", CONFIG_ISSUERS, AT(issuers), "", 0, 0,
	  "Who issues tokens that let people in, with words behind each:\n"
	  "https://id.example.org/realms/mail audience=roost keys=mail.jwks\n"
	  "audience: who a token must be for; several are separated by \"|\".\n"
	  "keys: its public keys (a JWK set), a file in auth/ or a URL, otherwise\n"
	  "what its openid-configuration says. scope: what a token must be good\n"
	  "for. name: the claim with the account's name, otherwise email. domain:\n"
	  "where its accounts are. introspect, client, secret: the URL at which\n"
	  "it is asked about each token, as whom, and the file in auth/ with that\n"
	  "client's secret." },
	{ "scram_rounds", CONFIG_NUMBER, AT(scram_rounds), "50000", 4096, 10000000,
	  "What each try costs who has stolen the keys of SCRAM, and each client\n"
	  "at its log-in; some refuse more than 65,536." },
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
	{ "failures_per_address", CONFIG_NUMBER, AT(failures_per_address), "10", 0, 10000,
	  "Log-ins that may fail from one IPv4 address or IPv6 /64, of accounts\n"
	  "that have not signed in from its network of late, before it is locked\n"
	  "out for a while; one in ten minutes is forgotten. 0: any number." },
	{ "failures_per_network", CONFIG_NUMBER, AT(failures_per_network), "50", 0, 10000,
	  "The same from one IPv4 /24 or IPv6 /48; one in two minutes is forgotten." },
	{ "failures_per_account", CONFIG_NUMBER, AT(failures_per_account), "10", 0, 10000,
	  "Different wrong passwords for one account, from all places together\n"
	  "where it has not signed in of late, before it is locked out there; and\n"
	  "from each place where it has, apart. One an hour is forgotten (at a\n"
	  "known place one in ten minutes). 0: any number." },
	{ "spray_accounts", CONFIG_NUMBER, AT(spray_accounts), "5", 0, 48,
	  "Accounts that may fail from one address in 20 minutes, or with the same\n"
	  "wrong password in a day, before that address, or that password, is\n"
	  "refused for an hour where an account is not known; from one\n"
	  "network four times as many. 0: any number." },
	{ "lockout_time", CONFIG_SECONDS, AT(lockout_seconds), "1m", 1, 86400,
	  "How long the first lock-out lasts. Each further failure doubles it, up\n"
	  "to an hour." },
	{ "history_time", CONFIG_SECONDS, AT(history_seconds), "90d", 86400, 315360000,
	  "How long sign-ins are kept (roost history); those that failed for a\n"
	  "third of it." },
	{ "log_dovecot", CONFIG_TRUTH, AT(log_dovecot), "no", 0, 0,
	  "Write log-ins, and those that failed, in the words of Dovecot, for\n"
	  "filters that were made for it (fail2ban, CrowdSec)." },
	{ "alerts", CONFIG_ALERTS, AT(alerts), "owner", 0, 0,
	  "Who is told of what is odd, beside the log: \"owner\", by a mail to the\n"
	  "account that it is about; accounts here that administer the server\n"
	  "(postmaster@example.org); https://HOST/..., which is sent JSON (a comma\n"
	  "in it is %2C). Each is told once; roost alert silence." },
	{ "country_data", CONFIG_PATH, AT(country_data), "", 0, 0,
	  "Which country an address is of, for the policy of that name: a file in\n"
	  "MaxMind's format (.mmdb). One that is renamed to it is used at once." },
	{ "log_level", CONFIG_LEVEL, AT(log_level), "info", 0, 0,
	  "error, warn, info or debug." },
};
/* clang-format on */

const size_t n_config_options =
	sizeof config_options / sizeof config_options[0];
