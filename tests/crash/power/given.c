/* given.c -- what the workload is given: time, room, messages. */
#include "base/buf.h"
#include "base/clock.h"
#include "mailbox/account.h"
#include "store/partition.h"
#include "workload.h"

enum { EXPUNGE_LOG = 2 }; /* ranges of UIDs */

static uint64_t clock_mono_ms(const struct clock *c)
{
	(void)c;
	return 1000000;
}

static int64_t clock_wall_s(const struct clock *c)
{
	(void)c;
	return WORKLOAD_START;
}

const struct clock *still_clock(void)
{
	static const struct clock clock = { clock_mono_ms, clock_wall_s };

	return &clock;
}

struct partition_options small_partition(void)
{
	return (struct partition_options){ .map_bytes = 16 << 20,
		                           .pack_bytes = 40000 };
}

struct model *small_model(struct partition *p)
{
	struct model *model = model_new(p, still_clock());

	model_set_expunge_log(model, EXPUNGE_LOG);
	return model;
}

void message_make(struct buf *out, uint64_t seed, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
				     "ghijklmnopqrstuvwxyz0123456789+/";
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	size_t start = out->len;

	buf_printf(out,
	           "From: Sender <s%llu@example.com>\r\n"
	           "To: demo@example.org\r\nSubject: message %llu\r\n"
	           "Message-ID: <m%llu@example.com>\r\n",
	           (unsigned long long)seed, (unsigned long long)seed,
	           (unsigned long long)seed);
	if (seed % 4 != 0) /* most answer the one before: threads of four */
		buf_printf(out, "In-Reply-To: <m%llu@example.com>\r\n",
		           (unsigned long long)seed - 1);
	buf_add(out, S("\r\n"));
	while (out->len - start < size) {
		for (int i = 0; i < 72; i++) {
			x = x * UINT64_C(6364136223846793005) +
			    UINT64_C(1442695040888963407);
			buf_byte(out, digits[x >> 58]);
		}
		buf_add(out, S("\r\n"));
	}
}
