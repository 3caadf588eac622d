/*
 * pam.c -- a service of PAM: authentication, then whether the account may be
 * used.
 *
 * PAM can't be asked whether there is a user, so accounts come into being at
 * their first log-in. Modules run in this process, as its user and within its
 * walls: they can't start programs.
 */
#include <security/pam_appl.h>
#include <stdlib.h>

#include "base/mem.h"
#include "outside/source.h"

struct pam_service {
	char *directory;
	char *name;
};

static void prepare(struct source *s, int fd)
{
	struct pam_service *p = mem_new(1, sizeof *p);
	size_t slash = slice_rfind_byte(s->is.path, '/');

	(void)fd;
	p->directory = mem_cstr(slice_first(s->is.path, slash));
	p->name = mem_cstr(slice_from(s->is.path, slash + 1));
	s->state = p;
	/* modules lie, and read, where their configuration says */
	s->opens = "/";
	s->loads = true;
}

/* The password is the answer to each question that is not to be seen. */
static int converse(int n, const struct pam_message **messages,
                    struct pam_response **out, void *arg)
{
	const struct slice *password = arg;
	struct pam_response *responses;

	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	responses = mem_new((size_t)n, sizeof *responses);
	for (int i = 0; i < n; i++) {
		if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
			responses[i].resp = mem_cstr(*password);
	}
	*out = responses; /* the module's, which wipes them */
	return PAM_SUCCESS;
}

/* what: the words for who said the code. */
static int run(const struct pam_service *p, const char *user,
               const struct slice *password, const char **what)
{
	const struct pam_conv conversation = { converse, (void *)password };
	pam_handle_t *h = NULL;
	int code = pam_start_confdir(p->name, user, &conversation, p->directory,
	                             &h);

	if (code != PAM_SUCCESS)
		return PAM_SYSTEM_ERR;
	code = pam_authenticate(h, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	if (code == PAM_SUCCESS) {
		*what = "the account may not be used: ";
		code = pam_acct_mgmt(h, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	}
	pam_end(h, code);
	return code;
}

/* Whom authentication does not know others may know. Whom it knows and the
 * lines of account don't is refused: the first that knows somebody decides. */
static bool is_nobody(int code, const char *what)
{
	return code == PAM_USER_UNKNOWN && *what == '\0';
}

static void answer(struct question *q, int code, const char *what)
{
	if (is_nobody(code, what)) {
		question_fail(q, ERR_ABSENT, "no such user");
		return;
	}
	switch (code) {
	case PAM_SUCCESS:
		q->told.status = TOLD_RIGHT;
		break;
	case PAM_USER_UNKNOWN:
	case PAM_AUTH_ERR:
	case PAM_PERM_DENIED:
	case PAM_CRED_INSUFFICIENT:
	case PAM_MAXTRIES:
	case PAM_ACCT_EXPIRED:
	case PAM_AUTHTOK_EXPIRED:
	case PAM_NEW_AUTHTOK_REQD:
		question_fail(q, ERR_OK, "%s%s", what,
		              pam_strerror(NULL, code));
		q->told.status = TOLD_WRONG;
		break;
	default:
		question_fail(q, ERR_UNAVAILABLE, "%s",
		              pam_strerror(NULL, code));
	}
}

static void ask(struct source *s, struct question *q, void **kept)
{
	const char *what = "";
	char *user;
	int code;

	(void)kept;
	if (q->ask != ASK_VERIFY || q->field[2].len == 0) {
		question_fail(q, ERR_ABSENT, "PAM can't be asked for users");
		return;
	}
	user = mem_cstr(q->field[1]);
	code = run(s->state, user, &q->field[2], &what);
	answer(q, code, what);
	free(user);
}

const struct source_type source_pam = { prepare, ask };
