/*
 * rows.c -- what the index says of blobs and packs, as bytes.
 *
 *   T_BLOB hash:   refs u32, pack u32, offset u64, header u32, raw u64,
 *                  stored u64, check u64                      44 octets
 *   T_PACK number: total u64, dead u64                        16 octets
 *
 * A row of another length is not ours. T_BLOB binds the bytes in the pack:
 * `check` covers the only block of a small message, or the header of a
 * larger one, which holds the checksums of its blocks.
 */
#include "base/bytes.h"
#include "store/internal.h"

enum { BLOB_ROW = 44, PACK_ROW = 16 };

struct err blob_row_parse(struct slice value, struct blob_place *out)
{
	struct reader r = reader_of(value);

	out->refs = read_u32(&r);
	out->pack = read_u32(&r);
	out->offset = read_u64(&r);
	out->header = read_u32(&r);
	out->raw = read_u64(&r);
	out->stored = read_u64(&r);
	out->check = read_u64(&r);
	if (r.failed || r.rest.len != 0 || out->refs == 0 ||
	    out->header < RECORD_FIXED || out->stored > out->raw ||
	    out->raw > (uint64_t)RECORD_BLOCKS * BLOB_BLOCK)
		return err(ERR_CORRUPT, "a blob's row in the index is damaged");
	return OK;
}

struct err blob_row_get(const struct index *i, MDB_txn *txn, struct slice key,
                        struct blob_place *out)
{
	struct slice value;
	struct err e = index_get(i, txn, key, &value);

	return is_ok(e) ? blob_row_parse(value, out) : e;
}

struct err blob_row_put(const struct index *i, MDB_txn *txn, struct slice key,
                        const struct blob_place *place)
{
	uint8_t row[BLOB_ROW];

	put_le32(row, place->refs);
	put_le32(row + 4, place->pack);
	put_le64(row + 8, place->offset);
	put_le32(row + 16, place->header);
	put_le64(row + 20, place->raw);
	put_le64(row + 28, place->stored);
	put_le64(row + 36, place->check);
	return index_put(i, txn, key, slice_of(row, sizeof row));
}

struct err pack_row_parse(struct slice value, struct pack_row *out)
{
	struct reader r = reader_of(value);

	out->total = read_u64(&r);
	out->dead = read_u64(&r);
	if (r.failed || r.rest.len != 0 || out->dead > out->total)
		return err(ERR_CORRUPT, "a pack's row in the index is damaged");
	return OK;
}

struct err pack_row_get(const struct index *i, MDB_txn *txn, uint32_t pack,
                        struct pack_row *out)
{
	struct store_key key = key_pack(pack);
	struct slice value;
	struct err e = index_get(i, txn, store_key_slice(&key), &value);

	*out = (struct pack_row){ 0 };
	if (e.code == ERR_ABSENT)
		return OK;
	return is_ok(e) ? pack_row_parse(value, out) : e;
}

struct err pack_row_put(const struct index *i, MDB_txn *txn, uint32_t pack,
                        const struct pack_row *row)
{
	struct store_key key = key_pack(pack);
	uint8_t value[PACK_ROW];

	put_le64(value, row->total);
	put_le64(value + 8, row->dead);
	return index_put(i, txn, store_key_slice(&key),
	                 slice_of(value, sizeof value));
}
