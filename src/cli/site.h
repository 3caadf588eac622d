/*
 * site.h -- where the configured server keeps what the verbs need.
 *
 * The configuration is the file of -c, else of $ROOST_CONF, else
 * ./roost.conf if it is there, else /etc/roost/roost.conf.
 */
#pragma once

#include <stdint.h>

#include "cli/verb.h"

struct site {
	char *store;         /* directory of the partitions */
	uint32_t partitions; /* 0 to partitions - 1 are in it */
	char *control;       /* the control socket */
	char *lmtp_socket;   /* NULL: none */
	char *lmtp_address;  /* where TCP is listened on; NULL: nowhere */
	uint16_t lmtp_port;
};

/* The file that is used. */
const char *site_conf(const struct call *);

/* An exit status; what is wrong has been printed. */
int site_open(const struct call *, struct site *);
void site_close(struct site *);

/* The directory of a partition; the caller frees it. */
char *site_partition(const struct site *, uint32_t number);
