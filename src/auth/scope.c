/* scope.c -- of whom something is said: all, a domain, an account. */
#include "auth/internal.h"
#include "directory/name.h"

static const struct err not_a_scope = {
	ERR_SYNTAX,
	"of whom? server, a domain (@example.org) or an account is needed"
};

/* A domain stands there as long as it has accounts. */
static struct err check_domain(struct auth *a, struct slice domain)
{
	struct account_row row;
	size_t n;
	struct err e = directory_page(a->directory, domain, S(""), &row, 1, &n);

	if (is_ok(e) && n == 0)
		return err(ERR_ABSENT, "no such domain");
	return e;
}

static struct err check_account(struct auth *a, struct slice name)
{
	struct account_row row;

	return directory_find(a->directory, name, &row);
}

struct err scope_normal(struct auth *a, struct slice scope, struct buf *out)
{
	struct slice made;
	struct err e;

	if (scope.len == 0)
		return OK;
	if (slice_find_byte(scope, '@') == SLICE_NONE)
		return not_a_scope;
	if (scope.ptr[0] != '@') {
		e = user_name_normal(scope, out);
		return is_ok(e) ? check_account(a, buf_slice(out)) : e;
	}
	e = user_domain_normal(slice_from(scope, 1), out);
	if (!is_ok(e))
		return e;
	made = buf_slice(out);
	return check_domain(a, slice_from(made, 1));
}
