/*
 * record.c -- what a pack is made of: messages, and references to them.
 *
 * A message is a header that says everything, and blocks:
 *
 *     0 magic u32 "rPk1"     4 version u8, flags u8, zone i16
 *     8 header length u32   12 blocks u32
 *    16 account u64         24 raw size u64       32 stored size u64
 *    40 internaldate i64    48 uidvalidity u32    52 uid u32
 *    56 account name length u16, mailbox name length u16
 *    60 mailbox id u32 (0: written before it was noted)
 *    64 SHA-256 of the raw message
 *    96 checksum of the 96 octets before
 *   104 account name, mailbox name
 *       block table: stored length u32, checksum u64 each
 *       checksum of all the header before
 *   blocks of BLOB_BLOCK raw octets (the last one shorter), each by itself
 *   a zstd frame, or plain when its stored length is its raw length;
 *   zeros up to a multiple of 8
 *
 * A reference ("rPf1") says that a message is in one more mailbox, so that a
 * salvage finds it there. It is such a header alone, without blocks, where
 *
 *    24 mailbox id u32, uid u32: a MOVE took it from there; 0: none did
 *    32 zero u64
 *
 * With a hash of zeros it is about no message: the mailbox has that name
 * from that UID on (RENAME).
 *
 * Integers are little-endian. The fixed part has a checksum of its own so
 * that whoever looks for records believes no length that was never written.
 */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "store/internal.h"

enum {
	MAGIC_MESSAGE = 0x316b5072,
	MAGIC_REFERENCE = 0x31665072,
	VERSION = 1,
	NAME_MOST = UINT16_MAX,
};

/* 43 KB of text on one core: level -1 takes it to 64 % in 76 us, level 1 to
 * 50 % in 92 us, level 3 to 47 % in 131 us. */
enum { ZSTD_LEVEL = 1 };

static struct slice name_first(struct slice name)
{
	return slice_first(name, NAME_MOST);
}

static void write_sizes(struct buf *out, const struct pack_record *r)
{
	if (r->is_reference) {
		buf_u32(out, r->origin.from_mailbox);
		buf_u32(out, r->origin.from_uid);
		buf_u64(out, 0);
	} else {
		buf_u64(out, r->raw);
		buf_u64(out, r->stored);
	}
}

static void write_fixed(struct buf *out, const struct pack_record *r)
{
	size_t from = out->len;

	buf_u32(out, r->is_reference ? MAGIC_REFERENCE : MAGIC_MESSAGE);
	buf_u8(out, VERSION);
	buf_u8(out, r->origin.flags);
	buf_u16(out, (uint16_t)r->origin.zone);
	buf_u32(out, r->header);
	buf_u32(out, blocks_of(r->raw));
	buf_u64(out, r->origin.account);
	write_sizes(out, r);
	buf_u64(out, (uint64_t)r->origin.internaldate);
	buf_u32(out, r->origin.uidvalidity);
	buf_u32(out, r->origin.uid);
	buf_u16(out, (uint16_t)name_first(r->origin.account_name).len);
	buf_u16(out, (uint16_t)name_first(r->origin.mailbox_name).len);
	buf_u32(out, r->origin.mailbox);
	buf_add(out, slice_of(r->hash.bytes, sizeof r->hash.bytes));
	buf_u64(out, hash_check(slice_from(buf_slice(out), from)));
	assert(out->len - from == RECORD_FIXED);
}

void record_header_write(struct buf *out, struct pack_record *r)
{
	size_t from = out->len;
	struct slice account = name_first(r->origin.account_name);
	struct slice mailbox = name_first(r->origin.mailbox_name);

	assert(!r->is_reference || (r->raw == 0 && r->stored == 0));
	assert(r->table.len == (size_t)blocks_of(r->raw) * RECORD_BLOCK);
	r->header = (uint32_t)(RECORD_FIXED + account.len + mailbox.len +
	                       r->table.len + 8);
	write_fixed(out, r);
	buf_add(out, account);
	buf_add(out, mailbox);
	buf_add(out, r->table);
	r->check = hash_check(slice_from(buf_slice(out), from));
	buf_u64(out, r->check);
	assert(out->len - from == r->header);
}

