/*
 * export_maildir.c -- roost export maildir: Maildir++ as Dovecot reads it.
 *
 *	PATH/cur/TIME.U<uid>.roost:2,FLAGS     a message of INBOX; its time of
 *	PATH/dovecot-uidlist, -keywords        change is its INTERNALDATE
 *	PATH/.A.B/cur/...                      of A/B
 *	PATH/subscriptions
 *
 * Lines end in LF. A mailbox's keywords beyond 26 have no letter and are
 * left out, with a warning; a name that is too long for a file is cut, with
 * another.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/exporter.h"
#include "cli/fail.h"
#include "cli/file.h"
#include "cli/file_name.h"
#include "cli/lf.h"
#include "cli/maildir.h"

struct maildir {
	int root;
	FILE *subscriptions;

	/* the mailbox being written */
	int dir;
	struct buf name;
	FILE *uidlist;
	FILE *keyword_file;
	char *keywords[MAILDIR_KEYWORDS];
	unsigned n_keywords;
	bool warned;

	/* the message being written */
	FILE *file;
	struct lf lf;
	struct buf lines;
	struct buf base;  /* its name in tmp/ */
	struct buf final; /* in cur/ */
	int64_t internaldate;
};

static FILE *create(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	                0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (file == NULL && fd >= 0)
		close(fd);
	return file;
}

/* False when not all of it could be written. */
static bool finish(FILE **file)
{
	FILE *f = *file;
	bool ok;

	if (f == NULL)
		return true;
	*file = NULL;
	ok = !ferror(f);
	return fclose(f) == 0 && ok;
}

/* -- a mailbox -- */

static struct err close_mailbox(struct maildir *m)
{
	bool ok = finish(&m->uidlist);

	ok = finish(&m->keyword_file) && ok;
	for (unsigned i = 0; i < m->n_keywords; i++)
		free(m->keywords[i]);
	m->n_keywords = 0;
	m->warned = false;
	if (m->dir >= 0)
		close(m->dir);
	m->dir = -1;
	return ok ? OK : err_errno(errno);
}

static bool make_subdirectories(int dir)
{
	return mkdirat(dir, "cur", 0700) == 0 &&
	       mkdirat(dir, "new", 0700) == 0 && mkdirat(dir, "tmp", 0700) == 0;
}

