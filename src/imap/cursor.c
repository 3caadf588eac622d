/* cursor.c -- one error, then nothing moves. */
#include "imap/cursor.h"

void fail_with(struct cursor *c, enum err_code code, const char *text)
{
	if (is_ok(c->e))
		c->e = err(code, text);
	c->p = c->end;
}

void fail(struct cursor *c, const char *text)
{
	fail_with(c, ERR_SYNTAX, text);
}

void *cursor_array(struct cursor *c, size_t count, size_t size)
{
	if (count > arena_room(c->arena) / size) {
		fail_with(c, ERR_LIMIT, "command is too large");
		count = 1;
	}
	return arena_array(c->arena, count, size);
}

bool take_word(struct cursor *c, struct slice word)
{
	if (!slice_istarts(rest(c), word))
		return false;
	c->p += word.len;
	return true;
}

void expect(struct cursor *c, char octet, const char *text)
{
	if (!take(c, octet))
		fail(c, text);
}

void expect_end(struct cursor *c)
{
	if (!at_end(c))
		fail(c, "unexpected text at the end of the command");
}
