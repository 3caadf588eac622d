/*
 * config.h -- roost.conf, read once: every option is a row of one table.
 *
 *	# a comment is a line of its own
 *	hostname = mail.example.org
 *	listen_imap = 0.0.0.0:143, [::]:143
 *
 * One option a line; lists are separated by commas; sizes end in K, M or G,
 * durations in s, m, h or d. Relative paths are relative to `directory`,
 * which is relative to the file's own directory. The table (config_options)
 * is also what `roost init` writes from, what `roost config show` prints,
 * and what roost.conf(5) is made of.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Where to listen, or one network: as text, which has been checked. */
struct config_list {
	char **v;
	size_t n;
};

enum { CONFIG_ADDRESSES_MOST = 62 }; /* to listen on, of all options */

/* "192.0.2.1:143", "[::1]:143", or one of these and " proxy", taken apart;
 * address is NUL-terminated. */
struct config_address {
	char address[48];
	uint16_t port;
	bool proxy; /* balancers begin with a PROXY header */
};

struct config {
	/* paths are absolute; never NULL, "" is none */
	char *directory;
	char *hostname;
	struct config_list listen_imap; /* config_address_parse() takes them */
	struct config_list listen_imaps;
	struct config_list listen_lmtp;
	char *lmtp_socket;
	char *lmtp_socket_user; /* who owns it; "": who runs roostd */
	struct config_list listen_auth;
	struct config_list listen_metrics;
	char *auth_socket;
	char *auth_socket_user;
	char *certificate;     /* PEM: the chain, then its key unless that */
	char *certificate_key; /* is here */
	char *certificates;    /* a directory; "": none */
	char *client_ca;       /* PEM; "": no client is asked for one */
	char *client_name;     /* email, upn, cn or none */
	struct config_list trusted_networks; /* "192.0.2.0/24", "::1" */
	struct config_list proxy_networks;   /* of balancers */
	bool proxy_tls; /* they are believed that a client came by TLS */

	struct config_list users; /* "gate:roost-gate", config/user.h */

	uint64_t partitions;
	uint64_t gates;        /* 0: one a core */
	uint64_t parsers;      /* the same */
	uint64_t parse_memory; /* bytes, of each */
	uint64_t parse_time;   /* milliseconds, of a message */

	uint64_t message_limit;  /* bytes */
	uint64_t quota_bytes;    /* of a new account; 0: none */
	uint64_t quota_messages; /* 0: none */

	uint64_t connections_per_host;
	uint64_t connections_per_site;
	uint64_t connections_per_network;
	uint64_t connections_in_all;
	uint64_t connections_lmtp;
	uint64_t sessions_per_account;
	uint64_t login_seconds;     /* from the accept to the log-in */
	uint64_t write_seconds;     /* a client that takes nothing */
	uint64_t command_seconds;   /* of a processor, that a command may use */
	uint64_t command_messages;  /* that a command may be about; 0: all */
	uint64_t keepalive_seconds; /* of silence, then it is asked */

	struct config_list sources;    /* config/source.h */
	struct config_list mechanisms; /* of AUTHENTICATE, base/sasl.h */
	struct config_list issuers;    /* of tokens, base/issuer.h */
	uint64_t scram_rounds;
	uint64_t password_memory; /* bytes, of Argon2id */
	uint64_t password_passes;
	uint64_t password_lanes;
	bool password_plain; /* {PLAIN} hashes are accepted */
	uint64_t verdict_seconds;
	uint64_t refusal_seconds;

	uint64_t failures_per_address; /* 0: as many as one likes, */
	uint64_t failures_per_network; /* as for the next two */
	uint64_t failures_per_account;
	uint64_t spray_accounts;
	uint64_t lockout_seconds; /* the first one */
	uint64_t history_seconds;
	struct config_list alerts; /* "owner", accounts, URLs */
	char *country_data;        /* .mmdb; "": none */

	bool log_dovecot;
	char *log_level; /* error, warn, info, debug */

	/* by option: the line that set it, 0: its default */
	unsigned *lines;
};

enum config_kind {
	CONFIG_TEXT,
	CONFIG_PATH,
	CONFIG_NUMBER,
	CONFIG_SIZE,
	CONFIG_SECONDS,
	CONFIG_TRUTH,     /* yes or no */
	CONFIG_ADDRESSES, /* where to listen */
	CONFIG_NETWORKS,
	CONFIG_MECHANISMS,
	CONFIG_ISSUERS, /* of tokens */
	CONFIG_SOURCES,
	CONFIG_ALERTS, /* where they go */
	CONFIG_USERS,
	CONFIG_FIELD, /* of a client's certificate */
	CONFIG_LEVEL, /* of the log */
};

struct config_option {
	const char *name;
	enum config_kind kind;
	size_t offset;        /* in struct config */
	const char *standard; /* its default, as it would be written */
	uint64_t least;       /* of numbers */
	uint64_t most;
	const char *help; /* lines of at most 76 octets */
};

extern const struct config_option config_options[];
extern const size_t n_config_options;

struct config_error {
	unsigned line; /* 0: of the file as a whole, or of a default */
	char *text;
	bool is_warning; /* only from config_check() */
};

struct config_errors {
	struct config_error *v;
	size_t n;
};

void config_errors_free(struct config_errors *);

/*
 * Reads the file (or fd, when it is not -1; path is then what it is called).
 * The answer holds defaults where the file is wrong; every error is in
 * *errors, by line. NULL when it can't be read at all. fd stays the
 * caller's.
 */
struct config *config_read(const char *path, int fd, struct config_errors *);
void config_free(struct config *);

/* An option's value as it would be written. */
void config_value(const struct config *, const struct config_option *,
                  struct buf *out);

/* The line that set it, 0: it has its default. */
unsigned config_line(const struct config *, const struct config_option *);

/* Accounts come from others than the directory. */
bool config_has_sources(const struct config *);

/* Something is to be asked of others: there is a process for it. */
bool config_needs_outside(const struct config *);

bool config_address_parse(const char *text, struct config_address *out);

/* "DIR/run/control", "DIR/partition/3", "DIR/auth/accounts.sqlite",
 * "DIR/auth/audit.log": what has its place in the directory. The caller frees
 * them. */
char *config_control_path(const struct config *);
char *config_partition_path(const struct config *, uint64_t number);
char *config_accounts_path(const struct config *);
char *config_audit_path(const struct config *);
