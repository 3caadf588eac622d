/*
 * url.c -- see url.h.
 *
 *	["imap://" [user "@"] host [":" port]]
 *	"/" enc-mailbox [";UIDVALIDITY=" nz-number]
 *	"/;UID=" nz-number ["/;SECTION=" enc-section]
 *	["/;PARTIAL=" number ["." nz-number]]
 *
 * Without the first "/" the mailbox is beside the selected one; what begins
 * with ";UID=" is in the selected one.
 *
 * A URL is cut at its "/;", of which an encoded text has none, and then each
 * piece is decoded and read by itself.
 */
#include "imap/url.h"

#include "base/ascii.h"
#include "mailbox/name.h"

/* False for what is no encoding, and for "%00". */
static bool percent_decode(struct slice s, struct arena *a, struct slice *out)
{
	char *to = arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		int high, low;

		to[n++] = s.ptr[i];
		if (s.ptr[i] != '%')
			continue;
		high = i + 2 < s.len ? ascii_hex(s.ptr[i + 1]) : -1;
		low = high >= 0 ? ascii_hex(s.ptr[i + 2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return false;
		to[n - 1] = (char)(high * 16 + low);
		i += 2;
	}
	*out = slice_of(to, n);
	return true;
}

/* Steps over the word, letters without case. */
static bool skip_word(struct slice *s, struct slice word)
{
	if (!slice_istarts(*s, word))
		return false;
	*s = slice_from(*s, word.len);
	return true;
}

/* What stands before the next "/;", which is stepped over, too. */
static struct slice next_piece(struct slice *s)
{
	size_t at = slice_find(*s, S("/;"));
	struct slice piece = slice_first(*s, at);

	*s = slice_from(*s, at == SLICE_NONE ? s->len : at + 2);
	return piece;
}

/* nz-number, all of s */
static bool read_nz_number(struct slice s, uint64_t most, uint64_t *out)
{
	return slice_number(s, out) && *out != 0 && *out <= most;
}

/* "//" [user "@"] host [":" port], up to the path */
static bool skip_authority(struct slice *s, const struct url_home *home,
                           struct arena *a)
{
	size_t end = slice_find_byte(*s, '/');
	struct slice host = slice_first(*s, end);
	size_t at = slice_find_byte(host, '@');
	struct slice user, rest;

	if (end == SLICE_NONE)
		return false;
	*s = slice_from(*s, end);
	if (at != SLICE_NONE) {
		slice_cut(slice_first(host, at), ';', &user, &rest);
		host = slice_from(host, at + 1);
		if (!percent_decode(user, a, &user) ||
		    !slice_ieq(user, home->user))
			return false;
	}
	slice_cut(host, ':', &host, &rest);
	return slice_ieq(host, home->host);
}

/* What stands before the last level of a name. */
static struct slice beside(struct slice mailbox)
{
	size_t at = slice_rfind_byte(mailbox, '/');

	return slice_first(mailbox, at == SLICE_NONE ? 0 : at + 1);
}

static bool read_mailbox(struct slice base, struct slice piece, struct arena *a,
                         struct imap_url *out)
{
	struct slice name, validity;
	struct buf normal = { 0 };
	uint64_t n;
	bool ok;

	if (slice_cut(piece, ';', &name, &validity)) {
		if (!skip_word(&validity, S("UIDVALIDITY=")) ||
		    !read_nz_number(validity, UINT32_MAX, &n))
			return false;
		out->uidvalidity = (uint32_t)n;
	}
	ok = percent_decode(name, a, &name) && name.len != 0;
	name = arena_printf(a, "%.*s%.*s", (int)base.len, base.ptr,
	                    (int)name.len, name.ptr);
	ok = ok && is_ok(mailbox_name_normal(name, &normal));
	if (ok)
		out->mailbox = arena_copy(a, buf_slice(&normal));
	buf_free(&normal);
	return ok;
}

static bool read_section(struct slice piece, struct arena *a,
                         struct imap_url *out)
{
	struct slice text;
	struct cursor c;

	if (!percent_decode(piece, a, &text))
		return false;
	text = arena_printf(a, "[%.*s]", (int)text.len, text.ptr);
	c = cursor_of(text, a, false);
	parse_fetch_section(&c, &out->section);
	expect_end(&c);
	return is_ok(c.e);
}

static bool read_partial(struct slice piece, struct imap_url *out)
{
	struct slice offset, most;

	out->partial = true;
	if (slice_cut(piece, '.', &offset, &most) &&
	    !read_nz_number(most, INT64_MAX, &out->most))
		return false;
	return slice_number(offset, &out->offset) && out->offset <= INT64_MAX;
}

/* Up to ";UID=", of which the ";" is stepped over. */
static bool read_path(struct slice *text, const struct url_home *home,
                      struct arena *a, struct imap_url *out)
{
	struct slice piece;

	if (skip_word(text, S(";"))) {
		out->mailbox = arena_copy(a, home->mailbox);
		return home->mailbox.len != 0;
	}
	if (skip_word(text, S("/")))
		return read_mailbox(S(""), next_piece(text), a, out);
	piece = next_piece(text);
	/* a colon ends a scheme */
	return slice_find_byte(piece, ':') == SLICE_NONE &&
	       read_mailbox(beside(home->mailbox), piece, a, out);
}

bool parse_imap_url(struct slice text, const struct url_home *home,
                    struct arena *a, struct imap_url *out)
{
	struct slice piece;
	uint64_t uid;

	*out = (struct imap_url){ 0 };
	if (skip_word(&text, S("imap://")) && !skip_authority(&text, home, a))
		return false;
	if (!read_path(&text, home, a, out))
		return false;
	piece = next_piece(&text);
	if (!skip_word(&piece, S("UID=")) ||
	    !read_nz_number(piece, UINT32_MAX, &uid))
		return false;
	out->uid = (uint32_t)uid;
	piece = next_piece(&text);
	if (skip_word(&piece, S("SECTION="))) {
		if (!read_section(piece, a, out))
			return false;
		piece = next_piece(&text);
	}
	if (skip_word(&piece, S("PARTIAL="))) {
		if (!read_partial(piece, out))
			return false;
		piece = next_piece(&text);
	}
	return piece.len == 0 && text.len == 0;
}
