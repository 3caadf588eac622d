/*
 * ldap.c -- accounts in a directory that speaks LDAP.
 *
 *	uri = ldaps://ldap.example.org
 *	start_tls = yes                    with ldap://
 *	ca = /etc/ssl/certs/ca-certificates.crt
 *	bind_dn = cn=roost,dc=example,dc=org
 *	bind_password = secret
 *	base = ou=people,dc=example,dc=org
 *	filter = (&(objectClass=person)(mail=%u))
 *	password_attribute = userPassword  of ldap-lookup
 *
 * The user's entry is looked up: by ldap, to bind as it with the password
 * that came in, on a connection of its own; by ldap-lookup, for the password
 * that it shows. %u, %n and %d in the filter are escaped (RFC 4515), so they
 * are values and nothing else. Nothing is sent in the clear to another
 * machine, and referrals are not followed.
 */
#define LDAP_DEPRECATED 0
#include <lber.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "outside/description.h"
#include "outside/ldap_certificate.h"
#include "outside/source.h"

struct ldap_description {
	char *uri;
	char *start_tls;
	char *ca;
	char *bind_dn;
	char *bind_password;
	char *base;
	char *filter;
	char *password_attribute;
};

#define AT(field) offsetof(struct ldap_description, field)

static const struct description_option options[] = {
	{ "uri", AT(uri) },
	{ "start_tls", AT(start_tls) },
	{ "ca", AT(ca) },
	{ "bind_dn", AT(bind_dn) },
	{ "bind_password", AT(bind_password) },
	{ "base", AT(base) },
	{ "filter", AT(filter) },
	{ "password_attribute", AT(password_attribute) },
};

/* -- the description -- */

static bool starts_tls(const struct ldap_description *d)
{
	return d->start_tls != NULL && strcasecmp(d->start_tls, "yes") == 0;
}

/* A socket, this machine, or TLS. */
static bool is_private(const struct ldap_description *d)
{
	LDAPURLDesc *url = NULL;
	bool is = false;

	if (strchr(d->uri, ' ') != NULL || ldap_url_parse(d->uri, &url) != 0)
		return false;
	if (strcmp(url->lud_scheme, "ldap") != 0 || starts_tls(d))
		is = true;
	else if (url->lud_host != NULL)
		is = strcmp(url->lud_host, "127.0.0.1") == 0 ||
		     strcmp(url->lud_host, "::1") == 0 ||
		     strcmp(url->lud_host, "localhost") == 0;
	ldap_free_urldesc(url);
	return is;
}

static const char *check(struct ldap_description *d)
{
	if (d->uri == NULL || d->base == NULL || d->filter == NULL)
		return "it needs uri, base and filter";
	if (strstr(d->filter, "%u") == NULL && strstr(d->filter, "%n") == NULL)
		return "its filter finds the same for all: it needs %u or %n";
	if (!is_private(d))
		return "its uri is no single one, or goes to another machine "
		       "in the clear: ldaps://, or start_tls = yes";
	if (d->password_attribute == NULL)
		d->password_attribute = mem_cstr(S("userPassword"));
	return NULL;
}

static void prepare(struct source *s, int fd)
{
	struct ldap_description *d = mem_new(1, sizeof *d);
	int version;

	s->state = d;
	s->problem = description_read(fd, options,
	                              sizeof options / sizeof *options, d);
	if (s->problem == NULL)
		s->problem = check(d);
	s->opens = d->ca;
	/* reads its own files once, and now */
	ldap_get_option(NULL, LDAP_OPT_PROTOCOL_VERSION, &version);
}

/* -- the filter -- */

/* RFC 4515 section 3: what means something in a filter is two digits. */
static void add_value(struct buf *out, struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c <= ' ' || c >= 0x7f || strchr("*()\\/&|=!~<>", c) != NULL)
			buf_printf(out, "\\%02x", c);
		else
			buf_byte(out, (char)c);
	}
}

