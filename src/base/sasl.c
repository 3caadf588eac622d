/* sasl.c -- the table of mechanisms. */
#include "base/sasl.h"

const struct sasl_mechanism sasl_mechanisms[SASL_MECHANISMS] = {
	[SASL_COMMAND] = { { "LOGIN", 5 }, { "", 0 }, BINDING_NONE },
	[SASL_EXTERNAL] = { { "EXTERNAL", 8 }, { "", 0 }, BINDING_CERTIFICATE },
	[SASL_SCRAM_SHA_256_PLUS] = { { "SCRAM-SHA-256-PLUS", 18 },
	                              { "", 0 },
	                              BINDING_NEEDED },
	[SASL_SCRAM_SHA_256] = { { "SCRAM-SHA-256", 13 },
	                         { "", 0 },
	                         BINDING_TOLD },
	[SASL_SCRAM_SHA_1_PLUS] = { { "SCRAM-SHA-1-PLUS", 16 },
	                            { "", 0 },
	                            BINDING_NEEDED },
	[SASL_SCRAM_SHA_1] = { { "SCRAM-SHA-1", 11 }, { "", 0 }, BINDING_TOLD },
	[SASL_OAUTHBEARER] = { { "OAUTHBEARER", 11 }, { "", 0 }, BINDING_NONE },
	[SASL_XOAUTH2] = { { "XOAUTH2", 7 }, { "", 0 }, BINDING_NONE },
	[SASL_PLAIN] = { { "PLAIN", 5 }, { "", 0 }, BINDING_NONE },
	[SASL_LOGIN] = { { "LOGIN", 5 }, { "Username:", 9 }, BINDING_NONE },
};

bool sasl_find(struct slice name, enum sasl *out)
{
	for (int m = SASL_COMMAND + 1; m < SASL_MECHANISMS; m++) {
		if (!slice_ieq(name, sasl_mechanisms[m].name))
			continue;
		*out = (enum sasl)m;
		return true;
	}
	return false;
}
