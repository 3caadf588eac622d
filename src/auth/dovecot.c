/*
 * dovecot.c -- mail transfer agents ask whether their clients may come in.
 *
 * The protocol is Dovecot's, which Postfix and Exim speak. Who may connect
 * is trusted to be one of them, but what it passes on is a stranger's.
 *
 *	VERSION, MECH..., SPID, CUID, COOKIE, DONE
 *	AUTH 1 PLAIN service=smtp rip=192.0.2.7 resp=... ──► OK 1 user=...
 *	AUTH 2 LOGIN service=smtp rip=192.0.2.7 ──► CONT 2 VXNlcm5hbWU6
 *	CONT 2 ... ──► CONT 2 ... ──► CONT 2 ... ──► FAIL 2 user=...
 *
 * We speak first and wait for nothing: Postfix says its part at once, Exim
 * only together with AUTH. MECH stands before SPID, as both insist on.
 */
#include <stdlib.h>
#include <unistd.h>

#include "auth/attempt.h"
#include "auth/dovecot_internal.h"
#include "base/counter.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "task/stream.h"

enum {
	DOVECOTS_MOST = 1024,    /* connections; each smtpd has one */
	UNSENT_MOST = 64 * 1024, /* octets, to who does not read */
	MAJOR = 1,
	MINOR = 2,
};

/* -- mechanisms -- */

/* What MECH says of each, for `noplaintext` and the like; NULL: not to be had
 * here, where the TLS channel is somebody else's. */
static const char *const properties[SASL_MECHANISMS] = {
	[SASL_SCRAM_SHA_256] = "\tmutual-auth",
	[SASL_SCRAM_SHA_1] = "\tmutual-auth",
	[SASL_OAUTHBEARER] = "\tplaintext",
	[SASL_XOAUTH2] = "\tplaintext",
	[SASL_PLAIN] = "\tplaintext",
	[SASL_LOGIN] = "\tplaintext",
};

static bool is_offered(const struct auth *a, enum sasl m)
{
	return properties[m] != NULL &&
	       (a->options->mechanisms & sasl_bit(m)) != 0;
}

/* -- lines to the agent -- */

/* What fails here fails the next read, which ends it. The line is freed. */
void dovecot_send(struct dovecot *d, struct buf *line)
{
	buf_byte(line, '\n');
	stream_queue(d->stream, buf_slice(line));
	buf_free(line);
	if (stream_queued(d->stream) > UNSENT_MOST)
		stream_abort(d->stream);
}

static void greet(struct dovecot *d)
{
	struct buf line = { 0 };
	uint8_t cookie[16];

	random_bytes(cookie, sizeof cookie);
	buf_printf(&line, "VERSION\t%d\t%d\n", MAJOR, MINOR);
	for (int m = 0; m < SASL_MECHANISMS; m++) {
		if (is_offered(d->auth, (enum sasl)m))
			buf_printf(&line, "MECH\t%s%s\n",
			           sasl_mechanisms[m].name.ptr, properties[m]);
	}
	buf_printf(&line, "SPID\t%ld\nCUID\t%u\nCOOKIE\t", (long)getpid(),
	           ++d->auth->last_dovecot);
	hex_encode(slice_of(cookie, sizeof cookie), &line);
	buf_add(&line, S("\nDONE"));
	dovecot_send(d, &line);
}

/* -- commands -- */

static bool on_auth(struct dovecot *d, struct slice args)
{
	struct dovecot_request q;
	enum sasl m;

	if (!dovecot_parse_auth(args, &q) || dovecot_knows(d, q.id))
		return false;
	if (sasl_find(q.mechanism, &m) && is_offered(d->auth, m))
		dovecot_begin(d, &q, m);
	else
		dovecot_refuse(
			d, q.id,
			err(ERR_AUTHENTICATIONFAILED, "Unsupported mechanism"));
	return true;
}