/* NULL: a variable that there is not. The caller frees it. */
static char *make_filter(const char *text, const struct source_user *u)
{
	struct buf out = { 0 };
	char *filter = NULL;
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if (p[0] != '%' || p[1] == '%')
			buf_byte(&out, *p);
		else if (p[1] == 'u')
			add_value(&out, u->name);
		else if (p[1] == 'n')
			add_value(&out, u->local);
		else if (p[1] == 'd')
			add_value(&out, u->domain);
		else
			break;
		p += p[0] == '%';
	}
	if (*p == '\0')
		filter = mem_cstr(buf_slice(&out));
	buf_free(&out);
	return filter;
}

/* -- connections -- */

static void close_it(LDAP **ld)
{
	if (*ld != NULL)
		ldap_unbind_ext_s(*ld, NULL, NULL);
	*ld = NULL;
}

static struct timeval left(const struct question *q)
{
	uint32_t ms = question_left_ms(q);

	return (struct timeval){ ms / 1000, (ms % 1000) * 1000 };
}

static int set_options(LDAP *ld, const struct ldap_description *d,
                       const struct question *q)
{
	const int version = LDAP_VERSION3;
	const int demand = LDAP_OPT_X_TLS_DEMAND;
	const int client = 0;
	struct timeval time = left(q);
	int code = ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);

	ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &time);
	ldap_set_option(ld, LDAP_OPT_TIMEOUT, &time);
	ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	if (d->ca != NULL)
		ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, d->ca);
	if (strncmp(d->uri, "ldap://", 7) != 0 || starts_tls(d))
		ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client);
	return code;
}

/* password: its NUL is not part of it. */
static int bind_as(LDAP *ld, const char *dn, struct slice password)
{
	char *copy = mem_cstr(password);
	struct berval value = { password.len, copy };
	int code = ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &value, NULL,
	                            NULL, NULL);

	mem_wipe(copy, password.len);
	free(copy);
	return code;
}

static int open_to(const struct ldap_description *d, const struct question *q,
                   LDAP **ld)
{
	int code = ldap_initialize(ld, d->uri);

	if (code == LDAP_SUCCESS)
		code = set_options(*ld, d, q);
	if (code == LDAP_SUCCESS && starts_tls(d))
		code = ldap_start_tls_s(*ld, NULL, NULL);
	if (code != LDAP_SUCCESS)
		close_it(ld);
	return code;
}

/* libldap has no words for a certificate that it refuses. */
static void fail(const struct ldap_description *d, struct question *q, int code)
{
	const struct ldap_place place = { d->uri, d->ca, starts_tls(d) };
	char problem[LDAP_PROBLEM];
	bool is_tls = starts_tls(d) || strncmp(d->uri, "ldaps:", 6) == 0;

	if (is_tls &&
	    (code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR) &&
	    ldap_certificate_problem(&place, q, problem))
		question_fail(q, ERR_UNAVAILABLE, "%s", problem);
	else
		question_fail(q, ERR_UNAVAILABLE, "%s", ldap_err2string(code));
}

/* For look-ups; kept. */
static int open_bound(const struct ldap_description *d,
                      const struct question *q, LDAP **ld)
{
	int code = open_to(d, q, ld);

	if (code == LDAP_SUCCESS)
		code = bind_as(*ld, d->bind_dn, slice_cstr(d->bind_password));
	if (code != LDAP_SUCCESS)
		close_it(ld);
	return code;
}

/* -- the entry -- */

static int search(LDAP *ld, const struct ldap_description *d,
                  const struct question *q, const char *filter,
                  LDAPMessage **out)
{
	char *attributes[] = { d->password_attribute, NULL };
	struct timeval time = left(q);

	ldap_set_option(ld, LDAP_OPT_TIMEOUT, &time);
	return ldap_search_ext_s(ld, d->base, LDAP_SCOPE_SUBTREE, filter,
	                         attributes, 0, NULL, NULL, &time, 2, out);
}

