/* fuzzy.c -- see fuzzy.h. */
#include "mime/fuzzy.h"

#include "base/unicode.h"

enum {
	LETTERS_LEAST = 4, /* shorter words are too much alike */
	START_LEAST = 5,   /* letters before endings that differ */
	ENDING_MOST = 3,   /* letters of each */
	WORD_MOST = 256,   /* octets; of one that is longer a part is one */
};

/* How a word is found, or the text itself. */
enum { ALIKE, PART, WORD, TEXT };

static const uint8_t points[FUZZY_PLACES][TEXT + 1] = {
	[FUZZY_IN_HEADER] = { 50, 70, 90, FUZZY_BEST },
	[FUZZY_IN_BODY] = { 30, 45, 60, 70 },
};

static void raise_to(uint8_t *found, uint8_t to)
{
	if (*found < to)
		*found = to;
}

/* -- words -- */

/* What is not ASCII belongs to words. A table, for it is asked of each octet
 * of many messages. */
static const bool is_of_word[256] = {
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
	[0x80 ... 0xff] = true,
};

static bool is_letter(char c)
{
	return is_of_word[(uint8_t)c];
}

/* Takes the next one off *rest; "": there is none. */
static struct slice next_word(struct slice *rest)
{
	struct slice word;
	size_t from = 0;
	size_t to;

	while (from < rest->len && !is_letter(rest->ptr[from]))
		from++;
	to = from;
	while (to < rest->len && is_letter(rest->ptr[to]))
		to++;
	word = slice_from(slice_first(*rest, to), from);
	*rest = slice_from(*rest, to);
	return word;
}

static bool goes_on(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

static size_t letters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += !goes_on(s.ptr[i]);
	return n;
}

/* -- words that are alike -- */

/* Octets of the letters that both begin with. */
static size_t common_start(struct slice a, struct slice b)
{
	size_t n = 0;

	while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n])
		n++;
	while (n != 0 && ((n < a.len && goes_on(a.ptr[n])) ||
	                  (n < b.len && goes_on(b.ptr[n]))))
		n--;
	return n;
}

/* And of those that both end with. */
static size_t common_end(struct slice a, struct slice b)
{
	size_t n = 0;

	while (n < a.len && n < b.len &&
	       a.ptr[a.len - n - 1] == b.ptr[b.len - n - 1])
		n++;
	while (n != 0 && goes_on(a.ptr[a.len - n]))
		n--;
	return n;
}

/* Two letters each: the same ones? */
static bool is_exchanged(struct slice a, struct slice b)
{
	size_t first = 1;

	while (first < a.len && goes_on(a.ptr[first]))
		first++;
	return a.len == b.len && slice_ends(b, slice_first(a, first)) &&
	       slice_starts(b, slice_from(a, first));
}

static bool is_alike(struct slice a, struct slice b)
{
	size_t start = common_start(a, b);
	struct slice a_ending = slice_from(a, start);
	struct slice b_ending = slice_from(b, start);
	size_t end = common_end(a_ending, b_ending);
	struct slice a_middle = slice_first(a_ending, a_ending.len - end);
	struct slice b_middle = slice_first(b_ending, b_ending.len - end);
	size_t n_a = letters(a_middle);
	size_t n_b = letters(b_middle);

	if (n_a <= 1 && n_b <= 1)
		return true;
	if (n_a == 2 && n_b == 2 && is_exchanged(a_middle, b_middle))
		return true;
	return letters(slice_first(a, start)) >= START_LEAST &&
	       letters(a_ending) <= ENDING_MOST &&
	       letters(b_ending) <= ENDING_MOST;
}

/* What is_alike() would say no to, told by a glance: these have neither end
 * in common. */
static bool is_unlike(struct slice a, struct slice b)
{
	return a.ptr[0] != b.ptr[0] && a.ptr[a.len - 1] != b.ptr[b.len - 1];
}

