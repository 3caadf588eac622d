/* envelope.c -- see envelope.h. */
#include "mime/envelope.h"

#include "base/unicode.h"
#include "mime/address.h"
#include "mime/field.h"
#include "mime/wire.h"

void envelope_reset(struct envelope *e)
{
	for (size_t i = 0; i < ENVELOPE_LISTS; i++)
		e->list[i].len = 0;
	for (size_t i = 0; i < ENVELOPE_TEXTS; i++) {
		e->text[i].len = 0;
		e->has[i] = false;
	}
	e->used = 0;
}

void envelope_free(struct envelope *e)
{
	for (size_t i = 0; i < ENVELOPE_LISTS; i++)
		buf_free(&e->list[i]);
	for (size_t i = 0; i < ENVELOPE_TEXTS; i++)
		buf_free(&e->text[i]);
	buf_free(&e->scratch);
}

void search_text_free(struct search_text *t)
{
	for (size_t i = 0; i < ENVELOPE_LISTS; i++) {
		buf_free(&t->list[i]);
		buf_free(&t->name[i]);
		buf_free(&t->mailbox[i]);
	}
	buf_free(&t->subject);
	buf_free(&t->message_id);
	buf_free(&t->in_reply_to);
	buf_free(&t->references);
	buf_free(&t->scratch);
}

/* -- addresses -- */

/*
 * address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
 *
 * NIL as host or mailbox means a group; what is missing in an address is
 * thus the empty string.
 */
static void write_address(const struct address *a, struct buf *out)
{
	bool mailbox = a->kind == ADDRESS_MAILBOX;

	buf_byte(out, '(');
	wire_nstring(a->has_name, a->name, out);
	buf_byte(out, ' ');
	wire_nstring(a->route.len != 0, a->route, out);
	buf_byte(out, ' ');
	wire_nstring(a->kind != ADDRESS_GROUP_END, a->mailbox, out);
	buf_byte(out, ' ');
	wire_nstring(mailbox, a->host, out);
	buf_byte(out, ')');
}

/* What an address takes of ENVELOPE_MOST. */
static size_t cost_of(enum envelope_list which, enum address_kind kind,
                      size_t len)
{
	if (kind == ADDRESS_GROUP)
		len += sizeof "(NIL NIL NIL NIL)"; /* its end, paid in advance
		                                    */
	/* Sender and Reply-To default to From */
	return which == LIST_FROM ? len * 3 : len;
}

/* The wire form of one address; left out when there is no more room, but
 * for the end of a group, which keeps the list legal. */
static void add_wire(struct envelope *e, enum envelope_list which,
                     const struct address *a, struct header_budget *budget)
{
	size_t cost;

	e->scratch.len = 0;
	write_address(a, &e->scratch);
	cost = cost_of(which, a->kind, e->scratch.len);
	if (a->kind == ADDRESS_GROUP_END) {
		if (!e->in_group)
			return;
		e->in_group = false;
	} else if (e->used + cost > ENVELOPE_MOST) {
		budget->cut = true;
		return;
	} else {
		e->used += cost;
		e->in_group |= a->kind == ADDRESS_GROUP;
	}
	buf_add(&e->list[which], buf_slice(&e->scratch));
}

/* name <mailbox@host> */
static void write_text(const struct address *a, struct word_decoder *words,
                       struct buf *out)
{
	words_decode(words, a->name, out);
	if (a->name.len != 0 && a->kind == ADDRESS_MAILBOX)
		buf_byte(out, ' ');
	if (a->kind == ADDRESS_MAILBOX)
		buf_byte(out, '<');
	words_decode(words, a->mailbox, out);
	if (a->host.len != 0)
		buf_byte(out, '@');
	words_decode(words, a->host, out);
	if (a->kind == ADDRESS_MAILBOX)
		buf_byte(out, '>');
}

