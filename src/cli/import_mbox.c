/*
 * import_mbox.c -- roost import mbox: a file, or a tree of them.
 *
 *	PATH                     a file: INBOX
 *	PATH/INBOX.mbox          a directory, as roost export mbox writes it:
 *	PATH/Lists.mbox          Lists
 *	PATH/Lists/roost.mbox    Lists/roost
 *	PATH/subscriptions       one name a line
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/fail.h"
#include "cli/file.h"
#include "cli/importer.h"
#include "cli/mbox.h"

enum { CHUNK = 32768, DEPTH = LIMIT_NAME_LEVELS };

static void send_file(struct slice file, struct importer *i)
{
	struct buf text = { 0 };
	struct mbox_message m;
	size_t before = file.len;

	while (is_ok(i->e) && mbox_next(&file, &m)) {
		bool more = true;

		if (m.text.len == 0)
			continue;
		importer_begin(i, &m.meta);
		while (more) {
			text.len = 0;
			more = mbox_text(&m, CHUNK, &text);
			importer_data(i, buf_slice(&text));
		}
		importer_end(i, before - file.len);
		before = file.len;
	}
	buf_free(&text);
}

static void send_mailbox(int dir, const char *file, struct slice name,
                         struct importer *i)
{
	struct transfer_mailbox m = { .name = name, .exists = true };
	struct mapped mapped;

	if (!file_map(dir, file, &mapped)) {
		importer_leave_out(i, file, strerror(errno));
		return;
	}
	if (mbox_is_one(mapped.bytes)) {
		importer_mailbox(i, &m);
		send_file(mapped.bytes, i);
	} else {
		importer_leave_out(i, file,
		                   "is no mbox: nothing in it begins with "
		                   "\"From SENDER DATE\"");
	}
	file_unmap(&mapped);
}

/* -- a tree: a stack of directories, no deeper than mailbox names are -- */

struct level {
	int fd;
	struct names names;
	size_t at;       /* the next one */
	size_t name_len; /* of the mailbox name down to here */
};

struct tree {
	struct level stack[DEPTH];
	int depth; /* levels in use */
	struct buf name;
	struct importer *importer;
};

static void descend(struct tree *t, int at_fd, const char *directory)
{
	struct level *l = &t->stack[t->depth];

	*l = (struct level){ .fd = directory_open(at_fd, directory) };
	if (l->fd < 0)
		return;
	names_read(l->fd, &l->names);
	l->name_len = t->name.len;
	t->depth++;
}

static void ascend(struct tree *t)
{
	struct level *l = &t->stack[--t->depth];

	names_free(&l->names);
	close(l->fd);
}

/* The level's name behind those above it. */
static void enter_name(struct tree *t, struct slice level)
{
	t->name.len = t->stack[t->depth - 1].name_len;
	if (t->name.len > 0)
		buf_byte(&t->name, '/');
	buf_add(&t->name, level);
}

static void visit(struct tree *t, int fd, const char *entry)
{
	struct slice file = slice_cstr(entry);
	struct stat st;

	if (fstatat(fd, entry, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (S_ISREG(st.st_mode) && slice_ends(file, S(".mbox"))) {
		enter_name(t, slice_first(file, file.len - 5));
		send_mailbox(fd, entry, buf_slice(&t->name), t->importer);
	} else if (S_ISDIR(st.st_mode) && t->depth < DEPTH) {
		enter_name(t, file);
		descend(t, fd, entry);
	}
}

static void send_subscriptions(int dir, struct importer *i)
{
	struct mapped file;
	struct slice rest;

	if (!file_map(dir, "subscriptions", &file))
		return;
	rest = file.bytes;
	while (rest.len > 0) {
		struct transfer_mailbox m = { .subscribed = true };

		slice_cut(rest, '\n', &m.name, &rest);
		if (m.name.len > 0)
			importer_mailbox(i, &m);
	}
	file_unmap(&file);
}

static void send_tree(int dir, struct importer *i)
{
	struct tree t = { .importer = i };

	descend(&t, dir, ".");
	while (t.depth > 0) {
		struct level *l = &t.stack[t.depth - 1];

		if (l->at < l->names.n && is_ok(i->e))
			visit(&t, l->fd, l->names.v[l->at++]);
		else
			ascend(&t);
	}
	send_subscriptions(dir, i);
	buf_free(&t.name);
}

static uint64_t file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode)
	               ? (uint64_t)st.st_size
	               : 0;
}

int run_import_mbox(const struct call *c)
{
	struct importer importer;
	int dir = directory_open(AT_FDCWD, c->args[0]);
	int status;

	if (dir < 0 && access(c->args[0], R_OK) != 0)
		return fail(EX_NOINPUT, "%s: %s", c->args[0], strerror(errno));
	status = importer_open(c, file_size(c->args[0]), &importer);
	if (status == EX_OK) {
		if (dir >= 0)
			send_tree(dir, &importer);
		else
			send_mailbox(AT_FDCWD, c->args[0], S("INBOX"),
			             &importer);
		status = importer_close(&importer);
	}
	if (dir >= 0)
		close(dir);
	return status;
}
