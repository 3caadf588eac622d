/*
 * import_maildir.c -- roost import maildir: a Maildir++ tree, in order.
 *
 *	PATH/cur, PATH/new            INBOX
 *	PATH/.A.B/cur, ...            A/B
 *	PATH/subscriptions            what is subscribed
 *	each: dovecot-uidlist         UIDVALIDITY and UIDs
 *	      dovecot-keywords        what the letters a to z mean
 *
 * Messages are sent by rising UID; those that no list knows come behind,
 * by name (which begins with the time of delivery). tmp/ is not looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/fail.h"
#include "cli/file.h"
#include "cli/importer.h"
#include "cli/maildir.h"

/* -- what dovecot-uidlist says -- */

struct uid_row {
	struct slice base; /* in the mapped file */
	uint32_t uid;
};

struct uidlist {
	struct mapped file;
	struct uid_row *v; /* by base */
	size_t n;
	uint32_t uidvalidity; /* 0: there is no list */
	uint32_t uidnext;
};

static int by_base(const void *a, const void *b)
{
	return slice_cmp(((const struct uid_row *)a)->base,
	                 ((const struct uid_row *)b)->base);
}

static void uidlist_read(int dir, struct uidlist *list)
{
	struct slice rest;
	struct slice line;
	size_t cap = 0;

	*list = (struct uidlist){ 0 };
	if (!file_map(dir, "dovecot-uidlist", &list->file))
		return;
	rest = list->file.bytes;
	slice_cut(rest, '\n', &line, &rest);
	if (!maildir_uidlist_head(line, &list->uidvalidity, &list->uidnext))
		return;
	while (rest.len > 0) {
		struct uid_row row;

		slice_cut(rest, '\n', &line, &rest);
		if (!maildir_uidlist_line(line, &row.uid, &row.base))
			continue;
		if (list->n == cap) {
			cap = cap != 0 ? 2 * cap : 256;
			list->v = mem_resize(list->v, cap, sizeof *list->v);
		}
		list->v[list->n++] = row;
	}
	if (list->n > 0)
		qsort(list->v, list->n, sizeof *list->v, by_base);
}

static uint32_t uidlist_find(const struct uidlist *list, struct slice base)
{
	struct uid_row key = { .base = base };
	struct uid_row *row = list->n == 0 ? NULL
	                                   : bsearch(&key, list->v, list->n,
	                                             sizeof *list->v, by_base);

	return row != NULL ? row->uid : 0;
}

static void uidlist_free(struct uidlist *list)
{
	free(list->v);
	file_unmap(&list->file);
}

/* -- the messages of one folder -- */

struct entry {
	const char *file; /* one of struct names */
	int dir;          /* cur or new */
	uint32_t uid;     /* 0: not in the list */
};

struct folder {
	struct names cur;
	struct names new;
	int cur_fd;
	int new_fd;
	struct uidlist uids;
	struct mapped keyword_file;
	struct slice keywords[MAILDIR_KEYWORDS];
	struct entry *v;
	size_t n;
};

static void keywords_read(int dir, struct folder *f)
{
	struct slice line;
	struct slice name;
	struct slice rest;
	unsigned index;

	if (!file_map(dir, "dovecot-keywords", &f->keyword_file))
		return;
	rest = f->keyword_file.bytes;
	while (rest.len > 0) {
		slice_cut(rest, '\n', &line, &rest);
		if (maildir_keyword_line(line, &index, &name))
			f->keywords[index] = name;
	}
}

static void add_entries(struct folder *f, const struct names *names, int dir)
{
	for (size_t i = 0; i < names->n; i++) {
		struct slice base;

		if (names->v[i][0] == '.')
			continue;
		base = maildir_name_parse(slice_cstr(names->v[i])).base;
		f->v[f->n++] = (struct entry){ names->v[i], dir,
			                       uidlist_find(&f->uids, base) };
	}
}

/* UIDs first, rising; then names. */
static int by_uid(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	uint32_t ux = x->uid - 1; /* 0 is behind all others */
	uint32_t uy = y->uid - 1;

	if (ux != uy)
		return ux < uy ? -1 : 1;
	return strcmp(x->file, y->file);
}

