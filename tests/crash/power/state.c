/* state.c -- see state.h. */
#include "state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/mem.h"
#include "mailbox/acl.h"
#include "mailbox/internal.h"
#include "mailbox/mailbox.h"
#include "mailbox/metadata.h"
#include "secrets.h"

enum { ROWS_MOST = 64, HIDDEN_MOST = 8, LIST_BYTES = 1 << 20 };

/* What can't be read is part of the state, and equal to nothing. */
static void add_error(struct buf *out, struct err e)
{
	buf_printf(out, "error %d %s\n", (int)e.code,
	           e.text != NULL ? e.text : "");
}

/* -- messages -- */

static struct err hash_message(struct mailbox *m, uint32_t uid,
                               struct content_hash *out)
{
	struct blob_reader *r;
	struct content_hasher *h;
	struct slice part;
	uint64_t at = 0;
	struct err e = mailbox_message(m, uid, &r);

	if (!is_ok(e))
		return e;
	h = content_hasher_new();
	do {
		e = blob_read(r, at, &part);
		if (is_ok(e))
			content_hasher_add(h, part);
		at += part.len;
	} while (is_ok(e) && part.len > 0);
	*out = content_hasher_end(h);
	blob_close(r);
	return e;
}

static void add_message(struct mailbox *m, const struct record *r,
                        struct buf *out)
{
	struct content_hash hash;
	struct object_ids ids;
	struct digest digest;
	struct err e;

	buf_printf(out,
	           " %u size=%u modseq=%" PRIu64 " date=%" PRId64 "%+d saved=%u"
	           " flags=%x keywords=%" PRIx64,
	           r->uid, r->size, r->modseq, r->internaldate, r->zone,
	           r->savedate, r->flags, r->keywords.word[0]);
	e = hash_message(m, r->uid, &hash);
	if (is_ok(e))
		e = mailbox_digest(m, r->uid, &digest);
	if (is_ok(e))
		e = mailbox_object_ids(m, r->uid, &ids);
	if (!is_ok(e)) {
		add_error(out, e);
		return;
	}
	buf_byte(out, ' ');
	hex_encode(slice_of(hash.bytes, 8), out);
	buf_printf(out, " thread=%" PRIx64 "\n", ids.thread);
}

static void add_messages(struct mailbox *m, struct buf *out)
{
	struct uidset uids = { 0 };
	struct record_walk w;
	struct record r;

	uidset_copy(&uids, mailbox_uids(m));
	w = mailbox_walk(m, &uids);
	while (record_walk_next(&w, &r))
		add_message(m, &r, out);
	if (!is_ok(w.e))
		add_error(out, w.e);
	uidset_free(&uids);
}

/* -- mailboxes -- */

static void add_keywords(struct mailbox *m, struct buf *out)
{
	size_t n;
	const struct slice *names = mailbox_keywords(m, &n);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, " keyword %.*s\n", (int)names[i].len,
		           names[i].ptr);
}

/* What clients that come back are told of: the rows of the expunge log. */
static void add_expunged(struct mailbox *m, struct buf *out)
{
	struct store_key log =
		key_messages(m->account->id, T_EXPUNGED, m->meta.id);
	struct row_walk w = row_walk(m->account, &log);
	struct cursor_row row;

	buf_printf(out, " expunged floor=%" PRIu64 " ranges=%u\n",
	           m->meta.log_floor, m->meta.log_ranges);
	while (row_walk_next(&w, &row)) {
		buf_printf(out, " expunged modseq=%" PRIu64 " ",
		           key_modseq(row.key));
		hex_encode(row.value, out);
		buf_byte(out, '\n');
	}
	if (!is_ok(w.e))
		add_error(out, w.e);
}

/* What each visitor has seen. */
static void add_seen(struct mailbox *m, struct buf *out)
{
	struct store_key seen =
		key_messages(m->account->id, T_SEEN, m->meta.id);
	struct row_walk w = row_walk(m->account, &seen);
	struct cursor_row row;

	while (row_walk_next(&w, &row)) {
		buf_add(out, S(" seen by "));
		hex_encode(row.key, out);
		buf_byte(out, ' ');
		hex_encode(row.value, out);
		buf_byte(out, '\n');
	}
	if (!is_ok(w.e))
		add_error(out, w.e);
}

