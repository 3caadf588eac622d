/* value.c -- an option's value: read, checked, and written again. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/issuer.h"
#include "base/mem.h"
#include "base/network.h"
#include "base/sasl.h"
#include "config/internal.h"
#include "config/source.h"
#include "config/user.h"

/* -- numbers -- */

struct unit {
	char letter;
	uint64_t times;
};

static const struct unit sizes[] = {
	{ 'G', 1 << 30 },
	{ 'M', 1 << 20 },
	{ 'K', 1 << 10 },
	{ 0, 1 },
};

static const struct unit durations[] = {
	{ 'D', 86400 }, { 'H', 3600 }, { 'M', 60 }, { 'S', 1 }, { 0, 1 },
};

/* The units of a kind, the last one without a letter; NULL: it has none. */
static const struct unit *units_of(enum config_kind kind)
{
	switch (kind) {
	case CONFIG_SIZE:
		return sizes;
	case CONFIG_SECONDS:
		return durations;
	default:
		return NULL;
	}
}

static const char *no_number(enum config_kind kind)
{
	switch (kind) {
	case CONFIG_SIZE:
		return "is no number of octets, as 100000, 500K, 50M or 1G";
	case CONFIG_SECONDS:
		return "is no time, as 30s, 5m, 12h or 90d";
	default:
		return "is no number";
	}
}

static const char *set_number(uint64_t *field, const struct config_option *o,
                              struct slice text)
{
	const struct unit *unit = units_of(o->kind);
	uint64_t times = 1;
	uint64_t n;

	for (; unit != NULL && unit->letter != 0 && text.len > 0; unit++) {
		if (ascii_upper(text.ptr[text.len - 1]) != unit->letter)
			continue;
		times = unit->times;
		text.len--;
		break;
	}
	if (!slice_number(text, &n) || n > UINT64_MAX / times)
		return no_number(o->kind);
	if (n * times < o->least)
		return "is too small";
	if (n * times > o->most)
		return "is too large";
	*field = n * times;
	return NULL;
}

/* With the largest unit that leaves nothing over. */
static void put_number(uint64_t n, enum config_kind kind, struct buf *out)
{
	const struct unit *unit = units_of(kind);

	while (unit != NULL && unit->letter != 0 && n % unit->times != 0)
		unit++;
	if (unit == NULL || unit->letter == 0 || n == 0) {
		buf_number(out, n);
		return;
	}
	buf_number(out, n / unit->times);
	buf_byte(out, kind == CONFIG_SECONDS ? ascii_lower(unit->letter)
	                                     : unit->letter);
}

/* -- truth and level -- */

static const char *set_truth(bool *field, struct slice text)
{
	if (!slice_ieq(text, S("yes")) && !slice_ieq(text, S("no")))
		return "must be yes or no";
	*field = slice_ieq(text, S("yes"));
	return NULL;
}

static const char *set_text(char **field, struct slice text)
{
	free(*field);
	*field = mem_cstr(text);
	return NULL;
}

static const char *set_field(char **field, struct slice text)
{
	static const char *const fields[] = { "email", "upn", "cn", "none" };

	for (int i = 0; i < 4; i++)
		if (slice_eq(text, slice_cstr(fields[i])))
			return set_text(field, text);
	return "must be email, upn, cn or none";
}

static const char *set_level(char **field, struct slice text)
{
	static const char *const levels[] = { "error", "warn", "info",
		                              "debug" };

	for (int i = 0; i < 4; i++)
		if (slice_eq(text, slice_cstr(levels[i])))
			return set_text(field, text);
	return "must be error, warn, info or debug";
}

/* -- lists -- */

static bool parse_port(struct slice text, uint16_t *port)
{
	uint64_t n;

	if (!slice_number(text, &n) || n == 0 || n > 65535)
		return false;
	*port = (uint16_t)n;
	return true;
}