static bool on_cont(struct dovecot *d, struct slice args)
{
	struct slice response;
	uint32_t id;

	if (!dovecot_parse_response(args, &id, &response))
		return false;
	dovecot_respond(d, id, response);
	return true;
}

static bool on_cancel(struct dovecot *d, struct slice args)
{
	uint32_t id;

	if (!dovecot_parse_id(args, &id))
		return false;
	dovecot_cancel(d, id);
	return true;
}

static bool on_version(struct dovecot *d, struct slice args)
{
	uint32_t major;

	return dovecot_parse_version(args, &major, &d->minor) && major == MAJOR;
}

/* False: what is said makes no sense. Words that we don't know may. */
static bool on_line(struct dovecot *d, struct slice line)
{
	static const struct {
		struct slice word;
		bool (*run)(struct dovecot *, struct slice args);
	} commands[] = {
		{ N("AUTH"), on_auth },
		{ N("CANCEL"), on_cancel },
		{ N("CONT"), on_cont },
		{ N("VERSION"), on_version },
	};
	struct slice word, args;

	slice_cut(line, '\t', &word, &args);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (slice_eq(word, commands[i].word))
			return commands[i].run(d, args);
	return true;
}

/* -- connections -- */

static void dovecot_close(struct dovecot *d)
{
	struct dovecot **at = &d->auth->dovecots;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	d->auth->n_dovecots--;
	dovecot_abandon(d);
	timer_stop(&d->leaving);
	stream_free(d->stream);
	buf_wipe(&d->in);
	free(d);
}

static void on_left(void *arg)
{
	dovecot_close(arg);
}

void dovecot_leave(struct dovecot *d)
{
	timer_start(&d->leaving, d->auth->loop, 1, on_left, d);
}

/* The lines that are whole. False: it must end. */
static bool take_lines(struct dovecot *d)
{
	struct slice rest = buf_slice(&d->in);
	struct slice line;
	size_t had = d->in.len;
	bool good = true;

	while (good && slice_find_byte(rest, '\n') != SLICE_NONE) {
		slice_cut(rest, '\n', &line, &rest);
		good = on_line(d, line);
	}
	buf_drop(&d->in, had - rest.len);
	mem_wipe(d->in.data + d->in.len, had - d->in.len);
	if (d->in.len == 0)
		buf_free(&d->in); /* an idle one costs nothing */
	return good && d->in.len < LIMIT_AUTH_LINE;
}

static struct err read_some(struct dovecot *d)
{
	size_t room = LIMIT_AUTH_LINE - d->in.len;
	size_t got = 0;
	struct err e;

	buf_room(&d->in, room); /* all of it: growing leaves copies behind */
	e = stream_read(d->stream, d->in.data + d->in.len, room, &got);
	d->in.len += got;
	return e;
}

static void on_readable(void *arg)
{
	struct dovecot *d = arg;

	if (!is_ok(read_some(d))) {
		dovecot_close(d);
		return;
	}
	if (!take_lines(d)) {
		log_note(LOG_LEVEL_WARN, "bad_line", "on the auth socket");
		dovecot_close(d);
		return;
	}
	stream_on_readable(d->stream, on_readable, d);
}

void dovecot_accept(void *arg, int fd)
{
	struct auth *a = arg;
	struct dovecot *d;

	counter_add(COUNTER_CONNECTIONS + LISTENER_AUTH, 1);
	if (a->n_dovecots == DOVECOTS_MOST) {
		counter_add(COUNTER_TURNED_AWAY, 1);
		close(fd);
		return;
	}
	d = mem_new(1, sizeof *d);
	d->auth = a;
	d->stream = stream_new(a->loop, fd);
	d->next = a->dovecots;
	a->dovecots = d;
	a->n_dovecots++;
	greet(d);
	stream_on_readable(d->stream, on_readable, d);
}

void dovecot_close_all(struct auth *a)
{
	while (a->dovecots != NULL)
		dovecot_close(a->dovecots);
}
