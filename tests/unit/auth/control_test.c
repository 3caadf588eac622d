/*
 * control_test.c -- what the `roost` command asks and is answered, row by
 * row (admin/verbs.h); and requests that make no sense.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/verbs.h"
#include "rig.h"

static struct rig_answer *ask(struct link *l, uint16_t type, const char *one,
                              const char *two)
{
	struct slice fields[2] = { slice_cstr(one), slice_cstr(two) };

	return rig_request(l, type, fields,
	                   one == NULL ? 0 : (two == NULL ? 1 : 2));
}

static void users(struct rig *r)
{
	struct link *l = rig_control(r);
	struct rig_answer *a = ask(l, FRAME_USER_LIST, "", NULL);

	assert_int_equal(a->code, ERR_OK);
	assert_int_equal(a->rows, 0);
	ask(l, FRAME_USER_ADD, "Zoe@example.org", "secret");
	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	ask(l, FRAME_USER_ADD, "bob@example.net", "secret");
	ask(l, FRAME_USER_DISABLE, "bob@example.net", NULL);
	a = ask(l, FRAME_USER_LIST, "", NULL);
	assert_int_equal(a->rows, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(a->fields[i], USER_LIST_COLUMNS);
	assert_string_equal(a->field[0][USER_LIST_NAME], "ann@example.org");
	assert_string_equal(a->field[0][USER_LIST_STATE], "enabled");
	assert_string_equal(a->field[0][USER_LIST_LAST_LOGIN], "");
	assert_int_not_equal(atoll(a->field[0][USER_LIST_CREATED]), 0);
	assert_in_range(atoi(a->field[0][USER_LIST_PARTITION]), 0, 1);
	assert_string_equal(a->field[1][USER_LIST_NAME], "bob@example.net");
	assert_string_equal(a->field[1][USER_LIST_STATE], "disabled");
	assert_string_equal(a->field[2][USER_LIST_NAME], "zoe@example.org");
	a = ask(l, FRAME_USER_LIST, "Example.ORG", NULL);
	assert_int_equal(a->rows, 2);
	a = ask(l, FRAME_USER_LIST, "example.com", NULL);
	assert_int_equal(a->code, ERR_OK);
	assert_int_equal(a->rows, 0);
	a = ask(l, FRAME_USER_LIST, "' OR 1", NULL);
	assert_int_equal(a->code, ERR_SYNTAX);
	link_free(l);
	task_sleep(1);
}

/* More than a page, each once and in order. */
static void pages(struct rig *r)
{
	struct link *l = rig_control(r);
	char name[32];
	struct rig_answer *a;

	for (int i = 0; i < 130; i++) {
		r->mail[0].accounts[0] = 0; /* there is room for a few only */
		r->mail[1].accounts[0] = 0;
		snprintf(name, sizeof name, "u%03d@example.org", 129 - i);
		assert_int_equal(ask(l, FRAME_USER_ADD, name, "x")->code,
		                 ERR_OK);
	}
	for (int domain = 0; domain < 2; domain++) {
		a = ask(l, FRAME_USER_LIST, domain ? "example.org" : "", NULL);
		assert_int_equal(a->rows, 130);
		for (int i = 0; i < 130; i++) {
			snprintf(name, sizeof name, "u%03d@example.org", i);
			assert_string_equal(a->field[i][USER_LIST_NAME], name);
		}
	}
	link_free(l);
	task_sleep(1);
}

static void show(struct rig *r)
{
	struct link *l = rig_control(r);
	struct rig_answer *a;

	assert_int_equal(ask(l, FRAME_USER_SHOW, "ann@example.org", NULL)->code,
	                 ERR_ABSENT);
	assert_int_equal(ask(l, FRAME_USER_SHOW, "ann", NULL)->code,
	                 ERR_SYNTAX);
	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	a = ask(l, FRAME_USER_SHOW, "ANN@example.org", NULL);
	assert_int_equal(a->rows, 1);
	assert_int_equal(a->fields[0], USER_SHOW_COLUMNS);
	assert_string_equal(a->field[0][USER_SHOW_NAME], "ann@example.org");
	assert_int_equal(strlen(a->field[0][USER_SHOW_ID]), 16);
	assert_true(
		rig_mail_has(r, strtoull(a->field[0][USER_SHOW_ID], NULL, 16)));
	assert_string_equal(a->field[0][USER_SHOW_STATE], "enabled");
	assert_string_equal(a->field[0][USER_SHOW_SCHEME], "ARGON2ID");
	assert_string_equal(a->field[0][USER_SHOW_LAST_LOGIN], "");
	assert_int_not_equal(atoll(a->field[0][USER_SHOW_CREATED]), 0);
	assert_int_not_equal(atoll(a->field[0][USER_SHOW_PASSWORD_CHANGED]), 0);
	rig_login(r, "ann@example.org", "secret");
	do { /* last use is written every five seconds */
		task_sleep(50);
		a = ask(l, FRAME_USER_SHOW, "ann@example.org", NULL);
	} while (atoll(a->field[0][USER_SHOW_LAST_LOGIN]) == 0);
	link_free(l);
	task_sleep(1);
}

