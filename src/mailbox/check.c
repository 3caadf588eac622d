/* check.c -- accounts, names and mailboxes, compared with a recount. */
#include "mailbox/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "mailbox/acl.h"
#include "mailbox/check_internal.h"
#include "mailbox/name.h"
#include "mailbox/thread.h"

void check_problem(struct check *k, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	buf_printf(&k->report->text, "account %llu",
	           (unsigned long long)k->account);
	if (k->name.len != 0)
		buf_printf(&k->report->text, ", mailbox \"%.*s\"",
		           (int)k->name.len, k->name.ptr);
	buf_printf(&k->report->text, ": %s\n", text);
	k->report->problems++;
}

static struct store_cursor table_rows(struct check *k, enum table table)
{
	struct store_key prefix = key_table(k->account, table);

	return store_cursor(k->partition, store_key_slice(&prefix),
	                    (struct slice){ NULL, 0 });
}

static uint64_t count_rows(struct check *k, enum table table)
{
	struct store_cursor c = table_rows(k, table);
	struct cursor_row row;
	uint64_t n = 0;

	while (store_cursor_next(&c, &row))
		n++;
	if (!is_ok(c.e))
		k->e = c.e;
	return n;
}

/* -- names -- */

/* ERR_ABSENT when there is no such name. */
static struct err find_name(struct check *k, struct slice name, uint32_t *id)
{
	struct store_key key = key_name(k->account, T_NAME, name);
	struct slice value;
	struct err e = store_get(k->partition, store_key_slice(&key), &value);

	if (is_ok(e) && value.len != 4)
		return err(ERR_CORRUPT, "a mailbox name is damaged");
	if (is_ok(e))
		*id = get_le32(value.ptr);
	return e;
}

static void check_name(struct check *k, uint32_t id)
{
	struct slice parent = mailbox_name_parent(k->name);
	struct buf normal = { 0 };
	uint32_t found = 0;

	if (!is_ok(mailbox_name_normal(k->name, &normal)) ||
	    !slice_eq(buf_slice(&normal), k->name))
		check_problem(k, "the name is not in normal form");
	buf_free(&normal);
	if (!is_ok(find_name(k, k->name, &found)) || found != id)
		check_problem(k, "the name does not lead to the mailbox");
	if (parent.len != 0 && !is_ok(find_name(k, parent, &found)))
		check_problem(k, "the mailbox above it is missing");
}

/* -- mailboxes -- */

static void check_numbers(struct check *k, const struct mailbox_meta *meta,
                          uint32_t id)
{
	if (meta->id != id || id == 0 || id > k->meta.last_mailbox)
		check_problem(k, "the mailbox has a wrong id");
	if (meta->uidvalidity == 0 || meta->uidnext == 0)
		check_problem(k, "UIDVALIDITY or UIDNEXT is 0");
	if (meta->highestmodseq == 0 || meta->highestmodseq > k->meta.modseq)
		check_problem(k, "HIGHESTMODSEQ is 0 or above the account's");
	if (meta->log_floor > meta->highestmodseq)
		check_problem(k,
		              "the expunge log's floor is above the mailbox's "
		              "modseq");
	if (meta->noselect && meta->messages != 0)
		check_problem(k, "there are messages in a \\Noselect name");
}

static void check_mailbox(struct check *k, const struct cursor_row *row)
{
	struct slice keywords[LIMIT_KEYWORDS];
	struct mailbox_meta meta;
	size_t n;
	struct err e =
		mailbox_meta_read(row->value, &meta, &k->name, keywords, &n);

	if (!is_ok(e)) {
		k->name = (struct slice){ NULL, 0 };
		check_problem(k, "mailbox %u: the record is damaged",
		              key_uid(row->key));
		return;
	}
	check_numbers(k, &meta, key_uid(row->key));
	check_name(k, meta.id);
	check_messages(k, &meta, n);
	k->bytes += k->found.size;
	k->messages += k->found.messages;
	k->mailboxes++;
	k->report->messages += k->found.messages;
	k->report->mailboxes++;
	k->name = (struct slice){ NULL, 0 };
}

/* -- annotations -- */

/* Each belongs to a mailbox, or to the account. Their octets. */
static uint64_t check_annotations(struct check *k)
{
	enum { HEAD = 8 + 1 + 4 + 8 };
	struct store_cursor c = table_rows(k, T_METADATA);
	struct cursor_row row;
	uint64_t octets = 0;

	while (store_cursor_next(&c, &row)) {
		uint32_t id;
		struct store_key key;
		struct slice value;

		if (row.key.len <= HEAD) {
			check_problem(k, "an annotation has no name");
			continue;
		}
		id = get_be32(row.key.ptr + HEAD - 12);
		key = key_mailbox(k->account, id);
		octets += row.key.len - HEAD + row.value.len;
		if (id != 0 && !is_ok(store_get(k->partition,
		                                store_key_slice(&key), &value)))
			check_problem(k, "an annotation of no mailbox");
	}
	if (!is_ok(c.e))
		k->e = c.e;
	return octets;
}

