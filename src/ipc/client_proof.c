/* client_proof.c -- there and back. */
#include "ipc/client_proof.h"

#include "base/bytes.h"

static void write_slice(struct buf *out, struct slice s)
{
	buf_u32(out, (uint32_t)s.len);
	buf_add(out, s);
}

static struct slice read_slice(struct reader *r)
{
	return read_bytes(r, read_u32(r));
}

void client_proof_write(const struct client_proof *p, struct buf *out)
{
	write_slice(out, p->certificate);
	write_slice(out, p->chain);
	buf_u16(out, p->scheme);
	write_slice(out, p->transcript);
	write_slice(out, p->signature);
}

bool client_proof_read(struct slice field, struct client_proof *out)
{
	struct reader r = reader_of(field);

	*out = (struct client_proof){ 0 };
	out->certificate = read_slice(&r);
	out->chain = read_slice(&r);
	out->scheme = read_u16(&r);
	out->transcript = read_slice(&r);
	out->signature = read_slice(&r);
	return !r.failed && r.rest.len == 0;
}