static void hide(struct link *l, const char *scope, const char *name,
                 enum err_code code)
{
	assert_int_equal(ask(l, FRAME_CAPABILITY_HIDE, scope, name)->code,
	                 code);
}

/* What auth announces with a log-in. */
static const char *hidden_from(struct rig *r, const char *user)
{
	const struct rig_verdict *v = rig_login(r, user, "secret");

	assert_int_equal(v->code, ERR_OK);
	return r->mail[v->partition].hidden;
}

static void check_hidden_list(struct link *l)
{
	static const char *const rows[][CAPABILITY_LIST_COLUMNS] = {
		{ "SORT", "", "" },
		{ "IDLE", "", "example.org" },
		{ "MOVE", "ann@example.org", "" },
	};
	struct rig_answer *a = ask(l, FRAME_CAPABILITY_LIST, NULL, NULL);

	assert_int_equal(a->rows, 3);
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < CAPABILITY_LIST_COLUMNS; k++)
			assert_string_equal(a->field[i][k], rows[i][k]);
}

/* LIMIT_CAPABILITY */
static void check_longest(struct link *l)
{
	char name[LIMIT_CAPABILITY + 2] = "";

	memset(name, 'x', LIMIT_CAPABILITY);
	hide(l, "", name, ERR_OK);
	assert_int_equal(ask(l, FRAME_CAPABILITY_OFFER, "", name)->code,
	                 ERR_OK);
	name[LIMIT_CAPABILITY] = 'x';
	hide(l, "", name, ERR_SYNTAX);
}

/* The nth name of this length. */
static void hide_long(struct link *l, const char *scope, int n, size_t len,
                      enum err_code code)
{
	char name[LIMIT_CAPABILITY + 1] = "";

	memset(name, 'x', len);
	for (size_t i = 0; i < 3 && i < len; i++, n /= 26)
		name[i] = (char)('a' + n % 26);
	hide(l, scope, name, code);
}

/* LIMIT_HIDDEN, of which each scope that ann is in has a part */
static void hidden_limit(struct rig *r)
{
	static const char *const scopes[3] = { "", "@example.org",
		                               "ann@example.org" };
	const int longest = LIMIT_HIDDEN / (LIMIT_CAPABILITY + 1);
	const size_t left = LIMIT_HIDDEN % (LIMIT_CAPABILITY + 1);
	struct link *l = rig_control(r);

	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	ask(l, FRAME_USER_ADD, "bob@example.org", "secret");
	for (int i = 0; i < longest; i++)
		hide_long(l, scopes[i % 3], i, LIMIT_CAPABILITY, ERR_OK);
	for (size_t i = 0; i < 3; i++)
		hide_long(l, scopes[i], 0, left + 1, ERR_LIMIT);
	hide_long(l, "bob@example.org", 0, left + 1, ERR_OK);
	hide_long(l, scopes[2], 0, left, ERR_OK);
	assert_int_equal(strlen(hidden_from(r, scopes[2])), LIMIT_HIDDEN);
	/* what is hidden from ann already is no more */
	hide_long(l, scopes[0], 0, left, ERR_OK);
	hide_long(l, scopes[1], 1, 1, ERR_LIMIT);
	link_free(l);
	task_sleep(1);
}

static void join(struct link *l, const char *group, const char *name,
                 enum err_code code)
{
	assert_int_equal(ask(l, FRAME_GROUP_ADD, group, name)->code, code);
}

