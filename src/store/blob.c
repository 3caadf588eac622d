/*
 * blob.c -- reading a stored message, block by block.
 *
 * A reader holds its pack's descriptor and the last block it unpacked. The
 * index says where a message's only block is; the block table of a larger
 * one is read with the record's header, once, and believed only because
 * T_BLOB has the header's checksum.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "store/internal.h"

enum { NO_BLOCK = UINT32_MAX };

struct span {
	uint64_t at; /* in the pack */
	struct pack_block block;
};

struct blob_reader {
	struct partition *partition;
	struct pack_file *file;
	struct content_hash hash;
	struct blob_place place;
	struct span *spans; /* one a block; NULL: not read yet */
	uint32_t loaded;    /* the block in `raw`, or NO_BLOCK */
	size_t raw_len;
	char *raw; /* room for the longest block; NULL: none is loaded */
};

static struct blob_reader *reader_new(struct partition *p,
                                      const struct blob_place *place)
{
	struct blob_reader *r = mem_new(1, sizeof *r);

	*r = (struct blob_reader){
		.partition = p,
		.place = *place,
		.loaded = NO_BLOCK,
	};
	return r;
}

static struct err open_at(struct partition *p, const struct content_hash *hash,
                          const struct blob_place *place,
                          struct blob_reader **out)
{
	struct pack_file *file;
	struct err e = pack_file_open(&p->packs, place->pack, &file);

	if (!is_ok(e))
		return e;
	*out = reader_new(p, place);
	(*out)->file = file;
	(*out)->hash = *hash;
	return OK;
}

struct err blob_open(struct partition *p, const struct content_hash *hash,
                     struct blob_reader **out)
{
	struct store_key key = key_blob(hash);
	struct blob_place place;
	struct slice value;
	struct err e = store_get(p, store_key_slice(&key), &value);

	if (is_ok(e))
		e = blob_row_parse(value, &place);
	return is_ok(e) ? open_at(p, hash, &place, out) : e;
}

static size_t room_size(const struct blob_reader *r)
{
	return block_raw(r->place.raw, 0);
}

/* One whole block is kept for whoever reads next: thousands that are taken
 * and given back, one for each slow client, leave holes between what stays. */
static char *room_new(struct blob_reader *r)
{
	char *spare = r->partition->spare_block;

	if (spare == NULL || room_size(r) != BLOB_BLOCK)
		return mem_resize(NULL, room_size(r), 1);
	r->partition->spare_block = NULL;
	return spare;
}

void blob_close(struct blob_reader *r)
{
	if (r == NULL)
		return;
	pack_file_close(&r->partition->packs, r->file);
	blob_rest(r);
	free(r->spans);
	free(r);
}

void blob_rest(struct blob_reader *r)
{
	char **spare = &r->partition->spare_block;

	if (*spare == NULL && room_size(r) == BLOB_BLOCK)
		*spare = r->raw;
	else
		free(r->raw);
	r->raw = NULL;
	r->loaded = NO_BLOCK;
}

uint64_t blob_size(const struct blob_reader *r)
{
	return r->place.raw;
}

static struct err rotten(void)
{
	return err(ERR_CORRUPT, "the message is damaged on disk");
}

static void spans_of_table(struct blob_reader *r, struct slice table)
{
	uint32_t n = blocks_of(r->place.raw);
	uint64_t at = r->place.offset + r->place.header;

	r->spans = mem_new(n, sizeof *r->spans);
	for (uint32_t i = 0; i < n; i++) {
		r->spans[i] = (struct span){ at, record_block(table, i) };
		at += r->spans[i].block.len;
	}
}

static struct err spans_of_header(struct blob_reader *r, struct slice header)
{
	struct pack_record record;

	if (!record_header_parse(header, &record) ||
	    record.check != r->place.check || record.raw != r->place.raw ||
	    record.stored != r->place.stored)
		return rotten();
	if (r->spans == NULL)
		spans_of_table(r, record.table);
	return OK;
}

static struct err read_header(struct blob_reader *r)
{
	char *header = mem_resize(NULL, r->place.header, 1);
	struct err e = read_in_task(r->file->fd, header, r->place.header,
	                            r->place.offset);

	if (is_ok(e))
		e = spans_of_header(r, slice_of(header, r->place.header));
	free(header);
	return e;
}

static struct err know_spans(struct blob_reader *r)
{
	if (r->spans != NULL)
		return OK;
	if (blocks_of(r->place.raw) > 1)
		return read_header(r);
	r->spans = mem_new(1, sizeof *r->spans);
	*r->spans = (struct span){
		.at = r->place.offset + r->place.header,
		.block = { (uint32_t)r->place.stored, r->place.check },
	};
	return OK;
}

static struct err unpack(struct blob_reader *r, uint32_t n, struct slice stored)
{
	size_t raw_len = block_raw(r->place.raw, n);

	if (r->raw == NULL)
		r->raw = room_new(r);
	if (!block_unpack(r->partition->decompressor, stored,
	                  r->spans[n].block.check, r->raw, raw_len))
		return rotten();
	r->loaded = n;
	r->raw_len = raw_len;
	return OK;
}

static struct err load(struct blob_reader *r, uint32_t n)
{
	size_t len = r->spans[n].block.len;
	char *stored = mem_resize(NULL, len, 1);
	struct err e;

	r->loaded = NO_BLOCK;
	e = read_in_task(r->file->fd, stored, len, r->spans[n].at);
	if (is_ok(e))
		e = unpack(r, n, slice_of(stored, len));
	free(stored);
	return e;
}

struct err blob_read(struct blob_reader *r, uint64_t offset, struct slice *out)
{
	uint32_t n = (uint32_t)(offset / BLOB_BLOCK);
	struct err e;

	*out = (struct slice){ NULL, 0 };
	if (offset >= r->place.raw)
		return OK;
	e = know_spans(r);
	if (is_ok(e) && r->loaded != n)
		e = load(r, n);
	if (is_ok(e))
		*out = slice_from(slice_of(r->raw, r->raw_len),
		                  (size_t)(offset % BLOB_BLOCK));
	return e;
}
