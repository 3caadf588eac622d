/*
 * doctor.c -- roost doctor: our own server by its configuration, or any other
 * by its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli/doctor_accounts.h"
#include "cli/doctor_places.h"
#include "cli/doctor_policies.h"
#include "cli/fail.h"
#include "cli/site.h"
#include "config/check.h"
#include "doctor/doctor.h"

enum {
	TIMEOUT = 10, /* seconds */
	TIMEOUT_MOST = 300,
	STATUS_WARNINGS = 1,
	STATUS_ERRORS = 2,
	IMAP_PORT = 143,
	IMAPS_PORT = 993
};

/* -- somebody's server -- */

/* Of an option; false, which has been said, when it is less or more. */
static bool take_number(const struct call *c, const char *name, uint16_t least,
                        uint16_t most, uint16_t *out)
{
	const char *text = call_value(c, name);
	uint64_t n;

	if (text == NULL)
		return true;
	if (!slice_number(slice_cstr(text), &n) || n < least || n > most) {
		fail(EX_USAGE, "--%s: a number from %u to %u", name,
		     (unsigned)least, (unsigned)most);
		return false;
	}
	*out = (uint16_t)n;
	return true;
}

static void examine_host(const struct doctor *d, const char *host,
                         uint16_t imap, uint16_t imaps, const char *domain)
{
	if (imap != 0)
		doctor_imap(d, &(struct imap_port){ host, host, imap, false });
	if (imaps != 0)
		doctor_imap(d, &(struct imap_port){ host, host, imaps, true });
	if (domain != NULL)
		doctor_discovery(d, domain, host);
}

/* -- our own -- */

static void judge_configuration(struct report *r, const char *path,
                                struct config *config,
                                struct config_errors *errors)
{
	if (config != NULL)
		config_check(config, errors);
	for (size_t i = 0; i < errors->n; i++) {
		const struct config_error *e = &errors->v[i];
		enum check check = e->is_warning ? CHECK_CONFIGURATION_HINT
		                                 : CHECK_CONFIGURATION;

		if (e->line != 0)
			report_bad(r, check, path, "line %u: %s", e->line,
			           e->text);
		else
			report_bad(r, check, path, "%s", e->text);
	}
	if (errors->n == 0)
		report_good(r, CHECK_CONFIGURATION, path, "no errors");
}

/* Where others reach us, if that is somewhere else. */
static void examine_hostname(const struct doctor *d, const struct config *c,
                             bool imaps)
{
	struct where where[ADDRESSES_MOST];
	size_t n;
	struct err e;

	if (!strchr(c->hostname, '.'))
		return; /* a name for this house alone */
	e = resolve_addresses(&d->resolver, c->hostname, IMAPS_PORT, where, &n);
	if (!is_ok(e)) {
		report_bad(d->report, CHECK_ADDRESS, c->hostname, "%s", e.text);
		return;
	}
	report_good(d->report, CHECK_ADDRESS, c->hostname, "has %zu address%s",
	            n, n == 1 ? "" : "es");
	if (imaps)
		doctor_imap(d, &(struct imap_port){ c->hostname, c->hostname,
		                                    IMAPS_PORT, true });
}

static bool open_server(const struct doctor *d, const struct config *c,
                        struct control *out)
{
	char *path = config_control_path(c);
	struct err e = control_open(path, out);

	if (is_ok(e))
		report_good(d->report, CHECK_RUNNING, path, "roostd answers");
	else
		report_bad(d->report, CHECK_RUNNING, path, "%s", e.text);
	free(path);
	return is_ok(e);
}

static void examine_running(const struct doctor *d, const struct config *c,
                            struct control *server, const char *domain)
{
	struct doctor_census census;

	if (doctor_accounts(d->report, server, &census)) {
		doctor_policies(d->report, server, c);
		doctor_outside(d->report, server);
		doctor_mailboxes(d->report, server, census.accounts);
		if (domain == NULL)
			doctor_domains(d, census.domains, census.n_domains,
			               c->hostname);
	}
	doctor_census_free(&census);
}

static void examine_configured(const struct doctor *d, const struct config *c,
                               const char *domain)
{
	struct doctor_places places;
	struct control server;
	bool runs = open_server(d, c, &server);

	doctor_places_find(c, runs ? &server : NULL, &places);
	doctor_places_examine(d, c, &places);
	examine_hostname(d, c, doctor_places_have(&places, "imaps"));
	doctor_places_free(&places);
	doctor_clock(d);
	doctor_disk(d->report, c);
	if (domain != NULL)
		doctor_discovery(d, domain, c->hostname);
	if (!runs)
		return;
	examine_running(d, c, &server, domain);
	control_close(&server);
}

static void examine_own(const struct doctor *d, const struct call *c,
                        const char *domain)
{
	const char *path = site_conf(c);
	struct config_errors errors;
	struct config *config = config_read(path, -1, &errors);

	judge_configuration(d->report, path, config, &errors);
	if (config != NULL && !config_is_refused(&errors))
		examine_configured(d, config, domain);
	config_errors_free(&errors);
	config_free(config);
}

/* -- the verb -- */

static int print(const struct doctor *d, const struct call *c)
{
	const struct report *r = d->report;
	enum report_form form =
		call_value(c, "all") != NULL ? REPORT_ALL : REPORT_TEXT;

	if (!report_print(r, c->json ? REPORT_JSON : form, stdout))
		return fail(EX_IOERR, "standard output can't be written");
	if (report_count(r, ERROR) != 0)
		return STATUS_ERRORS;
	return report_count(r, WARNING) != 0 ? STATUS_WARNINGS : EX_OK;
}

int run_doctor(const struct call *c)
{
	struct doctor d = { .ca = call_value(c, "ca") };
	const char *resolver = call_value(c, "resolver");
	const char *domain = call_value(c, "domain");
	uint16_t imap = IMAP_PORT;
	uint16_t imaps = IMAPS_PORT;
	uint16_t seconds = TIMEOUT;
	int status;

	if (resolver != NULL && !is_ok(resolver_parse(resolver, &d.resolver)))
		return fail(EX_USAGE, "--resolver: not an IPv4 address");
	if (!take_number(c, "imap-port", 0, UINT16_MAX, &imap) ||
	    !take_number(c, "imaps-port", 0, UINT16_MAX, &imaps) ||
	    !take_number(c, "timeout", 1, TIMEOUT_MOST, &seconds))
		return EX_USAGE;
	if (d.ca != NULL && !doctor_takes_ca(d.ca))
		return fail(EX_NOINPUT,
		            "--ca %s: there is no certificate in it", d.ca);
	d.seconds = seconds;
	d.report = report_new();
	if (c->n_args > 0)
		examine_host(&d, c->args[0], imap, imaps, domain);
	else
		examine_own(&d, c, domain);
	status = print(&d, c);
	report_free(d.report);
	return status;
}
