/* policy.c -- the table of policies, and the forms of their values. */
#include "directory/policy.h"

#include <stdio.h>
#include <time.h>

#include "base/ascii.h"

static const char *const audit_words[] = { "changes", "deletions", NULL };
static const char *const switch_words[] = { "off", "on", NULL };
static const char *const main_password_words[] = { "never", "allowed", NULL };
static const char *const suspended_words[] = { "no", "deliver", "defer", NULL };

static const struct slice any = N("any");
static const struct slice never = N("never");
static const struct slice unknown = N("unknown");

/* -- lists: items between commas or blanks -- */

static bool is_gap(char c)
{
	return c == ',' || c == ' ' || c == '\t';
}

static bool next_item(struct slice *rest, struct slice *item)
{
	size_t n = 0;

	while (rest->len != 0 && is_gap(rest->ptr[0]))
		*rest = slice_from(*rest, 1);
	while (n < rest->len && !is_gap(rest->ptr[n]))
		n++;
	*item = slice_first(*rest, n);
	*rest = slice_from(*rest, n);
	return n != 0;
}

static void add_item(struct buf *out, size_t start, struct slice item)
{
	if (out->len != start)
		buf_add(out, S(", "));
	buf_add(out, item);
}

/* "any" alone, or items that are all good; none at all are no list. */
static bool normal_list(struct slice value, struct buf *out,
                        bool (*normal)(struct slice, struct buf *))
{
	struct buf one = { 0 };
	struct slice item;
	size_t start = out->len;
	bool good = true;

	if (slice_ieq(value, any)) {
		buf_add(out, any);
		return true;
	}
	while (good && next_item(&value, &item)) {
		one.len = 0;
		good = normal(item, &one);
		add_item(out, start, buf_slice(&one));
	}
	buf_free(&one);
	return good && out->len != start;
}

static bool normal_network(struct slice item, struct buf *out)
{
	struct network n;
	char text[ADDRESS_TEXT];
	unsigned before;

	if (!network_parse(item, &n))
		return false;
	before = address_is_ipv4(&n.base) && n.bits >= 96 ? 96 : 0;
	address_text(&n.base, text);
	/* the text of the address of zeroes is not one */
	buf_add(out, slice_eq(slice_cstr(text), S("unix")) ? S("::")
	                                                   : slice_cstr(text));
	buf_printf(out, "/%u", n.bits - before);
	return true;
}

static bool normal_networks(struct slice value, struct buf *out)
{
	return normal_list(value, out, normal_network);
}

static bool normal_country(struct slice item, struct buf *out)
{
	if (slice_ieq(item, unknown)) {
		buf_add(out, unknown);
		return true;
	}
	if (item.len != 2 || !ascii_is_alpha(item.ptr[0]) ||
	    !ascii_is_alpha(item.ptr[1]))
		return false;
	buf_byte(out, ascii_upper(item.ptr[0]));
	buf_byte(out, ascii_upper(item.ptr[1]));
	return true;
}

static bool normal_countries(struct slice value, struct buf *out)
{
	return normal_list(value, out, normal_country);
}

/* -- times: "2026-12-31", "2026-12-31T18:30Z", "2026-12-31T18:30:59Z" -- */

static bool take_number(struct slice *s, size_t digits, int *out)
{
	*out = 0;
	if (s->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!ascii_is_digit(s->ptr[i]))
			return false;
		*out = *out * 10 + (s->ptr[i] - '0');
	}
	*s = slice_from(*s, digits);
	return true;
}

static bool take_byte(struct slice *s, char c)
{
	bool there = s->len != 0 && s->ptr[0] == c;

	if (there)
		*s = slice_from(*s, 1);
	return there;
}

static bool take_clock(struct slice *s, struct tm *t)
{
	if (!take_byte(s, 'T') || !take_number(s, 2, &t->tm_hour) ||
	    !take_byte(s, ':') || !take_number(s, 2, &t->tm_min))
		return false;
	if (take_byte(s, ':') && !take_number(s, 2, &t->tm_sec))
		return false;
	return take_byte(s, 'Z') && s->len == 0;
}

