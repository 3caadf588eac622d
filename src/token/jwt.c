/* jwt.c -- three parts, each decoded, and a header that we understand. */
#include "token/jwt.h"

#include "base/encode.h"

struct parts {
	struct slice header;
	struct slice claims;
	struct slice signature;
};

static bool cut(struct slice token, struct parts *out)
{
	return slice_cut(token, '.', &out->header, &token) &&
	       slice_cut(token, '.', &out->claims, &out->signature) &&
	       slice_find_byte(out->signature, '.') == SLICE_NONE;
}

static json_t *object_of(struct slice part)
{
	struct buf text = { 0 };
	json_t *object = NULL;

	if (base64url_decode(part, &text))
		object = json_foreign(buf_slice(&text));
	buf_free(&text);
	return object;
}

/* Not a token for another purpose, RFC 8725 section 3.11, such as one that
 * ends sessions; many issuers say only JWT. */
static bool is_for_access(const json_t *header)
{
	static const char *const types[] = { "JWT", "at+jwt",
		                             "application/at+jwt" };
	const json_t *type = json_object_get(header, "typ");

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (slice_ieq(json_text(header, "typ"), slice_cstr(types[i])))
			return true;
	return type == NULL;
}

static const char *problem_of(const struct jwt *t)
{
	if (t->header == NULL || t->claims == NULL)
		return "the token is no JWT";
	/* what must be understood, and isn't: RFC 7515 section 4.1.11 */
	if (json_object_get(t->header, "crit") != NULL)
		return "the token's header has a critical member";
	if (!is_for_access(t->header))
		return "the token is of a type that is not for access";
	return NULL;
}

const char *jwt_open(struct slice token, struct jwt *out)
{
	struct parts parts;
	const char *problem;

	if (!cut(token, &parts))
		return "the token is no JWT";
	*out = (struct jwt){ .header = object_of(parts.header),
		             .claims = object_of(parts.claims) };
	out->input = slice_first(token, token.len - parts.signature.len - 1);
	out->algorithm = json_text(out->header, "alg");
	out->key = json_text(out->header, "kid");
	problem = problem_of(out);
	if (problem == NULL &&
	    !base64url_decode(parts.signature, &out->signature))
		problem = "the token's signature is no base64url";
	if (problem != NULL)
		jwt_close(out);
	return problem;
}

void jwt_close(struct jwt *t)
{
	json_decref(t->header);
	json_decref(t->claims);
	buf_free(&t->signature);
	*t = (struct jwt){ 0 };
}
