/*
 * name.c -- one spelling a name, and a matcher that no pattern makes slow.
 *
 * The matcher is an automaton with one state a pattern octet: bit j of the
 * current set says that the first j octets of the pattern match the name so
 * far. Each octet of the name makes the next set of the old one in one pass,
 * so the time is name x pattern whatever the wildcards are.
 */
#include "mailbox/name.h"

#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/unicode.h"

static bool is_inbox(struct slice level)
{
	return slice_ieq(level, S("INBOX"));
}

/* Is this level one that a name may have? */
static bool is_level(struct slice level)
{
	if (level.len == 0 || level.len > LIMIT_NAME_LEVEL)
		return false;
	return !slice_eq(level, S(".")) && !slice_eq(level, S(".."));
}

static bool has_bad_octet(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (ascii_is_ctl(c) || c == '%' || c == '*')
			return true;
	}
	return false;
}

/* U+0080 to U+009F, and the two separators that some programs take for line
 * ends: control characters in two and three octets. */
static bool has_bad_code_point(struct slice name)
{
	static const struct slice separators[] = { S("\xe2\x80\xa8"),
		                                   S("\xe2\x80\xa9") };

	for (size_t i = 0; i + 1 < name.len; i++) {
		if (name.ptr[i] == '\xc2' && (uint8_t)name.ptr[i + 1] < 0xa0)
			return true;
	}
	return slice_find(name, separators[0]) != SLICE_NONE ||
	       slice_find(name, separators[1]) != SLICE_NONE;
}

static bool has_good_levels(struct slice name)
{
	struct slice level;
	size_t levels = 0;
	bool more = true;

	while (more) {
		more = slice_cut(name, MAILBOX_DELIM, &level, &name);
		levels++;
		if (!is_level(level) || levels > LIMIT_NAME_LEVELS)
			return false;
	}
	return true;
}

/* INBOX, as the whole name or as its first level, is shown in capitals. */
static void raise_inbox(char *name, size_t len)
{
	struct slice first, rest;

	slice_cut(slice_of(name, len), MAILBOX_DELIM, &first, &rest);
	if (is_inbox(first))
		memcpy(name, "INBOX", 5);
}

struct err mailbox_name_normal(struct slice utf8, struct buf *out)
{
	size_t start = out->len;
	struct slice name;

	if (utf8.len > 2 * LIMIT_NAME || !utf8_is_valid(utf8))
		return err(ERR_CANNOT, "the mailbox name is not valid");
	if (utf8.len != 0 && utf8.ptr[utf8.len - 1] == MAILBOX_DELIM)
		utf8.len--;
	unicode_nfc(utf8, out);
	if (out->overflow)
		return err(ERR_CANNOT, "the mailbox name is too long");
	name = slice_from(buf_slice(out), start);
	if (name.len > LIMIT_NAME || has_bad_octet(name) ||
	    has_bad_code_point(name) || !has_good_levels(name)) {
		out->len = start;
		return err(ERR_CANNOT, "no mailbox can have that name");
	}
	raise_inbox(out->data + start, name.len);
	return OK;
}

struct slice mailbox_name_parent(struct slice name)
{
	size_t delim = slice_rfind_byte(name, MAILBOX_DELIM);

	return slice_first(name, delim == SLICE_NONE ? 0 : delim);
}

/* -- matching -- */

/*
 * The states are the places in the pattern. Those that a wildcard further on
 * makes up for are dropped, so that only the last '*' and, level by level,
 * the last '%' are ever tried; the rest of the pattern is not looked at.
 */
struct matcher {
	struct slice pattern;
	size_t low;                      /* no state is left of it, */
	size_t high;                     /* nor right of this one */
	bool at[LIMIT_LIST_PATTERN + 1]; /* the current set of states */
};

static bool is_wildcard(char c)
{
	return c == '*' || c == '%';
}

/* A wildcard matches nothing, too. */
static void add_empty_matches(struct matcher *m)
{
	for (size_t j = m->low; j <= m->high && j < m->pattern.len; j++) {
		if (!m->at[j] || !is_wildcard(m->pattern.ptr[j]))
			continue;
		m->at[j + 1] = true;
		if (m->high == j)
			m->high++;
	}
}

/* Whoever stands at a '*' need not try what is before it; at a '%', what is
 * before it without a delimiter between them. */
static void drop_needless(struct matcher *m)
{
	bool by_percent = false;

	for (size_t j = m->high + 1; j-- > m->low;) {
		char p = j < m->pattern.len ? m->pattern.ptr[j] : 0;

		if (p == '*' && m->at[j]) {
			m->low = j;
			return;
		}
		if (p == '*' || p == MAILBOX_DELIM)
			by_percent = false;
		else if (by_percent)
			m->at[j] = false;
		else
			by_percent = p == '%' && m->at[j];
	}
}

static bool trim(struct matcher *m)
{
	while (m->high > m->low && !m->at[m->high])
		m->high--;
	while (m->low < m->high && !m->at[m->low])
		m->low++;
	return m->at[m->low];
}

/* From the last state to the first, so that each step uses the old set.
 * False: none is left. */
static bool step(struct matcher *m, char c, bool fold)
{
	if (m->high < m->pattern.len)
		m->at[++m->high] = false;
	for (size_t j = m->high + 1; j-- > m->low;) {
		char p = j < m->pattern.len ? m->pattern.ptr[j] : 0;
		char q = j > m->low ? m->pattern.ptr[j - 1] : 0;
		bool stays = m->at[j] &&
		             (p == '*' || (p == '%' && c != MAILBOX_DELIM));
		bool comes = j > m->low && m->at[j - 1] && !is_wildcard(q) &&
		             (fold ? ascii_lower(q) == ascii_lower(c) : q == c);

		m->at[j] = stays || comes;
	}
	return trim(m);
}

bool mailbox_name_matches(struct slice name, struct slice pattern)
{
	struct matcher m = { .pattern = pattern };
	struct slice first, rest;
	size_t folded = 0;

	if (pattern.len > LIMIT_LIST_PATTERN)
		return false;
	slice_cut(name, MAILBOX_DELIM, &first, &rest);
	if (is_inbox(first))
		folded = first.len;
	m.at[0] = true;
	add_empty_matches(&m);
	for (size_t i = 0; i < name.len; i++) {
		drop_needless(&m);
		if (!step(&m, name.ptr[i], i < folded))
			return false;
		add_empty_matches(&m);
	}
	return m.high == pattern.len && m.at[pattern.len];
}