static bool is_broken(int code)
{
	return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT ||
	       code == LDAP_UNAVAILABLE || code == LDAP_CONNECT_ERROR;
}

/* *kept, or a new connection where that one was closed meanwhile. Two
 * entries are none: LDAP_SIZELIMIT_EXCEEDED. */
static int find(const struct ldap_description *d, struct question *q,
                LDAP **kept, LDAPMessage **out)
{
	struct source_user u = source_user(q);
	char *filter = make_filter(d->filter, &u);
	bool was_kept = *kept != NULL;
	int code = filter == NULL ? LDAP_FILTER_ERROR : LDAP_SERVER_DOWN;

	for (int i = was_kept ? 0 : 1; i < 2 && is_broken(code); i++) {
		code = *kept != NULL ? LDAP_SUCCESS : open_bound(d, q, kept);
		if (code == LDAP_SUCCESS)
			code = search(*kept, d, q, filter, out);
		if (is_broken(code))
			close_it(kept);
	}
	free(filter);
	if (code == LDAP_SUCCESS && ldap_count_entries(*kept, *out) > 1)
		return LDAP_SIZELIMIT_EXCEEDED;
	return code;
}

/* -- answers -- */

static void show_stored(LDAP *ld, LDAPMessage *entry,
                        const struct ldap_description *d, struct question *q)
{
	struct berval **values =
		ldap_get_values_len(ld, entry, d->password_attribute);

	if (values != NULL && values[0] != NULL)
		source_found(q, slice_of(values[0]->bv_val, values[0]->bv_len));
	else
		source_found(q, S(""));
	ldap_value_free_len(values);
}

/* An empty password would be no bind at all, which always succeeds:
 * RFC 4513 section 5.1.2. */
static void verify(const struct ldap_description *d, struct question *q,
                   const char *dn)
{
	LDAP *ld = NULL;
	int code = open_to(d, q, &ld);

	if (code == LDAP_SUCCESS && q->field[2].len != 0)
		code = bind_as(ld, dn, q->field[2]);
	else if (code == LDAP_SUCCESS)
		code = LDAP_INVALID_CREDENTIALS;
	if (code == LDAP_SUCCESS)
		q->told.status = TOLD_RIGHT;
	else if (code == LDAP_INVALID_CREDENTIALS ||
	         code == LDAP_INAPPROPRIATE_AUTH)
		q->told.status = TOLD_WRONG;
	else
		fail(d, q, code);
	close_it(&ld);
}

static void answer(struct source *s, struct question *q, LDAP *ld,
                   LDAPMessage *entry)
{
	const struct ldap_description *d = s->state;
	char *dn;

	if (s->is.kind == SOURCE_LDAP_LOOKUP) {
		show_stored(ld, entry, d, q);
		return;
	}
	q->told.status = TOLD_EXISTS;
	if (q->ask != ASK_VERIFY)
		return;
	dn = ldap_get_dn(ld, entry);
	if (dn != NULL && dn[0] != '\0')
		verify(d, q, dn);
	else
		question_fail(q, ERR_UNAVAILABLE, "the entry has no name");
	ldap_memfree(dn);
}

static void ask(struct source *s, struct question *q, void **kept)
{
	LDAP **ld = (LDAP **)kept;
	LDAPMessage *found = NULL;
	LDAPMessage *entry;
	int code = find(s->state, q, ld, &found);

	entry = code == LDAP_SUCCESS ? ldap_first_entry(*ld, found) : NULL;
	if (entry != NULL)
		answer(s, q, *ld, entry);
	else if (code == LDAP_SUCCESS || code == LDAP_NO_SUCH_OBJECT)
		question_fail(q, ERR_ABSENT, "no such user");
	else
		fail(s->state, q, code);
	ldap_msgfree(found);
}

const struct source_type source_ldap = { prepare, ask };
