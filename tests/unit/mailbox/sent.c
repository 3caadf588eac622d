/* sent.c -- when a message was written, as its record says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rig.h"

/* The first and the last that Date: can say, which copies keep. */
static void sent(struct rig *r)
{
	static const struct {
		const char *text;
		int64_t sent;
	} rows[] = {
		{ "Date: 1 Jan 2026 01:00:00 +0100\n\nx\n", 1767225600 },
		{ "Date: 31 Dec 9999 23:59:59 +0000\n\nx\n", 253402300799 },
		{ "Date: 1 Jan 1900 00:00:00 +0000\n\nx\n", -2208988800 },
		{ "Date: soon\n\nx\n", 1700000000 },
	};
	struct mailbox *m = rig_open(r, "INBOX");
	struct uidset uids = rig_set("1:4"), from = { 0 }, to = { 0 };

	for (uint32_t i = 0; i < 4; i++)
		rig_append(r, m, rows[i].text, 0);
	assert_int_equal(mailbox_copy(m, &uids, m, false, &from, &to).code,
	                 ERR_OK);
	for (uint32_t uid = 1; uid <= 8; uid++) {
		struct record record;

		assert_int_equal(mailbox_record(m, uid, &record).code, ERR_OK);
		assert_int_equal(record.sent, rows[(uid - 1) % 4].sent);
	}
	uidset_free(&uids);
	uidset_free(&from);
	uidset_free(&to);
	mailbox_close(m);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "when it was written", sent },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
