/* reply.c -- strings, names, flags and status. */
#include "imap/reply.h"

#include <assert.h>

#include "base/ascii.h"
#include "base/encode.h"
#include "base/limits.h"

enum { MOST_QUOTED = 1000 };

static bool can_be_quoted(struct slice s, bool utf8)
{
	if (s.len > MOST_QUOTED)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_ctl(s.ptr[i]) ||
		    (!utf8 && ascii_is_8bit(s.ptr[i])))
			return false;
	return true;
}

static void reply_quoted(struct buf *out, struct slice s)
{
	buf_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, s.ptr[i]);
	}
	buf_byte(out, '"');
}

static void reply_literal(struct buf *out, struct slice s)
{
	buf_byte(out, '{');
	buf_number(out, s.len);
	buf_add(out, S("}\r\n"));
	buf_add(out, s);
}

void reply_text(struct buf *out, struct slice s, bool utf8)
{
	if (can_be_quoted(s, utf8))
		reply_quoted(out, s);
	else
		reply_literal(out, s);
}

void reply_string(struct buf *out, struct slice s)
{
	reply_text(out, s, false);
}

void reply_nstring8(struct buf *out, struct slice s)
{
	if (s.ptr == NULL) {
		buf_add(out, S("NIL"));
		return;
	}
	if (slice_find_byte(s, '\0') != SLICE_NONE)
		buf_byte(out, '~');
	reply_string(out, s);
}

static bool is_plain_atom(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_astring_char(s.ptr[i]))
			return false;
	return s.len != 0 && !slice_ieq(s, S("NIL"));
}

void reply_astring(struct buf *out, struct slice s)
{
	if (is_plain_atom(s))
		buf_add(out, s);
	else
		reply_string(out, s);
}

void reply_mailbox(struct buf *out, struct slice name, bool utf8)
{
	struct buf wire = { 0 };

	if (is_plain_atom(name) && slice_find_byte(name, '&') == SLICE_NONE) {
		buf_add(out, name);
		return;
	}
	if (!utf8)
		utf7_encode(name, &wire);
	else
		buf_add(&wire, name);
	reply_text(out, buf_slice(&wire), utf8);
	buf_free(&wire);
}

static const struct {
	uint8_t flag;
	struct slice name;
} flag_names[] = {
	{ FLAG_ANSWERED, N("\\Answered") }, { FLAG_FLAGGED, N("\\Flagged") },
	{ FLAG_DELETED, N("\\Deleted") },   { FLAG_SEEN, N("\\Seen") },
	{ FLAG_DRAFT, N("\\Draft") },
};

void reply_system_flags(struct buf *out, uint8_t flags)
{
	bool first = true;

	for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++) {
		if (!(flags & flag_names[i].flag))
			continue;
		if (!first)
			buf_byte(out, ' ');
		buf_add(out, flag_names[i].name);
		first = false;
	}
}

static void reply_keywords(struct buf *out, uint64_t word,
                           const struct slice *names, size_t n, bool *first)
{
	for (; word != 0; word &= word - 1) {
		size_t bit = (size_t)__builtin_ctzll(word);

		if (bit >= n)
			return;
		if (!*first)
			buf_byte(out, ' ');
		buf_add(out, names[bit]);
		*first = false;
	}
}

void reply_flags(struct buf *out, const struct record *r,
                 const struct slice *names, size_t n)
{
	bool first = r->flags == 0;

	if (r->flags != 0)
		reply_system_flags(out, r->flags);
	for (size_t w = 0; w * 64 < n; w++)
		if (r->keywords.word[w] != 0)
			reply_keywords(out, r->keywords.word[w], names + w * 64,
			               n - w * 64, &first);
}

static_assert(LIMIT_METADATA_VALUE == 32768, "as in METADATA MAXSIZE");

