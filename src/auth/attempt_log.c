/* attempt_log.c -- Dovecot's two lines. */
#include "auth/attempt_log.h"

#include "base/ascii.h"
#include "base/log.h"

/* What ends a value there can't stand in one. */
static void add_plain(struct buf *b, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool is_odd = ascii_is_ctl(c) || ascii_is_8bit(c) || c == ' ' ||
		              c == '<' || c == '>' || c == ',' || c == '"';

		buf_byte(b, is_odd ? '?' : c);
	}
}

static void add_rest(struct buf *b, const struct attempt *t)
{
	buf_add(b, S("user=<"));
	add_plain(b, buf_slice(t->name.len != 0 ? &t->name : &t->user));
	buf_add(b, S(">, method="));
	add_plain(b, sasl_mechanisms[t->mechanism].name);
	buf_add(b, S(", rip="));
	add_plain(b, buf_slice(&t->address));
	if (t->own.len != 0) { /* CrowdSec wants one */
		buf_add(b, S(", lip="));
		add_plain(b, buf_slice(&t->own));
	}
	buf_add(b, t->tls ? S(", TLS") : S(""));
	buf_add(b, S(", session=<"));
	add_plain(b, slice_of(t->session, SESSION_ID_SIZE));
	buf_add(b, S(">"));
}

bool attempt_log_dovecot(const struct attempt *t, enum outcome outcome)
{
	bool compared = !t->limit.is_asked || t->limit.is_under_way;
	bool failed = outcome == OUTCOME_REFUSED && !t->is_right && compared;
	struct buf b = { 0 };

	if (outcome != OUTCOME_GRANTED && !failed)
		return false;
	buf_add(&b, t->service == SERVICE_IMAP
	                    ? S("dovecot: imap-login: ")
	                    : S("dovecot: submission-login: "));
	buf_add(&b, failed ? S("Aborted login (auth failed, 1 attempts in 2 "
	                       "secs): ")
	                   : S("Login: "));
	add_rest(&b, t);
	log_foreign(buf_slice(&b));
	buf_free(&b);
	return true;
}