/* LIMIT_GROUP_NAME, LIMIT_GROUPS */
static void groups(struct rig *r)
{
	struct link *l = rig_control(r);
	char name[LIMIT_GROUP_NAME + 2] = "";
	struct rig_answer *a;

	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	assert_int_equal(
		ask(l, FRAME_USER_ADD_SHARED, "desk@example.org", NULL)->code,
		ERR_OK);
	assert_int_not_equal(rig_login(r, "desk@example.org", "")->code,
	                     ERR_OK);
	join(l, "staff", "desk@example.org", ERR_OK);
	join(l, "staff", "ANN@example.org", ERR_OK);
	join(l, "STAFF", "ann@example.org", ERR_OK);
	join(l, "staff", "zoe@example.org", ERR_ABSENT);
	join(l, "$staff", "ann@example.org", ERR_SYNTAX);
	join(l, "two words", "ann@example.org", ERR_SYNTAX);
	join(l, "", "ann@example.org", ERR_SYNTAX);
	a = ask(l, FRAME_GROUP_LIST, NULL, NULL);
	assert_int_equal(a->rows, 2);
	assert_string_equal(a->field[0][GROUP_LIST_GROUP], "staff");
	assert_string_equal(a->field[0][GROUP_LIST_USER], "ann@example.org");
	for (size_t i = 1; i < LIMIT_GROUPS; i++) {
		memset(name, 'a' + (int)(i % 26), i);
		join(l, name, "ann@example.org", ERR_OK);
	}
	memset(name, 'x', LIMIT_GROUP_NAME);
	join(l, name, "ann@example.org", ERR_LIMIT);
	join(l, name, "desk@example.org", ERR_OK);
	ask(l, FRAME_GROUP_REMOVE, name, "desk@example.org");
	memset(name, 'x', LIMIT_GROUP_NAME + 1);
	join(l, name, "desk@example.org", ERR_SYNTAX);
	rig_settle(r);
	assert_int_not_equal(r->mail[0].visits_ended, 0);
	assert_int_equal(
		ask(l, FRAME_GROUP_REMOVE, "staff", "desk@example.org")->code,
		ERR_OK);
	assert_int_equal(
		ask(l, FRAME_GROUP_REMOVE, "staff", "desk@example.org")->code,
		ERR_ABSENT);
	ask(l, FRAME_USER_REMOVE, "ann@example.org", NULL);
	assert_int_equal(ask(l, FRAME_GROUP_LIST, NULL, NULL)->rows, 0);
	link_free(l);
	task_sleep(1);
}

static void assert_administrator(struct link *l, const char *yes)
{
	struct rig_answer *a = ask(l, FRAME_USER_SHOW, "ann@example.org", NULL);

	assert_string_equal(a->field[0][USER_SHOW_ADMINISTRATOR], yes);
}

static void administrators(struct rig *r)
{
	struct link *l = rig_control(r);

	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	ask(l, FRAME_USER_ADD_SHARED, "desk@example.org", NULL);
	assert_administrator(l, "no");
	assert_int_equal(
		ask(l, FRAME_USER_PROMOTE, "ANN@example.org", NULL)->code,
		ERR_OK);
	assert_administrator(l, "yes");
	assert_int_equal(
		ask(l, FRAME_USER_PROMOTE, "desk@example.org", NULL)->code,
		ERR_NOTNOW);
	assert_int_equal(
		ask(l, FRAME_USER_PROMOTE, "zoe@example.org", NULL)->code,
		ERR_ABSENT);
	assert_int_equal(
		ask(l, FRAME_USER_DEMOTE, "ann@example.org", NULL)->code,
		ERR_OK);
	assert_administrator(l, "no");
	/* whoever is called so next is another */
	ask(l, FRAME_USER_PROMOTE, "ann@example.org", NULL);
	ask(l, FRAME_USER_REMOVE, "ann@example.org", NULL);
	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	assert_administrator(l, "no");
	link_free(l);
	task_sleep(1);
}

