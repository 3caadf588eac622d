/* frame_test.c -- what is written is read; what is cut or forged is told.
 * LIMIT_FRAME */
#include "ipc/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "edge.h"

static void write_all(struct frame_out *out)
{
	frame_begin(out, 77);
	frame_u8(out, 0xfe);
	frame_u16(out, 0xfedc);
	frame_u32(out, 0xfedcba98);
	frame_u64(out, 0xfedcba9876543210);
	frame_slice(out, S("text"));
	frame_slice(out, S(""));
}

static bool read_all(struct frame_in *in)
{
	bool same = in->type == 77;

	same &= read_u8(&in->r) == 0xfe;
	same &= read_u16(&in->r) == 0xfedc;
	same &= read_u32(&in->r) == 0xfedcba98;
	same &= read_u64(&in->r) == 0xfedcba9876543210;
	same &= slice_eq(frame_read_slice(in, 4), S("text"));
	same &= slice_eq(frame_read_slice(in, 0), S(""));
	return same && frame_is_whole(in);
}

static void test_round_trip(void **state)
{
	struct frame_out out;
	struct frame_in in;

	(void)state;
	write_all(&out);
	assert_true(frame_parse(buf_slice(&out.bytes), 5, &in));
	assert_int_equal(in.fd, 5);
	assert_true(read_all(&in));
	frame_free(&out);
}

/* Every shorter frame, and one byte more. */
static void test_cut(void **state)
{
	struct frame_out out;

	(void)state;
	write_all(&out);
	for (size_t n = 0; n < out.bytes.len; n++) {
		struct edge e = edge_new(slice_of(out.bytes.data, n));
		struct frame_in in;

		assert_int_equal(frame_parse(e.text, -1, &in), n >= 2);
		assert_false(n >= 2 && read_all(&in));
		edge_free(&e);
	}
	frame_u8(&out, 0);
	{
		struct frame_in in;

		assert_true(frame_parse(buf_slice(&out.bytes), -1, &in));
		assert_false(read_all(&in));
	}
	frame_free(&out);
}

/* What may be secret is put in its place once: where a buffer grows there is a
 * copy left that nobody wipes. */
static void test_stays_where_it_is(void **state)
{
	static const size_t sizes[] = {
		1, 1280, 2049, 4050, 8140, 16330, 24576
	};
	static char octets[24576];

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct frame_out out;
		const char *at;

		frame_begin(&out, 77);
		frame_u64(&out, 1);
		frame_slice(&out, slice_of(octets, sizes[i]));
		at = out.bytes.data;
		frame_slice(&out, slice_of(octets, LIMIT_CLIENT_ID));
		frame_slice(&out, slice_of(octets, 512));
		assert_ptr_equal(out.bytes.data, at);
		assert_false(out.bytes.overflow);
		frame_free(&out);
	}
}

static void test_forged_lengths(void **state)
{
	static const struct {
		struct slice bytes;
		size_t most;
		bool ok;
	} rows[] = {
		{ S("\1\0\3\0\0\0abc"), 3, true },
		{ S("\1\0\3\0\0\0abc"), 2, false },
		{ S("\1\0\4\0\0\0abc"), 9, false },
		{ S("\1\0\2\0\0\0abc"), 9, false },
		{ S("\1\0\377\377\377\377abc"), SIZE_MAX, false },
		{ S("\1\0\0\0\0\200abc"), SIZE_MAX, false },
		{ S("\1\0\0\0\0"), 9, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct edge e = edge_new(rows[i].bytes);
		struct frame_in in;

		assert_true(frame_parse(e.text, -1, &in));
		frame_read_slice(&in, rows[i].most);
		assert_int_equal(frame_is_whole(&in), rows[i].ok);
		edge_free(&e);
	}
}

static void test_overflow(void **state)
{
	static char big[LIMIT_FRAME + 1];
	struct frame_out out;

	(void)state;
	frame_begin(&out, 1);
	frame_slice(&out, slice_of(big, LIMIT_FRAME - 6));
	assert_false(out.bytes.overflow);
	assert_int_equal(out.bytes.len, LIMIT_FRAME);
	frame_u8(&out, 0);
	assert_true(out.bytes.overflow);
	frame_free(&out);
	frame_begin(&out, 1);
	frame_slice(&out, slice_of(big, sizeof big));
	assert_true(out.bytes.overflow);
	frame_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_stays_where_it_is),
		cmocka_unit_test(test_forged_lengths),
		cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
