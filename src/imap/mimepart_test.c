/*
 * mimepart_test.c -- one part, one key: what mimepart.h's leaves ask.
 *
 * Text is compared decoded and folded, as all of SEARCH is. `is` of a row
 * decides; `at` is where described.h has the item, `field` the header field
 * for parts of which BODYSTRUCTURE doesn't say it (multiparts).
 */
#include <stddef.h>

#include "base/unicode.h"
#include "imap/date.h"
#include "imap/message.h"
#include "imap/mimepart.h"
#include "mime/date.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/search.h"

typedef bool leaf_test(struct part_look *, const struct search_key *,
                       uint32_t i, uint32_t base);

struct leaf {
	leaf_test *is;
	size_t at;
	const char *field;
};

static const struct leaf leaves[MPART_TESTS];

/* -- text -- */

/* Is look->text the one that was asked for? */
static bool agrees(struct part_look *look, const struct search_key *k)
{
	struct slice text;

	look->folded.len = 0;
	unicode_fold(buf_slice(&look->text), &look->folded);
	text = buf_slice(&look->folded);
	switch (k->match) {
	case MATCH_IS:
		return slice_eq(text, k->text);
	case MATCH_BEGINS:
		return slice_starts(text, k->text);
	case MATCH_ENDS:
		return slice_ends(text, k->text);
	default:
		return slice_find(text, k->text) != SLICE_NONE;
	}
}

/* The same of an item; of none when none is to be there. */
static bool item_agrees(struct part_look *look, const struct search_key *k,
                        struct slice item)
{
	look->text.len = 0;
	if (!wire_text(item, &look->text))
		return k->absent;
	return !k->absent && agrees(look, k);
}

/* -- the message's octets -- */

static bool is_open(struct part_look *look)
{
	if (look->blob == NULL && is_ok(look->e))
		look->e =
			mailbox_message(look->mailbox, look->uid, &look->blob);
	return look->blob != NULL;
}

static struct span header_span(const struct part_look *look, uint32_t i)
{
	struct part p = digest_part(&look->digest, i);

	return (struct span){ p.header, p.header_len };
}

static bool is_header(struct part_look *look, const struct search_key *k,
                      uint32_t i, uint32_t base)
{
	unsigned score = 0;

	(void)base;
	if (is_open(look))
		look->e = search_header(look->blob, header_span(look, i), k,
		                        &score);
	return score != 0;
}

static struct err read_source(void *context, uint32_t offset, uint32_t len,
                              struct slice *out)
{
	struct part_look *look = context;
	struct err e = task_go_on(); /* messages may be large */

	if (!is_ok(e))
		return e;
	return read_message(look->blob, offset, (uint64_t)offset + len, out);
}

static bool is_body(struct part_look *look, const struct search_key *k,
                    uint32_t i, uint32_t base)
{
	struct search_source source = { read_source, look };
	bool found = false;

	(void)base;
	if (digest_part(&look->digest, i).type == PART_MULTIPART)
		return false;
	if (is_open(look))
		look->e = mime_search_part(&look->digest, i, look->v[i].end,
		                           k->text, k->field == MPART_TEXT,
		                           source, &found);
	return found;
}

/* -- what BODYSTRUCTURE says -- */

/* The first field of that name in a part's header, decoded to look->text. */
static bool read_field(struct part_look *look, uint32_t i, struct slice field)
{
	struct buf header = { 0 };
	struct slice rest, name, value;
	bool found = false;

	if (is_open(look))
		look->e =
			read_header(look->blob, header_span(look, i), &header);
	rest = buf_slice(&header);
	while (!found && header_next(&rest, &name, &value)) {
		found = slice_ieq(name, field);
		if (found)
			header_decode(value, &look->text);
	}
	buf_free(&header);
	return found;
}

static bool is_text(struct part_look *look, const struct search_key *k,
                    uint32_t i, uint32_t base)
{
	const struct leaf *leaf = &leaves[k->field];
	const char *v = (const char *)&look->v[i];
	struct slice item = *(const struct slice *)(const void *)(v + leaf->at);

	(void)base;
	if (item.len != 0)
		return item_agrees(look, k, item);
	look->text.len = 0;
	if (!read_field(look, i, slice_cstr(leaf->field)))
		return k->absent;
	return !k->absent && agrees(look, k);
}