static void add_status(struct mailbox *m, struct buf *out)
{
	struct mailbox_status s;

	mailbox_get_status(m, &s);
	buf_printf(out,
	           " uidvalidity=%u uidnext=%u highestmodseq=%" PRIu64
	           " messages=%u unseen=%u deleted=%u size=%" PRIu64
	           " deleted_size=%" PRIu64 "\n",
	           s.uidvalidity, s.uidnext, s.highestmodseq, s.messages,
	           s.unseen, s.deleted, s.size, s.deleted_size);
}

static void add_entry(void *ctx, struct metadata_entry entry)
{
	struct buf *out = ctx;

	buf_printf(out, " %.*s=%.*s\n", (int)entry.name.len, entry.name.ptr,
	           (int)entry.value.len, entry.value.ptr);
}

static void add_metadata(struct account *a, struct slice name, struct buf *out)
{
	static const struct slice roots[] = { N("/private"), N("/shared") };
	struct err e = mailbox_get_metadata(a, account_id(a), name, roots, 2,
	                                    METADATA_ALL, add_entry, out);

	if (!is_ok(e))
		add_error(out, e);
}

static void add_acl(struct account *a, struct slice name, struct buf *out)
{
	struct arena *arena = arena_new(LIST_BYTES);
	struct acl_entry *v;
	size_t n;
	struct err e = mailbox_get_acl(a, name, arena, &v, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, " acl %.*s=%x\n", (int)v[i].identifier.len,
		           v[i].identifier.ptr, v[i].rights);
	arena_free(arena);
}

static void add_mailbox(struct account *a, const struct mailbox_info *info,
                        struct buf *out)
{
	struct mailbox *m;
	struct err e;

	buf_printf(out,
	           "mailbox \"%.*s\" id=%u use=%x sub=%d there=%d noselect=%d",
	           (int)info->name.len, info->name.ptr, info->id,
	           info->special_use, info->subscribed, info->exists,
	           info->noselect);
	if (!info->exists || info->noselect) {
		buf_byte(out, '\n');
		return;
	}
	e = mailbox_open(a, info->name, &m);
	if (!is_ok(e)) {
		add_error(out, e);
		return;
	}
	add_status(m, out);
	add_expunged(m, out);
	add_seen(m, out);
	add_keywords(m, out);
	add_messages(m, out);
	mailbox_close(m);
	add_metadata(a, info->name, out);
	add_acl(a, info->name, out);
}

static void add_mailboxes(struct account *a, struct buf *out)
{
	struct arena *arena = arena_new(LIST_BYTES);
	struct mailbox_info *infos;
	size_t n;
	struct err e = mailbox_list(a, arena, &infos, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; is_ok(e) && i < n; i++)
		add_mailbox(a, &infos[i], out);
	arena_free(arena);
}

static void add_quota(struct account *a, struct buf *out)
{
	struct quota q;

	account_quota(a, &q);
	buf_printf(out, "account %.*s", (int)account_name(a).len,
	           account_name(a).ptr);
	for (size_t i = 0; i < QUOTA_RESOURCES; i++)
		buf_printf(out, " %" PRIu64 "/%" PRIu64, q.used[i], q.limit[i]);
	buf_byte(out, '\n');
}

void state_of_account(struct model *m, uint64_t id, struct buf *out)
{
	struct account *a;
	struct err e = account_open(m, id, &a);

	if (e.code == ERR_ABSENT)
		buf_printf(out, "absent\n");
	else if (!is_ok(e))
		add_error(out, e);
	if (!is_ok(e))
		return;
	add_quota(a, out);
	add_metadata(a, S(""), out);
	add_mailboxes(a, out);
	account_close(a);
}

uint64_t state_number(struct slice state, const char *mailbox, const char *key)
{
	char head[64];
	char word[64];
	struct slice line;
	size_t at;
	uint64_t n = 0;

	snprintf(head, sizeof head, "mailbox \"%s\" ", mailbox);
	at = slice_find(state, slice_cstr(head));
	if (at == SLICE_NONE)
		return 0;
	slice_cut(slice_from(state, at), '\n', &line, &state);
	snprintf(word, sizeof word, " %s=", key);
	at = slice_find(line, slice_cstr(word));
	if (at == SLICE_NONE)
		return 0;
	line = slice_from(line, at + strlen(word));
	for (; line.len > 0 && *line.ptr >= '0' && *line.ptr <= '9';
	     line = slice_from(line, 1))
		n = n * 10 + (uint64_t)(*line.ptr - '0');
	return n;
}

