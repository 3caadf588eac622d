/*
 * basic.c -- NOOP, CHECK, LOGOUT, UNAUTHENTICATE, IDLE, COMPRESS: commands
 * about the session alone. RFC 9051 sections 6.1.2, 6.1.3, 6.3.13; RFC 3501
 * section 6.4.1
 */
#include "imap/notify.h"

static struct err no_arguments(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);

	expect_end(&c);
	return c.e;
}

/* What there is to tell goes out with its tagged reply. */
struct err cmd_noop(struct session *s, struct slice args)
{
	return no_arguments(s, args);
}

struct err cmd_check(struct session *s, struct slice args)
{
	return no_arguments(s, args);
}

struct err cmd_logout(struct session *s, struct slice args)
{
	struct err e = no_arguments(s, args);

	if (!is_ok(e))
		return e;
	buf_add(session_out(s), S("* BYE logging out\r\n"));
	s->over = true;
	return OK;
}

/* All that the session knew goes with it; what must not be told any more is
 * put down here. Behind a proxy that relays it must be possible to do without
 * it. RFC 8437 sections 3 and 8 */
struct err cmd_unauthenticate(struct session *s, struct slice args)
{
	struct err e = no_arguments(s, args);

	if (is_ok(e) && session_hides(s, S("UNAUTHENTICATE")))
		e = err(ERR_SYNTAX, "there is no such command");
	if (!is_ok(e))
		return e;
	notify_stop(s);
	session_unselect(s);
	s->leaving = true;
	return OK;
}

/* Anything but DONE ends IDLE too, but is BAD. */
static struct err idle_line(struct session *s, struct slice line)
{
	(void)s;
	if (slice_ieq(line, S("DONE")))
		return OK;
	return err(ERR_SYNTAX, "expected DONE");
}

static const struct pending idle = { idle_line };

struct err cmd_idle(struct session *s, struct slice args)
{
	struct err e = no_arguments(s, args);

	if (!is_ok(e))
		return e;
	buf_add(session_out(s), S("+ idling\r\n"));
	s->pending = &idle;
	s->idling = true;
	return OK;
}

/* compress = "COMPRESS" SP algorithm. RFC 4978 */
struct err cmd_compress(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct slice algorithm;

	expect(&c, ' ', "expected an algorithm");
	algorithm = parse_atom(&c);
	expect_end(&c);
	if (!is_ok(c.e))
		return c.e;
	if (!slice_ieq(algorithm, S("DEFLATE")))
		return err(ERR_NO, "there is no such algorithm");
	if (s->out.compress != NULL)
		return err(ERR_NO, "[COMPRESSIONACTIVE] it is active already");
	s->compress_next = true;
	return OK;
}
