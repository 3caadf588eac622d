/*
 * peers.c -- the links to other processes: gates ask, mail processes report
 * and answer, outside answers.
 */
#include <stdlib.h>

#include "auth/alerts.h"
#include "auth/internal.h"
#include "auth/outside.h"
#include "base/mem.h"

struct peer *peer_keep(struct peer *p)
{
	p->references++;
	return p;
}

void peer_release(struct peer *p)
{
	if (--p->references == 0)
		free(p);
}

static void unlink_peer(struct peer *p)
{
	struct peer **at = &p->auth->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
}

static void peer_close(struct peer *p)
{
	struct auth *a = p->auth;

	unlink_peer(p);
	link_free(p->link);
	p->link = NULL;
	if (p->index < AUTH_PARTITIONS && a->mail[p->index] == p) {
		a->mail[p->index] = NULL;
		calls_fail(a, p->index);
	}
	if (a->outside == p) {
		a->outside = NULL;
		requests_fail_all(&a->asked);
	}
	held_release(p);
	requests_fail_all(&p->exchanges);
	requests_free(&p->exchanges);
	peer_release(p);
}

static void on_peer_close(void *arg)
{
	peer_close(arg);
}

static void on_peer_drain(void *arg)
{
	held_release(arg);
}

static struct peer *add(struct auth *a, uint32_t index, int fd,
                        void (*on_frame)(void *, struct frame_in *))
{
	struct peer *p = mem_new(1, sizeof *p);

	p->auth = a;
	p->index = index;
	p->references = 1;
	p->link = link_new(a->loop, fd,
	                   (struct link_handler){ .on_frame = on_frame,
	                                          .on_close = on_peer_close,
	                                          .arg = p,
	                                          .on_drain = on_peer_drain });
	p->held_last = &p->held;
	p->next = a->peers;
	a->peers = p;
	return p;
}

struct peer *auth_mail_peer(struct auth *a, uint32_t partition)
{
	return partition < AUTH_PARTITIONS ? a->mail[partition] : NULL;
}

struct link *auth_mail(struct auth *a, uint32_t partition)
{
	struct peer *p = auth_mail_peer(a, partition);

	return p != NULL ? p->link : NULL;
}

static void on_gate_frame(void *arg, struct frame_in *f)
{
	struct peer *p = arg;
	bool good = false;

	if (f->fd >= 0)
		close(f->fd);
	switch (f->type) {
	case FRAME_VERIFY:
		good = attempt_verify(p, f);
		break;
	case FRAME_RESPONSE:
		good = attempt_response(p, f);
		break;
	case FRAME_CANCEL:
		good = attempt_cancel(p, f);
		break;
	case FRAME_LOOKUP:
		good = lookup_frame(p, f);
		break;
	default:
		break;
	}
	if (!good)
		link_log_bad("gate", f);
}

static void on_mail_frame(void *arg, struct frame_in *f)
{
	struct peer *p = arg;
	bool good;

	if (f->fd >= 0)
		close(f->fd);
	if (f->type == FRAME_ACCOUNT_DONE)
		good = call_answer(p->auth, f);
	else if (f->type == FRAME_PRESENT)
		good = roll_call_present(p, f);
	else if (f->type == FRAME_AUDIT)
		good = audit_frame(p, f);
	else if (f->type == FRAME_FETCHED || f->type == FRAME_DISK ||
	         f->type == FRAME_QUOTA_BAND)
		good = alerts_report(p, f);
	else
		good = visit_frame(p, f);
	if (!good)
		link_log_bad("mail", f);
}

static void on_outside_frame(void *arg, struct frame_in *f)
{
	struct peer *p = arg;

	if (f->fd >= 0)
		close(f->fd);
	if (f->type != FRAME_TOLD || !outside_told(p->auth, f))
		link_log_bad("outside", f);
}

static void add_gate(struct auth *a, int fd)
{
	struct peer *p = add(a, UINT32_MAX, fd, on_gate_frame);

	p->is_gate = true;
	hidden_tell(p, false);
}

static void add_mail(struct auth *a, uint32_t index, int fd)
{
	if (a->mail[index] != NULL)
		peer_close(a->mail[index]);
	a->mail[index] = add(a, index, fd, on_mail_frame);
	accounts_heal(a, index);
	roll_call_partition(a->mail[index]);
}

static void add_outside(struct auth *a, int fd)
{
	if (a->outside != NULL)
		peer_close(a->outside);
	a->outside = add(a, UINT32_MAX, fd, on_outside_frame);
}

bool peer_add(struct auth *a, uint8_t role, uint32_t index, int fd)
{
	if (role == ROLE_GATE)
		add_gate(a, fd);
	else if (role == ROLE_MAIL && index < a->partitions)
		add_mail(a, index, fd);
	else if (role == ROLE_OUTSIDE)
		add_outside(a, fd);
	else
		return false;
	return true;
}

void peers_close(struct auth *a)
{
	while (a->peers != NULL)
		peer_close(a->peers);
}
