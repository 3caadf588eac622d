/*
 * commands.c -- the command table, and the only place that answers a tag.
 *
 * A handler gets the text behind the command's name and returns an error or
 * OK; what comes before and after (state, what others did, the tagged
 * reply, counting mistakes) is the same for all and is here.
 */
#include "imap/audit.h"
#include "imap/door.h"
#include "imap/messagelimit.h"

#include <assert.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "imap/notify.h"
#include "imap/visit.h"

/* clang-format off */
static const struct command commands[] = {
	{ N("APPEND"),         ST_ANY,      CMD_CHANGES,                              cmd_append,         "APPEND completed" },
	{ N("AUTHENTICATE"),   0,           0,                                        NULL,               NULL },
	{ N("CANCELUPDATE"),   ST_SELECTED, CMD_SEQNUMS,                              cmd_cancelupdate,   "CANCELUPDATE completed" },
	{ N("CAPABILITY"),     ST_ANY,      0,                                        cmd_capability,     "CAPABILITY completed" },
	{ N("CHECK"),          ST_SELECTED, 0,                                        cmd_check,          "CHECK completed" },
	{ N("CLOSE"),          ST_SELECTED, CMD_SILENT,                               cmd_close,          "CLOSE completed" },
	{ N("COMPRESS"),       ST_ANY,      0,                                        cmd_compress,       "DEFLATE active" },
	{ N("COPY"),           ST_SELECTED, CMD_UID | CMD_NAMES_SECOND | CMD_CHANGES, cmd_copy,           "COPY completed" },
	{ N("CREATE"),         ST_ANY,      CMD_NAMES | CMD_CHANGES,                  cmd_create,         "CREATE completed" },
	{ N("DELETE"),         ST_ANY,      CMD_NAMES | CMD_CHANGES,                  cmd_delete,         "DELETE completed" },
	{ N("DELETEACL"),      ST_ANY,      CMD_NAMES | CMD_CHANGES,                  cmd_deleteacl,      "DELETEACL completed" },
	{ N("ENABLE"),         ST_ANY,      CMD_SEQNUMS,                              cmd_enable,         "ENABLE completed" },
	{ N("ESEARCH"),        ST_ANY,      CMD_UID | CMD_SEQNUMS | CMD_ALL,          cmd_esearch,        "ESEARCH completed" },
	{ N("EXAMINE"),        ST_ANY,      CMD_SILENT | CMD_NAMES,                   cmd_examine,        "EXAMINE completed" },
	{ N("EXPUNGE"),        ST_SELECTED, CMD_UID | CMD_ALL | CMD_CHANGES,          cmd_expunge,        "EXPUNGE completed" },
	{ N("FETCH"),          ST_SELECTED, CMD_UID | CMD_SEQNUMS,                    cmd_fetch,          "FETCH completed" },
	{ N("GETACL"),         ST_ANY,      CMD_NAMES,                                cmd_getacl,         "GETACL completed" },
	{ N("GETMETADATA"),    ST_ANY,      CMD_NAMES,                                cmd_getmetadata,    "GETMETADATA completed" },
	{ N("GETQUOTA"),       ST_ANY,      CMD_NAMES,                                cmd_getquota,       "GETQUOTA completed" },
	{ N("GETQUOTAROOT"),   ST_ANY,      CMD_NAMES,                                cmd_getquotaroot,   "GETQUOTAROOT completed" },
	{ N("ID"),             ST_ANY,      0,                                        cmd_id,             "ID completed" },
	{ N("IDLE"),           ST_ANY,      CMD_AWAY,                                 cmd_idle,           "IDLE completed" },
	{ N("LIST"),           ST_ANY,      0,                                        cmd_list,           "LIST completed" },
	{ N("LISTRIGHTS"),     ST_ANY,      CMD_NAMES,                                cmd_listrights,     "LISTRIGHTS completed" },
	{ N("LOGIN"),          0,           0,                                        NULL,               NULL },
	{ N("LOGOUT"),         ST_ANY,      CMD_SILENT,                               cmd_logout,         "LOGOUT completed" },
	{ N("LSUB"),           ST_ANY,      0,                                        cmd_lsub,           "LSUB completed" },
	{ N("MOVE"),           ST_SELECTED, CMD_UID | CMD_NAMES_SECOND | CMD_CHANGES, cmd_move,           "MOVE completed" },
	{ N("MYRIGHTS"),       ST_ANY,      CMD_NAMES,                                cmd_myrights,       "MYRIGHTS completed" },
	{ N("NAMESPACE"),      ST_ANY,      0,                                        cmd_namespace,      "NAMESPACE completed" },
	{ N("NOOP"),           ST_ANY,      CMD_AWAY,                                 cmd_noop,           "NOOP completed" },
	{ N("NOTIFY"),         ST_ANY,      CMD_SEQNUMS,                              cmd_notify,         "NOTIFY completed" },
	{ N("REMOVE"),         ST_SELECTED, CMD_VISIT | CMD_CHANGES,                  cmd_remove,         "REMOVE completed" },
	{ N("RENAME"),         ST_ANY,      CMD_NAMES | CMD_CHANGES,                  cmd_rename,         "RENAME completed" },
	{ N("REPLACE"),        ST_SELECTED, CMD_UID | CMD_HERE | CMD_CHANGES,         cmd_replace,        "REPLACE completed" },
	{ N("SEARCH"),         ST_SELECTED, CMD_UID | CMD_SEQNUMS,                    cmd_search,         "SEARCH completed" },
	{ N("SELECT"),         ST_ANY,      CMD_SILENT | CMD_NAMES,                   cmd_select,         "SELECT completed" },
	{ N("SETACL"),         ST_ANY,      CMD_NAMES | CMD_CHANGES,                  cmd_setacl,         "SETACL completed" },
	{ N("SETMETADATA"),    ST_ANY,      CMD_LITERAL8 | CMD_NAMES | CMD_CHANGES,   cmd_setmetadata,    "SETMETADATA completed" },
	{ N("SETQUOTA"),       ST_ANY,      CMD_NAMES | CMD_CHANGES,                  cmd_setquota,       "SETQUOTA completed" },
	{ N("SORT"),           ST_SELECTED, CMD_UID | CMD_SEQNUMS,                    cmd_sort,           "SORT completed" },
	{ N("STARTTLS"),       0,           0,                                        NULL,               NULL },
	{ N("STATUS"),         ST_ANY,      CMD_NAMES,                                cmd_status,         "STATUS completed" },
	{ N("STORE"),          ST_SELECTED, CMD_UID | CMD_SEQNUMS | CMD_CHANGES,      cmd_store,          "STORE completed" },
	{ N("SUBSCRIBE"),      ST_ANY,      CMD_CHANGES,                              cmd_subscribe,      "SUBSCRIBE completed" },
	{ N("THREAD"),         ST_SELECTED, CMD_UID | CMD_SEQNUMS,                    cmd_thread,         "THREAD completed" },
	{ N("UIDBATCHES"),     ST_SELECTED, 0,                                        cmd_uidbatches,     "UIDBATCHES completed" },
	{ N("UNAUTHENTICATE"), ST_ANY,      CMD_SILENT,                               cmd_unauthenticate, "no longer logged in" },
	{ N("UNSELECT"),       ST_SELECTED, CMD_SILENT,                               cmd_unselect,       "UNSELECT completed" },
	{ N("UNSUBSCRIBE"),    ST_ANY,      CMD_CHANGES,                              cmd_unsubscribe,    "UNSUBSCRIBE completed" },
	{ N("XLIST"),          ST_ANY,      0,                                        cmd_xlist,          "XLIST completed" },
};
/* clang-format on */