/* timegm() makes the 2nd of March of the 30th of February: then it was none. */
static bool is_time(const struct tm *t)
{
	struct tm made = *t;

	return timegm(&made) != -1 && made.tm_year == t->tm_year &&
	       made.tm_mon == t->tm_mon && made.tm_mday == t->tm_mday &&
	       made.tm_hour == t->tm_hour && made.tm_min == t->tm_min &&
	       made.tm_sec == t->tm_sec;
}

static bool parse_time(struct slice s, struct tm *t)
{
	*t = (struct tm){ 0 };
	if (!take_number(&s, 4, &t->tm_year) || !take_byte(&s, '-') ||
	    !take_number(&s, 2, &t->tm_mon) || !take_byte(&s, '-') ||
	    !take_number(&s, 2, &t->tm_mday))
		return false;
	t->tm_year -= 1900;
	t->tm_mon -= 1;
	if (s.len != 0 && !take_clock(&s, t))
		return false;
	return t->tm_year >= 70 && is_time(t);
}

static bool normal_expires(struct slice value, struct buf *out)
{
	struct tm t;

	if (slice_ieq(value, never)) {
		buf_add(out, never);
		return true;
	}
	if (!parse_time(value, &t))
		return false;
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900,
	           t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
	return true;
}

/* -- kinds of alerts: "download", "travel/2026-12-31"; who sets it knows which
 * there are -- */

