/* script.c -- reading transcripts, matching lines with their patterns. */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/buf.h"

static void die(const char *path, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", path, line, what);
	exit(2);
}

static struct slice read_file(const char *path, struct arena *a)
{
	struct buf text = { 0 };
	FILE *f = fopen(path, "r");
	char block[4096];
	size_t n;

	if (f == NULL)
		die(path, 0, "can't be opened");
	while ((n = fread(block, 1, sizeof block, f)) != 0)
		buf_add(&text, slice_of(block, n));
	fclose(f);
	struct slice s = arena_copy(a, buf_slice(&text));

	buf_free(&text);
	return s;
}

/* Does s begin with "\xNN"? */
static bool is_escape(struct slice s)
{
	return s.len >= 4 && s.ptr[0] == '\\' && s.ptr[1] == 'x' &&
	       ascii_hex(s.ptr[2]) >= 0 && ascii_hex(s.ptr[3]) >= 0;
}

static struct slice unescape(struct slice s, struct arena *a)
{
	char *to = arena_alloc(a, s.len + 1);
	size_t n = 0;

	while (s.len != 0) {
		bool escape = is_escape(s);

		to[n++] = escape ? (char)(ascii_hex(s.ptr[2]) * 16 +
		                          ascii_hex(s.ptr[3]))
		                 : s.ptr[0];
		s = slice_from(s, escape ? 4 : 1);
	}
	return slice_of(to, n);
}

/* "C: ", "S2?: " ...: false when the line is no dialogue. */
static bool read_dialogue(struct slice line, struct step *step, struct arena *a)
{
	size_t at = 1;

	if (line.len < 2 || (line.ptr[0] != 'C' && line.ptr[0] != 'S'))
		return false;
	step->kind = line.ptr[0] == 'C' ? STEP_SEND : STEP_EXPECT;
	step->session = at < line.len && line.ptr[at] == '2';
	at += (size_t)step->session;
	step->any_order = at < line.len && line.ptr[at] == '?';
	at += step->any_order;
	if (at >= line.len || line.ptr[at] != ':')
		return false;
	line = slice_from(line, at + 1);
	if (line.len != 0 && line.ptr[0] == ' ')
		line = slice_from(line, 1);
	step->text = unescape(line, a);
	return true;
}

/* mailbox NAME with N messages */
static bool read_mailbox(struct slice line, struct step *step)
{
	size_t with = slice_find(line, S(" with "));
	struct slice number, rest;
	uint64_t n;

	if (!slice_starts(line, S("mailbox ")) || with == SLICE_NONE)
		return false;
	slice_cut(slice_from(line, with + 6), ' ', &number, &rest);
	if (!slice_number(number, &n))
		return false;
	step->kind = STEP_MAILBOX;
	step->name = slice_from(slice_first(line, with), 8);
	step->number = (unsigned)n;
	return true;
}

/* Cuts what stands behind `open` off *s, without `close` at its end. */
static struct slice cut_tail(struct slice *s, struct slice open,
                             struct slice close)
{
	size_t at = slice_find(*s, open);
	struct slice tail;

	if (at == SLICE_NONE)
		return S("");
	tail = slice_from(*s, at + open.len);
	tail.len -= slice_ends(tail, close);
	*s = slice_first(*s, at);
	return tail;
}

/* message NAME [(flags)] ["date"] */
static bool read_message(struct slice line, struct step *step)
{
	if (!slice_starts(line, S("message ")))
		return false;
	step->kind = STEP_MESSAGE;
	step->name = slice_from(line, 8);
	step->date = cut_tail(&step->name, S(" \""), S("\""));
	step->flags = cut_tail(&step->name, S(" ("), S(")"));
	return true;
}

/* The "| " lines that follow, joined with CRLF. */
static struct slice read_text(struct slice *rest, int *line_number,
                              struct arena *a)
{
	struct buf text = { 0 };
	struct slice out;

	while (rest->len != 0 && rest->ptr[0] == '|') {
		struct slice line;

		slice_cut(*rest, '\n', &line, rest);
		(*line_number)++;
		line = slice_from(line, line.len > 1 ? 2 : 1);
		buf_add(&text, unescape(line, a));
		buf_add(&text, S("\r\n"));
	}
	out = arena_copy(a, buf_slice(&text));
	buf_free(&text);
	return out;
}

static bool read_time(struct slice line, struct step *step)
{
	uint64_t n;

	if (!slice_starts(line, S("T: ")) ||
	    !slice_number(slice_from(line, 3), &n))
		return false;
	step->kind = STEP_TIME;
	step->number = (unsigned)n;
	return true;
}

/* quota N N N N */
static bool read_quota(struct slice line, struct step *step)
{
	struct slice rest = slice_from(line, 6);

	if (!slice_starts(line, S("quota ")))
		return false;
	step->kind = STEP_QUOTA;
	for (size_t i = 0; i < QUOTA_RESOURCES; i++) {
		struct slice number;

		slice_cut(rest, ' ', &number, &rest);
		if (!slice_number(number, &step->limit[i]))
			return false;
	}
	return true;
}

