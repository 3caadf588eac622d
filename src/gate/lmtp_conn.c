/* lmtp_conn.c -- placeholder */
#include <unistd.h>
#include "gate/internal.h"

void lmtp_conn_new(struct gate *g, const struct arrival *a)
{
	(void)g;
	close(a->fd);
}
void lmtp_conns_stop(struct gate *g)
{
	(void)g;
}
void lmtp_conns_free(struct gate *g)
{
	(void)g;
}