static bool is_kind(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alpha(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return s.len != 0 && s.len <= 32;
}

static bool normal_silent(struct slice item, struct buf *out)
{
	struct slice kind, until;
	bool ends = slice_cut(item, '/', &kind, &until);

	if (!is_kind(kind) || (ends && slice_ieq(until, never)))
		return false;
	for (size_t i = 0; i < kind.len; i++)
		buf_byte(out, ascii_lower(kind.ptr[i]));
	if (!ends)
		return true;
	buf_byte(out, '/');
	return normal_expires(until, out);
}

static bool normal_silents(struct slice value, struct buf *out)
{
	if (slice_ieq(value, any))
		return false;
	return normal_list(value, out, normal_silent);
}

/* -- the table -- */

struct row {
	struct slice name;
	const char *const *words; /* all values, NULL behind the last */
	bool (*normal)(struct slice, struct buf *); /* if there are none */
	struct slice standard;                      /* the default */
	const char *wants;
};

static const char wants_switch[] = "its values are on and off";

static const struct row rows[POLICIES] = {
	[POLICY_AUDIT] = { N("audit"), audit_words, NULL, N("changes"),
	                   "its values are changes and deletions" },
	[POLICY_COUNTRIES] = { N("countries"), NULL, normal_countries, N("any"),
	                       "its value is \"any\", or a list of countries "
	                       "(\"AT,DE\"), and \"unknown\" in it for "
	                       "addresses that are of none" },
	[POLICY_EXPIRES] = { N("expires"), NULL, normal_expires, N("never"),
	                     "its value is \"never\", or a time like "
	                     "2026-12-31 or 2026-12-31T18:00Z (UTC)" },
	[POLICY_IMAP] = { N("imap"), switch_words, NULL, N("on"),
	                  wants_switch },
	[POLICY_MAIN_PASSWORD] = { N("main-password"), main_password_words,
	                           NULL, N("never"),
	                           "its values are never and allowed" },
	[POLICY_NETWORKS] = { N("networks"), NULL, normal_networks, N("any"),
	                      "its value is \"any\", or a list of networks "
	                      "(\"192.0.2.0/24,2001:db8::/32\")" },
	[POLICY_PASSWORDS] = { N("passwords"), switch_words, NULL, N("on"),
	                       wants_switch },
	[POLICY_READ_ONLY] = { N("read-only"), switch_words, NULL, N("off"),
	                       wants_switch },
	[POLICY_SILENT_ALERTS] = { N("silent-alerts"), NULL, normal_silents,
	                           N("none"),
	                           "its value is \"none\", \"all\", or a list of "
	                           "kinds of alerts (\"download, "
	                           "travel/2026-12-31\": that one until then)" },
	[POLICY_SUSPENDED] = { N("suspended"), suspended_words, NULL, N("no"),
	                       "its values are no, deliver and defer" },
};

/* The number of words that there are: it is none. */
static unsigned word_of(const struct row *r, struct slice value)
{
	unsigned i = 0;

	while (r->words[i] != NULL &&
	       !slice_ieq(slice_cstr(r->words[i]), value))
		i++;
	return i;
}

struct slice policy_name(enum policy p)
{
	return rows[p].name;
}

bool policy_find(struct slice name, enum policy *out)
{
	for (unsigned i = 0; i < POLICIES; i++) {
		if (slice_ieq(rows[i].name, name)) {
			*out = (enum policy)i;
			return true;
		}
	}
	return false;
}

static bool normal_word(const struct row *r, struct slice value,
                        struct buf *out)
{
	const char *word = r->words[word_of(r, value)];

	if (word != NULL)
		buf_add(out, slice_cstr(word));
	return word != NULL;
}

struct err policy_normal(enum policy p, struct slice value, struct buf *out)
{
	const struct row *r = &rows[p];
	size_t start = out->len;
	bool good = value.len <= LIMIT_POLICY;

	value = slice_trim(value);
	if (good && r->words != NULL)
		good = normal_word(r, value, out);
	else if (good)
		good = r->normal(value, out);
	if (good && out->len - start <= LIMIT_POLICY)
		return OK;
	out->len = start;
	return err(ERR_SYNTAX,
	           good ? "that is longer than 1024 octets" : r->wants);
}

/* -- what counts -- */

void policies_init(struct policies *out)
{
	for (unsigned i = 0; i < POLICIES; i++) {
		const struct row *r = &rows[i];

		out->v[i] = (struct policy_value){
			.choice =
				r->words != NULL ? word_of(r, r->standard) : 0,
			.text = r->standard,
		};
	}
}

static enum policy_origin origin_of(struct slice scope)
{
	if (scope.len == 0)
		return ORIGIN_SERVER;
	return scope.ptr[0] == '@' ? ORIGIN_DOMAIN : ORIGIN_ACCOUNT;
}

void policies_add(struct policies *out, struct slice scope, struct slice name,
                  struct slice text)
{
	struct policy_value v = { .origin = origin_of(scope), .text = text };
	const struct row *r;
	enum policy p;

	if (!policy_find(name, &p) || v.origin < out->v[p].origin)
		return;
	r = &rows[p];
	if (r->words != NULL)
		v.choice = word_of(r, text);
	if (r->words == NULL || r->words[v.choice] != NULL)
		out->v[p] = v;
}

/* -- what values mean -- */

bool policy_has_network(struct slice networks, const struct address *a)
{
	struct network n;
	struct slice item;

	if (slice_eq(networks, any))
		return true;
	while (next_item(&networks, &item))
		if (network_parse(item, &n) && network_has(&n, a))
			return true;
	return false;
}

bool policy_has_country(struct slice countries, struct slice code)
{
	struct slice item;

	if (slice_eq(countries, any))
		return true;
	if (code.len == 0)
		code = unknown;
	while (next_item(&countries, &item))
		if (slice_eq(item, code))
			return true;
	return false;
}

bool policy_next_silent(struct slice *rest, struct slice *kind,
                        struct slice *until)
{
	struct slice item;

	if (!next_item(rest, &item))
		return false;
	*until = S("");
	slice_cut(item, '/', kind, until);
	return true;
}

bool policy_silences(struct slice silent, struct slice kind, int64_t now_s)
{
	struct slice this, until;

	while (policy_next_silent(&silent, &this, &until)) {
		if (!slice_eq(this, kind) && !slice_eq(this, S("all")))
			continue;
		if (until.len == 0 || policy_time(until) > now_s)
			return true;
	}
	return false;
}

int64_t policy_time(struct slice expires)
{
	struct tm t;

	return parse_time(expires, &t) ? (int64_t)timegm(&t) : INT64_MAX;
}
