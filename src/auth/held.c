/*
 * held.c -- verdicts that wait until their ticket has left.
 *
 * A mail process drains its link to auth before it refuses a ticket
 * (ipc/protocol.h). That finds what the kernel has, not what auth still
 * queues while the process is slow: then the verdict waits here until the
 * queue is empty, so that gate can't be faster than the ticket.
 */
#include <stdlib.h>

#include "auth/internal.h"
#include "base/mem.h"

struct held {
	struct held *next;
	struct peer *gate; /* a reference */
	struct frame_out frame;
};

static void send_now(struct peer *gate, struct frame_out *f)
{
	if (gate->link != NULL)
		link_send(gate->link, f, -1);
	else
		frame_free(f);
}

void held_send(struct peer *mail, struct peer *gate, struct frame_out *f)
{
	struct held *h;

	if (mail->link == NULL || link_queued(mail->link) == 0) {
		send_now(gate, f);
		return;
	}
	h = mem_new(1, sizeof *h);
	h->gate = peer_keep(gate);
	h->frame = *f;
	*mail->held_last = h;
	mail->held_last = &h->next;
}

void held_release(struct peer *mail)
{
	while (mail->held != NULL) {
		struct held *h = mail->held;

		mail->held = h->next;
		send_now(h->gate, &h->frame);
		peer_release(h->gate);
		free(h);
	}
	mail->held_last = &mail->held;
}
