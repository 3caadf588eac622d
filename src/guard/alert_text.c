/* alert_text.c -- three forms of an alert. */
#include "guard/alert_text.h"

#include <time.h>

#include "base/ascii.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/unicode.h"

/* Without control characters, and at most ALERT_VALUE octets of it. */
static void add_value(struct buf *out, struct slice value)
{
	struct buf good = { 0 };
	struct slice rest;

	utf8_repair(slice_first(value, ALERT_VALUE), &good);
	rest = buf_slice(&good);
	while (rest.len != 0) {
		uint32_t c = utf8_take(&rest);

		/* of C1, too, and what ends lines or turns them round */
		if (c < ' ' || (c >= 0x7f && c < 0xa0) ||
		    (c >= 0x2028 && c <= 0x202e) ||
		    (c >= 0x2066 && c <= 0x2069))
			c = '?';
		utf8_put(out, c);
	}
	buf_free(&good);
}

static struct tm time_of(int64_t at_s)
{
	time_t at = (time_t)at_s;
	struct tm t;

	gmtime_r(&at, &t);
	return t;
}

/* -- the log -- */

void alert_log(const struct alert *a)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "alert");

	log_text(&l, "kind", alert_kind_name(a->kind));
	if (a->user.len != 0)
		log_text(&l, "user", a->user);
	for (size_t i = 0; i < a->n_fields; i++)
		log_text(&l, a->field[i].name, a->field[i].value);
	log_close(&l);
}

/* -- mail -- */

/* A name that RFC 5322 has no form for is not said. Section 3.4.1 */
static bool is_dot_atom(struct slice name)
{
	size_t at = slice_rfind_byte(name, '@');

	if (at == SLICE_NONE || at == 0 || name.ptr[0] == '.' ||
	    name.ptr[at - 1] == '.' || slice_find(name, S("..")) != SLICE_NONE)
		return false;
	return utf8_ascii_prefix(name) == name.len;
}

static void add_message_id(struct buf *out, struct slice hostname)
{
	uint8_t id[16];

	random_bytes(id, sizeof id);
	buf_add(out, S("Message-ID: <alert."));
	hex_encode(slice_of(id, sizeof id), out);
	buf_byte(out, '@');
	buf_add(out, hostname);
	buf_add(out, S(">\r\n"));
}

/* Names of days and months are English: the process has no other locale. */
static void add_date(struct buf *out, int64_t at_s)
{
	struct tm t = time_of(at_s);
	char text[64];

	strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S +0000\r\n",
	         &t);
	buf_add(out, slice_cstr(text));
}

static void add_header(struct buf *out, const struct alert *a,
                       struct slice hostname, struct slice to)
{
	buf_add(out, S("From: roost <postmaster@"));
	buf_add(out, hostname);
	buf_add(out, S(">\r\nTo: "));
	if (is_dot_atom(to)) {
		buf_byte(out, '<');
		buf_add(out, to);
		buf_byte(out, '>');
	} else {
		buf_add(out, S("undisclosed-recipients:;"));
	}
	buf_add(out, S("\r\nSubject: "));
	buf_add(out, slice_cstr(alert_kinds[a->kind].title));
	buf_add(out, S("\r\n"));
	add_date(out, a->at_s);
	add_message_id(out, hostname);
	buf_add(out, S("Auto-Submitted: auto-generated\r\n"
	               "MIME-Version: 1.0\r\n"
	               "Content-Type: text/plain; charset=utf-8\r\n"
	               "Content-Transfer-Encoding: 8bit\r\n"
	               "\r\n"));
}

static void add_line(struct buf *out, const char *label, struct slice value)
{
	buf_printf(out, "  %-14s", label);
	add_value(out, value);
	buf_add(out, S("\r\n"));
}

static void add_when(struct buf *out, int64_t at_s)
{
	struct tm t = time_of(at_s);
	char text[64];

	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &t);
	add_line(out, "When", slice_cstr(text));
}

