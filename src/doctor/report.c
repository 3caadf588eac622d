/* report.c -- the table of checks, the findings, and how they are printed. */
#include "doctor/report.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct row {
	const char *name;
	enum layer layer;
	enum severity when_bad;
	const char *advice;
};

/* clang-format off */
static const struct row rows[CHECKS] = {
	[CHECK_CONFIGURATION] = { "configuration", LAYER_CONFIGURATION, ERROR,
		"correct it; roostd does not start with this file" },
	[CHECK_CONFIGURATION_HINT] = { "configuration_hint", LAYER_CONFIGURATION, WARNING,
		"it does no harm, but is hardly meant" },

	[CHECK_RUNNING] = { "running", LAYER_SERVICE, ERROR,
		"start roostd, and look into its log if it doesn't stay" },
	[CHECK_READY] = { "ready", LAYER_SERVICE, WARNING,
		"look into the log for what is named, and (of a port) for who else has it: what watches the server is told the same, or nothing" },
	[CHECK_LISTENERS] = { "listeners", LAYER_SERVICE, ERROR,
		"no client can connect: name an address in listen_imaps, or enable roostd-imaps.socket" },
	[CHECK_PARTITION] = { "partition", LAYER_SERVICE, ERROR,
		"its accounts can't be reached; the log says why its mail process does not run. Of a damaged index: keep a copy, restore a backup, or see roost store check and roost store salvage" },
	[CHECK_ADDRESS] = { "address", LAYER_SERVICE, ERROR,
		"give the name an A or AAAA record, or ask for another name" },
	[CHECK_REACHABLE] = { "reachable", LAYER_SERVICE, ERROR,
		"is the server running, does it listen there, and does a firewall let it through?" },
	[CHECK_GREETING] = { "greeting", LAYER_SERVICE, ERROR,
		"an IMAP server says \"* OK\" first: is another service at this port, or a port of TLS taken for one without?" },
	[CHECK_REVISION] = { "revision", LAYER_SERVICE, ERROR,
		"clients need IMAP4rev1 or IMAP4rev2" },
	[CHECK_STARTTLS] = { "starttls", LAYER_SERVICE, ERROR,
		"without it whoever is on the way reads all mail: give the server a certificate, or close this port" },
	[CHECK_NO_CLEAR_TEXT] = { "no_clear_text", LAYER_SERVICE, ERROR,
		"passwords may be sent unencrypted: the server should say LOGINDISABLED until STARTTLS" },
	[CHECK_CLEAR_TEXT_HERE] = { "clear_text_here", LAYER_SERVICE, NOTE,
		"who is on the same machine as the server may be trusted: whether others are, too, is seen from another one" },
	[CHECK_NOTHING_BEFORE_TLS] = { "nothing_before_tls", LAYER_SERVICE, ERROR,
		"what is sent behind STARTTLS in clear text is obeyed inside TLS, so somebody on the way can slip commands in: update the server" },
	[CHECK_LOG_IN_OFFERED] = { "log_in_offered", LAYER_SERVICE, WARNING,
		"no mechanism is offered inside TLS: nobody can log in" },

	[CHECK_HANDSHAKE] = { "handshake", LAYER_TLS, ERROR,
		"no TLS connection came about: look into the server's log; is there a certificate with its key?" },
	[CHECK_CERTIFICATE_NAME] = { "certificate_name", LAYER_TLS, ERROR,
		"clients refuse it: get a certificate with this name in it, or tell clients the name that it has" },
	[CHECK_CERTIFICATE_CHAIN] = { "certificate_chain", LAYER_TLS, ERROR,
		"clients don't trust it: use one of a public authority, and serve the whole chain (fullchain.pem)" },
	[CHECK_CERTIFICATE_DATES] = { "certificate_dates", LAYER_TLS, ERROR,
		"renew it, or set the clock if that is wrong; roost serves new files at once" },
	[CHECK_CERTIFICATE_END_NEAR] = { "certificate_end_near", LAYER_TLS, WARNING,
		"renew it; does the automatic renewal still run?" },
	[CHECK_CERTIFICATE_KEY] = { "certificate_key", LAYER_TLS, ERROR,
		"it can be forged or broken: make a new key (P-256, or RSA with 2048 bits at least) and a new certificate" },
	[CHECK_OLD_VERSIONS] = { "old_versions", LAYER_TLS, ERROR,
		"TLS 1.0 and 1.1 are broken: allow 1.2 and 1.3 only" },
	[CHECK_TLS_1_3] = { "tls_1_3", LAYER_TLS, WARNING,
		"update the server or its TLS library" },
	[CHECK_TLS_1_2] = { "tls_1_2", LAYER_TLS, NOTE,
		"some older clients can't connect" },
	[CHECK_SUITES] = { "suites", LAYER_TLS, ERROR,
		"these suites protect nothing: take them out" },
	[CHECK_FORWARD_SECRECY] = { "forward_secrecy", LAYER_TLS, WARNING,
		"who gets the key later can read what was recorded before: take suites without (EC)DHE out" },
	[CHECK_ALPN] = { "alpn", LAYER_TLS, NOTE,
		"refusing other protocols' names keeps web pages from talking to this port (ALPACA)" },

	[CHECK_CLOCK] = { "clock", LAYER_IDENTITY, WARNING,
		"tokens and one-time codes need the right time: run chrony or systemd-timesyncd" },
	[CHECK_ACCOUNTS] = { "accounts", LAYER_IDENTITY, NOTE,
		"nobody can log in yet: roost user add" },
	[CHECK_SCHEMES] = { "schemes", LAYER_IDENTITY, WARNING,
		"a stolen directory would give this password away: it gets better at the next log-in, or by roost user password" },
	[CHECK_ADMINISTRATOR_SECOND_FACTOR] = { "administrator_second_factor", LAYER_IDENTITY, WARNING,
		"who learns such a password reads the mail of a domain: roost totp enable, and app passwords for their programs" },
	[CHECK_SECOND_FACTOR] = { "second_factor", LAYER_IDENTITY, NOTE,
		"who learns such a password reads the mail: roost totp enable, and app passwords for their programs" },
	[CHECK_POLICIES] = { "policies", LAYER_IDENTITY, WARNING,
		"change it (roost policy set), or set up what it needs" },
	[CHECK_SHUT_OUT] = { "shut_out", LAYER_IDENTITY, NOTE,
		"is it still meant? With suspended=defer their mail waits at its senders, who give up after days; roost policy unset ends it" },
	[CHECK_SOURCES] = { "sources", LAYER_IDENTITY, ERROR,
		"nobody of it can log in, and new ones get no mail: does it run, does roost-outside reach it, and is what describes it right?" },
	[CHECK_ISSUERS] = { "issuers", LAYER_IDENTITY, ERROR,
		"its tokens let nobody in: is its URL right, does roost-outside reach it, and is its certificate one that is trusted here?" },
	[CHECK_LOCKED_OUT] = { "locked_out", LAYER_IDENTITY, NOTE,
		"is it a program with an old password, or somebody who tries them? roost history says; roost lockout clear lets it try again now" },
	[CHECK_UNFINISHED] = { "unfinished", LAYER_IDENTITY, WARNING,
		"adding or removing it was interrupted: do it again" },
	[CHECK_STALE] = { "stale", LAYER_IDENTITY, NOTE,
		"accounts that nobody uses are the ones that get taken over: disable them" },

	[CHECK_DISK] = { "disk", LAYER_MAILBOX, ERROR,
		"make room: on a full disk mail is refused, though nothing is lost" },
	[CHECK_QUOTA] = { "quota", LAYER_MAILBOX, WARNING,
		"mail for it will soon be refused: raise the quota (roost user quota) or tell its owner" },
	[CHECK_SUBSCRIPTIONS] = { "subscriptions", LAYER_MAILBOX, NOTE,
		"clients show a mailbox that isn't there: unsubscribe from it, or make it" },
	[CHECK_STORE] = { "store", LAYER_MAILBOX, ERROR,
		"keep a copy of the directory, and see roost store check and roost store salvage" },
	[CHECK_INDEX] = { "index", LAYER_MAILBOX, ERROR,
		"when it is full nothing can be added: move accounts to a server with more partitions" },
	[CHECK_PACKS] = { "packs", LAYER_MAILBOX, WARNING,
		"their room should be given back by itself: does the log have store_reclaim?" },

	[CHECK_SRV_IMAPS] = { "srv_imaps", LAYER_DISCOVERY, NOTE,
		"clients that know RFC 6186 find the server by a record _imaps._tcp of the domain" },
	[CHECK_SRV_IMAP] = { "srv_imap", LAYER_DISCOVERY, NOTE,
		"say that clients are not to use 143, with a record _imap._tcp and the target \".\", or offer it" },
	[CHECK_SRV_TARGET] = { "srv_target", LAYER_DISCOVERY, ERROR,
		"clients are sent to a place where no such server is: correct the record" },
	[CHECK_AUTOCONFIG] = { "autoconfig", LAYER_DISCOVERY, NOTE,
		"Thunderbird and others ask there for a domain's servers: serve the page, or let clients be set up by hand" },

	[CHECK_NAME_SERVER] = { "name_server", LAYER_DISCOVERY, WARNING,
		"no name server answers: is the one in /etc/resolv.conf reachable from here?" },

	[CHECK_LMTP] = { "lmtp", LAYER_TRANSFER, ERROR,
		"Postfix and Exim can't deliver: does roostd listen there, and is nothing else in the way?" },
	[CHECK_LMTP_REACH] = { "lmtp_reach", LAYER_TRANSFER, WARNING,
		"name the mail transfer agent's user in lmtp_socket_user (SocketUser= of a socket unit), and let it enter the directories above" },
	[CHECK_AUTH_SOCKET] = { "auth_socket", LAYER_TRANSFER, ERROR,
		"Postfix and Exim can't ask who may send: does roostd listen there, and is nothing else in the way?" },
	[CHECK_AUTH_REACH] = { "auth_reach", LAYER_TRANSFER, WARNING,
		"name the mail transfer agent's user in auth_socket_user (SocketUser= of a socket unit), and let it enter the directories above" },
};
/* clang-format on */

