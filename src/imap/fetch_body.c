/*
 * fetch_body.c -- sections of messages: BODY[...], RFC822, BINARY[...].
 *
 * A section is a stretch of the stored message; its octets go from the pack
 * to the client block by block, so a message of any size costs one block of
 * memory. Once a literal's size has been written its octets must follow:
 * when the store fails there, the connection ends.
 */
#include "base/log.h"
#include "imap/fetch.h"
#include "imap/message.h"
#include "mime/header.h"
#include "mime/text.h"
#include "task/task.h"

/* What part of a section is asked for. */
static struct span clip(const struct fetch_item *item, uint64_t size)
{
	uint64_t from = item->partial && item->offset < size ? item->offset : 0;
	uint64_t left = size - from;

	if (!item->partial)
		return (struct span){ 0, (uint32_t)size };
	if (item->offset >= size)
		return (struct span){ 0, 0 };
	return (struct span){ (uint32_t)from,
		              (uint32_t)(item->most < left ? item->most
		                                           : left) };
}

/* NUL is never sent outside literal8. RFC 3516 section 4.3 */
static void add_without_nul(struct buf *out, struct slice octets)
{
	char *from;
	char *end;

	buf_add(out, octets);
	end = out->data + out->len;
	for (from = end - octets.len;
	     (from = memchr(from, '\0', (size_t)(end - from))) != NULL; from++)
		*from = (char)0x80;
}

static void reply_literal_head(struct buf *out, uint64_t size)
{
	buf_byte(out, '{');
	buf_number(out, size);
	buf_add(out, S("}\r\n"));
}

static void reply_nil(struct fetch_row *row, struct err e)
{
	if (is_ok(row->e))
		row->e = e;
	buf_add(session_out(row->s), S("NIL"));
}

/* The literal has been promised: there is no way to say that it fails. */
static void break_off(struct fetch_row *row, struct err e)
{
	log_note(LOG_LEVEL_ERROR, "imap_message_unreadable", e.text);
	row->s->out.e = e;
}

static struct err digest_again(struct fetch_row *row, struct digest *out)
{
	return mailbox_digest(row->mailbox, row->record.uid, out);
}

/* A message whose pack is gone is as one whose octets are. */
static struct err read_octets(struct fetch_row *row, uint64_t at, uint64_t end,
                              struct slice *out)
{
	return is_ok(row->unread) ? read_message(row->blob, at, end, out)
	                          : row->unread;
}

/* -- stretches of the message -- */

/* A block is unpacked anew for a slow client, not held while he is slow. */
static void send_chunk(struct fetch_row *row)
{
	struct out *o = &row->s->out;

	if (o->bytes.len < OUT_CHUNK)
		return;
	out_push(o);
	if (out_is_full(o))
		blob_rest(row->blob);
	out_flush(o);
}

static void send_span(struct fetch_row *row, struct span span)
{
	struct out *o = &row->s->out;
	uint64_t at = span.offset;
	uint64_t end = at + span.len;

	while (at < end && is_ok(o->e)) {
		struct slice chunk;
		struct err e = read_octets(row, at, end, &chunk);

		if (!is_ok(e)) {
			break_off(row, e);
			return;
		}
		chunk = slice_first(chunk, OUT_CHUNK);
		add_without_nul(&o->bytes, chunk);
		at += chunk.len;
		send_chunk(row);
		task_pause();
	}
}

static void reply_span(struct fetch_row *row, struct span span)
{
	struct slice first;
	struct err e;

	if (span.len == 0) {
		buf_add(session_out(row->s), S("\"\""));
		return;
	}
	e = read_octets(row, span.offset, (uint64_t)span.offset + span.len,
	                &first);
	if (!is_ok(e)) {
		reply_nil(row, e);
		return;
	}
	reply_literal_head(session_out(row->s), span.len);
	send_span(row, span);
}

/* -- chosen header fields -- */

static void reply_octets(struct buf *out, struct slice octets)
{
	if (octets.len == 0) {
		buf_add(out, S("\"\""));
		return;
	}
	reply_literal_head(out, octets.len);
	add_without_nul(out, octets);
}

static void reply_header_fields(struct fetch_row *row,
                                const struct fetch_item *item, struct span span)
{
	const struct section *section = &item->section;
	struct buf header = { 0 };
	struct buf chosen = { 0 };
	struct err e = row->unread;

	if (is_ok(e))
		e = read_header(row->blob, span, &header);

	if (is_ok(e)) {
		header_select(
			buf_slice(&header), section->names, section->n_names,
			section->text == SECTION_HEADER_FIELDS_NOT, &chosen);
		span = clip(item, chosen.len);
		reply_octets(session_out(row->s),
		             slice_of(chosen.data + span.offset, span.len));
	} else {
		reply_nil(row, e);
	}
	buf_free(&header);
	buf_free(&chosen);
}

