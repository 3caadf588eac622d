/* audit_frame.c -- texts in one order, both ways. */
#include "ipc/audit_frame.h"

enum { TEXTS = 9 };

static void list_texts(struct audit_entry *e, struct slice *out[TEXTS])
{
	out[0] = &e->event;
	out[1] = &e->session;
	out[2] = &e->peer;
	out[3] = &e->mailbox;
	out[4] = &e->mailboxid;
	out[5] = &e->to;
	out[6] = &e->change;
	out[7] = &e->uids;
	out[8] = &e->refused;
}

void audit_frame_put(struct frame_out *f, const struct audit_entry *entry)
{
	struct audit_entry e = *entry;
	struct slice *texts[TEXTS];

	frame_u64(f, e.account);
	frame_u64(f, e.who);
	frame_u32(f, e.uid);
	frame_u64(f, e.messages);
	list_texts(&e, texts);
	for (size_t i = 0; i < TEXTS; i++)
		frame_slice(f, slice_first(*texts[i], AUDIT_TEXT));
}

static bool is_event(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] != '_' && !(s.ptr[i] >= 'a' && s.ptr[i] <= 'z'))
			return false;
	return s.len != 0 && s.len < AUDIT_EVENT;
}

bool audit_frame_take(struct frame_in *in, struct audit_entry *out)
{
	struct slice *texts[TEXTS];

	*out = (struct audit_entry){ .account = read_u64(&in->r) };
	out->who = read_u64(&in->r);
	out->uid = read_u32(&in->r);
	out->messages = read_u64(&in->r);
	list_texts(out, texts);
	for (size_t i = 0; i < TEXTS; i++)
		*texts[i] = frame_read_slice(in, AUDIT_TEXT);
	return frame_is_whole(in) && is_event(out->event);
}