uint32_t record_header_length(const void *fixed)
{
	const uint8_t *p = fixed;
	bool is_reference = get_le32(p) == MAGIC_REFERENCE;
	uint64_t raw = is_reference ? 0 : get_le64(p + 24);
	uint32_t names = (uint32_t)get_le16(p + 56) + get_le16(p + 58);
	uint32_t blocks = get_le32(p + 12);
	uint32_t header = get_le32(p + 8);

	if ((!is_reference && get_le32(p) != MAGIC_MESSAGE) || p[4] != VERSION)
		return 0;
	if (get_le64(p + 96) != hash_check(slice_of(p, 96)))
		return 0;
	if (raw > (uint64_t)RECORD_BLOCKS * BLOB_BLOCK ||
	    blocks != blocks_of(raw) || get_le64(p + 32) > raw)
		return 0;
	if (header != RECORD_FIXED + names + blocks * RECORD_BLOCK + 8)
		return 0;
	return header;
}

static bool table_is_sound(const struct pack_record *r)
{
	uint64_t stored = 0;

	for (uint32_t n = 0; n < blocks_of(r->raw); n++) {
		uint32_t len = record_block(r->table, n).len;

		if (len == 0 || len > block_raw(r->raw, n))
			return false;
		stored += len;
	}
	return stored == r->stored;
}

static void read_sizes(struct reader *in, struct pack_record *out)
{
	if (out->is_reference) {
		out->origin.from_mailbox = read_u32(in);
		out->origin.from_uid = read_u32(in);
		read_u64(in);
	} else {
		out->raw = read_u64(in);
		out->stored = read_u64(in);
	}
}

static void read_fixed(struct reader *in, struct pack_record *out)
{
	out->is_reference = read_u32(in) == MAGIC_REFERENCE;
	read_u8(in); /* version: looked at before, as is the magic */
	out->origin.flags = read_u8(in);
	out->origin.zone = (int16_t)read_u16(in);
	out->header = read_u32(in);
	read_u32(in);
	out->origin.account = read_u64(in);
	read_sizes(in, out);
	out->origin.internaldate = (int64_t)read_u64(in);
	out->origin.uidvalidity = read_u32(in);
	out->origin.uid = read_u32(in);
}

bool record_header_parse(struct slice header, struct pack_record *out)
{
	struct reader in = reader_of(header);
	uint16_t account;
	uint16_t mailbox;

	*out = (struct pack_record){ 0 };
	if (header.len < RECORD_FIXED ||
	    record_header_length(header.ptr) != header.len)
		return false;
	read_fixed(&in, out);
	account = read_u16(&in);
	mailbox = read_u16(&in);
	out->origin.mailbox = read_u32(&in);
	memcpy(out->hash.bytes, read_bytes(&in, CONTENT_HASH_SIZE).ptr,
	       CONTENT_HASH_SIZE);
	read_u64(&in);
	out->origin.account_name = read_bytes(&in, account);
	out->origin.mailbox_name = read_bytes(&in, mailbox);
	out->table =
		read_bytes(&in, (size_t)blocks_of(out->raw) * RECORD_BLOCK);
	out->check = read_u64(&in);
	return !in.failed && in.rest.len == 0 && table_is_sound(out) &&
	       out->check == hash_check(slice_first(header, header.len - 8));
}

struct pack_block record_block(struct slice table, uint32_t n)
{
	const char *p = table.ptr + (size_t)n * RECORD_BLOCK;

	assert(((size_t)n + 1) * RECORD_BLOCK <= table.len);
	return (struct pack_block){ get_le32(p), get_le64(p + 4) };
}

void block_pack(ZSTD_CCtx *z, struct slice raw, struct buf *out,
                struct buf *table)
{
	char *to = buf_room(out, raw.len);
	size_t len;

	assert(raw.len > 0 && raw.len <= BLOB_BLOCK);
	len = ZSTD_compressCCtx(z, to, raw.len - 1, raw.ptr, raw.len,
	                        ZSTD_LEVEL);
	if (ZSTD_isError(len)) { /* it would not have become shorter */
		memcpy(to, raw.ptr, raw.len);
		len = raw.len;
	}
	out->len += len;
	buf_u32(table, (uint32_t)len);
	buf_u64(table, hash_check(slice_of(to, len)));
}

bool block_unpack(ZSTD_DCtx *z, struct slice stored, uint64_t check, void *raw,
                  size_t raw_len)
{
	if (hash_check(stored) != check)
		return false;
	if (stored.len == raw_len) {
		memcpy(raw, stored.ptr, raw_len);
		return true;
	}
	return ZSTD_decompressDCtx(z, raw, raw_len, stored.ptr, stored.len) ==
	       raw_len;
}
