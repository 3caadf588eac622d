/*
 * certificate.c -- the certificate that is served: for which name, until when,
 * who vouches for it, and how strong its key is.
 */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "doctor/internal.h"

enum {
	NEAR_DAYS = 21,
	RSA_BITS_LEAST = 2048,
	EC_BITS_LEAST = 224,
	NAME_MOST = 256,
	DATE_MOST = 32
};

/* What it calls itself. */
static void put_name(const X509_NAME *name, char out[static NAME_MOST])
{
	out[0] = 0;
	if (X509_NAME_get_text_by_NID(name, NID_commonName, out, NAME_MOST) < 0)
		X509_NAME_oneline(name, out, NAME_MOST);
}

static void judge_name(const struct doctor *d, const struct place *p, X509 *x)
{
	char name[NAME_MOST];

	if (X509_check_host(x, p->port->name, 0, 0, NULL) == 1 ||
	    X509_check_ip_asc(x, p->port->name, 0) == 1) {
		report_good(d->report, CHECK_CERTIFICATE_NAME, p->text,
		            "the certificate is for this name");
		return;
	}
	put_name(X509_get_subject_name(x), name);
	report_bad(d->report, CHECK_CERTIFICATE_NAME, p->text,
	           "the certificate is not for %.253s (it calls itself %s)",
	           p->port->name, name);
}

/* -- the chain -- */

/* Name and dates have findings of their own. */
static bool is_trusted(long result)
{
	return result == X509_V_OK || result == X509_V_ERR_HOSTNAME_MISMATCH ||
	       result == X509_V_ERR_IP_ADDRESS_MISMATCH ||
	       result == X509_V_ERR_CERT_HAS_EXPIRED ||
	       result == X509_V_ERR_CERT_NOT_YET_VALID;
}

static bool lacks_issuer(long result)
{
	return result == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	       result == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	       result == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

static void judge_chain(const struct doctor *d, const struct place *p, SSL *ssl)
{
	long result = SSL_get_verify_result(ssl);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	int n = chain != NULL ? sk_X509_num(chain) : 0;
	char issuer[NAME_MOST];

	if (is_trusted(result)) {
		report_good(d->report, CHECK_CERTIFICATE_CHAIN, p->text,
		            "the chain of %d is trusted", n);
	} else if (n > 0 && lacks_issuer(result)) {
		put_name(X509_get_issuer_name(sk_X509_value(chain, n - 1)),
		         issuer);
		report_bad(d->report, CHECK_CERTIFICATE_CHAIN, p->text,
		           "signed by %s, who is neither served nor known "
		           "here (%d in the chain)",
		           issuer, n);
	} else {
		report_bad(d->report, CHECK_CERTIFICATE_CHAIN, p->text,
		           "%s (%d in the chain)",
		           X509_verify_cert_error_string(result), n);
	}
}

/* -- dates -- */

static void put_date(const ASN1_TIME *t, char out[static DATE_MOST])
{
	struct tm tm;

	snprintf(out, DATE_MOST, "?");
	if (ASN1_TIME_to_tm(t, &tm) == 1)
		strftime(out, DATE_MOST, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Clients build the chain that counts; what else is served may have ended. */
static STACK_OF(X509) * chain_of(SSL *ssl)
{
	return SSL_get_verify_result(ssl) == X509_V_OK
	               ? SSL_get0_verified_chain(ssl)
	               : SSL_get_peer_cert_chain(ssl);
}

/* False, which has been said: it doesn't count now. */
static bool judge_now(const struct doctor *d, const struct place *p,
                      const X509 *x, const char *who)
{
	time_t now = (time_t)clock_now_s();
	char date[DATE_MOST];

	if (X509_cmp_time(X509_get0_notBefore(x), &now) > 0) {
		put_date(X509_get0_notBefore(x), date);
		report_bad(d->report, CHECK_CERTIFICATE_DATES, p->text,
		           "%s is not valid before %s", who, date);
		return false;
	}
	if (X509_cmp_time(X509_get0_notAfter(x), &now) < 0) {
		put_date(X509_get0_notAfter(x), date);
		report_bad(d->report, CHECK_CERTIFICATE_DATES, p->text,
		           "%s expired %s", who, date);
		return false;
	}
	return true;
}

static int days_left(const X509 *x)
{
	int days, seconds;

	return ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) == 1
	               ? days
	               : 0;
}

/* "it", or its name when it is one that signs. */
static void put_who(const X509 *x, int i, char out[static NAME_MOST])
{
	if (i == 0)
		snprintf(out, NAME_MOST, "it");
	else
		put_name(X509_get_subject_name(x), out);
}

/* That which ends first is the one to be told of. */
static void judge_dates(const struct doctor *d, const struct place *p, SSL *ssl)
{
	STACK_OF(X509) *chain = chain_of(ssl);
	int least = INT32_MAX;
	char who[NAME_MOST] = "";
	char first[NAME_MOST] = "it";

	for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
		const X509 *x = sk_X509_value(chain, i);

		put_who(x, i, who);
		if (!judge_now(d, p, x, who))
			return;
		if (days_left(x) >= least)
			continue;
		least = days_left(x);
		snprintf(first, sizeof first, "%s", who);
	}
	if (least < NEAR_DAYS)
		report_bad(d->report, CHECK_CERTIFICATE_END_NEAR, p->text,
		           "%s expires in %d days", first, least);
	else
		report_good(d->report, CHECK_CERTIFICATE_DATES, p->text,
		            "valid for %d days", least);
}

/* -- the key -- */

static bool is_weak_digest(int nid)
{
	return nid == NID_md5 || nid == NID_sha1 || nid == NID_md4;
}

static void judge_key(const struct doctor *d, const struct place *p, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	int digest = NID_undef;
	int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;
	bool rsa = key != NULL && EVP_PKEY_is_a(key, "RSA");

	X509_get_signature_info(x, &digest, NULL, NULL, NULL);
	if (bits < (rsa ? RSA_BITS_LEAST : EC_BITS_LEAST))
		report_bad(d->report, CHECK_CERTIFICATE_KEY, p->text,
		           "its key has only %d bits", bits);
	else if (is_weak_digest(digest))
		report_bad(d->report, CHECK_CERTIFICATE_KEY, p->text,
		           "it is signed with %s", OBJ_nid2sn(digest));
	else
		report_good(d->report, CHECK_CERTIFICATE_KEY, p->text,
		            "%s, %d bits", EVP_PKEY_get0_type_name(key), bits);
}

void certificate_examine(const struct doctor *d, const struct place *p,
                         SSL *ssl)
{
	X509 *x = SSL_get0_peer_certificate(ssl);

	if (x == NULL)
		return;
	judge_name(d, p, x);
	judge_chain(d, p, ssl);
	judge_dates(d, p, ssl);
	judge_key(d, p, x);
}
