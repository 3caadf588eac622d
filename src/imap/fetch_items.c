/* fetch_items.c -- what answers each FETCH item. */
#include "imap/date.h"
#include "imap/fetch.h"
#include "imap/objectid.h"
#include "mime/wire.h"

static void fetch_uid(struct fetch_row *row, const struct fetch_item *item)
{
	(void)item;
	buf_number(session_out(row->s), row->record.uid);
}

static void fetch_flags(struct fetch_row *row, const struct fetch_item *item)
{
	struct buf *out = session_out(row->s);
	size_t n;
	const struct slice *names = mailbox_keywords(row->mailbox, &n);

	(void)item;
	buf_byte(out, '(');
	reply_flags(out, &row->record, names, n);
	buf_byte(out, ')');
}

static void fetch_internaldate(struct fetch_row *row,
                               const struct fetch_item *item)
{
	(void)item;
	reply_date_time(session_out(row->s), row->record.internaldate,
	                row->record.zone);
}

static void fetch_size(struct fetch_row *row, const struct fetch_item *item)
{
	(void)item;
	buf_number(session_out(row->s), row->record.size);
}

static void fetch_modseq(struct fetch_row *row, const struct fetch_item *item)
{
	(void)item;
	reply_modseq(row->s, row->record.modseq);
}

/* RFC 8514 section 4.1 */
static void fetch_savedate(struct fetch_row *row, const struct fetch_item *item)
{
	(void)item;
	reply_date_time(session_out(row->s), row->record.savedate, 0);
}

/* False, and NIL has been written: it can't be read. */
static bool find_field(struct fetch_row *row, enum digest_field field,
                       struct slice *out)
{
	struct digest digest;
	struct err e = OK;

	/* a message item before this one may have waited */
	if (row->digest != NULL)
		digest = *row->digest;
	else
		e = mailbox_digest(row->mailbox, row->record.uid, &digest);
	if (is_ok(e)) {
		*out = digest_field(&digest, field);
		return true;
	}
	row->e = e;
	buf_add(session_out(row->s), S("NIL"));
	return false;
}

/* ENVELOPE, BODY, BODYSTRUCTURE: in wire form since delivery. */
static void fetch_wire_form(struct fetch_row *row,
                            const struct fetch_item *item)
{
	static const enum digest_field fields[FETCH_KINDS] = {
		[FETCH_ENVELOPE] = DIGEST_ENVELOPE,
		[FETCH_BODY] = DIGEST_BODY,
		[FETCH_BODYSTRUCTURE] = DIGEST_BODYSTRUCTURE,
	};
	struct buf *out = session_out(row->s);
	struct slice form;

	if (!find_field(row, fields[item->kind], &form))
		return;
	if (row->s->enabled & ENABLED_UTF8)
		wire_utf8(form, out);
	else
		buf_add(out, form);
}

/* Of no text it is "". RFC 8970 section 4.1 */
static void fetch_preview(struct fetch_row *row, const struct fetch_item *item)
{
	struct slice preview;

	(void)item;
	if (find_field(row, DIGEST_PREVIEW, &preview))
		reply_text(session_out(row->s), preview, has_utf8(row->s));
}

/* EMAILID, THREADID: RFC 8474 section 5 */
static void fetch_objectid(struct fetch_row *row, const struct fetch_item *item)
{
	struct buf *out = session_out(row->s);
	struct object_ids ids;
	struct err e = OK;

	if (row->ids != NULL)
		ids = *row->ids;
	else
		e = mailbox_object_ids(row->mailbox, row->record.uid, &ids);
	if (!is_ok(e)) {
		row->e = e;
		buf_add(out, S("NIL"));
		return;
	}
	buf_byte(out, '(');
	if (item->kind == FETCH_EMAILID)
		reply_emailid(out, &ids, &row->record);
	else
		reply_threadid(out, &ids);
	buf_byte(out, ')');
}

typedef void item_writer(struct fetch_row *, const struct fetch_item *);

static item_writer *const writers[FETCH_KINDS] = {
	[FETCH_UID] = fetch_uid,
	[FETCH_FLAGS] = fetch_flags,
	[FETCH_INTERNALDATE] = fetch_internaldate,
	[FETCH_SIZE] = fetch_size,
	[FETCH_MODSEQ] = fetch_modseq,
	[FETCH_ENVELOPE] = fetch_wire_form,
	[FETCH_BODY] = fetch_wire_form,
	[FETCH_BODYSTRUCTURE] = fetch_wire_form,
	[FETCH_PREVIEW] = fetch_preview,
	[FETCH_SAVEDATE] = fetch_savedate,
	[FETCH_EMAILID] = fetch_objectid,
	[FETCH_THREADID] = fetch_objectid,
	[FETCH_SECTION] = fetch_section,
	[FETCH_BINARY] = fetch_binary,
	[FETCH_BINARY_SIZE] = fetch_binary_size,
};

/* More than a header. */
static bool is_content(const struct fetch_item *item)
{
	return item->kind == FETCH_BINARY ||
	       (item->kind == FETCH_SECTION &&
	        (item->section.text == SECTION_ALL ||
	         item->section.text == SECTION_TEXT));
}

static uint64_t written(const struct out *o)
{
	return o->total + o->bytes.len;
}

/* One item, which may be sent before others. */
static void write_section(struct fetch_row *row, const struct fetch_item *item)
{
	struct out *o = &row->s->out;
	struct err first = row->e;
	uint64_t before;

	out_fence(o);
	before = written(o);
	row->e = OK;
	writers[item->kind](row, item);
	row->seen |= item->sets_seen && is_ok(row->e);
	if (!is_ok(first))
		row->e = first;
	if (is_content(item))
		row->s->body_bytes += written(o) - before;
	out_fence(o);
}

static bool shows_content(const struct fetch_request *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (is_content(&r->items[i]))
			return true;
	return false;
}

void fetch_row_write(struct fetch_row *row, const struct fetch_request *r)
{
	struct buf *out = session_out(row->s);
	struct err e = OK;

	session_tell_keywords(row->s);
	reply_fetch_begin(row->s, row->record.uid);
	for (size_t i = 0; i < r->n && is_ok(row->s->out.e) && is_ok(e); i++) {
		if (i != 0)
			buf_byte(out, ' ');
		buf_add(out, r->items[i].label);
		if (r->items[i].kind >= FETCH_SECTION)
			write_section(row, &r->items[i]);
		else
			writers[r->items[i].kind](row, &r->items[i]);
		if (row->blob != NULL) { /* a message of them may be large */
			out_drain(&row->s->out);
			e = task_go_on();
		}
	}
	row->s->fetched += row->blob != NULL && shows_content(r);
	if (is_ok(row->e))
		row->e = e;
	buf_add(out, S(")\r\n"));
}
