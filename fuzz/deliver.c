/*
 * deliver.c -- a delivery link whose other end, a gate, was taken over. The
 * input is frames, each behind its length in two octets.
 *
 * Whatever comes in, the link goes on or is closed; every answer is well
 * formed; and there are as many messages in the account as recipients that
 * were told OK, neither fewer nor more.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "deliver/deliver.h"
#include "house.h"
#include "ipc/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* So many octets can't name more recipients than one answer holds. */
enum { INPUT_MOST = 3000, MESSAGE_LIMIT = 1000 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct link *connect_to(struct model *model)
{
	struct link_handler none = { 0 };
	int fds[2];

	must(is_ok(link_pair(fds)));
	deliver_serve(task_loop(), model, link_new(task_loop(), fds[0], none),
	              S(""), MESSAGE_LIMIT);
	return link_new(task_loop(), fds[1], none);
}

/* Of one DELIVERED, those told OK. */
static uint32_t count_ok(struct frame_in *f)
{
	uint32_t first = read_u32(&f->r);
	uint32_t n = read_u32(&f->r);
	uint32_t good = 0;

	must(f->type == FRAME_DELIVERED && f->fd == -1);
	must(first == 0 && n != 0);
	for (uint32_t i = 0; i < n; i++) {
		good += read_u8(&f->r) == ERR_OK;
		frame_read_slice(f, LIMIT_FRAME);
	}
	must(frame_is_whole(f));
	return good;
}

/* The next frame of the input; what is cut off is a frame, too. */
static struct slice take_frame(struct slice *input)
{
	struct reader r = { .rest = *input };
	size_t len = read_u16(&r);
	struct slice frame = slice_first(slice_from(*input, 2), len);

	*input = slice_from(*input, 2 + len);
	return frame;
}

static bool is_end(struct slice frame)
{
	struct frame_in f;

	return frame_parse(frame, -1, &f) && f.type == FRAME_END;
}

static bool send_octets(struct link *l, struct slice octets)
{
	struct frame_out f = { 0 };

	buf_add(&f.bytes, octets);
	return is_ok(link_send(l, &f, -1));
}

/* Says everything; waits for the answer where there is one. How many
 * recipients were told OK. */
static uint32_t talk(struct link *l, struct slice input)
{
	struct frame_in f;
	uint32_t good = 0;

	while (input.len != 0) {
		struct slice frame = take_frame(&input);

		if (!send_octets(l, frame))
			return good;
		if (!is_end(frame))
			continue;
		if (!is_ok(link_receive(l, WAIT_FOREVER, &f)))
			return good;
		good += count_ok(&f);
	}
	/* there is no such frame, so it closes the link */
	send_octets(l, S("\0\0"));
	must(!is_ok(link_receive(l, WAIT_FOREVER, &f)));
	return good;
}

static uint64_t count_messages(struct model *model)
{
	struct account *account;
	struct quota quota;

	must(is_ok(account_open(model, HOUSE_ACCOUNT, &account)));
	account_quota(account, &quota);
	account_close(account);
	return quota.used[QUOTA_MESSAGE];
}

static void run(struct model *model, struct slice input)
{
	struct link *l = connect_to(model);
	uint32_t good = talk(l, input);

	link_free(l);
	must(count_messages(model) == good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= INPUT_MOST)
		house_run(run, slice_of(data, size));
	return 0;
}
