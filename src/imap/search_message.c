/*
 * search_message.c -- SEARCH keys that look into the message itself.
 *
 * HEADER reads the message's header, field by field; BODY and TEXT are
 * mime/search.h's work. Both wait for the disk, so they work on a copy of
 * the digest.
 */
#include "base/unicode.h"
#include "imap/message.h"
#include "imap/search.h"
#include "mime/header.h"
#include "mime/search.h"

struct looking {
	struct session *s;
	const struct search_key *key;
	struct digest digest; /* of a copy in the arena */
	struct blob_reader *blob;
	bool found;
};

static struct err read_source(void *context, uint32_t offset, uint32_t len,
                              struct slice *out)
{
	struct looking *l = context;
	struct err e = task_go_on(); /* messages may be large */

	if (!is_ok(e))
		return e;
	return read_message(l->blob, offset, (uint64_t)offset + len, out);
}

/* -- HEADER -- */

static bool value_has(struct slice value, struct slice needle)
{
	struct buf decoded = { 0 };
	struct buf folded = { 0 };
	bool found;

	header_decode(value, &decoded);
	unicode_fold(buf_slice(&decoded), &folded);
	found = needle.len == 0 ||
	        slice_find(buf_slice(&folded), needle) != SLICE_NONE;
	buf_free(&decoded);
	buf_free(&folded);
	return found;
}

static struct err look_in_header(struct looking *l)
{
	struct part top = digest_part(&l->digest, 0);
	struct span span = { top.header, top.header_len };
	struct buf header = { 0 };
	struct err e = read_header(l->blob, span, &header);
	struct slice rest = buf_slice(&header);
	struct slice name;
	struct slice value;

	while (is_ok(e) && !l->found && header_next(&rest, &name, &value)) {
		l->found = slice_ieq(name, l->key->name) &&
		           value_has(value, l->key->text);
		e = task_go_on();
	}
	buf_free(&header);
	return e;
}

/* -- BODY, TEXT -- */

static struct err look_in_text(struct looking *l)
{
	struct search_source source = { read_source, l };

	return mime_search(&l->digest, &l->key->text, 1,
	                   l->key->kind == SEARCH_TEXT, source, &l->found);
}

static struct err copy_digest(struct mailbox *m, uint32_t uid, struct arena *a,
                              struct digest *out)
{
	struct err e = mailbox_digest(m, uid, out);

	return is_ok(e) ? digest_open(arena_copy(a, out->raw), out) : e;
}

struct err search_message(struct session *s, struct mailbox *m, uint32_t uid,
                          const struct search_key *k, bool *matches)
{
	struct looking l = { .s = s, .key = k };
	struct arena *a = arena_new(SIZE_MAX);
	struct err e = copy_digest(m, uid, a, &l.digest);

	if (is_ok(e))
		e = mailbox_message(m, uid, &l.blob);
	if (is_ok(e)) {
		e = k->kind == SEARCH_HEADER ? look_in_header(&l)
		                             : look_in_text(&l);
		blob_close(l.blob);
	}
	*matches = l.found;
	arena_free(a);
	return e;
}