/* Two files of one UID: the second is a new message. */
static void drop_double_uids(struct folder *f)
{
	bool doubled = false;
	uint32_t last = 0;

	for (size_t i = 0; i < f->n && f->v[i].uid != 0; i++) {
		if (f->v[i].uid == last) {
			f->v[i].uid = 0;
			doubled = true;
		} else {
			last = f->v[i].uid;
		}
	}
	if (doubled)
		qsort(f->v, f->n, sizeof *f->v, by_uid);
}

/* Does it look like a Maildir at all? Either of cur and new will do. */
static bool folder_open(int dir, struct folder *f)
{
	*f = (struct folder){ .cur_fd = directory_open(dir, "cur"),
		              .new_fd = directory_open(dir, "new") };
	if (f->cur_fd < 0 && f->new_fd < 0)
		return false;
	if (f->cur_fd >= 0)
		names_read(f->cur_fd, &f->cur);
	if (f->new_fd >= 0)
		names_read(f->new_fd, &f->new);
	uidlist_read(dir, &f->uids);
	keywords_read(dir, f);
	f->v = mem_new(f->cur.n + f->new.n + 1, sizeof *f->v);
	add_entries(f, &f->cur, f->cur_fd);
	add_entries(f, &f->new, f->new_fd);
	qsort(f->v, f->n, sizeof *f->v, by_uid);
	drop_double_uids(f);
	return true;
}

static void folder_close(struct folder *f)
{
	if (f->cur_fd >= 0)
		close(f->cur_fd);
	if (f->new_fd >= 0)
		close(f->new_fd);
	names_free(&f->cur);
	names_free(&f->new);
	uidlist_free(&f->uids);
	file_unmap(&f->keyword_file);
	free(f->v);
}

/* -- sending -- */

static void describe(const struct folder *f, const struct entry *entry,
                     struct transfer_message *m)
{
	struct maildir_name name = maildir_name_parse(slice_cstr(entry->file));
	struct stat st;

	*m = (struct transfer_message){ .uid = entry->uid,
		                        .flags = name.flags };
	if (fstatat(entry->dir, entry->file, &st, AT_SYMLINK_NOFOLLOW) == 0)
		m->internaldate = (int64_t)st.st_mtim.tv_sec;
	if (name.passed)
		transfer_add_keyword(m, S("$Forwarded"));
	for (int i = 0; i < MAILDIR_KEYWORDS; i++)
		if ((name.keywords & UINT32_C(1) << i) != 0)
			transfer_add_keyword(m, f->keywords[i]);
}

static void send_entry(const struct folder *f, const struct entry *entry,
                       struct importer *i)
{
	struct transfer_message m;
	struct mapped file;

	if (!file_map(entry->dir, entry->file, &file)) {
		warn("%s: left out: %s", entry->file, strerror(errno));
		return;
	}
	if (file.bytes.len == 0) {
		warn("%s: left out: it is empty", entry->file);
		return;
	}
	describe(f, entry, &m);
	importer_begin(i, &m);
	importer_data(i, file.bytes);
	importer_end(i, 1);
	file_unmap(&file);
}

static uint32_t uidnext_of(const struct folder *f)
{
	uint32_t next = f->uids.uidnext;

	for (size_t k = 0; k < f->n; k++)
		if (f->v[k].uid >= next && f->v[k].uid != UINT32_MAX)
			next = f->v[k].uid + 1;
	return next;
}

/* Those with a UID, then, with UIDNEXT as it was, the others. */
static void send_entries(struct folder *f, const struct transfer_mailbox *m,
                         struct importer *i)
{
	size_t k = 0;

	while (k < f->n && f->v[k].uid != 0 && is_ok(i->e))
		send_entry(f, &f->v[k++], i);
	if (m->uidvalidity != 0)
		importer_uidnext(i, m);
	while (k < f->n && is_ok(i->e))
		send_entry(f, &f->v[k++], i);
}

static void send_folder(struct folder *f, struct slice name, bool subscribed,
                        struct importer *i)
{
	struct transfer_mailbox m = {
		.name = name,
		.uidvalidity = f->uids.uidvalidity,
		.uidnext = uidnext_of(f),
		.first_uid = f->n > 0 ? f->v[0].uid : 0,
		.subscribed = subscribed,
		.exists = true,
	};

	if (!importer_mailbox(i, &m)) {
		for (size_t k = 0; k < f->n; k++)
			f->v[k].uid = 0;
		m.uidvalidity = 0;
	}
	send_entries(f, &m, i);
}

