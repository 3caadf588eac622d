/* meta.c -- account and mailbox records as bytes, versioned. */
#include "mailbox/meta.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/hash.h"

enum { META_VERSION = 3 };

static struct err damaged(void)
{
	return err(ERR_CORRUPT, "an account or mailbox record is damaged");
}

static bool is_whole(const struct reader *r)
{
	return !r->failed && r->rest.len == 0;
}

void account_meta_write(const struct account_meta *a, struct slice name,
                        struct buf *out)
{
	buf_u8(out, META_VERSION);
	buf_u64(out, a->modseq);
	buf_u32(out, a->last_mailbox);
	buf_u32(out, a->uidvalidity);
	buf_u32(out, a->subscriptions);
	buf_u32(out, a->thread_ids);
	buf_u64(out, a->id_key[0]);
	buf_u64(out, a->id_key[1]);
	for (size_t i = 0; i < QUOTA_RESOURCES; i++) {
		buf_u64(out, a->quota.used[i]);
		buf_u64(out, a->quota.limit[i]);
	}
	buf_u16(out, (uint16_t)name.len);
	buf_add(out, name);
}

struct err account_meta_read(struct slice raw, struct account_meta *a,
                             struct slice *name)
{
	struct reader r = reader_of(raw);

	if (read_u8(&r) != META_VERSION)
		return damaged();
	*a = (struct account_meta){ 0 };
	a->modseq = read_u64(&r);
	a->last_mailbox = read_u32(&r);
	a->uidvalidity = read_u32(&r);
	a->subscriptions = read_u32(&r);
	a->thread_ids = read_u32(&r);
	a->id_key[0] = read_u64(&r);
	a->id_key[1] = read_u64(&r);
	for (size_t i = 0; i < QUOTA_RESOURCES; i++) {
		a->quota.used[i] = read_u64(&r);
		a->quota.limit[i] = read_u64(&r);
	}
	*name = read_bytes(&r, read_u16(&r));
	return is_whole(&r) ? OK : damaged();
}

void mailbox_meta_write(const struct mailbox_meta *m, struct slice name,
                        const struct slice *keywords, size_t n, struct buf *out)
{
	assert(n <= LIMIT_KEYWORDS);
	buf_u8(out, META_VERSION);
	buf_u8(out, m->noselect);
	buf_u32(out, m->id);
	buf_u32(out, m->uidvalidity);
	buf_u32(out, m->uidnext);
	buf_u32(out, m->messages);
	buf_u32(out, m->unseen);
	buf_u32(out, m->deleted);
	buf_u32(out, m->special_use);
	buf_u32(out, m->last_chunk);
	buf_u64(out, m->highestmodseq);
	buf_u64(out, m->log_floor);
	buf_u32(out, m->log_ranges);
	buf_u64(out, m->size);
	buf_u64(out, m->deleted_size);
	buf_u16(out, (uint16_t)name.len);
	buf_add(out, name);
	buf_u16(out, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		assert(keywords[i].len <= LIMIT_KEYWORD);
		buf_u8(out, (uint8_t)keywords[i].len);
		buf_add(out, keywords[i]);
	}
}

static void read_numbers(struct reader *r, struct mailbox_meta *m)
{
	*m = (struct mailbox_meta){ .noselect = read_u8(r) != 0 };
	m->id = read_u32(r);
	m->uidvalidity = read_u32(r);
	m->uidnext = read_u32(r);
	m->messages = read_u32(r);
	m->unseen = read_u32(r);
	m->deleted = read_u32(r);
	m->special_use = read_u32(r);
	m->last_chunk = read_u32(r);
	m->highestmodseq = read_u64(r);
	m->log_floor = read_u64(r);
	m->log_ranges = read_u32(r);
	m->size = read_u64(r);
	m->deleted_size = read_u64(r);
}

struct err mailbox_meta_read(struct slice raw, struct mailbox_meta *m,
                             struct slice *name, struct slice *keywords,
                             size_t *n)
{
	struct reader r = reader_of(raw);

	if (read_u8(&r) != META_VERSION)
		return damaged();
	read_numbers(&r, m);
	*name = read_bytes(&r, read_u16(&r));
	if (keywords == NULL)
		return r.failed ? damaged() : OK;
	*n = read_u16(&r);
	if (*n > LIMIT_KEYWORDS)
		return damaged();
	for (size_t i = 0; i < *n; i++)
		keywords[i] = read_bytes(&r, read_u8(&r));
	return is_whole(&r) ? OK : damaged();
}

void mailbox_meta_count(struct mailbox_meta *m, const struct record *r,
                        int sign)
{
	uint32_t one = (uint32_t)sign;
	uint64_t size = (uint64_t)(sign * (int64_t)r->size);

	assert(sign == 1 || sign == -1);
	assert(sign == 1 || (m->messages > 0 && m->size >= r->size));
	m->messages += one;
	m->size += size;
	if (!(r->flags & FLAG_SEEN))
		m->unseen += one;
	if (r->flags & FLAG_DELETED) {
		m->deleted += one;
		m->deleted_size += size;
	}
}

/* Of a key that is the account's own and an id that is never given again. */
static uint64_t objectid(const struct account_meta *a, uint32_t mailbox)
{
	uint8_t id[4];

	put_le32(id, mailbox);
	return hash_siphash(a->id_key, slice_of(id, sizeof id));
}

void mailbox_meta_status(const struct mailbox_meta *m,
                         const struct account_meta *a,
                         struct mailbox_status *out)
{
	*out = (struct mailbox_status){
		.messages = m->messages,
		.unseen = m->unseen,
		.deleted = m->deleted,
		.uidnext = m->uidnext,
		.uidvalidity = m->uidvalidity,
		.highestmodseq = m->highestmodseq,
		.size = m->size,
		.deleted_size = m->deleted_size,
		.id = m->id,
		.objectid = objectid(a, m->id),
		.special_use = m->special_use,
	};
}
