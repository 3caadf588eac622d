/* limit_rules.h -- what an operator may set of limit.h and history.h. */
#pragma once

#include <stdint.h>

enum {
	LOCKOUT_LONGEST_S = 3600,
	HISTORY_PER_ACCOUNT = 500, /* rows */
	HISTORY_IN_ALL = 1000000,
};

/* 0: not limited */
struct limit_rules {
	uint32_t per_address;
	uint32_t per_network;
	uint32_t per_account;
	uint32_t spray_accounts; /* at one address; with one password */
	uint32_t lock_s;         /* the first one */
	uint32_t lock_most_s;
};

struct history_rules {
	uint32_t keep_s; /* sign-ins, and places */
	uint32_t keep_failures_s;
	uint32_t per_account; /* rows, of either kind */
	uint32_t in_all;
};