/* -- the directory -- */

static void add_row(const struct account_row *row, struct buf *out)
{
	buf_printf(out,
	           "%.*s id=%" PRIu64 " state=%u created=%" PRId64
	           " credential=%" PRIu64 " generation=%" PRIu64
	           " changed=%" PRId64 " used=%" PRId64
	           " shared=%d administrator=%d %.*s\n",
	           (int)row->name_len, row->name, row->id, row->state,
	           row->created_s, row->credential, row->generation,
	           row->changed_s, row->last_use_s, row->shared,
	           row->administrator, (int)row->stored_len, row->stored);
}

/* Who may have let it in. */
static void add_owners(struct directory *d, const struct account_row *row,
                       struct buf *out)
{
	struct arena *arena = arena_new(LIST_BYTES);
	struct slice owners[ROWS_MOST];
	size_t n = 0;
	struct err e = directory_owners(d, row, false, S(""), arena, owners,
	                                ROWS_MOST, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%.*s is let in by %.*s\n", (int)row->name_len,
		           row->name, (int)owners[i].len, owners[i].ptr);
	arena_free(arena);
}

static void add_groups(struct directory *d, struct buf *out)
{
	static const struct member_row first = { { "", 0 }, { "", 0 } };
	struct arena *arena = arena_new(LIST_BYTES);
	struct member_row rows[ROWS_MOST];
	size_t n = 0;
	struct err e = directory_members(d, &first, arena, rows, ROWS_MOST, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%.*s has %.*s\n", (int)rows[i].group.len,
		           rows[i].group.ptr, (int)rows[i].account.len,
		           rows[i].account.ptr);
	arena_free(arena);
}

static void add_hidden(struct directory *d, struct buf *out)
{
	static const struct hidden_row first = { { "", 0 }, { "", 0 } };
	struct hidden_row rows[HIDDEN_MOST];
	struct arena *arena = arena_new(LIST_BYTES);
	size_t n = 0;
	struct err e =
		directory_hidden_page(d, &first, arena, rows, HIDDEN_MOST, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "hidden \"%.*s\" %.*s\n",
		           (int)rows[i].scope.len, rows[i].scope.ptr,
		           (int)rows[i].capability.len, rows[i].capability.ptr);
	arena_free(arena);
}

void state_of_directory(struct directory *d, struct buf *out)
{
	struct account_row *rows = mem_new(ROWS_MOST, sizeof *rows);
	struct directory_counts counts;
	uint32_t kept = 0;
	size_t n = 0;
	struct err e = directory_count(d, &counts);

	if (is_ok(e))
		e = directory_uidvalidity(d, &kept);

	if (is_ok(e))
		e = directory_page(d, S(""), S(""), rows, ROWS_MOST, &n);
	if (!is_ok(e))
		add_error(out, e);
	else
		buf_printf(out,
		           "domains=%" PRIu64 " accounts=%" PRIu64
		           " uidvalidity=%u\n",
		           counts.domains, counts.accounts, kept);
	for (size_t i = 0; i < n; i++) {
		add_row(&rows[i], out);
		add_owners(d, &rows[i], out);
		state_of_secrets(d, &rows[i], out);
	}
	free(rows);
	add_groups(d, out);
	add_hidden(d, out);
	state_of_policies(d, out);
}

/* -- a site -- */

static void add_file(const char *dir, const char *name, struct buf *out)
{
	enum { MOST = 1 << 16 };
	char path[512];
	char *bytes = mem_new(MOST, 1);
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, bytes, MOST);
		close(fd);
	}
	buf_printf(out, "%s %zd octets, %016" PRIx64 "\n", name, n,
	           n >= 0 ? hash_check(slice_of(bytes, (size_t)n)) : 0);
	free(bytes);
}

void state_of_site(const char *dir, struct buf *out)
{
	static const char *const dirs[] = { "auth", "run", "partition" };
	char path[512];

	snprintf(path, sizeof path, "%s/roost.conf", dir);
	if (access(path, F_OK) != 0) {
		buf_printf(out, "absent\n");
		return;
	}
	add_file(dir, "roost.conf", out);
	add_file(dir, "certificate.pem", out);
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, dirs[i]);
		buf_printf(out, "%s %d\n", dirs[i], access(path, F_OK) == 0);
	}
}
