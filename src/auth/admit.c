/* admit.c -- the table of what stands against a log-in. */
#include "auth/admit.h"

#include "base/clock.h"
#include "guard/country.h"

struct subject {
	struct auth *auth;
	const struct policies *policies;
	const struct admission *how;
	struct address from;
};

static unsigned choice(const struct subject *s, enum policy p)
{
	return s->policies->v[p].choice;
}

static struct slice text(const struct subject *s, enum policy p)
{
	return s->policies->v[p].text;
}

static bool by_password(const struct subject *s)
{
	return s->how->by_password && choice(s, POLICY_PASSWORDS) == POLICY_OFF;
}

static bool from_elsewhere(const struct subject *s)
{
	return !policy_has_network(text(s, POLICY_NETWORKS), &s->from);
}

static bool from_abroad(const struct subject *s)
{
	char code[2];

	return !policy_has_country(
		text(s, POLICY_COUNTRIES),
		country_of(s->auth->countries, &s->from, code));
}

static bool is_suspended(const struct subject *s)
{
	return choice(s, POLICY_SUSPENDED) != SUSPENDED_NO;
}

static bool is_expired(const struct subject *s)
{
	return clock_now_s() >= policy_time(text(s, POLICY_EXPIRES));
}

static bool by_imap(const struct subject *s)
{
	return s->how->service == SERVICE_IMAP &&
	       choice(s, POLICY_IMAP) == POLICY_OFF;
}

#define UNTOLD                                                    \
	{                                                         \
		ERR_AUTHENTICATIONFAILED, "Authentication failed" \
	}

static const struct {
	struct ground ground;
	bool (*stands)(const struct subject *);
	bool by_place;
} grounds[] = {
	{ { true, "log-in by password is off", UNTOLD }, by_password },
	{ { true, "not from a network that is allowed", UNTOLD },
	  from_elsewhere,
	  .by_place = true },
	{ { true, "not from a country that is allowed", UNTOLD },
	  from_abroad,
	  .by_place = true },
	{ { false,
	    "the account is suspended",
	    { ERR_CONTACTADMIN, "This account is suspended" } },
	  is_suspended },
	{ { false,
	    "the account has expired",
	    { ERR_EXPIRED, "This account has expired" } },
	  is_expired },
	{ { false,
	    "imap is off",
	    { ERR_CONTACTADMIN, "IMAP is off for this account" } },
	  by_imap },
};

/* What is no address (a Unix socket's) is that of zeroes. */
static struct address address_of_text(struct slice text)
{
	struct network n = { 0 };

	return network_parse(text, &n) ? n.base : (struct address){ { 0 } };
}

static const struct ground *against(struct auth *a, const struct policies *p,
                                    const struct admission *how,
                                    bool silent_only, bool anywhere)
{
	const struct subject s = { a, p, how, address_of_text(how->address) };

	for (size_t i = 0; i < sizeof grounds / sizeof *grounds; i++)
		if ((grounds[i].ground.silent || !silent_only) &&
		    !(grounds[i].by_place && anywhere) && grounds[i].stands(&s))
			return &grounds[i].ground;
	return NULL;
}

uint8_t admit_terms(const struct policies *p)
{
	uint8_t terms = 0;

	if (p->v[POLICY_READ_ONLY].choice == POLICY_ON)
		terms |= TERM_READ_ONLY;
	if (p->v[POLICY_AUDIT].choice == AUDIT_DELETIONS)
		terms |= TERM_AUDITED;
	return terms;
}

const struct ground *admit_against(struct auth *a, const struct policies *p,
                                   const struct admission *how)
{
	return against(a, p, how, false, false);
}

const struct ground *admit_silently_against(struct auth *a,
                                            const struct policies *p,
                                            const struct admission *how)
{
	return against(a, p, how, true, false);
}

const struct ground *admit_anywhere_against(struct auth *a,
                                            const struct policies *p,
                                            const struct admission *how)
{
	return against(a, p, how, false, true);
}