/* account NAME [GROUP] */
static bool read_account(struct slice line, struct step *step)
{
	if (!slice_starts(line, S("account ")))
		return false;
	step->kind = STEP_ACCOUNT;
	slice_cut(slice_from(line, 8), ' ', &step->name, &step->text);
	return true;
}

/* shared NAME */
static bool read_shared(struct slice line, struct step *step)
{
	step->kind = STEP_SHARED;
	step->name = slice_from(line, 7);
	return slice_starts(line, S("shared "));
}

/* administrator NAME */
static bool read_administrator(struct slice line, struct step *step)
{
	step->kind = STEP_ADMINISTRATOR;
	step->name = slice_from(line, 14);
	return slice_starts(line, S("administrator "));
}

/* most N */
static bool read_most(struct slice line, struct step *step)
{
	uint64_t n;

	if (!slice_starts(line, S("most ")) ||
	    !slice_number(slice_from(line, 5), &n))
		return false;
	step->kind = STEP_MOST;
	step->number = (unsigned)n;
	return true;
}

struct script script_read(const char *path)
{
	struct script s = { .path = path, .arena = arena_new(1 << 24) };
	struct slice rest = read_file(path, s.arena);
	size_t most = 2;
	int number = 0;

	for (size_t i = 0; i < rest.len; i++)
		most += rest.ptr[i] == '\n';
	s.steps = arena_array(s.arena, most, sizeof *s.steps);
	while (rest.len != 0) {
		struct step *step = &s.steps[s.n];
		struct slice line;

		slice_cut(rest, '\n', &line, &rest);
		step->line = ++number;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (!read_dialogue(line, step, s.arena) &&
		    !read_mailbox(line, step) && !read_message(line, step) &&
		    !read_time(line, step) && !read_quota(line, step) &&
		    !read_account(line, step) && !read_shared(line, step) &&
		    !read_administrator(line, step) && !read_most(line, step))
			die(path, number, "not a line of a transcript");
		if (step->kind == STEP_MESSAGE)
			step->text = read_text(&rest, &number, s.arena);
		s.n++;
	}
	return s;
}

void script_free(struct script *s)
{
	arena_free(s->arena);
}

bool script_can_pipeline(const struct script *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct step *step = &s->steps[i];

		if (step->session != 0 || step->kind == STEP_TIME)
			return false;
		if (step->kind == STEP_EXPECT &&
		    slice_starts(step->text, S("+")))
			return false;
		if (step->kind == STEP_SEND &&
		    slice_find(step->text, S("${")) != SLICE_NONE)
			return false;
	}
	return true;
}

static struct slice *lookup(struct bindings *b, struct slice name)
{
	for (size_t i = 0; i < b->n; i++)
		if (slice_eq(b->name[i], name))
			return &b->value[i];
	return NULL;
}

struct slice script_fill(struct slice text, struct bindings *b)
{
	struct buf filled = { 0 };
	struct slice line;
	size_t at;

	while ((at = slice_find(text, S("${"))) != SLICE_NONE) {
		struct slice name, *value;

		buf_add(&filled, slice_first(text, at));
		slice_cut(slice_from(text, at + 2), '}', &name, &text);
		value = lookup(b, name);
		if (value != NULL)
			buf_add(&filled, *value);
	}
	buf_add(&filled, text);
	line = arena_copy(b->arena, buf_slice(&filled));
	buf_free(&filled);
	return line;
}

/* A word that the server chose ends where its syntax must. */
static size_t word_length(struct slice s)
{
	size_t n = 0;

	while (n < s.len && strchr(" )]\"", s.ptr[n]) == NULL)
		n++;
	return n;
}

/* ${name} at the start of *pattern against the start of *line. */
static bool match_variable(struct slice *pattern, struct slice *line,
                           struct bindings *b)
{
	size_t end = slice_find_byte(*pattern, '}');
	struct slice name, *value;

	if (end == SLICE_NONE)
		return false;
	name = slice_from(slice_first(*pattern, end), 2);
	*pattern = slice_from(*pattern, end + 1);
	value = lookup(b, name);
	if (value == NULL) {
		size_t n = word_length(*line);

		if (n == 0 || b->n == SCRIPT_VARIABLES)
			return false;
		b->name[b->n] = name;
		b->value[b->n] = arena_copy(b->arena, slice_first(*line, n));
		value = &b->value[b->n++];
	}
	if (!slice_starts(*line, *value))
		return false;
	*line = slice_from(*line, value->len);
	return true;
}

bool script_matches(struct slice pattern, struct slice line, struct bindings *b)
{
	size_t bound = b->n;

	while (pattern.len != 0) {
		if (slice_eq(pattern, S("...")))
			return true;
		if (slice_starts(pattern, S("${"))) {
			if (!match_variable(&pattern, &line, b))
				break;
			continue;
		}
		if (line.len == 0 || pattern.ptr[0] != line.ptr[0])
			break;
		pattern = slice_from(pattern, 1);
		line = slice_from(line, 1);
	}
	if (pattern.len == 0 && line.len == 0)
		return true;
	b->n = bound;
	return false;
}