/* -- the tree -- */

/* Names of subscribed mailboxes that have not been met as folders yet. */
struct tree {
	int fd;
	struct names folders; /* directory entries */
	struct slice *subscribed;
	size_t n_subscribed;
	struct importer importer;
};

static void subscriptions_read(struct tree *t)
{
	struct maildir_subscriptions s = { 0 };
	struct mapped file;
	struct slice rest;
	struct buf name = { 0 };
	size_t cap = 0;

	if (!file_map(t->fd, "subscriptions", &file))
		return;
	rest = file.bytes;
	while (maildir_subscription(&s, &rest, &name)) {
		if (t->n_subscribed == cap) {
			cap = cap != 0 ? 2 * cap : 64;
			t->subscribed = mem_resize(t->subscribed, cap,
			                           sizeof *t->subscribed);
		}
		t->subscribed[t->n_subscribed++] = buf_take(&name);
	}
	file_unmap(&file);
}

/* Is it subscribed? Then it is crossed off. */
static bool take_subscription(struct tree *t, struct slice name)
{
	for (size_t k = 0; k < t->n_subscribed; k++) {
		if (!slice_eq(t->subscribed[k], name))
			continue;
		free((char *)t->subscribed[k].ptr);
		t->subscribed[k] = t->subscribed[--t->n_subscribed];
		return true;
	}
	return false;
}

static void send_subscriptions(struct tree *t)
{
	for (size_t k = 0; k < t->n_subscribed; k++) {
		importer_mailbox(&t->importer, &(struct transfer_mailbox){
						       .name = t->subscribed[k],
						       .subscribed = true });
		free((char *)t->subscribed[k].ptr);
	}
	free(t->subscribed);
}

static void send_directory(struct tree *t, const char *directory,
                           struct slice name)
{
	int fd = directory_open(t->fd, directory);
	struct folder f;

	if (fd < 0)
		return; /* a file whose name begins with a dot */
	if (folder_open(fd, &f))
		send_folder(&f, name, take_subscription(t, name), &t->importer);
	folder_close(&f);
	close(fd);
}

static void send_tree(struct tree *t)
{
	struct buf name = { 0 };

	send_directory(t, ".", S("INBOX"));
	for (size_t k = 0; k < t->folders.n && is_ok(t->importer.e); k++) {
		if (t->folders.v[k][0] != '.')
			continue;
		name.len = 0;
		maildir_folder_decode(slice_cstr(t->folders.v[k] + 1), &name);
		send_directory(t, t->folders.v[k], buf_slice(&name));
	}
	send_subscriptions(t);
	buf_free(&name);
}

/* How many files there are, for the bar. */
static uint64_t count_directory(int at_fd, const char *directory)
{
	int fd = directory_open(at_fd, directory);
	struct folder f;
	uint64_t n = 0;

	if (fd < 0)
		return 0;
	if (folder_open(fd, &f))
		n = f.n;
	folder_close(&f);
	close(fd);
	return n;
}

static uint64_t count_tree(const struct tree *t)
{
	uint64_t n = count_directory(t->fd, ".");

	for (size_t k = 0; k < t->folders.n; k++)
		if (t->folders.v[k][0] == '.')
			n += count_directory(t->fd, t->folders.v[k]);
	return n;
}

static bool is_maildir(int fd)
{
	struct stat st;

	return fstatat(fd, "cur", &st, 0) == 0 && S_ISDIR(st.st_mode);
}

int run_import_maildir(const struct call *c)
{
	struct tree t = { .fd = directory_open(AT_FDCWD, c->args[0]) };
	int status;

	if (t.fd < 0)
		return fail(EX_NOINPUT, "%s: %s", c->args[0], strerror(errno));
	if (!is_maildir(t.fd) || !names_read(t.fd, &t.folders)) {
		close(t.fd);
		return fail(EX_NOINPUT, "%s: no Maildir: it has no cur",
		            c->args[0]);
	}
	status = importer_open(c, count_tree(&t), &t.importer);
	if (status == EX_OK) {
		subscriptions_read(&t);
		send_tree(&t);
		status = importer_close(&t.importer);
	}
	names_free(&t.folders);
	close(t.fd);
	return status;
}
