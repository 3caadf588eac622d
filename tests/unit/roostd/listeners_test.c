/* listeners_test.c -- what is listened on, who may connect, what remains. */
#include "roostd/listeners.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static char top[64];

/* A port nobody uses just now. */
static uint16_t free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t size = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	getsockname(fd, (struct sockaddr *)&a, &size);
	close(fd);
	return ntohs(a.sin_port);
}

static struct config *config_of(const char *format, uint16_t port)
{
	char path[100];
	struct config_errors errors;
	struct config *c;
	FILE *f;

	snprintf(path, sizeof path, "%s/roost.conf", top);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f,
	        "listen_imap = 127.0.0.1:%u\nlisten_imaps =\n"
	        "listen_metrics =\n",
	        port);
	fputs(format, f);
	fclose(f);
	c = config_read(path, -1, &errors);
	assert_non_null(c);
	assert_int_equal(errors.n, 0);
	config_errors_free(&errors);
	return c;
}

static bool can_connect_unix(const char *path, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);
	bool ok;

	strcpy(a.sun_path, path);
	ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
	close(fd);
	return ok;
}

static void assert_owner_only(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_open(void **state)
{
	uint16_t port = free_port();
	struct config *c = config_of("lmtp_socket = run/lmtp\n", port);
	char *control = config_control_path(c);
	struct listeners l, again;

	(void)state;
	assert_true(listeners_open(&l, c));
	assert_int_equal(l.n, 3);
	assert_int_equal(l.v[0].kind, LISTENER_IMAP);
	assert_int_equal(l.v[0].port, port);
	assert_int_equal(l.v[1].kind, LISTENER_LMTP);
	assert_int_equal(l.v[1].port, 0);
	assert_int_equal(l.v[2].kind, LISTENER_CONTROL);
	assert_owner_only(control);
	assert_owner_only(c->lmtp_socket);
	assert_true(can_connect_unix(control, SOCK_SEQPACKET));
	assert_true(can_connect_unix(c->lmtp_socket, SOCK_STREAM));
	listeners_close(&l);
	/* sockets that an ended server left are replaced */
	assert_false(can_connect_unix(control, SOCK_SEQPACKET));
	assert_true(listeners_open(&again, c));
	assert_true(can_connect_unix(control, SOCK_SEQPACKET));
	listeners_close(&again);
	free(control);
	config_free(c);
}

/* What is in the way and is no socket is not ours to remove. */
static void test_file_in_the_way(void **state)
{
	struct config *c = config_of("lmtp_socket = precious\n", free_port());
	FILE *f = fopen(c->lmtp_socket, "w");
	struct listeners l;
	struct stat st;

	(void)state;
	fclose(f);
	assert_false(listeners_open(&l, c));
	listeners_close(&l);
	assert_int_equal(stat(c->lmtp_socket, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(c->lmtp_socket);
	config_free(c);
}

static void test_no_such_user(void **state)
{
	struct config *c = config_of("lmtp_socket = run/lmtp\n"
	                             "lmtp_socket_user = no-such-user\n",
	                             free_port());
	struct listeners l;

	(void)state;
	assert_false(listeners_open(&l, c));
	listeners_close(&l);
	config_free(c);
}

static int make_directory(void **state)
{
	char run[100];

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	strcpy(top, "/tmp/roost-listeners-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(run, sizeof run, "%s/run", top);
	return mkdir(run, 0700);
}

static int remove_directory(void **state)
{
	static const char *const names[] = { "run/control", "run/lmtp", "run",
		                             "roost.conf", "" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[100];

		snprintf(path, sizeof path, "%s/%s", top, names[i]);
		remove(path);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_file_in_the_way),
		cmocka_unit_test(test_no_such_user),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
