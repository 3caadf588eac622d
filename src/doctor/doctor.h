/*
 * doctor.h -- looks at a mail server from outside, as its clients do.
 *
 *	addresses ──► service.c ──► tls.c      a port of IMAP
 *	domain ─────► discovery.c              how clients find it
 *	domains ────► domains.c ──► discovery.c
 *	sockets ────► transfer.c               what Postfix and Exim use
 *	metrics ────► ready.c                  what watches the server
 *
 * It knows nothing of roost: any IMAP server can be looked at. It sends no
 * credentials, and leaves nothing behind but lines in the server's log.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "doctor/report.h"
#include "doctor/resolve.h"

struct doctor {
	struct report *report;
	struct resolver resolver;
	const char *ca;   /* PEM of authorities to trust; NULL: the system's */
	uint64_t seconds; /* that a conversation may take */
};

/* A port of an IMAP server. */
struct imap_port {
	const char *name;    /* that clients know it by */
	const char *address; /* where it is, a name or address; as `name` */
	uint16_t port;
	bool tls_first; /* TLS from the first byte, or STARTTLS */
};

/* It has certificates in it. */
bool doctor_takes_ca(const char *path);

/* Each of its addresses. */
void doctor_imap(const struct doctor *, const struct imap_port *);

/* How clients of addresses in the domain find servers; imap is the one that
 * they should find, or NULL. False: nobody said anything of it. */
bool doctor_discovery(const struct doctor *, const char *domain,
                      const char *imap);

/* The same for many, several at a time. When nobody says anything of one
 * after another, the rest are not asked after. */
void doctor_domains(const struct doctor *, char *const *domains, size_t n,
                    const char *imap);

/* The machine's clock: does something keep it right? Nothing else is known of
 * it here; what others say the time is, is compared where they say it. */
void doctor_clock(const struct doctor *);

/* What the server says of itself, at "ADDRESS:PORT" where it shows metrics. */
void doctor_ready(const struct doctor *, const char *where);

/* Sockets of the mail transfer agent: paths, or "ADDRESS:PORT". user (of the
 * machine) should be able to open it; "": whom such agents run as. */
void doctor_lmtp(const struct doctor *, const char *where, const char *user);
void doctor_auth_socket(const struct doctor *, const char *where,
                        const char *user);