/* The mark of Maildir++: this directory is a mailbox below another. */
static bool make_mark(int dir)
{
	int fd = openat(dir, "maildirfolder",
	                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd >= 0 && close(fd) == 0;
}

/* As much of the name as a file can have, once it is encoded. */
static void encode_cut(struct slice mailbox, struct buf *out)
{
	struct buf cut = { 0 };
	size_t most = NAME_MAX;

	do {
		cut.len = 0;
		out->len = 1;
		file_name_cut(mailbox, most--, &cut);
		maildir_folder_encode(buf_slice(&cut), out);
	} while (out->len > NAME_MAX);
	buf_free(&cut);
}

/* ".A.B"; what stands behind the first dot is its name among subscriptions. */
static void name_directory(struct slice mailbox, struct buf *out)
{
	buf_byte(out, '.');
	maildir_folder_encode(mailbox, out);
	if (out->len > NAME_MAX) {
		encode_cut(mailbox, out);
		warn("%.*s: too long for a file, called %.*s", (int)mailbox.len,
		     mailbox.ptr, (int)out->len, out->data);
	}
	buf_byte(out, '\0');
}

/* INBOX is the root itself. */
static int make_directory(const struct maildir *m, struct slice name,
                          const char *path)
{
	if (slice_ieq(name, S("INBOX")))
		return directory_open(m->root, ".");
	if (mkdirat(m->root, path, 0700) != 0)
		return -1;
	return directory_open(m->root, path);
}

static struct err begin_mailbox(struct maildir *m,
                                const struct transfer_mailbox *box,
                                const char *path)
{
	m->dir = make_directory(m, box->name, path);
	if (m->dir < 0 || !make_subdirectories(m->dir) ||
	    (!slice_ieq(box->name, S("INBOX")) && !make_mark(m->dir)))
		return err_errno(errno);
	m->uidlist = create(m->dir, "dovecot-uidlist");
	m->keyword_file = create(m->dir, "dovecot-keywords");
	if (m->uidlist == NULL || m->keyword_file == NULL)
		return err_errno(errno);
	fprintf(m->uidlist, "3 V%" PRIu32 " N%" PRIu32 "\n", box->uidvalidity,
	        box->uidnext);
	m->name.len = 0;
	buf_add(&m->name, box->name);
	return OK;
}

static struct err on_mailbox(void *arg, const struct transfer_mailbox *box)
{
	struct maildir *m = arg;
	struct err e = close_mailbox(m);
	struct buf path = { 0 };

	name_directory(box->name, &path);
	if (is_ok(e) && box->subscribed)
		fprintf(m->subscriptions, "%s\n", path.data + 1);
	if (is_ok(e) && box->exists)
		e = begin_mailbox(m, box, path.data);
	buf_free(&path);
	return e;
}

/* -- its messages -- */

/* The letter's index; a new keyword gets the next one, -1: none is left. */
static int keyword_index(struct maildir *m, struct slice keyword)
{
	for (unsigned i = 0; i < m->n_keywords; i++)
		if (slice_ieq(slice_cstr(m->keywords[i]), keyword))
			return (int)i;
	if (m->n_keywords == MAILDIR_KEYWORDS) {
		if (!m->warned)
			warn("%.*s: keywords beyond %d are left out",
			     (int)m->name.len, m->name.data, MAILDIR_KEYWORDS);
		m->warned = true;
		return -1;
	}
	fprintf(m->keyword_file, "%u %.*s\n", m->n_keywords, (int)keyword.len,
	        keyword.ptr);
	m->keywords[m->n_keywords] = mem_cstr(keyword);
	return (int)m->n_keywords++;
}

static void name_message(struct maildir *m,
                         const struct transfer_message *message)
{
	struct maildir_name name = { .flags = message->flags };

	m->base.len = m->final.len = 0;
	buf_printf(&m->base, "%" PRId64 ".U%" PRIu32 ".roost",
	           message->internaldate > 0 ? message->internaldate : 0,
	           message->uid);
	name.base = buf_slice(&m->base);
	for (size_t i = 0; i < message->n_keywords; i++) {
		int index = keyword_index(m, message->keywords[i]);

		if (slice_ieq(message->keywords[i], S("$Forwarded")))
			name.passed = true;
		if (index >= 0)
			name.keywords |= UINT32_C(1) << index;
	}
	buf_add(&m->final, S("cur/"));
	maildir_name_write(&name, &m->final);
	buf_byte(&m->final, '\0');
	fprintf(m->uidlist, "%" PRIu32 " :%.*s\n", message->uid,
	        (int)m->base.len, m->base.data);
}

static const char *const tmp_name = "tmp/message";

static struct err on_begin(void *arg, const struct transfer_message *message)
{
	struct maildir *m = arg;

	name_message(m, message);
	m->internaldate = message->internaldate;
	m->lf = (struct lf){ 0 };
	m->file = create(m->dir, tmp_name);
	return m->file != NULL ? OK : err_errno(errno);
}

static struct err put_lines(struct maildir *m)
{
	if (fwrite(m->lines.data, 1, m->lines.len, m->file) != m->lines.len)
		return err_errno(errno);
	m->lines.len = 0;
	return OK;
}

static struct err on_data(void *arg, struct slice bytes)
{
	struct maildir *m = arg;

	lf_feed(&m->lf, bytes, &m->lines);
	return put_lines(m);
}

static struct err on_end(void *arg)
{
	struct maildir *m = arg;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		                     { .tv_sec = (time_t)m->internaldate } };
	struct err e;

	lf_end(&m->lf, &m->lines);
	e = put_lines(m);
	if (!is_ok(e))
		return e;
	if (!finish(&m->file) ||
	    utimensat(m->dir, tmp_name, times, AT_SYMLINK_NOFOLLOW) != 0 ||
	    renameat(m->dir, tmp_name, m->dir, m->final.data) != 0)
		return err_errno(errno);
	return OK;
}

/* -- the verb -- */

static const struct sink sink = { on_mailbox, on_begin, on_data, on_end };

static int close_maildir(struct maildir *m, int status)
{
	bool ok = finish(&m->file);

	ok = is_ok(close_mailbox(m)) && ok;
	ok = finish(&m->subscriptions) && ok;
	buf_free(&m->name);
	buf_free(&m->lines);
	buf_free(&m->base);
	buf_free(&m->final);
	close(m->root);
	if (status == EX_OK && !ok)
		return fail(EX_IOERR, "export: %s", strerror(errno));
	return status;
}

int run_export_maildir(const struct call *c)
{
	struct maildir m = { .dir = -1 };

	if (mkdir(c->args[0], 0700) != 0)
		return fail(EX_CANTCREAT, "%s: %s", c->args[0],
		            strerror(errno));
	m.root = directory_open(AT_FDCWD, c->args[0]);
	if (m.root < 0)
		return fail(EX_IOERR, "%s: %s", c->args[0], strerror(errno));
	m.subscriptions = create(m.root, "subscriptions");
	if (m.subscriptions == NULL) {
		close(m.root);
		return fail(EX_IOERR, "%s: %s", c->args[0], strerror(errno));
	}
	return close_maildir(&m, exporter_run(c, &sink, &m));
}
