/*
 * compress_test.c -- what is compressed comes out as it went in, at rest
 * little is kept, and no reply's size tells of another.
 */
#include "imap/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"

enum { MEGABYTES = 16 };

/* What the client sends, and what it gets. */
struct wire {
	struct buf in;
	struct buf out;
	size_t most; /* octets read at once */
};

static struct err wire_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct wire *w = ctx;

	*got = w->in.len < size ? w->in.len : size;
	*got = *got < w->most ? *got : w->most;
	if (*got != 0)
		memcpy(to, w->in.data, *got);
	buf_drop(&w->in, *got);
	return OK;
}

static struct err wire_write(void *ctx, struct slice bytes)
{
	buf_add(&((struct wire *)ctx)->out, bytes);
	return OK;
}

static struct session_io io_of(struct wire *w)
{
	return (struct session_io){ wire_read, wire_write, w };
}

static void wire_free(struct wire *w)
{
	buf_free(&w->in);
	buf_free(&w->out);
}

/* As a client does: one stream, flushed when it waits for an answer. */
static void deflate_to(z_stream *z, struct slice text, int flush,
                       struct buf *out)
{
	z->next_in = (Bytef *)(uintptr_t)text.ptr;
	z->avail_in = (uInt)text.len;
	do {
		z->next_out = (Bytef *)buf_room(out, 4096);
		z->avail_out = 4096;
		deflate(z, flush);
		out->len += 4096 - z->avail_out;
	} while (z->avail_out == 0);
}

static void deflater(z_stream *z)
{
	*z = (z_stream){ 0 };
	assert_int_equal(
		deflateInit2(z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY),
		Z_OK);
}

static void read_all(struct compress *c, struct wire *w, struct buf *out)
{
	struct session_io io = io_of(w);
	size_t got;

	do {
		assert_int_equal(
			compress_read(c, &io, buf_room(out, 512), 512, &got)
				.code,
			ERR_OK);
		out->len += got;
	} while (got != 0);
}

/* The client refers to what it said long ago, over every rest. */
static void test_commands(void **state)
{
	static const size_t mosts[] = { 1, 7, SIZE_MAX };

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct compress *c = compress_new(S(""));
		struct wire w = { .most = mosts[k] };
		z_stream z;

		deflater(&z);
		for (int i = 0; i < 2000; i++) {
			struct buf got = { 0 };
			char text[80];

			snprintf(text, sizeof text,
			         "a%d UID FETCH %d:* (FLAGS BODY[%d])\r\n", i,
			         i * i, i % 7);
			deflate_to(&z, slice_cstr(text), Z_SYNC_FLUSH, &w.in);
			read_all(c, &w, &got);
			assert_true(
				slice_eq(buf_slice(&got), slice_cstr(text)));
			compress_rest(c);
			buf_free(&got);
		}
		deflateEnd(&z);
		compress_free(c);
		wire_free(&w);
	}
}

/* Amid a block, too, a rest changes nothing. */
static void test_rest_amid(void **state)
{
	struct buf text = { 0 }, got = { 0 }, packed = { 0 };
	struct compress *c = compress_new(S(""));
	struct wire w = { .most = SIZE_MAX };
	z_stream z;

	(void)state;
	deflater(&z);
	for (int i = 0; i < 3000; i++)
		buf_printf(&text, "%d %x,", i, i * 7919);
	deflate_to(&z, buf_slice(&text), Z_SYNC_FLUSH, &packed);
	for (size_t i = 0; i < packed.len; i++) {
		buf_add(&w.in, slice_of(packed.data + i, 1));
		read_all(c, &w, &got);
		compress_rest(c);
	}
	assert_true(slice_eq(buf_slice(&got), buf_slice(&text)));
	deflateEnd(&z);
	compress_free(c);
	wire_free(&w);
	buf_free(&text);
	buf_free(&got);
	buf_free(&packed);
}

/* What was read behind the command, in one piece. */
static void test_pipelined(void **state)
{
	struct buf packed = { 0 }, got = { 0 };
	struct wire w = { .most = SIZE_MAX };
	struct compress *c;
	z_stream z;

	(void)state;
	deflater(&z);
	deflate_to(&z, S("b NOOP\r\nc NOOP\r\n"), Z_SYNC_FLUSH, &packed);
	c = compress_new(buf_slice(&packed));
	read_all(c, &w, &got);
	assert_true(slice_eq(buf_slice(&got), S("b NOOP\r\nc NOOP\r\n")));
	deflateEnd(&z);
	compress_free(c);
	buf_free(&packed);
	buf_free(&got);
}

