/* chain.c -- SHA-256 over the hash before and the line. */
#include "base/chain.h"

#include <string.h>

#include "base/encode.h"
#include "base/hash.h"

static const struct slice seq_key = N("seq=");
static const struct slice chain_key = N(" chain=");

struct chain chain_start(void)
{
	struct chain c = { 0 };

	memset(c.hex, '0', sizeof c.hex);
	return c;
}

/* text: the line up to its chain */
static void move_on(struct chain *c, struct slice text)
{
	struct content_hasher *h = content_hasher_new();
	struct content_hash hash;
	struct buf hex = { 0 };

	content_hasher_add(h, slice_of(c->hex, sizeof c->hex));
	content_hasher_add(h, text);
	hash = content_hasher_end(h);
	hex_encode(slice_of(hash.bytes, sizeof hash.bytes), &hex);
	memcpy(c->hex, hex.data, sizeof c->hex);
	buf_free(&hex);
	c->seq++;
}

void chain_append(struct chain *c, struct slice rest, struct buf *out)
{
	size_t start = out->len;

	buf_add(out, seq_key);
	buf_number(out, c->seq + 1);
	buf_byte(out, ' ');
	buf_add(out, rest);
	move_on(c, slice_of(out->data + start, out->len - start));
	buf_add(out, chain_key);
	buf_add(out, slice_of(c->hex, sizeof c->hex));
	buf_byte(out, '\n');
}

bool chain_follow(struct chain *c, struct slice line, bool blind,
                  struct slice *rest)
{
	size_t tail = chain_key.len + CHAIN_HEX;
	struct chain next = *c;
	struct slice text, number, hex;

	if (!slice_starts(line, seq_key) || line.len < tail)
		return false;
	text = slice_first(line, line.len - tail);
	hex = slice_from(line, line.len - CHAIN_HEX);
	if (!slice_eq(slice_first(slice_from(line, text.len), chain_key.len),
	              chain_key) ||
	    !slice_cut(slice_from(text, seq_key.len), ' ', &number, rest) ||
	    !slice_number(number, &next.seq) || next.seq == 0)
		return false;
	if (!blind && next.seq != c->seq + 1)
		return false;
	next.seq--;
	move_on(&next, text);
	if (blind)
		memcpy(next.hex, hex.ptr, sizeof next.hex);
	else if (!slice_eq(slice_of(next.hex, sizeof next.hex), hex))
		return false;
	*c = next;
	return true;
}
