/*
 * tls.c -- handshakes: which versions and suites would be taken.
 *
 * Each question is a handshake of its own, with a client that offers only
 * what it asks about. What OpenSSL can't offer any more (SSL 3, export
 * suites) can't be asked about.
 */
#include <openssl/err.h>

#include "doctor/internal.h"

SSL_CTX *tls_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL)
		return NULL;
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return context;
}

/* -- one handshake -- */

/* What the client offers; 0 and NULL: as OpenSSL does. */
struct offer {
	int least;
	int most;
	const char *suites; /* of TLS 1.2 and below */
	const char *alpn;   /* with its length before it */
};

bool doctor_takes_ca(const char *path)
{
	SSL_CTX *c = tls_context();
	bool ok = c != NULL && SSL_CTX_load_verify_file(c, path) == 1;

	SSL_CTX_free(c);
	ERR_clear_error();
	return ok;
}

static SSL_CTX *offering(const struct doctor *d, const struct offer *o)
{
	SSL_CTX *c = tls_context();

	if (c == NULL)
		return NULL;
	if (SSL_CTX_set_min_proto_version(c, o->least) == 1 &&
	    SSL_CTX_set_max_proto_version(c, o->most) == 1 &&
	    (o->suites == NULL || SSL_CTX_set_cipher_list(c, o->suites) == 1) &&
	    (o->alpn == NULL ||
	     SSL_CTX_set_alpn_protos(c, (const unsigned char *)o->alpn,
	                             (unsigned)o->alpn[0] + 1) == 0) &&
	    (d->ca != NULL ? SSL_CTX_load_verify_file(c, d->ca)
	                   : SSL_CTX_set_default_verify_paths(c)) == 1)
		return c;
	SSL_CTX_free(c);
	ERR_clear_error();
	return NULL;
}

enum answer { TAKEN, REFUSED, NOT_ASKED };

/* TAKEN: the connection is the caller's to close. */
static enum answer try_offer(const struct doctor *d, const struct place *p,
                             const struct offer *o, struct connection *c,
                             struct err *why)
{
	SSL_CTX *context = offering(d, o);

	*why = err(ERR_IO, "OpenSSL can't offer it");
	if (context == NULL)
		return NOT_ASKED;
	*why = service_open(d, p, c);
	if (!is_ok(*why)) {
		SSL_CTX_free(context);
		return NOT_ASKED;
	}
	*why = connection_start_tls(c, context, p->port->name);
	SSL_CTX_free(context);
	if (is_ok(*why))
		return TAKEN;
	connection_close(c);
	return REFUSED;
}

static enum answer takes(const struct doctor *d, const struct place *p,
                         struct offer o)
{
	struct connection c;
	struct err why;
	enum answer answer = try_offer(d, p, &o, &c, &why);

	if (answer == TAKEN)
		connection_close(&c);
	return answer;
}

/* -- what is used today -- */

/* Its certificate, if it is taken; or why it isn't. */
static enum answer examine_usual(const struct doctor *d, const struct place *p,
                                 struct err *why)
{
	const struct offer any = { 0 };
	struct connection c;
	enum answer answer = try_offer(d, p, &any, &c, why);

	if (answer != TAKEN)
		return answer;
	report_good(d->report, CHECK_HANDSHAKE, p->text, "%s, %s",
	            SSL_get_version(c.ssl), SSL_get_cipher_name(c.ssl));
	certificate_examine(d, p, c.ssl);
	connection_close(&c);
	return answer;
}

static void judge_version(const struct doctor *d, const struct place *p,
                          enum check check, int version, const char *name)
{
	enum answer answer = takes(d, p, (struct offer){ version, version });

	if (answer == TAKEN)
		report_good(d->report, check, p->text, "%s", name);
	else if (answer == REFUSED)
		report_bad(d->report, check, p->text, "no %s", name);
}

/* -- what should not be taken -- */

/* Only what is bad is told of what has nothing good. */
static void examine_bad(const struct doctor *d, const struct place *p,
                        bool has_good)
{
	static const struct {
		const char *what;
		struct offer offer;
		enum check check;
	} bad[] = {
		{ "TLS 1.0 and 1.1",
		  { TLS1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0" },
		  CHECK_OLD_VERSIONS },
		{ "suites without authentication",
		  { 0, TLS1_2_VERSION, "aNULL:@SECLEVEL=0" },
		  CHECK_SUITES },
		{ "suites without encryption",
		  { 0, TLS1_2_VERSION, "eNULL:@SECLEVEL=0" },
		  CHECK_SUITES },
		{ "suites with 3DES, RC4 or others of 64 bits",
		  { 0, TLS1_2_VERSION,
		    "3DES:RC4:IDEA:SEED:LOW:EXP:!aNULL:@SECLEVEL=0" },
		  CHECK_SUITES },
		{ "suites without forward secrecy",
		  { 0, TLS1_2_VERSION, "kRSA:!eNULL:@SECLEVEL=0" },
		  CHECK_FORWARD_SECRECY },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		enum answer answer = takes(d, p, bad[i].offer);

		if (answer == TAKEN)
			report_bad(d->report, bad[i].check, p->text,
			           "%s are taken", bad[i].what);
		else if (answer == REFUSED && has_good)
			report_good(d->report, bad[i].check, p->text,
			            "%s are refused", bad[i].what);
	}
}

static void examine_alpn(const struct doctor *d, const struct place *p)
{
	enum answer imap = takes(d, p, (struct offer){ .alpn = "\4imap" });
	enum answer http = takes(d, p, (struct offer){ .alpn = "\10http/1.1" });

	if (imap == NOT_ASKED || http == NOT_ASKED)
		return;
	if (imap != TAKEN)
		report_bad(d->report, CHECK_ALPN, p->text,
		           "a client that says \"imap\" by ALPN is refused");
	else if (http == TAKEN)
		report_bad(d->report, CHECK_ALPN, p->text,
		           "a client that says \"http/1.1\" by ALPN is taken");
	else
		report_good(d->report, CHECK_ALPN, p->text,
		            "by ALPN \"imap\" only is taken");
}

/* -- all of it -- */

bool tls_examine(const struct doctor *d, const struct place *p)
{
	struct err why;
	enum answer usual = examine_usual(d, p, &why);

	if (usual == NOT_ASKED && !p->port->tls_first) {
		report_bad(d->report, CHECK_STARTTLS, p->text,
		           "STARTTLS is offered, but: %s", why.text);
		return false;
	}
	if (usual != TAKEN) {
		report_bad(d->report, CHECK_HANDSHAKE, p->text, "%s", why.text);
		if (usual == REFUSED && why.code != ERR_TIMEOUT)
			examine_bad(d, p, false);
		return false;
	}
	judge_version(d, p, CHECK_TLS_1_3, TLS1_3_VERSION, "TLS 1.3");
	judge_version(d, p, CHECK_TLS_1_2, TLS1_2_VERSION, "TLS 1.2");
	examine_bad(d, p, true);
	examine_alpn(d, p);
	return true;
}
