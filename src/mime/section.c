/*
 * section.c -- from part numbers to a stretch of the message.
 * RFC 9051 section 6.4.5.1
 *
 * Numbers count the children of a multipart. A message that is no multipart
 * has one part, 1: its own entity. A number behind a message/rfc822 part
 * counts within the message it holds.
 */
#include "mime/digest.h"

/* The n-th child (from 1) of entity `index`; false: there is none. */
static bool nth_child(const struct digest *d, uint32_t index, uint32_t n,
                      uint32_t *out)
{
	uint32_t i = digest_part(d, index).child;

	if (n == 0)
		return false;
	for (; i != 0 && n > 1; n--)
		i = digest_part(d, i).next;
	*out = i;
	return i != 0;
}

/* Part n of a message whose entity is `index`. */
static bool part_of_message(const struct digest *d, uint32_t index, uint32_t n,
                            uint32_t *out)
{
	*out = index;
	if (digest_part(d, index).type == PART_MULTIPART)
		return nth_child(d, index, n, out);
	return n == 1;
}

static bool find_index(const struct digest *d, const uint32_t *path, size_t n,
                       uint32_t *out)
{
	if (!part_of_message(d, 0, path[0], out))
		return false;
	for (size_t i = 1; i < n; i++) {
		struct part p = digest_part(d, *out);
		bool found = false;

		if (p.type == PART_MULTIPART)
			found = nth_child(d, *out, path[i], out);
		else if (p.type == PART_MESSAGE)
			found = part_of_message(d, p.child, path[i], out);
		if (!found)
			return false;
	}
	return true;
}

bool digest_find_part(const struct digest *d, const uint32_t *path, size_t n,
                      struct part *out)
{
	uint32_t index = 0;

	if (n != 0 && !find_index(d, path, n, &index))
		return false;
	*out = digest_part(d, index);
	return true;
}

static struct span header_of(const struct part *p)
{
	return (struct span){ p->header, p->header_len };
}

static struct span body_of(const struct part *p)
{
	return (struct span){ p->body, p->body_len };
}

static bool is_of_header(enum section_text text)
{
	return text == SECTION_HEADER || text == SECTION_HEADER_FIELDS ||
	       text == SECTION_HEADER_FIELDS_NOT;
}

/* HEADER and TEXT of an entity that is a message's. */
static struct span text_of_message(const struct part *p, enum section_text text)
{
	return is_of_header(text) ? header_of(p) : body_of(p);
}

bool digest_section(const struct digest *d, const uint32_t *path, size_t n,
                    enum section_text text, struct span *out)
{
	struct part p;

	if (!digest_find_part(d, path, n, &p))
		return false;
	if (n == 0 && text == SECTION_ALL) {
		*out = (struct span){ 0, d->size };
		return true;
	}
	if (n == 0) {
		*out = text_of_message(&p, text);
		return text != SECTION_MIME;
	}
	if (text == SECTION_ALL || text == SECTION_MIME) {
		*out = text == SECTION_MIME ? header_of(&p) : body_of(&p);
		return true;
	}
	if (p.type != PART_MESSAGE)
		return false;
	p = digest_part(d, p.child);
	*out = text_of_message(&p, text);
	return true;
}
