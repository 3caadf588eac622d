/*
 * ldap_certificate.c -- libldap only says that it can't contact the server.
 *
 * So it is asked once more as it was, and then without looking at the
 * certificate, which thereby is to be had. That connection is for nothing
 * else.
 */
#include "outside/ldap_certificate.h"

#define LDAP_DEPRECATED 0
#include <lber.h>
#include <ldap.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

enum { NAME_MOST = 64 };

/* NULL: TLS did not come about. */
static LDAP *connect_to(const struct ldap_place *p, const struct question *q,
                        int demand)
{
	const int version = LDAP_VERSION3;
	const int client = 0;
	uint32_t ms = question_left_ms(q);
	struct timeval time = { ms / 1000, (ms % 1000) * 1000 };
	LDAP *ld = NULL;
	int code;

	if (ldap_initialize(&ld, p->uri) != LDAP_SUCCESS)
		return NULL;
	ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &time);
	ldap_set_option(ld, LDAP_OPT_TIMEOUT, &time);
	ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	if (p->ca != NULL)
		ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, p->ca);
	ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client);
	code = p->start_tls ? ldap_start_tls_s(ld, NULL, NULL)
	                    : ldap_connect(ld);
	if (code == LDAP_SUCCESS)
		return ld;
	ldap_unbind_ext_s(ld, NULL, NULL);
	return NULL;
}

/* The caller frees it. */
static X509 *certificate_of(LDAP *ld)
{
	struct berval der = { 0, NULL };
	const unsigned char *at;
	X509 *x = NULL;

	if (ldap_get_option(ld, LDAP_OPT_X_TLS_PEERCERT, &der) !=
	            LDAP_OPT_SUCCESS ||
	    der.bv_val == NULL)
		return NULL;
	at = (const unsigned char *)der.bv_val;
	x = d2i_X509(NULL, &at, (long)der.bv_len);
	ber_memfree(der.bv_val);
	return x;
}

static bool is_for(X509 *x, const char *host)
{
	return X509_check_host(x, host, 0, 0, NULL) == 1 ||
	       X509_check_ip_asc(x, host, 0) == 1;
}

static void put_name(const X509_NAME *name, char out[NAME_MOST])
{
	out[0] = '\0';
	if (X509_NAME_get_text_by_NID(name, NID_commonName, out, NAME_MOST) < 0)
		X509_NAME_oneline(name, out, NAME_MOST);
}

static void judge(X509 *x, const char *host, char out[LDAP_PROBLEM])
{
	time_t now = (time_t)clock_now_s();
	char name[NAME_MOST];

	if (X509_cmp_time(X509_get0_notAfter(x), &now) < 0) {
		snprintf(out, LDAP_PROBLEM, "its certificate has expired");
	} else if (X509_cmp_time(X509_get0_notBefore(x), &now) > 0) {
		snprintf(out, LDAP_PROBLEM, "its certificate is not valid yet");
	} else if (!is_for(x, host)) {
		put_name(X509_get_subject_name(x), name);
		snprintf(out, LDAP_PROBLEM,
		         "its certificate is not for %.40s (it calls itself "
		         "%s)",
		         host, name);
	} else {
		put_name(X509_get_issuer_name(x), name);
		snprintf(out, LDAP_PROBLEM,
		         "its certificate is signed by %s, whom nobody trusts "
		         "here",
		         name);
	}
}

bool ldap_certificate_problem(const struct ldap_place *p,
                              const struct question *q, char out[LDAP_PROBLEM])
{
	LDAPURLDesc *url = NULL;
	LDAP *ld = connect_to(p, q, LDAP_OPT_X_TLS_DEMAND);
	X509 *x = NULL;

	if (ld != NULL) {
		ldap_unbind_ext_s(ld, NULL, NULL);
		return false; /* it has gone by */
	}
	ld = connect_to(p, q, LDAP_OPT_X_TLS_NEVER);
	if (ld != NULL) {
		x = certificate_of(ld);
		ldap_unbind_ext_s(ld, NULL, NULL);
	}
	if (x == NULL || ldap_url_parse(p->uri, &url) != 0) {
		X509_free(x);
		return false;
	}
	judge(x, url->lud_host != NULL ? url->lud_host : "", out);
	ldap_free_urldesc(url);
	X509_free(x);
	return true;
}