/* " proxy" is taken off its end. */
static bool take_mark(struct slice *text)
{
	const struct slice mark = S(" proxy");

	if (!slice_ends(*text, mark))
		return false;
	*text = slice_trim(slice_first(*text, text->len - mark.len));
	return true;
}

/* "[v6]:port" or "v4:port", and maybe " proxy" */
bool config_address_parse(const char *text, struct config_address *out)
{
	struct slice s = slice_cstr(text);
	bool proxy = take_mark(&s);
	size_t colon = slice_rfind_byte(s, ':');
	bool v6 = slice_starts(s, S("["));
	unsigned char ignored[sizeof(struct in6_addr)];
	struct slice host;

	out->proxy = proxy;
	if (colon == SLICE_NONE ||
	    !parse_port(slice_from(s, colon + 1), &out->port))
		return false;
	host = slice_first(s, colon);
	if (v6) {
		if (!slice_ends(host, S("]")))
			return false;
		host = slice_of(host.ptr + 1, host.len - 2);
	}
	if (host.len == 0 || host.len >= sizeof out->address)
		return false;
	memcpy(out->address, host.ptr, host.len);
	out->address[host.len] = 0;
	return inet_pton(v6 ? AF_INET6 : AF_INET, out->address, ignored) == 1;
}

static bool is_address(const char *text)
{
	struct config_address ignored;

	return config_address_parse(text, &ignored);
}

static bool is_network(const char *text)
{
	struct network ignored;

	return network_parse(slice_cstr(text), &ignored);
}

static bool is_mechanism(const char *text)
{
	enum sasl ignored;

	return sasl_find(slice_cstr(text), &ignored);
}

static bool is_source(const char *text)
{
	struct config_source ignored;

	return config_source_parse(slice_cstr(text), &ignored);
}

static bool is_user(const char *text)
{
	struct config_user ignored;

	return config_user_parse(slice_cstr(text), &ignored);
}

static void list_free(struct config_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct config_list){ 0 };
}

static const char *set_list(struct config_list *field, struct slice text,
                            bool (*is_valid)(const char *), const char *problem)
{
	struct config_list list = { 0 };
	struct slice item;

	while (text.len > 0) {
		slice_cut(text, ',', &item, &text);
		list.v = mem_resize(list.v, list.n + 1, sizeof *list.v);
		list.v[list.n++] = mem_cstr(slice_trim(item));
		if (is_valid(list.v[list.n - 1]))
			continue;
		list_free(&list);
		return problem;
	}
	list_free(field);
	*field = list;
	return NULL;
}

static bool is_text(const char *text)
{
	return text[0] != '\0';
}

static bool is_named_before(struct slice list, struct slice item,
                            struct slice url)
{
	struct slice other;
	struct issuer one;

	while (slice_cut(list, ',', &other, &list) && other.ptr != item.ptr)
		if (issuer_parse(other, &one) == NULL && slice_eq(one.url, url))
			return true;
	return false;
}

static const char *set_issuers(struct config_list *field, struct slice text)
{
	struct slice item, rest = text;
	struct issuer one;
	size_t n = 0;

	while (rest.len > 0) {
		const char *problem;

		slice_cut(rest, ',', &item, &rest);
		problem = issuer_parse(item, &one);
		if (problem != NULL)
			return problem;
		if (is_named_before(text, item, one.url))
			return "has an issuer twice";
		if (++n > ISSUERS_MOST)
			return "has too many issuers";
	}
	return set_list(field, text, is_text, "is empty");
}

/* As far as can be said without the directory: user@domain. */
static bool is_account(struct slice s)
{
	size_t at = slice_find_byte(s, '@');
	struct slice domain = slice_from(s, at != SLICE_NONE ? at + 1 : s.len);

	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_ctl(s.ptr[i]) ||
		    slice_find_byte(S(" \"(),:;<>[\\]"), s.ptr[i]) !=
		            SLICE_NONE)
			return false;
	return at != 0 && domain.len != 0 &&
	       slice_find_byte(domain, '@') == SLICE_NONE &&
	       !slice_starts(domain, S(".")) && !slice_ends(domain, S(".")) &&
	       slice_find(domain, S("..")) == SLICE_NONE;
}