/* -- lists of rights -- */

static void check_acls(struct check *k)
{
	struct store_cursor c = table_rows(k, T_ACL);
	struct cursor_row row;

	while (store_cursor_next(&c, &row)) {
		struct acl_entry v[LIMIT_ACL_ENTRIES];
		struct store_key key =
			key_mailbox(k->account, key_uid(row.key));
		struct slice value;
		size_t n;

		if (!is_ok(acl_read(row.value, v, &n)))
			check_problem(k, "a list of rights is damaged");
		if (!is_ok(store_get(k->partition, store_key_slice(&key),
		                     &value)))
			check_problem(k, "a list of rights of no mailbox");
	}
	if (!is_ok(c.e))
		k->e = c.e;
}

/* -- accounts -- */

static void check_threads(struct check *k)
{
	struct store_cursor c = table_rows(k, T_THREAD);
	struct cursor_row row;
	uint32_t n = 0;

	while (store_cursor_next(&c, &row)) {
		n++;
		if (row.value.len != THREAD_ROW || get_le64(row.value.ptr) == 0)
			check_problem(k, "a row of the threads is damaged");
	}
	if (!is_ok(c.e))
		k->e = c.e;
	if (n != k->meta.thread_ids || n > LIMIT_THREAD_IDS)
		check_problem(k, "threads: %u ids, a recount finds %u",
		              k->meta.thread_ids, n);
}

static void compare_account(struct check *k)
{
	static const enum table tables[] = { T_RECORDS, T_HEADS, T_DIGEST,
		                             T_EXPUNGED, T_SEEN };
	const uint64_t *used = k->meta.quota.used;
	uint32_t id;

	check_acls(k);
	if (used[QUOTA_STORAGE] != k->bytes ||
	    used[QUOTA_MESSAGE] != k->messages ||
	    used[QUOTA_ANNOTATION_STORAGE] != check_annotations(k))
		check_problem(k, "the quota's usage differs from a recount");
	if (used[QUOTA_MAILBOX] != k->mailboxes ||
	    count_rows(k, T_NAME) != k->mailboxes)
		check_problem(k, "names and mailboxes differ in number");
	if (count_rows(k, T_SUBSCRIPTION) != k->meta.subscriptions)
		check_problem(k, "subscriptions differ from a recount");
	check_threads(k);
	if (!is_ok(find_name(k, S("INBOX"), &id)))
		check_problem(k, "there is no INBOX");
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		if (count_rows(k, tables[i]) != k->rows[tables[i]])
			check_problem(k, "table %d has rows of no mailbox",
			              tables[i]);
	}
}

static void check_account(struct check *k, struct slice value)
{
	struct store_cursor c = table_rows(k, T_MAILBOX);
	struct cursor_row row;
	struct slice name;

	k->report->accounts++;
	if (!is_ok(account_meta_read(value, &k->meta, &name))) {
		check_problem(k, "the account's record is damaged");
		return;
	}
	while (store_cursor_next(&c, &row))
		check_mailbox(k, &row);
	if (!is_ok(c.e))
		k->e = c.e;
	compare_account(k);
}

/* The first account at or above `from`. */
static bool next_account(struct partition *p, uint64_t from,
                         struct cursor_row *row, struct err *e)
{
	struct store_key key = key_of_account(from);
	struct store_cursor c = store_cursor(p, (struct slice){ NULL, 0 },
	                                     store_key_slice(&key));
	bool more = store_cursor_next(&c, row);

	*e = c.e;
	return more;
}

static struct err check_partition(struct partition *p,
                                  struct check_report *report)
{
	struct cursor_row row;
	struct err e;

	report->accounts = report->mailboxes = report->messages = 0;
	for (uint64_t id = 1; next_account(p, id, &row, &e); id++) {
		struct check k = { .partition = p, .report = report };
		struct store_key first;

		k.account = id = get_be64(row.key.ptr);
		first = key_table(id, T_ACCOUNT);
		if (slice_eq(row.key, store_key_slice(&first)))
			check_account(&k, row.value);
		else
			check_problem(&k, "rows without an account's record");
		if (!is_ok(k.e))
			return k.e;
	}
	return e;
}

struct err mailbox_check(const char *dir, struct check_report *report)
{
	struct partition *p;
	struct err e = partition_open_to_read(dir, &p);

	if (!is_ok(e))
		return e;
	e = check_partition(p, report);
	partition_close(p);
	return e;
}
