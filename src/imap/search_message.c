/*
 * search_message.c -- SEARCH keys that look into the message itself.
 *
 * HEADER reads the header; BODY and TEXT read every text part, decoded and
 * folded as the needle is, and the headers of embedded messages. A part is
 * looked at block by block; between two blocks the last octets stay, so
 * that a match across the border is found.
 */
#include "base/limits.h"
#include "base/unicode.h"
#include "imap/search.h"
#include "mime/header.h"
#include "mime/text.h"
#include "task/task.h"

struct looking {
	struct blob_reader *blob;
	struct slice needle;
	struct buf window;
	bool found;
	struct err e;
};

/* What is in the window is done with, but for a beginning of a match. */
static void look(struct looking *l)
{
	size_t keep = l->needle.len - 1;

	l->found |= slice_find(buf_slice(&l->window), l->needle) != SLICE_NONE;
	if (l->window.len > keep)
		buf_drop(&l->window, l->window.len - keep);
}

/* The next piece of a stretch of the message; empty at its end or after an
 * error. */
static struct slice next_chunk(struct looking *l, uint64_t *at, uint64_t end)
{
	struct slice chunk = { NULL, 0 };

	if (*at >= end || l->found)
		return chunk;
	l->e = blob_read(l->blob, *at, &chunk);
	if (!is_ok(l->e))
		return slice_of(NULL, 0);
	chunk = slice_first(chunk, end - *at);
	*at += chunk.len;
	task_pause();
	return chunk;
}

static void look_in_part(struct looking *l, const struct part *part)
{
	enum part_encoding encoding = (enum part_encoding)part->encoding;
	struct text_decoder *d =
	        text_decoder_new(encoding, part->charset, TEXT_FOLDED);
	uint64_t at = part->body;
	uint64_t end = at + part->body_len;
	struct slice chunk;

	l->window.len = 0;
	while ((chunk = next_chunk(l, &at, end)).len != 0) {
		text_decoder_feed(d, chunk, &l->window);
		look(l);
	}
	text_decoder_finish(d, &l->window);
	look(l);
}

/* The octets of a header, as far as headers are looked at. */
static void read_header(struct looking *l, const struct part *part,
                        struct buf *out)
{
	uint64_t at = part->header;
	uint64_t end = at + (part->header_len < LIMIT_HEADER_BYTES
	                             ? part->header_len
	                             : LIMIT_HEADER_BYTES);
	struct slice chunk;

	while ((chunk = next_chunk(l, &at, end)).len != 0)
		buf_add(out, chunk);
}

/* One field, decoded and folded: "Name: value" or only the value. */
static void look_in_field(struct looking *l, struct slice name,
                          struct slice value)
{
	struct buf decoded = { 0 };

	header_decode(value, &decoded);
	l->window.len = 0;
	if (name.len != 0) {
		unicode_fold(name, &l->window);
		buf_add(&l->window, S(": "));
	}
	unicode_fold(buf_slice(&decoded), &l->window);
	l->found |= slice_find(buf_slice(&l->window), l->needle) != SLICE_NONE;
	buf_free(&decoded);
}

/* name empty: all fields, with their names */
static void look_in_header(struct looking *l, const struct part *part,
                           struct slice name)
{
	struct buf header = { 0 };
	struct slice rest;
	struct slice field;
	struct slice value;

	read_header(l, part, &header);
	rest = buf_slice(&header);
	while (!l->found && header_next(&rest, &field, &value)) {
		if (name.len == 0)
			look_in_field(l, field, value);
		else if (slice_ieq(field, name))
			look_in_field(l, S(""), value);
	}
	buf_free(&header);
}

/* -- the parts, copied: the digest does not outlive the first block -- */

struct parts {
	struct part *v;
	size_t n;
};

static struct err copy_parts(struct mailbox *m, uint32_t uid, bool all,
                             struct arena *a, struct parts *out)
{
	struct digest d;
	struct err e = mailbox_digest(m, uid, &d);

	if (!is_ok(e))
		return e;
	out->n = all ? d.parts : d.parts != 0;
	out->v = arena_array(a, out->n, sizeof *out->v);
	for (uint32_t i = 0; i < out->n; i++)
		out->v[i] = digest_part(&d, i);
	return OK;
}

/* Part 0's header is the message's; the others' belong to its body. */
static void look_in_message(struct looking *l, const struct search_key *k,
                            const struct parts *parts)
{
	if (k->kind != SEARCH_BODY)
		look_in_header(l, &parts->v[0],
		               k->kind == SEARCH_HEADER ? k->name : S(""));
	for (size_t i = 0; i < parts->n && !l->found && is_ok(l->e); i++) {
		if (k->kind == SEARCH_HEADER)
			return;
		if (i != 0)
			look_in_header(l, &parts->v[i], S(""));
		if (parts->v[i].type == PART_TEXT)
			look_in_part(l, &parts->v[i]);
	}
}

struct err search_message(struct mailbox *m, uint32_t uid,
                          const struct search_key *k, bool *matches)
{
	struct looking l = { .needle = k->text };
	struct arena *a;
	struct parts parts = { 0 };
	struct err e;

	*matches = k->text.len == 0 && k->kind != SEARCH_HEADER;
	if (*matches)
		return OK;
	a = arena_new(SIZE_MAX);
	e = copy_parts(m, uid, k->kind != SEARCH_HEADER, a, &parts);
	if (is_ok(e) && parts.n != 0)
		e = mailbox_message(m, uid, &l.blob);
	if (l.blob != NULL) {
		look_in_message(&l, k, &parts);
		blob_close(l.blob);
		e = l.e;
	}
	*matches = l.found;
	buf_free(&l.window);
	arena_free(a);
	return e;
}