static const char *label_of(const char *name)
{
	static const char *const labels[][2] = {
		{ "rip", "Address" },
		{ "network", "Network" },
		{ "country", "Country" },
		{ "before", "Before from" },
		{ "client", "Client" },
		{ "method", "Method" },
		{ "service", "Service" },
		{ "tls", "TLS" },
		{ "app_password", "App password" },
		{ "session", "Session" },
		{ "what", "What" },
		{ "name", "Name" },
		{ "ends", "Ends" },
		{ "octets", "Octets" },
		{ "messages", "Messages" },
		{ "habit", "Otherwise" },
		{ "percent", "Percent" },
		{ "used", "Used" },
		{ "limit", "Limit" },
		{ "free", "Free octets" },
		{ "partition", "Partition" },
		{ "km", "Distance, km" },
		{ "minutes", "Minutes" },
	};

	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (strcmp(labels[i][0], name) == 0)
			return labels[i][1];
	return name;
}

static bool is_harmless(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '.' || c == '@' ||
	       c == '-' || c == '_' || c == '+';
}

/* As a word that a shell takes for nothing else; else what stands for it. */
static void add_word(struct buf *out, struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!is_harmless(name.ptr[i]) || name.ptr[0] == '-')
			name = S("");
	}
	buf_add(out, name.len != 0 ? name : S("ACCOUNT"));
}

/* Its lines with CRLF, and the account's name for ACCOUNT. */
static void add_paragraphs(struct buf *out, const char *text,
                           struct slice account)
{
	const struct slice mark = S("ACCOUNT");
	struct slice rest = slice_cstr(text);

	while (rest.len != 0) {
		if (slice_starts(rest, mark)) {
			add_word(out, account);
			rest = slice_from(rest, mark.len);
			continue;
		}
		if (rest.ptr[0] == '\n')
			buf_byte(out, '\r');
		buf_byte(out, rest.ptr[0]);
		rest = slice_from(rest, 1);
	}
}

static void add_silence(struct buf *out, const struct alert *a)
{
	buf_add(out,
	        S("\r\nThis is told once. To hear no more of the kind, have "
	          "your administrator\r\nsay:\r\n  roost alert silence "));
	if (a->account != 0)
		add_word(out, a->user);
	else
		buf_add(out, S("server"));
	buf_byte(out, ' ');
	buf_add(out, alert_kind_name(a->kind));
	buf_add(out, S("\r\n"));
}

void alert_mail(const struct alert *a, struct slice hostname, struct slice to,
                struct buf *out)
{
	const struct alert_kind_row *k = &alert_kinds[a->kind];

	add_header(out, a, hostname, to);
	add_paragraphs(out, k->what, a->user);
	buf_add(out, S("\r\n"));
	if (a->user.len != 0)
		add_line(out, "Account", a->user);
	add_when(out, a->at_s);
	for (size_t i = 0; i < a->n_fields; i++)
		add_line(out, label_of(a->field[i].name), a->field[i].value);
	buf_add(out, S("\r\n"));
	add_paragraphs(out, k->advice, a->user);
	if (a->kind != ALERT_TEST)
		add_silence(out, a);
}

/* -- JSON -- */

static void add_string(struct buf *out, struct slice value)
{
	struct buf good = { 0 };

	add_value(&good, value);
	buf_byte(out, '"');
	for (size_t i = 0; i < good.len; i++) {
		if (good.data[i] == '"' || good.data[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, good.data[i]);
	}
	buf_byte(out, '"');
	buf_free(&good);
}

static void add_member(struct buf *out, const char *name, struct slice value)
{
	buf_add(out, S(","));
	add_string(out, slice_cstr(name));
	buf_byte(out, ':');
	add_string(out, value);
}

void alert_json(const struct alert *a, struct slice hostname, struct buf *out)
{
	struct tm t = time_of(a->at_s);
	char time[64];

	strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &t);
	buf_add(out, S("{\"event\":\"alert\""));
	add_member(out, "kind", alert_kind_name(a->kind));
	add_member(out, "title", slice_cstr(alert_kinds[a->kind].title));
	add_member(out, "server", hostname);
	add_member(out, "time", slice_cstr(time));
	if (a->user.len != 0)
		add_member(out, "user", a->user);
	for (size_t i = 0; i < a->n_fields; i++)
		add_member(out, a->field[i].name, a->field[i].value);
	buf_byte(out, '}');
}