static_assert(sizeof commands / sizeof *commands == COUNTED_COMMANDS - 1,
              "base/counter_metrics.c has the commands' names");

const char *command_name(size_t i)
{
	return i < sizeof commands / sizeof *commands ? commands[i].name.ptr
	                                              : NULL;
}

static const struct command *command_find(struct slice name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (slice_ieq(commands[i].name, name))
			return &commands[i];
	return NULL;
}

bool command_takes_literal8(struct slice text)
{
	const struct command *command;
	struct slice tag, name;

	slice_cut(text, ' ', &tag, &text);
	slice_cut(text, ' ', &name, &text);
	command = command_find(name);
	return command != NULL && command->rules & CMD_LITERAL8;
}

/* -- the reply -- */

static void reply_ok(struct session *s)
{
	struct buf *out = session_out(s);

	buf_add(out, S("OK "));
	if (s->code.len != 0) {
		buf_byte(out, '[');
		buf_add(out, s->code);
		buf_add(out, S("] "));
	}
	buf_add(out, slice_cstr(s->command->done));
}

static void reply_tagged(struct session *s, struct slice tag, struct err e)
{
	struct buf *out = session_out(s);

	s->bad = is_bad(e) ? s->bad + 1 : 0;
	if (tag.len != 0)
		buf_add(out, tag);
	else
		buf_byte(out, '*');
	buf_byte(out, ' ');
	if (s->said.len != 0)
		buf_add(out, s->said);
	else if (is_ok(e))
		reply_ok(s);
	else
		reply_status(out, e);
	buf_add(out, S("\r\n"));
	out_fence(&s->out);
}

