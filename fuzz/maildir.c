/*
 * fuzz/maildir.c -- what other programs leave in Maildirs and mbox files.
 *
 * The first byte chooses what the rest is taken for. Properties: a file
 * name, written out, is the same name; a directory's mailbox name comes
 * back from its own directory; any message, written to an mbox file between
 * two others, is read from it as it was, but for mbox's own header fields
 * and the final line end.
 */
#include <stdint.h>
#include <stdlib.h>

#include "cli/maildir.h"
#include "cli/mbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void file_name(struct slice in)
{
	struct maildir_name one = maildir_name_parse(in);
	struct buf text = { 0 };
	struct maildir_name two;

	maildir_name_write(&one, &text);
	two = maildir_name_parse(buf_slice(&text));
	require(slice_eq(one.base, two.base) && one.flags == two.flags &&
	        one.passed == two.passed && one.keywords == two.keywords);
	buf_free(&text);
}

static void folder(struct slice in)
{
	struct buf name = { 0 };
	struct buf dir = { 0 };
	struct buf again = { 0 };

	maildir_folder_decode(in, &name);
	maildir_folder_encode(buf_slice(&name), &dir);
	maildir_folder_decode(buf_slice(&dir), &again);
	require(slice_eq(buf_slice(&name), buf_slice(&again)));
	buf_free(&name);
	buf_free(&dir);
	buf_free(&again);
}

static void small_files(struct slice in)
{
	struct maildir_subscriptions s = { 0 };
	struct buf name = { 0 };
	struct slice rest = in;
	struct slice line;

	while (maildir_subscription(&s, &rest, &name))
		require(name.len > 0);
	buf_free(&name);
	while (in.len > 0) {
		uint32_t a;
		uint32_t b;
		unsigned index;
		struct slice text;

		slice_cut(in, '\n', &line, &in);
		maildir_uidlist_head(line, &a, &b);
		if (maildir_uidlist_line(line, &a, &text))
			require(a != 0);
		if (maildir_keyword_line(line, &index, &text))
			require(index < MAILDIR_KEYWORDS && text.len > 0);
	}
}

static void mbox_read(struct slice in)
{
	struct mbox_message m;
	struct buf text = { 0 };

	while (mbox_next(&in, &m)) {
		while (mbox_text(&m, 64, &text))
			continue;
		text.len = 0;
	}
	buf_free(&text);
}

static void put_message(struct slice message, struct buf *file)
{
	struct transfer_message meta = { .flags = FLAG_ANSWERED };
	struct mbox_writer w;

	mbox_begin(&w, &meta, file);
	mbox_add(&w, slice_first(message, message.len / 2), file);
	mbox_add(&w, slice_from(message, message.len / 2), file);
	mbox_end(&w, file);
}

/* The only message of the file, as it was delivered. */
static void read_only(struct slice file, struct buf *text)
{
	struct mbox_message m;

	require(mbox_next(&file, &m));
	while (mbox_text(&m, 64, text))
		continue;
	require(m.meta.flags == FLAG_ANSWERED);
	require(!mbox_next(&file, &m));
}

/* A first passage takes away mbox's own fields; a second one nothing. */
static void mbox_written(struct slice in)
{
	struct buf file = { 0 };
	struct buf once = { 0 };
	struct buf twice = { 0 };

	put_message(in, &file);
	read_only(buf_slice(&file), &once);
	file.len = 0;
	put_message(buf_slice(&once), &file);
	read_only(buf_slice(&file), &twice);
	require(slice_eq(buf_slice(&once), buf_slice(&twice)));
	buf_free(&file);
	buf_free(&once);
	buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct slice) = {
		file_name, folder, small_files, mbox_read, mbox_written,
	};
	enum { N = sizeof targets / sizeof targets[0] };

	if (size > 0)
		targets[data[0] % N](slice_of(data + 1, size - 1));
	return 0;
}
