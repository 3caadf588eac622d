/*
 * messagelimit.c -- see messagelimit.h.
 *
 * What can be done in parts is done to the messages with the highest UIDs, and
 * the answer says where it stopped; what can't is refused.
 */
#include "imap/messagelimit.h"

#include <inttypes.h>

uint64_t session_messages_most(const struct session *s)
{
	uint64_t most = s->config->command_messages;

	return most != 0 ? most : UINT64_MAX;
}

void session_limit_messages(struct session *s, struct uidset *uids)
{
	uint64_t most = session_messages_most(s);
	uint64_t n = uidset_count(uids);
	struct uidset beyond = { 0 };

	if (n <= most)
		return;
	uidset_take(uids, (uint32_t)(n - most), &beyond);
	uidset_free(&beyond);
	s->limited_to = uids->v[0].first;
}

struct err session_check_messages(struct session *s, uint64_t n)
{
	uint64_t most = session_messages_most(s);
	struct buf text = { 0 };
	struct slice copy;

	if (n <= most)
		return OK;
	buf_printf(&text, "[MESSAGELIMIT %" PRIu64 "] too many messages", most);
	buf_byte(&text, '\0');
	copy = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	return err(ERR_NO, copy.ptr);
}

void session_take_limit(struct session *s, struct slice tagged)
{
	struct slice before = S("OK [MESSAGELIMIT ");
	struct slice most, rest, uid;
	uint64_t lowest;

	if (slice_starts(tagged, before) &&
	    slice_cut(slice_from(tagged, before.len), ' ', &most, &rest) &&
	    slice_cut(rest, ']', &uid, &rest) && slice_number(uid, &lowest) &&
	    lowest <= UINT32_MAX)
		s->limited_to = (uint32_t)lowest;
}

/* There is one response code to a response, and others were first. */
void session_settle_limit(struct session *s)
{
	struct buf text = { 0 };

	if (s->limited_to == 0)
		return;
	buf_printf(&text, "MESSAGELIMIT %" PRIu64 " %u",
	           s->config->command_messages, s->limited_to);
	if (s->code.len == 0)
		s->code = arena_copy(s->arena, buf_slice(&text));
	else
		buf_printf(session_out(s), "* NO [%.*s] not all messages\r\n",
		           (int)text.len, text.data);
	buf_free(&text);
}