static bool is_language(struct part_look *look, const struct search_key *k,
                        uint32_t i, uint32_t base)
{
	struct slice rest = wire_list(look->v[i].language);
	struct slice item;

	(void)base;
	if (rest.len == 0)
		return k->absent;
	while ((item = wire_item(&rest)).len != 0) {
		if (item_agrees(look, k, item))
			return true;
	}
	return false;
}

/* name, or name*, whose value is encoded; it goes to look->text.
 * RFC 2231 section 4 */
static bool take_value(struct part_look *look, struct slice asked,
                       struct slice name, struct slice value)
{
	struct slice plain = slice_of(name.ptr + 1, name.len - 2);
	bool extended = slice_ends(plain, S("*"));
	struct param p = { .extended = true };

	if (extended)
		plain.len--;
	if (!slice_ieq(plain, asked))
		return false;
	look->text.len = 0;
	if (!extended)
		return wire_text(value, &look->text);
	p.value = slice_of(value.ptr + 1, value.len - 2);
	param_decode(&p, &look->text);
	return true;
}

/* A parameter of that name; any of them, should there be several. */
static bool has_param(struct part_look *look, const struct search_key *k,
                      struct slice params, struct slice asked)
{
	struct slice rest = wire_list(params);
	struct slice name, value;
	bool there = false;

	while ((name = wire_item(&rest)).len > 1 &&
	       (value = wire_item(&rest)).len > 1) {
		if (!take_value(look, asked, name, value))
			continue;
		there = true;
		if (!k->absent && agrees(look, k))
			return true;
	}
	return k->absent && !there;
}

static bool is_param(struct part_look *look, const struct search_key *k,
                     uint32_t i, uint32_t base)
{
	(void)base;
	return has_param(look, k, look->v[i].params, k->name);
}

/* disposition = NIL / "(" string SP params ")" */
static bool is_disposition(struct part_look *look, const struct search_key *k,
                           uint32_t i, uint32_t base)
{
	struct slice rest = wire_list(look->v[i].disposition);

	(void)base;
	return item_agrees(look, k, wire_item(&rest));
}

static bool is_disposition_param(struct part_look *look,
                                 const struct search_key *k, uint32_t i,
                                 uint32_t base)
{
	struct slice rest = wire_list(look->v[i].disposition);

	(void)base;
	wire_item(&rest);
	return has_param(look, k, wire_item(&rest), k->name);
}

/* Of attachments only, and not of those without a name. */
static bool is_filename(struct part_look *look, const struct search_key *k,
                        uint32_t i, uint32_t base)
{
	struct slice rest = wire_list(look->v[i].disposition);

	(void)base;
	if (k->absent || !slice_eq(wire_item(&rest), S("\"attachment\"")))
		return false;
	return has_param(look, k, wire_item(&rest), S("filename"));
}

/* -- numbers -- */

/* As BODYSTRUCTURE has it: of the body, encoded. */
static bool is_size(struct part_look *look, const struct search_key *k,
                    uint32_t i, uint32_t base)
{
	uint64_t size = digest_part(&look->digest, i).body_len;

	(void)base;
	if (k->field == MPART_SMALLER)
		return size < k->size;
	return k->field == MPART_LARGER ? size > k->size : size == k->size;
}

static bool is_depth(struct part_look *look, const struct search_key *k,
                     uint32_t i, uint32_t base)
{
	uint64_t depth = look->v[i].depth - base;

	if (look->v[i].depth < base)
		return false; /* the parent of what is below CHILD */
	if (k->field == MPART_DEPTH_MIN)
		return depth >= k->size;
	return k->field == MPART_DEPTH_MAX ? depth <= k->size
	                                   : depth == k->size;
}

static bool is_index(struct part_look *look, const struct search_key *k,
                     uint32_t i, uint32_t base)
{
	(void)base;
	return look->v[i].position != 0 && look->v[i].position == k->size;
}

/* -- the envelope of an embedded message -- */

/* Its n-th item; empty for parts that are no message. */
static struct slice envelope_item(const struct part_look *look, uint32_t i,
                                  size_t n)
{
	struct slice rest = wire_list(look->v[i].envelope);
	struct slice item = S("");

	for (size_t at = 0; at <= n; at++)
		item = wire_item(&rest);
	return item;
}

static bool is_envelope_text(struct part_look *look, const struct search_key *k,
                             uint32_t i, uint32_t base)
{
	struct slice item = envelope_item(look, i, leaves[k->field].at);

	(void)base;
	look->text.len = 0;
	if (item.len == 0)
		return false;
	wire_text(item, &look->text);
	return agrees(look, k);
}

