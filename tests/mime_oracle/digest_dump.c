/*
 * digest_dump.c -- prints the digests of messages, for agree.py.
 *
 * Reads file names from standard input, one a line; for each prints its
 * ENVELOPE, BODYSTRUCTURE, subject and part table, as lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mime/crlf.h"
#include "mime/digest.h"

static struct buf read_message(const char *name)
{
	struct crlf crlf = { 0 };
	struct buf message = { 0 };
	char block[65536];
	FILE *f = fopen(name, "rb");
	size_t n;

	if (f == NULL) {
		perror(name);
		exit(EXIT_FAILURE);
	}
	while ((n = fread(block, 1, sizeof block, f)) != 0)
		crlf_feed(&crlf, slice_of(block, n), &message);
	fclose(f);
	return message;
}

static void print_field(const struct digest *d, const char *label,
                        enum digest_field field)
{
	struct slice s = digest_field(d, field);

	printf("%s %.*s\n", label, (int)s.len, s.len != 0 ? s.ptr : "");
}

static void print_digest(const struct digest *d)
{
	printf("size %u\nflags %u\n", d->size, d->flags);
	if (d->flags & DIGEST_HAS_DATE)
		printf("sent %lld %d\n", (long long)d->sent, d->sent_zone);
	print_field(d, "subject", DIGEST_SUBJECT);
	print_field(d, "from", DIGEST_FROM);
	print_field(d, "message-id", DIGEST_MESSAGE_ID);
	print_field(d, "preview", DIGEST_PREVIEW);
	print_field(d, "envelope", DIGEST_ENVELOPE);
	print_field(d, "bodystructure", DIGEST_BODYSTRUCTURE);
	for (uint32_t i = 0; i < d->parts; i++) {
		struct part p = digest_part(d, i);

		printf("part %u %u %u %u %u %u %u %u %u\n", i, p.type, p.header,
		       p.header_len, p.body, p.body_len, p.lines, p.next,
		       p.child);
	}
}

int main(void)
{
	char name[4096];

	while (fgets(name, sizeof name, stdin) != NULL) {
		struct buf raw = { 0 };
		struct buf message;
		struct digest d;

		name[strcspn(name, "\n")] = '\0';
		message = read_message(name);
		digest_make(buf_slice(&message), &raw);
		if (!is_ok(digest_open(buf_slice(&raw), &d)))
			return EXIT_FAILURE;
		printf("file %s\n", name);
		print_digest(&d);
		buf_free(&raw);
		buf_free(&message);
	}
	return EXIT_SUCCESS;
}
