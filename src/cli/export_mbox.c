/*
 * export_mbox.c -- roost export mbox: one file a mailbox.
 *
 *	PATH/INBOX.mbox, PATH/Lists.mbox, PATH/Lists/roost.mbox
 *	PATH/subscriptions       one name a line
 *
 * Flags and keywords go into Status, X-Status and X-Keywords, the date into
 * the "From " line. UIDs have no place here: Maildir keeps them. A level of a
 * name that no file or directory can have here is called otherwise, with a
 * warning.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "cli/exporter.h"
#include "cli/fail.h"
#include "cli/file_name.h"
#include "cli/lf.h"
#include "cli/mbox.h"

struct mboxes {
	const char *root;
	FILE *subscriptions;
	FILE *file; /* of the mailbox being written */
	struct mbox_writer writer;
	struct lf lf;
	struct buf lines; /* the message's, LF */
	struct buf text;  /* for the file */
};

static struct err close_file(FILE **file)
{
	FILE *f = *file;
	bool ok;

	if (f == NULL)
		return OK;
	*file = NULL;
	ok = !ferror(f);
	return fclose(f) == 0 && ok ? OK : err_errno(errno);
}

/* Every directory on the way; those that are there are taken as they are. */
static void make_parents(char *path, size_t root_len)
{
	for (char *at = path + root_len + 1; (at = strchr(at, '/')); at++) {
		*at = 0;
		mkdir(path, 0700);
		*at = '/';
	}
}

enum { ROOM = NAME_MAX - 5 }; /* before ".mbox" */

/* A directory must not have the name of a file that may be there, too. */
static bool can_be(struct slice level, bool is_first, bool is_directory)
{
	if (is_directory && is_first && slice_eq(level, S("subscriptions")))
		return false;
	return level.len <= ROOM &&
	       !(is_directory && slice_ends(level, S(".mbox")));
}

/* "Lists/roost.mbox", each level one that a file can have. */
static void name_file(struct slice mailbox, struct buf *out)
{
	struct slice rest = mailbox;
	struct slice level;
	bool is_cut = false;
	bool more = true;

	while (more) {
		bool is_first = rest.ptr == mailbox.ptr;

		more = slice_cut(rest, '/', &level, &rest);
		if (can_be(level, is_first, more)) {
			buf_add(out, level);
		} else {
			file_name_cut(level, ROOM - FILE_NAME_MARK, out);
			is_cut = true;
		}
		buf_add(out, more ? S("/") : S(".mbox"));
	}
	if (is_cut)
		warn("%.*s: no name for a file, called %.*s", (int)mailbox.len,
		     mailbox.ptr, (int)out->len, out->data);
}

static struct err begin_mailbox(struct mboxes *m, struct slice name)
{
	struct buf path = { 0 };
	struct err e = OK;

	buf_printf(&path, "%s/", m->root);
	name_file(name, &path);
	buf_byte(&path, '\0');
	make_parents(path.data, strlen(m->root));
	m->file = fopen(path.data, "wxe");
	if (m->file == NULL)
		e = err_errno(errno);
	buf_free(&path);
	return e;
}

static struct err on_mailbox(void *arg, const struct transfer_mailbox *box)
{
	struct mboxes *m = arg;
	struct err e = close_file(&m->file);

	if (box->subscribed)
		fprintf(m->subscriptions, "%.*s\n", (int)box->name.len,
		        box->name.ptr);
	return is_ok(e) && box->exists ? begin_mailbox(m, box->name) : e;
}

static struct err put_text(struct mboxes *m)
{
	if (fwrite(m->text.data, 1, m->text.len, m->file) != m->text.len)
		return err_errno(errno);
	m->text.len = 0;
	return OK;
}

static struct err on_begin(void *arg, const struct transfer_message *message)
{
	struct mboxes *m = arg;

	m->lf = (struct lf){ 0 };
	mbox_begin(&m->writer, message, &m->text);
	return put_text(m);
}

static void add_lines(struct mboxes *m)
{
	mbox_add(&m->writer, buf_slice(&m->lines), &m->text);
	m->lines.len = 0;
}

static struct err on_data(void *arg, struct slice bytes)
{
	struct mboxes *m = arg;

	lf_feed(&m->lf, bytes, &m->lines);
	add_lines(m);
	return put_text(m);
}

static struct err on_end(void *arg)
{
	struct mboxes *m = arg;

	lf_end(&m->lf, &m->lines);
	add_lines(m);
	mbox_end(&m->writer, &m->text);
	return put_text(m);
}

static const struct sink sink = { on_mailbox, on_begin, on_data, on_end };

static int close_mboxes(struct mboxes *m, int status)
{
	struct err file = close_file(&m->file);
	struct err subscriptions = close_file(&m->subscriptions);

	buf_free(&m->lines);
	buf_free(&m->text);
	buf_free(&m->writer.line);
	if (status == EX_OK && !is_ok(file))
		return fail_err(file, "export");
	if (status == EX_OK && !is_ok(subscriptions))
		return fail_err(subscriptions, "export");
	return status;
}

int run_export_mbox(const struct call *c)
{
	struct mboxes m = { .root = c->args[0] };
	struct buf path = { 0 };

	if (mkdir(m.root, 0700) != 0)
		return fail(EX_CANTCREAT, "%s: %s", m.root, strerror(errno));
	buf_printf(&path, "%s/subscriptions", m.root);
	buf_byte(&path, '\0');
	m.subscriptions = fopen(path.data, "wxe");
	buf_free(&path);
	if (m.subscriptions == NULL)
		return fail(EX_IOERR, "%s: %s", m.root, strerror(errno));
	return close_mboxes(&m, exporter_run(c, &sink, &m));
}