/* "owner", an account's name, or a webhook. */
static bool is_alert_place(const char *text)
{
	struct slice s = slice_cstr(text);

	return slice_eq(s, S("owner")) || issuer_is_url(s) || is_account(s);
}

static void put_list(const struct config_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			buf_add(out, S(", "));
		buf_add(out, slice_cstr(list->v[i]));
	}
}

/* -- by kind -- */

const char *config_set(struct config *c, const struct config_option *o,
                       struct slice text)
{
	void *field = config_field(c, o);

	if (slice_find_byte(text, '\0') != SLICE_NONE)
		return "has a NUL in it";
	switch (o->kind) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
		return set_text(field, text);
	case CONFIG_NUMBER:
	case CONFIG_SIZE:
	case CONFIG_SECONDS:
		return set_number(field, o, text);
	case CONFIG_TRUTH:
		return set_truth(field, text);
	case CONFIG_ADDRESSES:
		return set_list(field, text, is_address,
		                "needs ADDRESS:PORT, as 192.0.2.1:143 or "
		                "[::]:143, or ADDRESS:PORT proxy");
	case CONFIG_NETWORKS:
		return set_list(field, text, is_network,
		                "needs ADDRESS or ADDRESS/BITS, as "
		                "192.0.2.0/24, with no bit set behind them");
	case CONFIG_MECHANISMS:
		return set_list(field, text, is_mechanism,
		                "needs names of mechanisms that there are, "
		                "as in roost.conf(5)");
	case CONFIG_ISSUERS:
		return set_issuers(field, text);
	case CONFIG_SOURCES:
		return set_list(
			field, text, is_source,
			"needs \"directory\" or KIND:/PATH, with a KIND "
			"of roost.conf(5)");
	case CONFIG_USERS:
		return set_list(field, text, is_user,
		                "needs PROCESS:USER; PROCESS is gate, auth, "
		                "mail, parse, metrics or outside");
	case CONFIG_ALERTS:
		return set_list(
			field, text, is_alert_place,
			"needs \"owner\", an account's name or https://");
	case CONFIG_FIELD:
		return set_field(field, text);
	case CONFIG_LEVEL:
		return set_level(field, text);
	}
	abort();
}

void config_unset(struct config *c, const struct config_option *o)
{
	void *field = config_field(c, o);

	switch (o->kind) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
	case CONFIG_FIELD:
	case CONFIG_LEVEL:
		free(*(char **)field);
		break;
	case CONFIG_ADDRESSES:
	case CONFIG_NETWORKS:
	case CONFIG_MECHANISMS:
	case CONFIG_ISSUERS:
	case CONFIG_SOURCES:
	case CONFIG_ALERTS:
	case CONFIG_USERS:
		list_free(field);
		break;
	default:
		break;
	}
}

void config_value(const struct config *c, const struct config_option *o,
                  struct buf *out)
{
	const void *field = config_field(c, o);

	switch (o->kind) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
	case CONFIG_FIELD:
	case CONFIG_LEVEL:
		buf_add(out, slice_cstr(*(char *const *)field));
		break;
	case CONFIG_NUMBER:
	case CONFIG_SIZE:
	case CONFIG_SECONDS:
		put_number(*(const uint64_t *)field, o->kind, out);
		break;
	case CONFIG_TRUTH:
		buf_add(out, *(const bool *)field ? S("yes") : S("no"));
		break;
	case CONFIG_ADDRESSES:
	case CONFIG_NETWORKS:
	case CONFIG_MECHANISMS:
	case CONFIG_ISSUERS:
	case CONFIG_SOURCES:
	case CONFIG_ALERTS:
	case CONFIG_USERS:
		put_list(field, out);
		break;
	}
}