/* addr-name SP addr-adl SP addr-mailbox SP addr-host: name <mailbox@host> */
static void add_address(struct part_look *look, struct slice rest)
{
	struct slice name = wire_item(&rest);
	struct slice route = wire_item(&rest);
	struct slice mailbox = wire_item(&rest);
	struct slice host = wire_item(&rest);

	(void)route;
	if (look->text.len != 0)
		buf_add(&look->text, S(", "));
	if (wire_text(name, &look->text))
		buf_byte(&look->text, ' ');
	buf_byte(&look->text, '<');
	wire_text(mailbox, &look->text);
	buf_byte(&look->text, '@');
	wire_text(host, &look->text);
	buf_byte(&look->text, '>');
}

static bool is_envelope_list(struct part_look *look, const struct search_key *k,
                             uint32_t i, uint32_t base)
{
	struct slice list = envelope_item(look, i, leaves[k->field].at);
	struct slice rest = wire_list(list);
	struct slice address;

	(void)base;
	look->text.len = 0;
	while ((address = wire_item(&rest)).len != 0)
		add_address(look, wire_list(address));
	return list.len != 0 && agrees(look, k);
}

static bool is_sent(struct part_look *look, const struct search_key *k,
                    uint32_t i, uint32_t base)
{
	int64_t sent, day;
	int16_t zone;

	(void)base;
	look->text.len = 0;
	if (!wire_text(envelope_item(look, i, 0), &look->text) ||
	    !date_parse(buf_slice(&look->text), &sent, &zone))
		return false;
	day = date_day(sent, zone);
	if (k->field == MPART_SENTBEFORE)
		return day < k->day;
	return k->field == MPART_SENTON ? day == k->day : day >= k->day;
}

/* -- the table -- */

#define SAYS(item) offsetof(struct described, item)

/* at: of an envelope's, which of its items. RFC 9051 section 7.5.2 */
static const struct leaf leaves[MPART_TESTS] = {
	[MPART_TYPE] = { is_text, SAYS(type), "" },
	[MPART_SUBTYPE] = { is_text, SAYS(subtype), "" },
	[MPART_ID] = { is_text, SAYS(id), "Content-ID" },
	[MPART_DESCRIPTION] = { is_text, SAYS(description),
	                        "Content-Description" },
	[MPART_ENCODING] = { is_text, SAYS(encoding),
	                     "Content-Transfer-Encoding" },
	[MPART_MD5] = { is_text, SAYS(md5), "Content-MD5" },
	[MPART_LOCATION] = { is_text, SAYS(location), "Content-Location" },
	[MPART_LANGUAGE] = { is_language },
	[MPART_PARAM] = { is_param },
	[MPART_DISPOSITION] = { is_disposition },
	[MPART_DISPOSITION_PARAM] = { is_disposition_param },
	[MPART_FILENAME] = { is_filename },
	[MPART_SIZE] = { is_size },
	[MPART_SMALLER] = { is_size },
	[MPART_LARGER] = { is_size },
	[MPART_DEPTH] = { is_depth },
	[MPART_DEPTH_MIN] = { is_depth },
	[MPART_DEPTH_MAX] = { is_depth },
	[MPART_INDEX] = { is_index },
	[MPART_SUBJECT] = { is_envelope_text, 1 },
	[MPART_FROM] = { is_envelope_list, 2 },
	[MPART_SENDER] = { is_envelope_list, 3 },
	[MPART_REPLY_TO] = { is_envelope_list, 4 },
	[MPART_TO] = { is_envelope_list, 5 },
	[MPART_CC] = { is_envelope_list, 6 },
	[MPART_BCC] = { is_envelope_list, 7 },
	[MPART_IN_REPLY_TO] = { is_envelope_text, 8 },
	[MPART_MESSAGE_ID] = { is_envelope_text, 9 },
	[MPART_SENTBEFORE] = { is_sent },
	[MPART_SENTON] = { is_sent },
	[MPART_SENTSINCE] = { is_sent },
	[MPART_HEADER] = { is_header },
	[MPART_BODY] = { is_body },
	[MPART_TEXT] = { is_body },
};

bool part_matches(struct part_look *look, const struct search_key *k,
                  uint32_t i, uint32_t base)
{
	return leaves[k->field].is(look, k, i, base) && is_ok(look->e);
}
