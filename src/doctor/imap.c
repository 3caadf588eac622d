/* imap.c -- greeting, CAPABILITY, and answers: RFC 9051 sections 6.1 and 7. */
#include "doctor/imap.h"

enum { ANSWER_LINES = 64 };

static const struct err no_imap = { ERR_IO, "that is no IMAP server" };

struct err imap_greeting(struct connection *c, struct buf *out)
{
	struct slice line = S("");
	struct err e = connection_line(c, &line);

	buf_add(out, line);
	if (is_ok(e) && slice_istarts(line, S("* BYE")))
		return err(ERR_IO, "it sends us away");
	if (!is_ok(e))
		return e;
	return slice_istarts(line, S("* OK")) ||
	                       slice_istarts(line, S("* PREAUTH"))
	               ? OK
	               : no_imap;
}

struct err imap_command(struct connection *c, struct slice command,
                        struct buf *out)
{
	struct buf text = { 0 };
	struct slice line;
	struct err e;

	buf_printf(&text, "d1 %.*s\r\n", (int)command.len, command.ptr);
	e = connection_send(c, buf_slice(&text));
	buf_free(&text);
	for (int i = 0; is_ok(e) && i < ANSWER_LINES; i++) {
		e = connection_line(c, &line);
		if (!is_ok(e))
			return e;
		if (slice_istarts(line, S("d1 OK")))
			return OK;
		if (slice_istarts(line, S("d1 ")))
			return err(ERR_NO, "the server said no");
		if (out != NULL) {
			buf_add(out, line);
			buf_byte(out, '\n');
		}
	}
	return is_ok(e) ? no_imap : e;
}

struct err imap_capabilities(struct connection *c, struct buf *out)
{
	struct buf answer = { 0 };
	struct err e = imap_command(c, S("CAPABILITY"), &answer);
	struct slice rest = buf_slice(&answer);
	struct slice line;

	while (is_ok(e) && slice_cut(rest, '\n', &line, &rest))
		if (slice_istarts(line, S("* CAPABILITY")))
			buf_add(out, slice_from(line, 12));
	buf_byte(out, ' ');
	buf_free(&answer);
	return e;
}

bool imap_has(const struct buf *capabilities, const char *capability)
{
	struct slice rest = buf_slice(capabilities);
	struct slice word;

	while (slice_cut(rest, ' ', &word, &rest))
		if (slice_ieq(word, slice_cstr(capability)))
			return true;
	return false;
}
