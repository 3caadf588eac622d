/* maildir.c -- names and small files of a Maildir. */
#include "cli/maildir.h"

#include "base/ascii.h"
#include "base/encode.h"
#include "base/unicode.h"
#include "mailbox/record.h"

/* -- messages -- */

/* In the order in which they must be written: by ASCII. */
static const struct {
	char letter;
	uint8_t flag;
} letters[] = {
	{ 'D', FLAG_DRAFT },    { 'F', FLAG_FLAGGED }, { 'P', 0 },
	{ 'R', FLAG_ANSWERED }, { 'S', FLAG_SEEN },    { 'T', FLAG_DELETED },
};

enum { N_LETTERS = sizeof letters / sizeof letters[0] };

static void take_letter(struct maildir_name *name, char c)
{
	if (ascii_is_lower(c))
		name->keywords |= UINT32_C(1) << (c - 'a');
	if (c == 'P')
		name->passed = true;
	for (int i = 0; i < N_LETTERS; i++)
		if (letters[i].letter == c)
			name->flags |= letters[i].flag;
}

struct maildir_name maildir_name_parse(struct slice file)
{
	size_t colon = slice_rfind_byte(file, ':');
	struct maildir_name name = { .base = file };
	struct slice info;

	if (colon == SLICE_NONE)
		return name;
	name.base = slice_first(file, colon);
	info = slice_from(file, colon + 1);
	if (!slice_starts(info, S("2,")))
		return name;
	for (size_t i = 2; i < info.len; i++)
		take_letter(&name, info.ptr[i]);
	return name;
}

void maildir_name_write(const struct maildir_name *name, struct buf *out)
{
	buf_add(out, name->base);
	buf_add(out, S(":2,"));
	for (int i = 0; i < N_LETTERS; i++)
		if ((name->flags & letters[i].flag) != 0 ||
		    (letters[i].letter == 'P' && name->passed))
			buf_byte(out, letters[i].letter);
	for (int i = 0; i < MAILDIR_KEYWORDS; i++)
		if ((name->keywords & UINT32_C(1) << i) != 0)
			buf_byte(out, (char)('a' + i));
}

/* -- Dovecot's files -- */

static bool read_u32(struct slice digits, uint32_t *out)
{
	uint64_t n;

	if (!slice_number(digits, &n) || n == 0 || n > UINT32_MAX)
		return false;
	*out = (uint32_t)n;
	return true;
}

/* 3 V<uidvalidity> N<uidnext> and more words of other letters */
bool maildir_uidlist_head(struct slice line, uint32_t *uidvalidity,
                          uint32_t *uidnext)
{
	struct slice word;

	*uidvalidity = *uidnext = 0;
	slice_cut(slice_trim(line), ' ', &word, &line);
	if (!slice_eq(word, S("3")))
		return false;
	while (line.len > 0) {
		slice_cut(line, ' ', &word, &line);
		if (slice_starts(word, S("V")))
			read_u32(slice_from(word, 1), uidvalidity);
		if (slice_starts(word, S("N")))
			read_u32(slice_from(word, 1), uidnext);
	}
	return *uidvalidity != 0;
}

/* <uid> [words of other letters] :<file name> */
bool maildir_uidlist_line(struct slice line, uint32_t *uid, struct slice *base)
{
	struct slice before;
	struct slice digits;
	struct slice file;

	if (!slice_cut(slice_trim(line), ':', &before, &file) || file.len == 0)
		return false;
	slice_cut(before, ' ', &digits, &before);
	*base = maildir_name_parse(file).base;
	return read_u32(digits, uid);
}

bool maildir_keyword_line(struct slice line, unsigned *index,
                          struct slice *name)
{
	struct slice digits;
	uint64_t n;

	if (!slice_cut(slice_trim(line), ' ', &digits, name) ||
	    !slice_number(digits, &n) || n >= MAILDIR_KEYWORDS)
		return false;
	*index = (unsigned)n;
	return name->len > 0;
}

/* -- mailbox names -- */

static const struct slice dot = S("&AC4-");

static bool is_allowed(char c)
{
	return !ascii_is_ctl(c) && c != '/' && c != '%' && c != '*';
}

/* One level in UTF-8, as a mailbox name may have it. */
static void put_level(struct slice level, struct buf *out)
{
	if (level.len == 0 || slice_eq(level, S(".")) ||
	    slice_eq(level, S(".."))) {
		buf_byte(out, '_');
		return;
	}
	for (size_t i = 0; i < level.len; i++)
		buf_byte(out, is_allowed(level.ptr[i]) ? level.ptr[i] : '_');
}

/* Every &AC4- a dot again: then it is what utf7_encode wrote. */
static void restore_dots(struct slice text, struct buf *out)
{
	size_t at;

	while ((at = slice_find(text, dot)) != SLICE_NONE) {
		buf_add(out, slice_first(text, at));
		buf_byte(out, '.');
		text = slice_from(text, at + dot.len);
	}
	buf_add(out, text);
}

/* Some programs write plain UTF-8; that, and what is neither, is taken as it
 * stands. */
static void decode_level(struct slice level, struct buf *out)
{
	struct buf utf7 = { 0 };
	struct buf utf8 = { 0 };

	restore_dots(level, &utf7);
	if (!utf7_decode(buf_slice(&utf7), &utf8))
		utf8_repair(level, &utf8);
	put_level(buf_slice(&utf8), out);
	buf_free(&utf7);
	buf_free(&utf8);
}

static void decode_levels(struct slice text, char delim, struct buf *out)
{
	struct slice level;
	bool more;

	do {
		more = slice_cut(text, delim, &level, &text);
		decode_level(level, out);
		if (more)
			buf_byte(out, '/');
	} while (more);
}

void maildir_folder_decode(struct slice dir, struct buf *out)
{
	decode_levels(dir, '.', out);
}

void maildir_folder_encode(struct slice mailbox, struct buf *out)
{
	struct buf utf7 = { 0 };

	utf7_encode(mailbox, &utf7);
	for (size_t i = 0; i < utf7.len; i++) {
		if (utf7.data[i] == '.')
			buf_add(out, dot);
		else
			buf_byte(out, utf7.data[i] == '/' ? '.' : utf7.data[i]);
	}
	buf_free(&utf7);
}

/* -- subscriptions -- */

bool maildir_subscription(struct maildir_subscriptions *s, struct slice *rest,
                          struct buf *out)
{
	while (rest->len > 0) {
		struct slice line;

		slice_cut(*rest, '\n', &line, rest);
		if (!s->begun && slice_eq(line, S("V\t2"))) {
			s->with_tabs = true;
			line.len = 0;
		}
		s->begun = true;
		if (line.len == 0)
			continue;
		out->len = 0;
		decode_levels(line, s->with_tabs ? '\t' : '.', out);
		return true;
	}
	return false;
}
