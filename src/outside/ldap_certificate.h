/* ldap_certificate.h -- what is wrong with an LDAP server's certificate. */
#pragma once

#include <stdbool.h>

#include "outside/question.h"

struct ldap_place {
	const char *uri;
	const char *ca; /* NULL: the system's */
	bool start_tls;
};

enum { LDAP_PROBLEM = 160 };

/* It can't be reached: is it because of its certificate? Nothing is sent but
 * what begins TLS. False: no, or there is none to be seen. */
bool ldap_certificate_problem(const struct ldap_place *,
                              const struct question *, char out[LDAP_PROBLEM]);
