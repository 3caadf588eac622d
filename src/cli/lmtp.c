/* lmtp.c -- the client's side of RFC 2033. */
#include "cli/lmtp.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "mime/crlf.h"

enum { WAIT_SECONDS = 300, CHUNK = 16384 };

/* -- addresses -- */

static bool is_atext(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || ascii_is_8bit(c) ||
	       (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool is_dot_string(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_atext(s.ptr[i]))
			return false;
	return s.len > 0 && s.ptr[0] != '.' && s.ptr[s.len - 1] != '.' &&
	       slice_find(s, S("..")) == SLICE_NONE;
}

static void put_local_part(struct slice local, struct buf *out)
{
	if (is_dot_string(local)) {
		buf_add(out, local);
		return;
	}
	buf_byte(out, '"');
	for (size_t i = 0; i < local.len; i++) {
		if (local.ptr[i] == '"' || local.ptr[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, local.ptr[i]);
	}
	buf_byte(out, '"');
}

void lmtp_recipient(struct slice user, struct slice mailbox, struct buf *out)
{
	size_t at = slice_rfind_byte(user, '@');
	struct slice domain = at != SLICE_NONE ? slice_from(user, at) : S("");
	struct buf local = { 0 };

	buf_add(&local, slice_first(user, user.len - domain.len));
	if (mailbox.len > 0) {
		buf_byte(&local, '+');
		buf_add(&local, mailbox);
	}
	put_local_part(buf_slice(&local), out);
	buf_add(out, domain);
	buf_free(&local);
}

/* -- the dialogue -- */

struct dialogue {
	FILE *in;
	FILE *out;
	struct lmtp_reply *reply;
	struct err e;
};

static void failed(struct dialogue *d)
{
	if (!is_ok(d->e))
		return;
	if (ferror(d->in) && (errno == EAGAIN || errno == EWOULDBLOCK))
		d->e = err(ERR_TIMEOUT, "the server did not answer in time");
	else
		d->e = err(ERR_CLOSED, "the server closed the connection");
}

/* One line of a reply; true when more follow ("250-"). */
static bool read_line(struct dialogue *d)
{
	char line[2048];
	size_t len;

	if (fgets(line, sizeof line, d->in) == NULL) {
		failed(d);
		return false;
	}
	len = strcspn(line, "\r\n");
	line[len] = 0;
	if (len < 3 || !isdigit((unsigned char)line[0])) {
		d->e = err(ERR_IO, "that was no LMTP reply");
		return false;
	}
	d->reply->code = (int)strtol(line, NULL, 10);
	snprintf(d->reply->text, sizeof d->reply->text, "%.500s",
	         len > 4 ? line + 4 : "");
	return line[3] == '-';
}

/* Reads a whole reply; is it of this class (2 for 2xx)? */
static bool expect(struct dialogue *d, int class)
{
	if (is_ok(d->e) && fflush(d->out) != 0)
		failed(d);
	while (is_ok(d->e) && read_line(d))
		continue;
	return is_ok(d->e) && d->reply->code / 100 == class;
}

static bool has_8bit(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_8bit(s.ptr[i]))
			return true;
	return false;
}

static bool envelope(struct dialogue *d, struct slice sender,
                     struct slice recipient)
{
	bool utf8 = has_8bit(sender) || has_8bit(recipient);

	if (!expect(d, 2))
		return false;
	fputs("LHLO localhost\r\n", d->out);
	if (!expect(d, 2))
		return false;
	fprintf(d->out, "MAIL FROM:<%.*s> BODY=8BITMIME%s\r\n", (int)sender.len,
	        sender.ptr, utf8 ? " SMTPUTF8" : "");
	if (!expect(d, 2))
		return false;
	fprintf(d->out, "RCPT TO:<%.*s>\r\n", (int)recipient.len,
	        recipient.ptr);
	if (!expect(d, 2))
		return false;
	fputs("DATA\r\n", d->out);
	return expect(d, 3);
}

/* -- the message -- */

/* What has been read so far, as whole lines with dots doubled. */
struct stuffing {
	struct crlf crlf;
	bool within_line;
	struct buf lines;
};

static void put_stuffed(struct stuffing *s, struct slice bytes, FILE *out)
{
	s->lines.len = 0;
	crlf_feed(&s->crlf, bytes, &s->lines);
	for (size_t i = 0; i < s->lines.len; i++) {
		char c = s->lines.data[i];

		if (!s->within_line && c == '.')
			fputc('.', out);
		fputc(c, out);
		s->within_line = c != '\n';
	}
}

/* Postfix's pipe puts an mbox "From " line first. */
static void skip_from_line(FILE *message)
{
	char start[5];
	size_t n = fread(start, 1, sizeof start, message);
	int c;

	if (n == sizeof start && !memcmp(start, "From ", n)) {
		while ((c = fgetc(message)) != EOF && c != '\n')
			continue;
		return;
	}
	while (n > 0)
		ungetc((unsigned char)start[--n], message);
}

static bool data(struct dialogue *d, FILE *message)
{
	struct stuffing s = { 0 };
	char chunk[CHUNK];
	size_t n;

	while ((n = fread(chunk, 1, sizeof chunk, message)) > 0)
		put_stuffed(&s, slice_of(chunk, n), d->out);
	if (ferror(message)) {
		/* without the final dot: nothing is delivered */
		d->e = err(ERR_IO, "the message could not be read");
		buf_free(&s.lines);
		return false;
	}
	fputs(s.within_line ? "\r\n.\r\n" : ".\r\n", d->out);
	buf_free(&s.lines);
	return expect(d, 2);
}

static void set_timeout(int fd)
{
	struct timeval wait = { .tv_sec = WAIT_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

struct err lmtp_deliver(int fd, struct slice sender, struct slice recipient,
                        FILE *message, struct lmtp_reply *out)
{
	struct dialogue d = { .reply = out };

	*out = (struct lmtp_reply){ 0 };
	set_timeout(fd);
	d.in = fdopen(fd, "r");
	d.out = fdopen(dup(fd), "w");
	if (d.in == NULL || d.out == NULL)
		return err_errno(errno);
	skip_from_line(message);
	if (envelope(&d, sender, recipient) && data(&d, message))
		fputs("QUIT\r\n", d.out);
	fclose(d.out);
	fclose(d.in);
	return d.e;
}
