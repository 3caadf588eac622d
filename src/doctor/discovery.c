/*
 * discovery.c -- how clients find the server of an address: records of the
 * DNS (RFC 6186, RFC 8314 section 5.1), and the page that Thunderbird and
 * others ask for.
 */
#include <stdio.h>
#include <time.h>

#include "doctor/connection.h"
#include "doctor/internal.h"

enum { PAGE_MOST = 65536, NAME_MOST = 400 };

/* -- SRV -- */

/* Does anything listen there? */
static void examine_target(const struct doctor *d, const char *record,
                           const struct srv *s)
{
	struct connection c;
	struct err e = dial(d, s->target, s->port, &c);

	if (is_ok(e)) {
		connection_close(&c);
		report_good(d->report, CHECK_SRV_TARGET, record,
		            "%s, port %u, answers", s->target, s->port);
	} else {
		report_bad(d->report, CHECK_SRV_TARGET, record,
		           "%s, port %u: %s", s->target, s->port, e.text);
	}
}

static bool is_answer(struct err e)
{
	return is_ok(e) || e.code == ERR_ABSENT;
}

static bool examine_srv(const struct doctor *d, const char *service,
                        const char *domain, enum check check)
{
	struct srv v[SRV_MOST];
	char name[NAME_MOST];
	size_t n = 0;
	struct err e;

	snprintf(name, sizeof name, "%s.%.253s", service, domain);
	e = resolve_srv(&d->resolver, name, v, &n);
	if (!is_ok(e))
		report_bad(d->report, check, name, "%s", e.text);
	for (size_t i = 0; i < n; i++) {
		if (v[i].target[0] == 0) {
			report_good(d->report, check, name,
			            "says that it is not offered");
			continue;
		}
		report_good(d->report, check, name, "%s, port %u", v[i].target,
		            v[i].port);
		examine_target(d, name, &v[i]);
	}
	return is_answer(e);
}

/* -- autoconfig -- */

static struct err fetch(const struct doctor *d, const char *host,
                        const char *path, struct buf *out)
{
	SSL_CTX *context;
	struct buf request = { 0 };
	struct connection c;
	struct err e = dial(d, host, 443, &c);

	if (!is_ok(e))
		return e;
	context = tls_context();
	buf_printf(&request,
	           "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: roost\r\n\r\n",
	           path, host);
	e = connection_start_tls(&c, context, host);
	if (is_ok(e))
		e = connection_send(&c, buf_slice(&request));
	if (is_ok(e))
		e = connection_rest(&c, PAGE_MOST, out);
	connection_close(&c);
	SSL_CTX_free(context);
	buf_free(&request);
	return e;
}

static bool is_answer_200(struct slice s)
{
	return slice_starts(s, S("HTTP/1.")) && s.len > 12 &&
	       slice_eq(slice_of(s.ptr + 8, 4), S(" 200"));
}

static void judge_page(const struct doctor *d, const char *subject,
                       struct slice page, const char *imap)
{
	if (!is_answer_200(page))
		report_bad(d->report, CHECK_AUTOCONFIG, subject,
		           "the web server does not have it");
	else if (slice_find(page, S("<incomingServer type=\"imap\"")) ==
	         SLICE_NONE)
		report_bad(d->report, CHECK_AUTOCONFIG, subject,
		           "it names no IMAP server");
	else if (imap != NULL &&
	         slice_find(page, slice_cstr(imap)) == SLICE_NONE)
		report_bad(d->report, CHECK_AUTOCONFIG, subject,
		           "it does not name %s", imap);
	else
		report_good(d->report, CHECK_AUTOCONFIG, subject,
		            "names an IMAP server");
}

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110 section 6.6.1 */
static void judge_date(const struct doctor *d, const char *host,
                       struct slice page)
{
	size_t end = slice_find(page, S("\r\n\r\n"));
	struct slice head = end != SLICE_NONE ? slice_first(page, end) : page;
	struct tm t = { 0 };
	char text[64];
	size_t at = slice_find(head, S("\r\nDate: "));

	if (at == SLICE_NONE)
		return;
	head = slice_from(head, at + 8);
	snprintf(text, sizeof text, "%.*s", (int)head.len, head.ptr);
	if (strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &t) != NULL)
		clock_compare(d, host, timegm(&t));
}

static bool examine_autoconfig(const struct doctor *d, const char *domain,
                               const char *imap)
{
	static const char path[] = "/mail/config-v1.1.xml";
	struct buf page = { 0 };
	char host[NAME_MOST];
	char subject[2 * NAME_MOST];
	struct err e;

	snprintf(host, sizeof host, "autoconfig.%.253s", domain);
	snprintf(subject, sizeof subject, "https://%s%s", host, path);
	e = fetch(d, host, path, &page);
	if (is_ok(e)) {
		judge_date(d, host, buf_slice(&page));
		judge_page(d, subject, buf_slice(&page), imap);
	} else {
		report_bad(d->report, CHECK_AUTOCONFIG, subject, "%s", e.text);
	}
	buf_free(&page);
	return is_answer(e);
}

bool doctor_discovery(const struct doctor *d, const char *domain,
                      const char *imap)
{
	bool imaps = examine_srv(d, "_imaps._tcp", domain, CHECK_SRV_IMAPS);
	bool starttls = examine_srv(d, "_imap._tcp", domain, CHECK_SRV_IMAP);
	bool page = examine_autoconfig(d, domain, imap);

	return imaps || starttls || page;
}