/* The only place that knows how an error looks on the wire. */
static const struct slice statuses[ERR_CODES] = {
	[ERR_OK] = N("OK "),
	[ERR_SYNTAX] = N("BAD "),
	[ERR_NOTNOW] = N("BAD "),
	[ERR_UIDREQUIRED] = N("BAD [UIDREQUIRED] "),
	[ERR_CLIENTBUG] = N("BAD [CLIENTBUG] "),
	[ERR_NO] = N("NO "),
	[ERR_NONEXISTENT] = N("NO [NONEXISTENT] "),
	[ERR_ALREADYEXISTS] = N("NO [ALREADYEXISTS] "),
	[ERR_TRYCREATE] = N("NO [TRYCREATE] "),
	[ERR_CANNOT] = N("NO [CANNOT] "),
	[ERR_HASCHILDREN] = N("NO [HASCHILDREN] "),
	[ERR_USEATTR] = N("NO [USEATTR] "),
	[ERR_METADATA_MAXSIZE] = N("NO [METADATA MAXSIZE 32768] "),
	[ERR_METADATA_TOOMANY] = N("NO [METADATA TOOMANY] "),
	[ERR_NOPERM] = N("NO [NOPERM] "),
	[ERR_READONLY] = N("NO "),
	[ERR_EXPUNGEISSUED] = N("NO [EXPUNGEISSUED] "),
	/* one name of each that mime/charset.c has */
	[ERR_BADCHARSET] =
		N("NO [BADCHARSET (US-ASCII UTF-8 Big5 EUC-JP EUC-KR EUC-TW "
	          "GB18030 GB2312 GBK IBM437 IBM850 IBM852 IBM866 ISO-2022-JP "
	          "ISO-2022-JP-2 ISO-2022-KR ISO-8859-1 ISO-8859-2 ISO-8859-3 "
	          "ISO-8859-4 ISO-8859-5 ISO-8859-6 ISO-8859-7 ISO-8859-8 "
	          "ISO-8859-9 ISO-8859-10 ISO-8859-11 ISO-8859-13 ISO-8859-14 "
	          "ISO-8859-15 ISO-8859-16 KOI8-R KOI8-U macintosh Shift_JIS "
	          "TIS-620 UTF-16 UTF-16BE UTF-16LE UTF-32 UTF-7 windows-1250 "
	          "windows-1251 windows-1252 windows-1253 windows-1254 "
	          "windows-1255 windows-1256 windows-1257 windows-1258 "
	          "windows-874)] "),
	[ERR_TOOBIG] = N("NO [TOOBIG] "),
	[ERR_TOOFEW] = N("NO [TOOFEW] "),
	[ERR_TOOMANY] = N("NO [TOOMANY] "),
	[ERR_LIMIT] = N("NO [LIMIT] "),
	[ERR_OVERQUOTA] = N("NO [OVERQUOTA] "),
	[ERR_UNKNOWNCTE] = N("NO [UNKNOWN-CTE] "),
	[ERR_PRIVACYREQUIRED] = N("NO [PRIVACYREQUIRED] "),
	[ERR_AUTHENTICATIONFAILED] = N("NO [AUTHENTICATIONFAILED] "),
	[ERR_AUTHORIZATIONFAILED] = N("NO [AUTHORIZATIONFAILED] "),
	[ERR_CONTACTADMIN] = N("NO [CONTACTADMIN] "),
	[ERR_EXPIRED] = N("NO [EXPIRED] "),
	[ERR_UNAVAILABLE] = N("NO [UNAVAILABLE] "),
	[ERR_INUSE] = N("NO [INUSE] "),
	[ERR_BADEVENT] = N("NO [BADEVENT (MessageNew MessageExpunge FlagChange "
	                   "MailboxName SubscriptionChange "
	                   "MailboxMetadataChange ServerMetadataChange)] "),
	[ERR_NOTIFICATIONOVERFLOW] = N("NO [NOTIFICATIONOVERFLOW] "),
	[ERR_ABSENT] = N("NO "),
	[ERR_IO] = N("NO [SERVERBUG] "),
	[ERR_NOSPACE] = N("NO [UNAVAILABLE] "),
	[ERR_CORRUPT] = N("NO [CORRUPTION] "),
	[ERR_CLOSED] = N("NO [UNAVAILABLE] "),
	[ERR_TIMEOUT] = N("NO [UNAVAILABLE] "),
};

void reply_status(struct buf *out, struct err e)
{
	const char *text = e.text;

	if (text == NULL || *text == '\0')
		text = is_ok(e) ? "completed" : "failed";
	buf_add(out, statuses[e.code]);
	buf_add(out, slice_cstr(text));
}

bool is_bad(struct err e)
{
	return e.code == ERR_SYNTAX || e.code == ERR_NOTNOW ||
	       e.code == ERR_UIDREQUIRED || e.code == ERR_CLIENTBUG;
}