/* For a visitor a mailbox ends with his right to read it, as it does when it is
 * deleted: he is not told what has happened there, and that before an OK. */
static void close_gone(struct session *s)
{
	if (!is_visit(s) || !s->view_gone)
		return;
	buf_add(session_out(s),
	        S("* OK [CLOSED] The mailbox is out of reach\r\n"));
	session_unselect(s);
}

void session_waits(const struct session *s, bool waits)
{
	if (is_visit(s))
		return;
	if (waits)
		counter_rise(COUNTER_SESSIONS_IDLE);
	else
		counter_fall(COUNTER_SESSIONS_IDLE);
}

static size_t reply_of(struct err e)
{
	return is_ok(e) ? 0 : is_bad(e) ? 2 : 1;
}

/* Of one that has no name that we know it is the last. */
static size_t place_of(const struct session *s)
{
	return s->command != NULL ? (size_t)(s->command - commands)
	                          : COUNTED_COMMANDS - 1;
}

/* One that waits is counted when it ends, without its time; those of a visit
 * are the visitor's. */
static void count(const struct session *s, struct err e, uint64_t us)
{
	size_t place = place_of(s);

	if (is_visit(s))
		return;
	counter_add(COUNTER_COMMANDS + place * COUNTED_REPLIES + reply_of(e),
	            1);
	if (us != 0)
		counter_time(COUNTER_COMMAND_TIME + place * COUNTER_TIME_PLACES,
		             us);
}

/* What a visit's home asks for itself is read there: nothing may look like the
 * answer, and the numbers of the client's command are those it was told. What
 * is new is told when that command ends (visit_news()). */
static bool is_errand(const struct session *s)
{
	return is_visit(s) && slice_eq(s->tag, S(ERRAND));
}

static void tell_news(struct session *s)
{
	const struct command *c = s->command;
	bool numbers = c->rules & CMD_SEQNUMS && (!s->uid || s->by_number);

	if (is_errand(s)) {
		door_lost_sight(s);
		s->modseq_shown = 0; /* not to the client */
	} else if (!(c->rules & CMD_SILENT)) {
		session_sync(s, !numbers);
		if (!numbers)
			visit_news(s);
	}
}

/* The handler has ended: what others did first, then its answer. */
static void finish(struct session *s, struct slice tag, struct err e)
{
	audit_result(s, e);
	if (!is_bad(e))
		tell_news(s);
	close_gone(s);
	session_settle_modseq(s);
	if (is_ok(e))
		session_settle_limit(s);
	notify_tell(s);
	reply_tagged(s, tag, e);
}

/* -- the command -- */

static void log_command(const struct session *s, struct slice name)
{
	struct log_line l = log_open(LOG_LEVEL_DEBUG, "imap_command");

	log_text(&l, "session", slice_cstr(s->id));
	log_text(&l, "command", name);
	log_close(&l);
}