static void capabilities(struct rig *r)
{
	struct link *l = rig_control(r);

	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	ask(l, FRAME_USER_ADD, "bob@example.net", "secret");
	assert_string_equal(hidden_from(r, "ann@example.org"), "");
	hide(l, "ANN@Example.org", "MOVE", ERR_OK);
	hide(l, "ANN@Example.org", "MOVE", ERR_OK);
	hide(l, "@Example.ORG", "IDLE", ERR_OK);
	hide(l, "", "SORT", ERR_OK);
	hide(l, "zoe@example.org", "MOVE", ERR_ABSENT);
	hide(l, "@example.com", "MOVE", ERR_ABSENT);
	hide(l, "ann", "MOVE", ERR_SYNTAX);
	hide(l, "@", "MOVE", ERR_SYNTAX);
	hide(l, "", "", ERR_SYNTAX);
	hide(l, "", "IDLE MOVE", ERR_SYNTAX);
	check_longest(l);
	check_hidden_list(l);
	assert_string_equal(hidden_from(r, "ann@example.org"),
	                    "SORT IDLE MOVE");
	assert_string_equal(hidden_from(r, "bob@example.net"), "SORT");
	assert_string_equal(r->hidden, "SORT"); /* not IDLE, not MOVE */
	strcpy(r->hidden, "x");
	rig_stop_gate(r);
	rig_start_gate(r);
	assert_string_equal(hidden_from(r, "bob@example.net"), "SORT");
	assert_string_equal(r->hidden, "SORT");
	ask(l, FRAME_CAPABILITY_OFFER, "", "SORT");
	assert_int_equal(ask(l, FRAME_CAPABILITY_OFFER, "", "SORT")->code,
	                 ERR_ABSENT);
	assert_string_equal(hidden_from(r, "bob@example.net"), "");
	assert_string_equal(r->hidden, "");
	ask(l, FRAME_USER_REMOVE, "ann@example.org", NULL);
	assert_int_equal(ask(l, FRAME_CAPABILITY_LIST, NULL, NULL)->rows, 0);
	link_free(l);
	task_sleep(1);
}

static void passwords(struct rig *r)
{
	static char longest[LIMIT_PASSWORD + 1];
	struct link *l = rig_control(r);
	struct slice fields[2] = { S("ann@example.org"),
		                   { longest, LIMIT_PASSWORD } };

	memset(longest, 'x', sizeof longest);
	assert_int_equal(ask(l, FRAME_USER_ADD, "ann@example.org", "")->code,
	                 ERR_SYNTAX);
	assert_int_equal(ask(l, FRAME_USER_ADD, "ann", "secret")->code,
	                 ERR_SYNTAX);
	assert_int_equal(
		ask(l, FRAME_USER_PASSWORD, "ann@example.org", "x")->code,
		ERR_ABSENT);
	assert_int_equal(rig_request(l, FRAME_USER_ADD, fields, 2)->code,
	                 ERR_OK);
	assert_int_equal(rig_try(r, (struct rig_try){ .user = fields[0],
	                                              .secret = fields[1] })
	                         ->code,
	                 ERR_OK);
	assert_int_equal(
		ask(l, FRAME_USER_PASSWORD, "ann@example.org", "")->code,
		ERR_SYNTAX);
	assert_int_equal(rig_try(r, (struct rig_try){ .user = fields[0],
	                                              .secret = fields[1] })
	                         ->code,
	                 ERR_OK);
	/* one octet more than a password may have ends the connection */
	fields[1].len++;
	assert_int_equal(rig_request(l, FRAME_USER_PASSWORD, fields, 2)->code,
	                 ERR_CLOSED);
	link_free(l);
	task_sleep(1);
}

static void status(struct rig *r)
{
	struct link *l = rig_control(r);
	struct rig_answer *a;
	size_t auth = 0;

	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	rig_login(r, "ann@example.org", "secret");
	rig_login(r, "ann@example.org", "wrong");
	link_free(r->mail[1].link);
	r->mail[1].link = NULL;
	rig_settle(r);
	a = ask(l, FRAME_STATUS, NULL, NULL);
	assert_int_equal(a->code, ERR_OK);
	for (size_t i = 0; i < a->rows; i++) {
		static const char *const want[][2] = {
			{ "domains", "1" },
			{ "accounts", "1" },
			{ "logins", "1" },
			{ "login_failures", "1" },
			{ "logins_refused_unseen", "0" },
			{ "certificates", "0" },
		};

		assert_int_equal(a->fields[i], STATUS_COLUMNS);
		if (strcmp(a->field[i][STATUS_PROCESS], "auth") != 0)
			continue;
		assert_string_equal(a->field[i][STATUS_FIGURE], want[auth][0]);
		assert_string_equal(a->field[i][STATUS_VALUE], want[auth][1]);
		auth++;
	}
	assert_int_equal(auth, 6);
	assert_int_equal(a->rows, 9);
	assert_string_equal(a->field[6][STATUS_PROCESS], "mail/0");
	assert_string_equal(a->field[6][STATUS_FIGURE], "serving");
	assert_string_equal(a->field[6][STATUS_VALUE], "yes");
	assert_string_equal(a->field[7][STATUS_VALUE], "no");
	assert_string_equal(a->field[8][STATUS_PROCESS], "metrics");
	assert_string_equal(a->field[8][STATUS_VALUE], "off");
	link_free(l);
	task_sleep(1);
}