/* Those of the words that have not been found are compared with all there. */
static void look_for_alike(const struct fuzzy *f, struct slice text,
                           uint8_t alike, struct fuzzy_match *m)
{
	size_t missing[FUZZY_WORDS];
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (m->words[i] < alike &&
		    letters(f->words[i]) >= LETTERS_LEAST)
			missing[n++] = i;
	while (n != 0 && text.len != 0) {
		struct slice word = next_word(&text);

		if (word.len < LETTERS_LEAST - 1 || word.len > WORD_MOST)
			continue;
		for (size_t i = 0; i < n; i++) {
			struct slice sought = f->words[missing[i]];

			if (!is_unlike(word, sought) && is_alike(word, sought))
				raise_to(&m->words[missing[i]], alike);
		}
	}
}

/* -- looking -- */

/* Where it stands there, as a word or as a part of one. */
static void look_for_word(struct slice text, struct slice word,
                          const uint8_t *worth, uint8_t *found)
{
	size_t at = 0;

	while (*found < worth[WORD]) {
		size_t next = slice_find(slice_from(text, at), word);
		size_t end;

		if (next == SLICE_NONE)
			return;
		at += next;
		end = at + word.len;
		if ((at == 0 || !is_letter(text.ptr[at - 1])) &&
		    (end == text.len || !is_letter(text.ptr[end])))
			raise_to(found, worth[WORD]);
		raise_to(found, worth[PART]);
		at++;
	}
}

/* Where the word begins that may go on behind the text. */
static size_t last_word(struct slice text, size_t at)
{
	size_t from = at;

	while (from != 0 && is_letter(text.ptr[from - 1])) {
		from--;
		if (at - from > WORD_MOST)
			return at;
	}
	return from;
}

static void look_for_words(const struct fuzzy *f, struct slice text,
                           const uint8_t *worth, struct fuzzy_match *m)
{
	for (size_t i = 0; i < f->n; i++)
		look_for_word(text, f->words[i], worth, &m->words[i]);
	look_for_alike(f, text, worth[ALIKE], m);
}

size_t fuzzy_look(const struct fuzzy *f, struct slice text, bool last,
                  enum fuzzy_place place, struct fuzzy_match *m)
{
	const uint8_t *worth = points[place];
	size_t end = last ? text.len : last_word(text, text.len);

	if (f->text.len == 0 || slice_find(text, f->text) != SLICE_NONE)
		raise_to(&m->text, worth[TEXT]);
	if (m->text < worth[TEXT])
		look_for_words(f, slice_first(text, end), worth, m);
	return end < f->text.len ? 0 : last_word(text, end - f->text.len);
}

unsigned fuzzy_score(const struct fuzzy *f, const struct fuzzy_match *m)
{
	unsigned sum = 0;
	size_t found = 0;

	if (m->text != 0)
		return m->text;
	for (size_t i = 0; i < f->n; i++) {
		sum += m->words[i];
		found += m->words[i] != 0;
	}
	return found != 0 && found * 3 >= f->n * 2 ? sum / (unsigned)f->n : 0;
}

unsigned fuzzy_score_text(const struct fuzzy *f, struct slice folded)
{
	struct fuzzy_match m = { 0 };
	struct buf unmarked = { 0 };

	if (utf8_ascii_prefix(folded) != folded.len) {
		unicode_unmark(folded, &unmarked);
		folded = buf_slice(&unmarked);
	}
	fuzzy_look(f, folded, true, FUZZY_IN_HEADER, &m);
	buf_free(&unmarked);
	return fuzzy_score(f, &m);
}

/* -- what is sought -- */

const struct fuzzy *fuzzy_new(struct arena *a, struct slice folded)
{
	struct fuzzy *f = arena_alloc(a, sizeof *f);
	struct buf unmarked = { 0 };
	struct slice rest;

	*f = (struct fuzzy){ 0 };
	unicode_unmark(folded, &unmarked);
	f->text = rest = arena_copy(a, buf_slice(&unmarked));
	buf_free(&unmarked);
	while (f->n < FUZZY_WORDS) {
		struct slice word = next_word(&rest);

		if (word.len == 0)
			break;
		f->words[f->n++] = word;
	}
	return f;
}