/* [ "UID" SP ] name */
static const struct command *parse_name(struct session *s, struct cursor *c)
{
	const struct command *command;
	struct slice name = parse_atom(c);

	s->uid = slice_ieq(name, S("UID"));
	if (s->uid) {
		expect(c, ' ', "expected a space behind UID");
		name = parse_atom(c);
	}
	command = is_ok(c->e) ? command_find(name) : NULL;
	if (command == NULL || (s->uid && !(command->rules & CMD_UID)) ||
	    (command->rules & CMD_VISIT && !is_visit(s)))
		fail(c, "there is no such command");
	if (log_is_on(LOG_LEVEL_DEBUG))
		log_command(s, name);
	return command;
}

static struct err check_state(const struct session *s,
                              const struct command *command)
{
	bool selected = s->view != NULL || s->away != NULL;
	unsigned now = selected ? ST_SELECTED : ST_AUTH;

	if (command->states & now)
		return OK;
	if (command->states == 0)
		return err(ERR_NOTNOW, "already logged in");
	return err(ERR_NOTNOW, "no mailbox is selected");
}

/* RFC 9586 section 3 */
static struct err check_numbers(const struct session *s,
                                const struct command *command)
{
	if (is_uidonly(s) && !s->uid && command->rules & CMD_UID &&
	    !(command->rules & CMD_ALL))
		return err(ERR_UIDREQUIRED, "UIDONLY is enabled");
	return OK;
}

static struct err run(struct session *s, struct cursor *c)
{
	struct err e;

	s->command = parse_name(s, c);
	if (!is_ok(c->e))
		return c->e;
	s->last_command = s->command->name.ptr;
	visit_look(s);
	e = check_state(s, s->command);
	if (is_ok(e))
		e = check_numbers(s, s->command);
	if (is_ok(e) && s->command->rules & CMD_CHANGES)
		e = door_change(s);
	if (!is_ok(e))
		return e;
	/* what has come since is there for "UID FETCH n:*"; flags wait for
	 * the end: a FETCH before STORE .SILENT would be taken for its result
	 */
	if (s->uid)
		session_sync_exists(s);
	s->idling = false;
	if (visit_takes(s, rest(c), &e))
		return e;
	if (s->command->states == ST_SELECTED && s->view != NULL)
		e = door_selected(s);
	return is_ok(e) ? s->command->run(s, rest(c)) : e;
}

/* The line that IDLE waits for. */
static void run_pending(struct session *s, struct slice line, struct err e)
{
	const struct pending *pending = s->pending;
	char *tag = s->pending_tag;

	s->pending = NULL;
	s->pending_tag = NULL;
	s->tag = slice_cstr(tag);
	s->said = S("");
	if (is_ok(e)) {
		e = pending->line(s, line);
	} else { /* what can't be read ends it, too: a visit must hear of it */
		pending->line(s, S(""));
		s->said = S("");
	}
	s->idling = false;
	session_waits(s, false);
	count(s, e, 0);
	finish(s, slice_cstr(tag), e);
	s->tag = S("");
	free(tag);
}

void command_run(struct session *s, struct slice text, struct err framing)
{
	struct cursor c = args_cursor(s, text);
	struct slice tag;
	struct err e;

	if (s->pending != NULL) {
		run_pending(s, text, framing);
		return;
	}
	if (text.len == 0 && is_ok(framing))
		return;
	uint64_t began = counter_now_us();

	s->commands++;
	s->code = S("");
	s->said = S("");
	s->by_number = false;
	s->limited_to = 0;
	tag = parse_tag(&c);
	if (!is_ok(c.e) || (rest(&c).len != 0 && peek(&c) != ' '))
		tag = S(""); /* what is only the beginning of one is none */
	s->tag = tag;
	expect(&c, ' ', "expected a command behind the tag");
	if (!is_ok(framing) || !is_ok(c.e)) {
		reply_tagged(s, tag, is_ok(framing) ? c.e : framing);
		return;
	}
	e = run(s, &c);
	if (s->pending != NULL) {
		s->pending_tag = mem_cstr(tag);
		session_waits(s, true);
		return;
	}
	if (s->command != NULL)
		finish(s, tag, e);
	else
		reply_tagged(s, tag, e);
	count(s, e, counter_since_us(began));
}
