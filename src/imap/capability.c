/*
 * capability.c -- CAPABILITY, ENABLE, ID, NAMESPACE: what the server is.
 * RFC 9051 sections 6.1.1, 6.3.1, 6.3.10; RFC 2971
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/client_id.h"
#include "base/limits.h"
#include "base/mem.h"
#include "imap/internal.h"
#include "imap/visit.h"

bool session_hides(const struct session *s, struct slice name)
{
	struct slice rest = slice_cstr(s->hidden);

	while (rest.len != 0) {
		size_t end = slice_find_byte(rest, ' ');

		if (slice_eq(slice_first(rest, end), name))
			return true;
		rest = slice_from(rest, end < rest.len ? end + 1 : rest.len);
	}
	return false;
}

static void reply_capability(const struct session *s,
                             const struct capability *c, struct buf *out)
{
	uint64_t value = c->value != NULL ? c->value(s->config) : 0;

	if ((c->value != NULL && value == 0) || session_hides(s, c->name))
		return;
	buf_byte(out, ' ');
	buf_add(out, c->name);
	if (value != 0)
		buf_printf(out, "=%" PRIu64, value);
}

void reply_capabilities(struct session *s, struct buf *out)
{
	buf_add(out, S("CAPABILITY"));
	for (size_t i = 0; i < n_capabilities; i++)
		reply_capability(s, &capabilities[i], out);
}

struct err cmd_capability(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct buf *out = session_out(s);

	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	buf_add(out, S("* "));
	reply_capabilities(s, out);
	buf_add(out, S("\r\n"));
	return OK;
}

static uint32_t enable_bit(const struct session *s, struct slice name)
{
	for (size_t i = 0; i < n_capabilities; i++)
		if (slice_ieq(capabilities[i].name, name) &&
		    !session_hides(s, capabilities[i].name))
			return capabilities[i].enable;
	return 0;
}

/* enable = "ENABLE" 1*(SP capability) */
static uint32_t parse_enable(const struct session *s, struct cursor *c)
{
	uint32_t bits = 0;

	do {
		expect(c, ' ', "expected the names of capabilities");
		bits |= enable_bit(s, parse_atom(c));
	} while (!at_end(c));
	return bits;
}

struct err cmd_enable(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct buf *out = session_out(s);
	uint32_t asked = parse_enable(s, &c);

	if (!is_ok(c.e))
		return c.e;
	buf_add(out, S("* ENABLED"));
	for (size_t i = 0; i < n_capabilities; i++) {
		if (!(capabilities[i].enable & asked & ~s->enabled))
			continue;
		buf_byte(out, ' ');
		buf_add(out, capabilities[i].name);
	}
	buf_add(out, S("\r\n"));
	s->enabled |= asked & ~(uint32_t)ENABLED_CONDSTORE;
	if (asked & (ENABLED_CONDSTORE | ENABLED_QRESYNC))
		session_enable_condstore(s);
	visit_enable(s);
	return OK;
}

/* One pair of ID. */
static void parse_id_pair(struct cursor *c, struct buf *text)
{
	struct slice key = parse_string(c);
	struct slice value;

	expect(c, ' ', "expected a value behind the name");
	value = parse_nstring(c);
	if (key.len > LIMIT_ID_KEY || value.len > LIMIT_ID_VALUE)
		fail(c, "ID field is too long");
	if (is_ok(c->e))
		client_id_add(text, key, value);
}

/* id_params_list = "(" *(string SP nstring) ")" / nil */
static void parse_id(struct cursor *c, struct buf *text)
{
	int pairs = 0;

	expect(c, ' ', "expected a space behind ID");
	if (take_word(c, S("NIL"))) {
		expect_end(c);
		return;
	}
	expect(c, '(', "expected a list");
	while (is_ok(c->e) && !take(c, ')')) {
		if (pairs != 0)
			expect(c, ' ', "expected a space between fields");
		if (pairs++ == LIMIT_ID_PAIRS)
			fail(c, "too many fields");
		parse_id_pair(c, text);
	}
	expect_end(c);
}

struct err cmd_id(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct buf text = { 0 };

	parse_id(&c, &text);
	if (is_ok(c.e) && text.len != 0) {
		free(s->client_id);
		s->client_id = mem_cstr(buf_slice(&text));
	}
	buf_free(&text);
	if (!is_ok(c.e))
		return c.e;
	buf_add(session_out(s), S("* ID (\"name\" \"roost\" \"version\" "
	                          "\"" ROOST_VERSION "\")\r\n"));
	return OK;
}

struct err cmd_namespace(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);

	expect_end(&c);
	if (is_ok(c.e))
		buf_add(session_out(s),
		        s->config->visits == NULL
		                ? S("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n")
		                : S("* NAMESPACE ((\"\" \"/\"))"
		                    " ((\"Other Users/\" \"/\"))"
		                    " ((\"Shared/\" \"/\"))\r\n"));
	return c.e;
}