void fetch_section(struct fetch_row *row, const struct fetch_item *item)
{
	const struct section *section = &item->section;
	struct digest digest;
	struct span span;
	struct span part;
	struct err e = digest_again(row, &digest);

	if (!is_ok(e) || !digest_section(&digest, section->path, section->depth,
	                                 section->text, &span)) {
		reply_nil(row, e);
		return;
	}
	if (section->n_names != 0) {
		reply_header_fields(row, item, span);
		return;
	}
	part = clip(item, span.len);
	part.offset += span.offset;
	reply_span(row, part);
}

/* -- BINARY: the transfer encoding undone. RFC 9051 section 6.4.5.2 -- */

/* A decoding of a part: measured first, then sent. */
struct binary {
	struct fetch_row *row;
	struct span body;
	enum part_encoding encoding;
	uint64_t offset; /* of the decoded octets that are wanted */
	uint64_t end;
	uint64_t at;  /* decoded so far */
	bool has_nul; /* among those that are wanted */
	bool send;
};

static void take_decoded(struct binary *b, struct slice octets)
{
	uint64_t from = b->offset > b->at ? b->offset - b->at : 0;
	uint64_t to = b->end > b->at ? b->end - b->at : 0;
	struct slice wanted = slice_first(octets, to);

	wanted = slice_from(wanted, from);
	b->at += octets.len;
	if (b->send)
		buf_add(session_out(b->row->s), wanted);
	else
		b->has_nul |= slice_find_byte(wanted, '\0') != SLICE_NONE;
}

static struct err decode(struct binary *b)
{
	struct text_decoder *decoder =
		text_decoder_new(b->encoding, "", TEXT_RAW);
	struct buf decoded = { 0 };
	uint64_t at = b->body.offset;
	uint64_t end = at + b->body.len;
	struct err e = OK;

	b->at = 0;
	while (at < end && is_ok(e)) {
		struct slice chunk;

		e = read_octets(b->row, at, end, &chunk);
		if (!is_ok(e))
			break;
		at += chunk.len;
		text_decoder_feed(decoder, chunk, &decoded);
		take_decoded(b, buf_slice(&decoded));
		decoded.len = 0;
		out_drain(&b->row->s->out);
		if (b->send) /* what was begun is finished */
			task_pause();
		else
			e = task_go_on();
	}
	text_decoder_finish(decoder, &decoded);
	take_decoded(b, buf_slice(&decoded));
	buf_free(&decoded);
	return e;
}

/* A size is a number, also of what is not there. RFC 3516 section 7 */
static void reply_no_binary(struct fetch_row *row,
                            const struct fetch_item *item, struct err e)
{
	if (item->kind != FETCH_BINARY_SIZE) {
		reply_nil(row, e);
		return;
	}
	if (is_ok(row->e))
		row->e = e;
	buf_byte(session_out(row->s), '0');
}

/* Finds the part; false when an answer has been written already. */
static bool find_binary(struct fetch_row *row, const struct fetch_item *item,
                        struct binary *b)
{
	struct digest digest;
	struct part part;
	struct err e = digest_again(row, &digest);

	*b = (struct binary){ .row = row, .end = UINT64_MAX };
	if (is_ok(e) && item->section.depth == 0) {
		b->body = (struct span){ 0, digest.size };
		return true;
	}
	if (!is_ok(e) || !digest_find_part(&digest, item->section.path,
	                                   item->section.depth, &part)) {
		reply_no_binary(row, item, e);
		return false;
	}
	if (part.encoding == ENCODING_UNKNOWN) {
		reply_no_binary(row, item,
		                err(ERR_UNKNOWNCTE,
		                    "unknown content-transfer-encoding"));
		return false;
	}
	b->body = (struct span){ part.body, part.body_len };
	b->encoding = (enum part_encoding)part.encoding;
	return true;
}

void fetch_binary(struct fetch_row *row, const struct fetch_item *item)
{
	struct buf *out = session_out(row->s);
	struct binary b;
	struct span span;
	struct err e;

	if (!find_binary(row, item, &b))
		return;
	if (item->partial) {
		b.offset = item->offset;
		b.end = item->offset + item->most;
	}
	e = decode(&b);
	if (!is_ok(e)) {
		reply_nil(row, e);
		return;
	}
	span = clip(item, b.at);
	if (span.len == 0) {
		buf_add(out, S("\"\""));
		return;
	}
	if (b.has_nul)
		buf_byte(out, '~');
	reply_literal_head(out, span.len);
	b.send = true;
	e = decode(&b);
	if (!is_ok(e))
		break_off(row, e);
}

void fetch_binary_size(struct fetch_row *row, const struct fetch_item *item)
{
	struct binary b;
	struct err e;

	if (!find_binary(row, item, &b))
		return;
	e = decode(&b);
	if (is_ok(e))
		buf_number(session_out(row->s), b.at);
	else
		reply_no_binary(row, item, e);
}
