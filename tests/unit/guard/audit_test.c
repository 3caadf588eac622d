/* audit_test.c -- a file that can't be written, and can't be cut off either,
 * is whole again when the disk is; one that can't be opened when the one
 * before was renamed is, as soon as it can. */
#include "guard/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../remove_all.h"
#include "base/chain.h"
#include "task/task.h"

enum { PATIENCE_MS = 60000 };

static bool disk_fails;
static char path[64];

int ftruncate64(int fd, off_t size);

/* Before the C library's. */
int ftruncate64(int fd, off_t size)
{
	if (!disk_fails)
		return (int)syscall(SYS_ftruncate, fd, size);
	errno = EIO;
	return -1;
}

static struct buf content(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf out = { 0 };
	char bytes[4096];
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		buf_add(&out, slice_of(bytes, (size_t)n));
	close(fd);
	return out;
}

/* How many lines; -1: they don't follow one another. */
static int follow(struct slice rest)
{
	struct chain chain = chain_start();
	struct slice line, ignored;
	bool whole = true;
	int n = 0;

	while (whole && slice_cut(rest, '\n', &line, &rest)) {
		whole = chain_follow(&chain, line, false, &ignored);
		n++;
	}
	return whole && line.len == 0 ? n : -1;
}

static int lines(void)
{
	struct buf text = content();
	int n = follow(buf_slice(&text));

	buf_free(&text);
	return n;
}

/* Was it written? */
static bool add(struct audit *a, size_t size)
{
	struct log_line l = audit_begin("policy_set");
	char text[500];
	uint64_t number;

	memset(text, 'x', sizeof text);
	log_text(&l, "value", slice_of(text, size));
	number = audit_add(a, &l);
	audit_settle(a);
	return audit_has(a, number);
}

/* The first `size` octets of it can be written. */
static void let_it_be(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void tear(struct audit *a)
{
	struct buf before = content();

	disk_fails = true;
	let_it_be(before.len + 300);
	assert_false(add(a, 500));
	assert_int_equal(lines(), -1);
	buf_free(&before);
}

static void heal(void)
{
	let_it_be(RLIM_INFINITY);
	disk_fails = false;
}

static void torn(struct loop *loop, void *arg)
{
	struct audit *a;

	(void)arg;
	assert_true(is_ok(audit_open(loop, path, &a)));
	assert_true(add(a, 1));
	tear(a);
	heal();
	for (int ms = 0; lines() != 1; ms += 5) {
		assert_in_range(ms, 0, PATIENCE_MS);
		task_sleep(5);
	}
	tear(a);
	heal();
	assert_true(add(a, 1));       /* shorter than what is there */
	assert_int_equal(lines(), 3); /* one says how many were lost */
	audit_close(a);
}

static void test_torn(void **state)
{
	char dir[] = "/tmp/roost-audit-test-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/audit.log", dir);
	signal(SIGXFSZ, SIG_IGN);
	task_run_main(torn, NULL);
	remove_all(dir);
}

/* Something else is where the new one should be. */
static void taken(struct loop *loop, void *arg)
{
	struct audit *a;
	char old[80];

	(void)arg;
	snprintf(old, sizeof old, "%s.1", path);
	assert_true(is_ok(audit_open(loop, path, &a)));
	assert_true(add(a, 1));
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	audit_reopen(a);
	assert_false(add(a, 1));
	assert_int_equal(rmdir(path), 0);
	assert_true(add(a, 1)); /* nobody has asked for it anew */
	audit_close(a);
}

/* The new file goes on with the old one's chain. */
static void test_taken(void **state)
{
	char dir[] = "/tmp/roost-audit-test-XXXXXX";
	struct buf both;
	struct buf new;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/audit.log", dir);
	task_run_main(taken, NULL);
	new = content();
	snprintf(path, sizeof path, "%s/audit.log.1", dir);
	both = content();
	assert_int_equal(follow(buf_slice(&both)), 1);
	buf_add(&both, buf_slice(&new));
	/* how many were lost, the line, and that it goes on */
	assert_int_equal(follow(buf_slice(&both)), 4);
	buf_free(&both);
	buf_free(&new);
	remove_all(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
