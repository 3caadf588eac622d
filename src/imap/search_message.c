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
	unsigned score;
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

static unsigned score_value(const struct search_key *k, struct slice value)
{
	struct buf decoded = { 0 };
	struct buf folded = { 0 };
	unsigned score = 0;

	header_decode(value, &decoded);
	unicode_fold(buf_slice(&decoded), &folded);
	if (k->fuzzy != NULL)
		score = fuzzy_score_text(k->fuzzy, buf_slice(&folded));
	else if (k->text.len == 0 ||
	         slice_find(buf_slice(&folded), k->text) != SLICE_NONE)
		score = FUZZY_BEST;
	buf_free(&decoded);
	buf_free(&folded);
	return score;
}

/* Of several fields of one name the best counts. */
struct err search_header(struct blob_reader *blob, struct span span,
                         const struct search_key *k, unsigned *score)
{
	struct buf header = { 0 };
	struct err e = read_header(blob, span, &header);
	struct slice rest = buf_slice(&header);
	struct slice name;
	struct slice value;

	*score = 0;
	while (is_ok(e) && *score != FUZZY_BEST &&
	       header_next(&rest, &name, &value)) {
		unsigned found = 0;

		if (slice_ieq(name, k->name))
			found = score_value(k, value);
		if (found > *score)
			*score = found;
		e = task_go_on();
	}
	buf_free(&header);
	return e;
}

static struct err look_in_header(struct looking *l)
{
	struct part top = digest_part(&l->digest, 0);
	struct span span = { top.header, top.header_len };

	return search_header(l->blob, span, l->key, &l->score);
}

/* -- BODY, TEXT -- */

static struct err look_in_text(struct looking *l)
{
	const struct search_key *k = l->key;
	struct search_source source = { read_source, l };
	struct fuzzy_match match;
	bool found = false;
	struct err e;

	if (k->fuzzy == NULL) {
		e = mime_search(&l->digest, &k->text, 1, k->kind == SEARCH_TEXT,
		                source, &found);
		l->score = found ? FUZZY_BEST : 0;
		return e;
	}
	e = mime_search_fuzzy(&l->digest, k->fuzzy, k->kind == SEARCH_TEXT,
	                      source, &match);
	l->score = fuzzy_score(k->fuzzy, &match);
	return e;
}

static struct err copy_digest(struct mailbox *m, uint32_t uid, struct arena *a,
                              struct digest *out)
{
	struct err e = mailbox_digest(m, uid, out);

	return is_ok(e) ? digest_open(arena_copy(a, out->raw), out) : e;
}

struct err search_message(struct session *s, struct mailbox *m, uint32_t uid,
                          const struct search_key *k, unsigned *score)
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
	*score = l.score;
	arena_free(a);
	return e;
}