static const char *const layers[LAYERS] = {
	[LAYER_CONFIGURATION] = "configuration",
	[LAYER_SERVICE] = "service",
	[LAYER_TLS] = "tls",
	[LAYER_IDENTITY] = "identity",
	[LAYER_MAILBOX] = "mailbox",
	[LAYER_DISCOVERY] = "discovery",
	[LAYER_TRANSFER] = "transfer",
};

static const char *const severities[SEVERITIES] = {
	[GOOD] = "ok", [NOTE] = "note", [WARNING] = "warning", [ERROR] = "error"
};

enum { TEXT_MOST = 1024, FINDINGS_MOST = 10000 };

struct finding {
	enum check check;
	enum severity severity;
	char *subject;
	char *text;
};

struct report {
	struct finding *v;
	size_t n;
	size_t counts[SEVERITIES];
};

struct report *report_new(void)
{
	return mem_new(1, sizeof(struct report));
}

void report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].subject);
		free(r->v[i].text);
	}
	free(r->v);
	free(r);
}

/* In a terminal they would do something. */
static void clean(char *s)
{
	for (; *s != 0; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

/* Copies the texts. */
static void keep(struct report *r, struct finding f)
{
	r->counts[f.severity]++;
	if (r->n == FINDINGS_MOST)
		return;
	f.subject = mem_cstr(slice_cstr(f.subject));
	f.text = mem_cstr(slice_cstr(f.text));
	clean(f.subject);
	clean(f.text);
	r->v = mem_resize(r->v, r->n + 1, sizeof *r->v);
	r->v[r->n++] = f;
}

__attribute__((format(printf, 5, 0))) static void
add(struct report *r, enum check check, enum severity severity,
    const char *subject, const char *format, va_list ap)
{
	char text[TEXT_MOST];

	vsnprintf(text, sizeof text, format, ap);
	keep(r, (struct finding){ check, severity, (char *)subject, text });
}

void report_good(struct report *r, enum check check, const char *subject,
                 const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(r, check, GOOD, subject, format, ap);
	va_end(ap);
}

void report_bad(struct report *r, enum check check, const char *subject,
                const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(r, check, rows[check].when_bad, subject, format, ap);
	va_end(ap);
}

void report_add(struct report *r, const struct report *other)
{
	for (size_t i = 0; i < other->n; i++)
		keep(r, other->v[i]);
}

size_t report_count(const struct report *r, enum severity s)
{
	return r->counts[s];
}

/* -- printing -- */

static void print_finding(const struct finding *f, FILE *out)
{
	fprintf(out, "  %-8s %s: %s\n", severities[f->severity], f->subject,
	        f->text);
	if (f->severity != GOOD)
		fprintf(out, "           -> %s\n", rows[f->check].advice);
}

/* What is well is only counted, unless all is wanted. */
static void print_layer(const struct report *r, enum layer layer, bool all,
                        FILE *out)
{
	size_t well = 0;
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (rows[r->v[i].check].layer != layer)
			continue;
		n++;
		well += r->v[i].severity == GOOD;
	}
	if (n == 0)
		return;
	fprintf(out, "%s: %zu of %zu checks are well\n", layers[layer], well,
	        n);
	for (size_t i = 0; i < r->n; i++)
		if (rows[r->v[i].check].layer == layer &&
		    (all || r->v[i].severity != GOOD))
			print_finding(&r->v[i], out);
}

static void print_text(const struct report *r, bool all, FILE *out)
{
	for (enum layer layer = 0; layer < LAYERS; layer++)
		print_layer(r, layer, all, out);
	fprintf(out, "errors: %zu, warnings: %zu, notes: %zu\n",
	        r->counts[ERROR], r->counts[WARNING], r->counts[NOTE]);
}

static json_t *json_finding(const struct finding *f)
{
	const struct row *row = &rows[f->check];
	bool good = f->severity == GOOD;

	return json_pack("{s:s, s:s, s:s, s:s%, s:s%, s:s}", "layer",
	                 layers[row->layer], "check", row->name, "severity",
	                 severities[f->severity], "subject", f->subject,
	                 strlen(f->subject), "text", f->text, strlen(f->text),
	                 "advice", good ? "" : row->advice);
}

/* What a server said need not be UTF-8; JSON must be. */
static void ascii(char *s)
{
	for (; *s != 0; s++)
		if ((unsigned char)*s >= 0x80)
			*s = '?';
}

static void print_json(const struct report *r, FILE *out)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->n; i++) {
		json_t *object = json_finding(&r->v[i]);

		if (object == NULL) {
			ascii(r->v[i].subject);
			ascii(r->v[i].text);
			object = json_finding(&r->v[i]);
		}
		json_array_append_new(array, object);
	}
	json_dumpf(array, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(array);
}

bool report_print(const struct report *r, enum report_form form, FILE *out)
{
	if (form == REPORT_JSON)
		print_json(r, out);
	else
		print_text(r, form == REPORT_ALL, out);
	return fflush(out) == 0 && !ferror(out);
}