static struct rig_answer *ask_link(struct link *l, const char *name,
                                   uint32_t partition)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_LINK);
	frame_slice(&f, slice_cstr(name));
	frame_u32(&f, partition);
	assert_true(is_ok(link_send(l, &f, -1)));
	return rig_answer(l);
}

/* The two ends that are given out belong together. */
static void assert_linked(struct rig *r, struct rig_answer *a, bool account)
{
	struct rig_mail *m = &r->mail[a->partition];
	char byte = 0;

	assert_int_equal(a->code, ERR_OK);
	rig_settle(r);
	assert_true(m->control_fd >= 0);
	assert_int_equal(a->account, m->control_account);
	assert_int_equal(a->account != 0, account);
	assert_int_equal(send(a->fd, "x", 1, 0), 1);
	assert_int_equal(recv(m->control_fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 'x');
	close(a->fd);
	close(m->control_fd);
	m->control_fd = -1;
}

static void links(struct rig *r)
{
	struct link *l = rig_control(r);

	ask(l, FRAME_USER_ADD, "ann@example.org", "secret");
	assert_linked(r, ask_link(l, "ann@example.org", 0), true);
	assert_linked(r, ask_link(l, "", 0), false);
	assert_linked(r, ask_link(l, "", 1), false);
	assert_int_equal(ask_link(l, "", 2)->code, ERR_UNAVAILABLE);
	assert_int_equal(ask_link(l, "", UINT32_MAX)->code, ERR_UNAVAILABLE);
	assert_int_equal(ask_link(l, "bob@example.org", 0)->code, ERR_ABSENT);
	assert_int_equal(ask_link(l, "ann", 0)->code, ERR_SYNTAX);
	link_free(r->mail[1].link);
	r->mail[1].link = NULL;
	rig_settle(r);
	assert_int_equal(ask_link(l, "", 1)->code, ERR_UNAVAILABLE);
	link_free(l);
	task_sleep(1);
}

/* Each ends its own connection and nothing else. */
static void hostile_frames(struct rig *r)
{
	struct link *good = rig_control(r);
	char bytes[100];

	memset(bytes, 0xff, sizeof bytes);
	ask(good, FRAME_USER_ADD, "ann@example.org", "secret");
	rig_log_begin();
	for (uint16_t type = 0; type < 300; type++) {
		struct link *l = rig_control(r);
		struct frame_out f = { 0 };

		frame_begin(&f, type);
		buf_add(&f.bytes, slice_of(bytes, sizeof bytes));
		assert_true(is_ok(link_send(l, &f, dup(STDOUT_FILENO))));
		assert_int_equal(rig_answer(l)->code, ERR_CLOSED);
		link_free(l);
		task_sleep(1);
	}
	rig_log_end();
	assert_int_equal(ask(good, FRAME_STATUS, NULL, NULL)->code, ERR_OK);
	link_free(good);
	task_sleep(1);
	assert_int_equal(rig_login(r, "ann@example.org", "secret")->code,
	                 ERR_OK);
}

/* Commands that leave in the middle of their request. */
static void leavers(struct rig *r)
{
	static const uint16_t types[] = {
		FRAME_USER_ADD, FRAME_USER_LIST, FRAME_USER_PASSWORD,
		FRAME_STATUS,   FRAME_LINK,      FRAME_USER_REMOVE
	};

	for (size_t i = 0; i < 60; i++) {
		struct link *l = rig_control(r);
		struct frame_out f = { 0 };
		uint16_t type = types[i % 6];

		frame_begin(&f, type);
		if (type != FRAME_STATUS)
			frame_slice(&f, type == FRAME_LINK
			                        ? S("")
			                        : S("ann@example.org"));
		if (type == FRAME_USER_ADD || type == FRAME_USER_PASSWORD)
			frame_slice(&f, S("secret"));
		if (type == FRAME_LINK)
			frame_u32(&f, 0);
		assert_true(is_ok(link_send(l, &f, -1)));
		if (i % 2 != 0)
			task_sleep(i % 3);
		link_free(l);
	}
	/* hashes and changes are made in the order in which they came */
	struct link *last = rig_control(r);

	assert_int_equal(
		ask(last, FRAME_USER_ADD, "bob@example.org", "secret")->code,
		ERR_OK);
	link_free(last);
	rig_settle(r);
	for (size_t i = 0; i < RIG_PARTITIONS; i++)
		if (r->mail[i].control_fd >= 0)
			close(r->mail[i].control_fd);
	assert_int_equal(rig_verb(r, FRAME_USER_LIST, "", NULL), ERR_OK);
}

/* As many as there may be; one more is turned away until one leaves. */
static void too_many(struct rig *r)
{
	enum { MOST = 64 };
	struct link *l[MOST + 1];

	for (size_t i = 0; i <= MOST; i++)
		l[i] = rig_control(r);
	assert_int_equal(rig_answer(l[MOST])->code, ERR_CLOSED);
	link_free(l[MOST]);
	assert_int_equal(ask(l[MOST - 1], FRAME_STATUS, NULL, NULL)->code,
	                 ERR_OK);
	link_free(l[0]);
	rig_settle(r);
	l[0] = rig_control(r);
	assert_int_equal(ask(l[0], FRAME_STATUS, NULL, NULL)->code, ERR_OK);
	for (size_t i = 0; i < MOST; i++)
		link_free(l[i]);
	rig_settle(r);
}

/* Another user's process is not served; only root can try that. */
static void strangers(struct rig *r)
{
	struct link *l;
	const char *log;

	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(r->dir, 0755), 0);
	assert_int_equal(chmod(r->socket, 0777), 0);
	rig_log_begin();
	assert_int_equal(seteuid(65534), 0);
	l = rig_control(r);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(rig_answer(l)->code, ERR_CLOSED);
	log = rig_log_end();
	assert_non_null(strstr(log, "event=control_refused uid=65534\n"));
	link_free(l);
}

