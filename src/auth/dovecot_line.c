/* dovecot_line.c -- see dovecot_line.h. */
#include "auth/dovecot_line.h"

/* -- reading -- */

static bool parse_number(struct slice s, uint64_t most, uint64_t *out)
{
	return slice_number(s, out) && *out <= most;
}

bool dovecot_parse_id(struct slice s, uint32_t *id)
{
	uint64_t n;

	if (!parse_number(s, UINT32_MAX, &n))
		return false;
	*id = (uint32_t)n;
	return true;
}

bool dovecot_parse_version(struct slice s, uint32_t *major, uint32_t *minor)
{
	struct slice first, second;

	return slice_cut(s, '\t', &first, &second) &&
	       dovecot_parse_id(first, major) &&
	       dovecot_parse_id(second, minor);
}

bool dovecot_parse_response(struct slice s, uint32_t *id,
                            struct slice *response)
{
	struct slice first;

	return slice_cut(s, '\t', &first, response) &&
	       dovecot_parse_id(first, id);
}

static void take_parameter(struct dovecot_request *q, struct slice word)
{
	struct slice name, value;
	uint64_t port;

	slice_cut(word, '=', &name, &value);
	if (slice_eq(name, S("service")))
		q->service = value;
	else if (slice_eq(name, S("rip")))
		q->address = value;
	else if (slice_eq(name, S("lip")))
		q->own = value;
	else if (slice_eq(name, S("rport")) &&
	         parse_number(value, UINT16_MAX, &port))
		q->port = (uint16_t)port;
	else if (slice_eq(name, S("secured")))
		q->is_secured = true;
}

/* resp= is the last: a TAB in it is part of it, so that nobody's response can
 * bring parameters with it. */
bool dovecot_parse_auth(struct slice s, struct dovecot_request *out)
{
	static const struct slice response = N("resp=");
	struct slice word;

	*out = (struct dovecot_request){ .service = S("") };
	slice_cut(s, '\t', &word, &s);
	if (!dovecot_parse_id(word, &out->id))
		return false;
	slice_cut(s, '\t', &out->mechanism, &s);
	while (s.len != 0 && !slice_starts(s, response)) {
		slice_cut(s, '\t', &word, &s);
		take_parameter(out, word);
	}
	out->response = slice_from(s, response.len);
	return out->mechanism.len != 0;
}

/* -- writing -- */

static char escaped(char c)
{
	switch (c) {
	case '\0':
		return '0';
	case '\001':
		return '1';
	case '\t':
		return 't';
	case '\r':
		return 'r';
	case '\n':
		return 'n';
	default:
		return '\0';
	}
}

void dovecot_add(struct buf *out, const char *name, struct slice value)
{
	buf_byte(out, '\t');
	buf_add(out, slice_cstr(name));
	buf_byte(out, '=');
	for (size_t i = 0; i < value.len; i++) {
		char code = escaped(value.ptr[i]);

		if (code != '\0')
			buf_byte(out, '\001');
		buf_byte(out, code != '\0' ? code : value.ptr[i]);
	}
}
