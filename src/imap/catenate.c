/*
 * catenate.c -- CATENATE: parts of messages that are here, in a new one.
 * RFC 4469; URL-PARTIAL: RFC 5550 section 5.7.1
 *
 * A part's octets go from the pack to the new message's spool block by block.
 */
#include <stdlib.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "imap/append.h"
#include "imap/door.h"
#include "imap/message.h"
#include "imap/url.h"
#include "imap/visit_internal.h"
#include "mime/header.h"
#include "task/task.h"

enum { MOST_SHOWN = 512 }; /* octets of a URL in BADURL */

/* url-resp-text = 1*<any TEXT-CHAR except "]"> */
static bool can_be_shown(struct slice url)
{
	for (size_t i = 0; i < url.len; i++)
		if (ascii_is_ctl(url.ptr[i]) || ascii_is_8bit(url.ptr[i]) ||
		    url.ptr[i] == ']')
			return false;
	return url.len != 0 && url.len <= MOST_SHOWN;
}

/* The error outlives the arena of what has arrived. */
static struct err bad_url(struct append *a, struct slice url)
{
	struct buf text = { 0 };

	if (!can_be_shown(url))
		return err(ERR_NO, "one of the URLs names nothing here");
	buf_add(&text, S("[BADURL "));
	buf_add(&text, url);
	buf_add(&text, S("] It names nothing here"));
	free(a->bad_url);
	a->bad_url = mem_cstr(buf_slice(&text));
	buf_free(&text);
	return err(ERR_NO, a->bad_url);
}

/* -- octets -- */

static struct err add_octets(struct append *a, struct slice octets)
{
	return incoming_write_binary(a->messages[a->n - 1], octets);
}

static struct span clip(const struct imap_url *u, struct span span)
{
	uint64_t from = u->offset < span.len ? u->offset : span.len;
	uint64_t left = span.len - from;
	uint64_t most = u->most != 0 && u->most < left ? u->most : left;

	if (!u->partial)
		return span;
	return (struct span){ span.offset + (uint32_t)from, (uint32_t)most };
}

static struct err add_span(struct session *s, struct blob_reader *blob,
                           struct span span)
{
	struct append *a = s->append;
	uint64_t at = span.offset;
	uint64_t end = at + span.len;
	struct err e = append_check_size(s, span.len);

	while (at < end && is_ok(e)) {
		struct slice chunk;

		e = read_message(blob, at, end, &chunk);
		if (!is_ok(e))
			break;
		at += chunk.len;
		e = add_octets(a, chunk);
		task_pause();
	}
	a->current += span.len;
	return e;
}

static struct err add_header_fields(struct session *s, struct blob_reader *blob,
                                    const struct imap_url *u, struct span span)
{
	const struct section *section = &u->section;
	struct buf header = { 0 };
	struct buf chosen = { 0 };
	struct err e = read_header(blob, span, &header);

	if (is_ok(e)) {
		header_select(
			buf_slice(&header), section->names, section->n_names,
			section->text == SECTION_HEADER_FIELDS_NOT, &chosen);
		span = clip(u, (struct span){ 0, (uint32_t)chosen.len });
		e = append_check_size(s, span.len);
	}
	if (is_ok(e)) {
		e = add_octets(s->append,
		               slice_of(chosen.data + span.offset, span.len));
		s->append->current += span.len;
	}
	buf_free(&header);
	buf_free(&chosen);
	return e;
}

/* -- where they are -- */

/* ERR_ABSENT when there is no such message or no such part of it. */
static struct err find_section(struct mailbox *m, const struct imap_url *u,
                               struct span *out)
{
	const struct section *section = &u->section;
	struct mailbox_status status;
	struct digest digest;
	struct err e = mailbox_digest(m, u->uid, &digest);

	mailbox_get_status(m, &status);
	if (is_ok(e) &&
	    ((u->uidvalidity != 0 && u->uidvalidity != status.uidvalidity) ||
	     !digest_section(&digest, section->path, section->depth,
	                     section->text, out)))
		return err(ERR_ABSENT, "there is no such part");
	return e;
}

static struct err add_section(struct session *s, struct mailbox *m,
                              const struct imap_url *u)
{
	struct blob_reader *blob;
	struct span span;
	struct err e = find_section(m, u, &span);

	if (is_ok(e))
		e = mailbox_message(m, u->uid, &blob);
	if (!is_ok(e))
		return e;
	if (u->section.n_names != 0)
		e = add_header_fields(s, blob, u, span);
	else
		e = add_span(s, blob, clip(u, span));
	blob_close(blob);
	return e;
}

static struct err add_url(struct session *s, const struct imap_url *u)
{
	struct mailbox *m;
	struct err e = door_for(s, S("CATENATE"), u->mailbox);

	if (is_ok(e))
		e = mailbox_open_to_append(s->account, u->mailbox, &m);
	if (!is_ok(e))
		return e;
	e = add_section(s, m, u);
	mailbox_close(m);
	return e;
}

/* What relative URLs begin with. RFC 4469 section 3 */
static struct slice selected_name(const struct session *s)
{
	if (s->away != NULL)
		return slice_cstr(s->away->selected);
	return s->view != NULL ? mailbox_name(view_mailbox(s->view)) : S("");
}

struct err append_url(struct session *s, struct slice url)
{
	struct url_home home = {
		.host = s->config->hostname,
		.user = account_name(s->account),
		.mailbox = selected_name(s),
	};
	struct arena *arena = arena_new(SIZE_MAX);
	struct imap_url parsed;
	struct err e = err(ERR_ABSENT, "no such URL");

	if (parse_imap_url(url, &home, arena, &parsed))
		e = visit_is_name(s, parsed.mailbox) ? visit_url(s, &parsed)
		                                     : add_url(s, &parsed);
	arena_free(arena);
	if (e.code == ERR_ABSENT || e.code == ERR_NONEXISTENT)
		return bad_url(s->append, url);
	return e;
}