/* What is behind the end of the client's side, however it has ended it. */
static void test_end(void **state)
{
	static const int ends[] = { Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct buf got = { 0 }, rest = { 0 };
		struct wire w = { .most = SIZE_MAX };
		struct compress *c = compress_new(S(""));
		struct session_io io = io_of(&w);
		size_t n;
		z_stream z;

		deflater(&z);
		deflate_to(&z, S("a NOOP\r\n"), Z_SYNC_FLUSH, &w.in);
		deflate_to(&z, S("b UNAUTHENTICATE\r\n"), ends[i], &w.in);
		buf_add(&w.in, S("c LOGIN a b\r\n"));
		while (got.len < 26) {
			assert_true(is_ok(compress_read(
				c, &io, buf_room(&got, 512), 512, &n)));
			got.len += n;
		}
		assert_true(slice_eq(buf_slice(&got),
		                     S("a NOOP\r\nb UNAUTHENTICATE\r\n")));
		assert_true(compress_end(c, &rest));
		assert_true(slice_eq(buf_slice(&rest), S("c LOGIN a b\r\n")));
		deflateEnd(&z);
		wire_free(&w);
		buf_free(&got);
		buf_free(&rest);
	}
}

/* It was never flushed: where it ends nobody can say. */
static void test_no_end(void **state)
{
	struct buf got = { 0 }, rest = { 0 };
	struct wire w = { .most = SIZE_MAX };
	struct compress *c = compress_new(S(""));
	z_stream z;

	(void)state;
	deflater(&z);
	deflate_to(&z, S("b UNAUTHENTICATE\r\n"), Z_SYNC_FLUSH, &w.in);
	w.in.len -= 7;
	read_all(c, &w, &got);
	buf_add(&w.in, S("c LOGIN a b\r\n"));
	assert_false(compress_end(c, &rest));
	deflateEnd(&z);
	wire_free(&w);
	buf_free(&got);
	buf_free(&rest);
}

static void test_corrupt(void **state)
{
	static const struct slice bad[] = {
		S("\x06\x06\x06\x06"), /* no such kind of block */
		S("a NOOP\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct wire w = { .most = SIZE_MAX };
		struct session_io io = io_of(&w);
		struct compress *c = compress_new(bad[i]);
		struct err e = OK;
		char to[64];
		size_t got = 1;

		for (int k = 0; k < 100 && is_ok(e) && got != 0; k++)
			e = compress_read(c, &io, to, sizeof to, &got);
		assert_int_equal(e.code, ERR_CORRUPT);
		compress_free(c);
	}
}

/* Few octets that become many: never more at once than there is room for. */
static void test_bomb(void **state)
{
	static const char zeros[65536];
	struct compress *c = compress_new(S(""));
	struct wire w = { .most = SIZE_MAX };
	struct session_io io = io_of(&w);
	z_stream z;
	char to[4096];
	size_t total = 0, got;

	(void)state;
	deflater(&z);
	for (int i = 0; i < MEGABYTES * 16; i++)
		deflate_to(&z, slice_of(zeros, sizeof zeros),
		           i % 16 == 0 ? Z_SYNC_FLUSH : Z_NO_FLUSH, &w.in);
	deflate_to(&z, S(""), Z_SYNC_FLUSH, &w.in);
	assert_true(w.in.len < MEGABYTES * 2048);
	do {
		assert_true(is_ok(compress_read(c, &io, to, sizeof to, &got)));
		total += got;
	} while (got != 0);
	assert_int_equal(total, MEGABYTES * 16 * sizeof zeros);
	deflateEnd(&z);
	compress_free(c);
	wire_free(&w);
}

/* Sends texts with fences between them; the octets on the wire. */
static size_t say_all(const char *const *texts, size_t n, bool fences,
                      struct buf *plain)
{
	struct compress *c = compress_new(S(""));
	struct wire w = { 0 };
	struct session_io io = io_of(&w);
	z_stream z = { 0 };
	char out[65536];
	size_t size;

	for (size_t i = 0; i < n; i++) {
		bool fence = fences || i + 1 == n;

		assert_true(is_ok(
			compress_write(c, &io, slice_cstr(texts[i]), fence)));
		if (fence && i % 2 == 0)
			compress_rest(c);
	}
	assert_int_equal(inflateInit2(&z, -15), Z_OK);
	z.next_in = (Bytef *)w.out.data;
	z.avail_in = (uInt)w.out.len;
	z.next_out = (Bytef *)out;
	z.avail_out = sizeof out;
	assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
	buf_add(plain, slice_of(out, sizeof out - z.avail_out));
	inflateEnd(&z);
	size = w.out.len;
	compress_free(c);
	wire_free(&w);
	return size;
}

/* Z9: with a secret in one reply, a right guess in the next is as long as a
 * wrong one; without the fence it is not, or this would prove nothing. */
static void test_guess(void **state)
{
	static const char *const right[] = { "Your code is 73519264, hide it.",
		                             "Your code is 73519264!" };
	static const char *const wrong[] = { "Your code is 73519264, hide it.",
		                             "Your code is 08246137!" };
	struct buf a = { 0 }, b = { 0 };

	(void)state;
	assert_int_equal(say_all(right, 2, true, &a),
	                 say_all(wrong, 2, true, &b));
	assert_true(slice_eq(
		buf_slice(&a),
		S("Your code is 73519264, hide it.Your code is 73519264!")));
	assert_true(say_all(right, 2, false, &a) <
	            say_all(wrong, 2, false, &b));
	buf_free(&a);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_rest_amid),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
