/* internal.h -- between the files of this room. */
#pragma once

#include "doctor/connection.h"
#include "doctor/doctor.h"

/* One address of a port, and what findings call it. */
struct place {
	const struct imap_port *port;
	const struct where *where;
	char text[400];
};

/* Somebody, called that, says what time it is: is it ours? s: since 1970. */
void clock_compare(const struct doctor *, const char *who, int64_t s);

/* To the first address of the name; as connection_open(). */
struct err dial(const struct doctor *, const char *name, uint16_t port,
                struct connection *);

/* A connection to where TLS is to begin: opened, and past STARTTLS. */
struct err service_open(const struct doctor *, const struct place *,
                        struct connection *);

/* Handshakes at this address: its certificate, and what else it would take.
 * False: there is none. */
bool tls_examine(const struct doctor *, const struct place *);

/* The one that was served in this handshake. */
void certificate_examine(const struct doctor *, const struct place *, SSL *);

/* Newest versions only, for what is not about TLS; NULL: OpenSSL refuses. */
SSL_CTX *tls_context(void);
