/* notice.c -- the listeners of an account. */
#include "mailbox/notice.h"

#include "mailbox/internal.h"

void account_listen(struct account *a, struct notice_listener *l)
{
	l->next = a->listeners;
	a->listeners = l;
}

void account_unlisten(struct account *a, struct notice_listener *l)
{
	struct notice_listener **link = &a->listeners;

	while (*link != l)
		link = &(*link)->next;
	*link = l->next;
}

void account_notify(struct account *a, enum notice_kind kind, struct slice name,
                    struct slice detail)
{
	account_notify_of(a, &(struct notice){ .kind = kind,
	                                       .name = name,
	                                       .detail = detail });
}

void account_notify_of(struct account *a, const struct notice *notice)
{
	for (struct notice_listener *l = a->listeners; l != NULL; l = l->next)
		l->hear(l->arg, notice);
}