/* What SORT takes from the first address. RFC 5256, RFC 5957 section 3 */
static void keep_first(struct search_text *t, enum envelope_list which,
                       const struct address *a, struct word_decoder *words)
{
	t->scratch.len = 0;
	words_decode(words, a->mailbox, &t->scratch);
	unicode_casemap(buf_slice(&t->scratch), &t->mailbox[which]);
	t->scratch.len = 0;
	words_decode(words, a->name, &t->scratch);
	unicode_casemap(buf_slice(&t->scratch), &t->name[which]);
	if (t->name[which].len != 0)
		return;
	buf_add(&t->name[which], buf_slice(&t->mailbox[which]));
	t->scratch.len = 0;
	if (a->host.len != 0)
		buf_byte(&t->scratch, '@');
	words_decode(words, a->host, &t->scratch);
	unicode_casemap(buf_slice(&t->scratch), &t->name[which]);
}

static void add_search(struct search_text *t, enum envelope_list which,
                       const struct address *a, struct header_budget *budget,
                       struct word_decoder *words)
{
	struct buf *list = &t->list[which];
	size_t before = list->len;

	if (a->kind == ADDRESS_GROUP_END)
		return;
	if (before == 0)
		keep_first(t, which, a, words);
	t->scratch.len = 0;
	if (before != 0)
		buf_add(&t->scratch, S(", "));
	write_text(a, words, &t->scratch);
	unicode_fold(buf_slice(&t->scratch), list);
	t->used += list->len - before;
	if (t->used > SEARCH_MOST) {
		t->used -= list->len - before;
		list->len = before;
		budget->cut = true;
	}
}

void envelope_add_list(struct envelope *e, enum envelope_list which,
                       struct slice value, struct header_budget *budget,
                       struct word_decoder *words, struct search_text *search)
{
	struct address_parser p = address_parser_of(value);
	struct address a;

	while (address_next(&p, &a)) {
		if (a.kind != ADDRESS_GROUP_END && budget->addresses-- == 0) {
			budget->addresses = 0;
			budget->cut = true;
			break;
		}
		add_wire(e, which, &a, budget);
		if (search != NULL)
			add_search(search, which, &a, budget, words);
	}
	if (e->in_group)
		add_wire(e, which, &(struct address){ ADDRESS_GROUP_END },
		         budget);
	address_parser_fini(&p);
}

/* -- texts -- */

void envelope_add_text(struct envelope *e, enum envelope_text which,
                       struct slice value, struct header_budget *budget)
{
	if (e->has[which])
		return;
	e->has[which] = true;
	field_unfold(slice_first(value, SUBJECT_MOST), &e->text[which]);
	budget->cut |= value.len > SUBJECT_MOST;
}

/* -- writing -- */

static void write_text_field(const struct envelope *e, enum envelope_text which,
                             struct buf *out)
{
	wire_nstring(e->has[which], buf_slice(&e->text[which]), out);
	buf_byte(out, ' ');
}

static void write_list(const struct envelope *e, enum envelope_list which,
                       struct buf *out)
{
	const struct buf *list = &e->list[which];

	if (list->len == 0 && (which == LIST_SENDER || which == LIST_REPLY_TO))
		list = &e->list[LIST_FROM];
	if (list->len == 0) {
		buf_add(out, S("NIL "));
		return;
	}
	buf_byte(out, '(');
	buf_add(out, buf_slice(list));
	buf_add(out, S(") "));
}

/*
 * envelope = "(" env-date SP env-subject SP env-from SP env-sender SP
 *            env-reply-to SP env-to SP env-cc SP env-bcc SP
 *            env-in-reply-to SP env-message-id ")"
 */
void envelope_write(const struct envelope *e, struct buf *out)
{
	buf_byte(out, '(');
	write_text_field(e, ENV_DATE, out);
	write_text_field(e, ENV_SUBJECT, out);
	for (enum envelope_list i = 0; i < ENVELOPE_LISTS; i++)
		write_list(e, i, out);
	write_text_field(e, ENV_IN_REPLY_TO, out);
	write_text_field(e, ENV_MESSAGE_ID, out);
	out->data[out->len - 1] = ')'; /* in place of the last space */
}
