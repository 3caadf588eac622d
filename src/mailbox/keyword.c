/* keyword.c -- keyword names and their bits. */
#include "mailbox/keyword.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/mem.h"

static struct slice own_copy(struct slice s)
{
	return slice_of(mem_copy(s.ptr, s.len), s.len);
}

static void append(struct keywords *k, struct slice name)
{
	k->v = mem_resize(k->v, k->n + 1, sizeof *k->v);
	k->v[k->n++] = own_copy(name);
}

void keywords_set(struct keywords *k, const struct slice *names, size_t n)
{
	*k = (struct keywords){ 0 };
	if (n == 0)
		return;
	k->v = mem_new(n, sizeof *k->v);
	for (size_t i = 0; i < n; i++)
		k->v[i] = own_copy(names[i]);
	k->n = n;
}

void keywords_copy(struct keywords *to, const struct keywords *from)
{
	keywords_set(to, from->v, from->n);
}

void keywords_free(struct keywords *k)
{
	for (size_t i = 0; i < k->n; i++)
		free((char *)k->v[i].ptr);
	free(k->v);
	*k = (struct keywords){ 0 };
}

size_t keywords_find(const struct keywords *k, struct slice name)
{
	for (size_t i = 0; i < k->n; i++) {
		if (slice_ieq(k->v[i], name))
			return i;
	}
	return SLICE_NONE;
}

bool keywords_know(const struct keywords *k, const struct slice *names,
                   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (keywords_find(k, names[i]) == SLICE_NONE)
			return false;
	}
	return true;
}

/* flag-keyword = "$MDNSent" / ... / atom; no atom-specials in it */
static bool is_keyword(struct slice name)
{
	if (name.len == 0 || name.len > LIMIT_KEYWORD)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (ascii_is_ctl(c) || ascii_is_8bit(c) ||
		    slice_find_byte(S("(){ %*\"\\]"), c) != SLICE_NONE)
			return false;
	}
	return true;
}

/* IANA's registry of keywords: RFC 9051 section 2.3.2, RFC 8457, RFC 9979 */
static const struct slice registered[] = {
	N("$autosent"),
	N("$canunsubscribe"),
	N("$followed"),
	N("$Forwarded"),
	N("$hasattachment"),
	N("$hasmemo"),
	N("$hasnoattachment"),
	N("$Important"),
	N("$imported"),
	N("$istrusted"),
	N("$Junk"),
	N("$MailFlagBit0"),
	N("$MailFlagBit1"),
	N("$MailFlagBit2"),
	N("$maskedemail"),
	N("$MDNSent"),
	N("$memo"),
	N("$muted"),
	N("$new"),
	N("$notify"),
	N("$NotJunk"),
	N("$Phishing"),
	N("$Submitted"),
	N("$SubmitPending"),
	N("$unsubscribed"),
};

/* Clients that compare them with case, too, find what they look for. */
static struct slice registered_name(struct slice name)
{
	for (size_t i = 0; i < sizeof registered / sizeof *registered; i++)
		if (slice_ieq(registered[i], name))
			return registered[i];
	return name;
}

static struct err place(struct keywords *k, struct slice name, size_t *at)
{
	if (!is_keyword(name))
		return err(ERR_CANNOT, "that is not a keyword");
	if (k->n == LIMIT_KEYWORDS)
		return err(ERR_LIMIT, "the mailbox has too many keywords");
	append(k, registered_name(name));
	*at = k->n - 1;
	return OK;
}

struct err keywords_resolve(struct keywords *k, const struct slice *names,
                            size_t n, bool add, struct keyword_bits *out)
{
	*out = (struct keyword_bits){ 0 };
	for (size_t i = 0; i < n; i++) {
		size_t at = keywords_find(k, names[i]);

		if (at == SLICE_NONE && add) {
			struct err e = place(k, names[i], &at);

			if (!is_ok(e))
				return e;
		}
		if (at != SLICE_NONE)
			keyword_bits_set(out, at);
	}
	return OK;
}