/* No file grows any more, until it is undone by what was. */
static struct rlimit fill_disk(void)
{
	struct rlimit old, none;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = (struct rlimit){ 1, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	return old;
}

/* What was not written down is not said to be done; the next time it is. */
static void lockout_on_a_full_disk(struct rig *r)
{
	struct rlimit old;
	enum err_code code;

	assert_int_equal(rig_verb(r, FRAME_USER_ADD, "ann@example.org", "x"),
	                 ERR_OK);
	assert_int_equal(rig_login(r, "ann@example.org", "wrong")->code,
	                 ERR_AUTHENTICATIONFAILED);
	old = fill_disk();
	code = rig_verb(r, FRAME_LOCKOUT_CLEAR, "", NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(code, ERR_IO);
	assert_int_equal(rig_verb(r, FRAME_LOCKOUT_CLEAR, "", NULL), ERR_OK);
}

/* What can't be kept is told all the same: nobody would know that the disk is
 * full. */
static void alert_on_a_full_disk(struct rig *r)
{
	struct frame_out f = { 0 };
	struct rlimit old = fill_disk();

	rig_log_begin();
	frame_begin(&f, FRAME_DISK);
	frame_u64(&f, 1);
	frame_u64(&f, 5);
	frame_u64(&f, 100);
	assert_true(is_ok(link_send(r->mail[0].link, &f, -1)));
	while (strstr(rig_log(), " event=alert kind=disk ") == NULL)
		task_sleep(5);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(rig_log_end(), " event=alerts text="));
}

#define CASE(name, fn)                  \
	static void name(void **unused) \
	{                               \
		(void)unused;           \
		rig_run(fn, NULL);      \
	}

CASE(test_users, users)
CASE(test_pages, pages)
CASE(test_show, show)
CASE(test_capabilities, capabilities)
CASE(test_hidden_limit, hidden_limit)
CASE(test_groups, groups)
CASE(test_administrators, administrators)
CASE(test_passwords, passwords)
CASE(test_status, status)
CASE(test_links, links)
CASE(test_hostile_frames, hostile_frames)
CASE(test_leavers, leavers)
CASE(test_too_many, too_many)
CASE(test_strangers, strangers)
CASE(test_lockout_on_a_full_disk, lockout_on_a_full_disk)
CASE(test_alert_on_a_full_disk, alert_on_a_full_disk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_hidden_limit),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_administrators),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_hostile_frames),
		cmocka_unit_test(test_leavers),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_lockout_on_a_full_disk),
		cmocka_unit_test(test_alert_on_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
