/* counter_test.c -- the table fits the page, and a page outlives who counts. */
#include "base/counter.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sasl.h"

/* Each place belongs to one metric: the table's rows follow each other as the
 * enum's do. */
static void test_table_and_enum_agree(void **state)
{
	size_t next = 0;

	(void)state;
	for (size_t i = 0; i < n_counter_metrics; i++) {
		assert_int_equal(next, counter_metrics[i].first);
		next += counter_places(&counter_metrics[i]);
	}
	assert_int_equal(next, COUNTERS);
}

static bool is_name(const char *s)
{
	return s[0] != '\0' &&
	       s[strspn(s, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_counter_metrics; i++) {
		const struct counter_metric *m = &counter_metrics[i];

		assert_true(is_name(m->name));
		assert_int_equal('.', m->help[strlen(m->help) - 1]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(m->name,
			                        counter_metrics[j].name);
		for (size_t j = 0; j < 2 && m->labels[j].name != NULL; j++)
			for (size_t k = 0; k < m->labels[j].n; k++)
				assert_non_null(m->labels[j].values[k]);
	}
}

static const struct counter_metric *metric_at(size_t first)
{
	for (size_t i = 0; i < n_counter_metrics; i++) {
		if (counter_metrics[i].first == first)
			return &counter_metrics[i];
	}
	return NULL;
}

static void test_mechanisms_are_sasls(void **state)
{
	const struct counter_metric *m = metric_at(COUNTER_LOGINS);

	(void)state;
	assert_int_equal(SASL_MECHANISMS, m->labels[0].n);
	for (size_t i = SASL_COMMAND + 1; i < SASL_MECHANISMS; i++)
		assert_string_equal(sasl_mechanisms[i].name.ptr,
		                    m->labels[0].values[i]);
}

/* What a child counted is there when it has gone, however it went. */
static void test_outlives_its_process(void **state)
{
	int fd;
	struct counters *page = counters_new(&fd);
	pid_t pid = fork();
	int status;

	(void)state;
	close(fd);
	if (pid == 0) {
		counters_use(page);
		counter_add(COUNTER_CONNECTIONS, 2);
		counter_add(COUNTER_CONNECTIONS, 3);
		abort();
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(5, counters_value(page, COUNTER_CONNECTIONS));
	counters_free(page);
}

static void test_without_a_page(void **state)
{
	int fd;
	struct counters *page = counters_new(&fd);

	(void)state;
	close(fd);
	counter_add(COUNTER_CONNECTIONS, 1);
	counters_use(page);
	counters_free(page);
	counter_add(COUNTER_CONNECTIONS, 1); /* nobody looks */
}

static void test_others_only_read(void **state)
{
	int fd;
	struct counters *page = counters_new(&fd);
	const struct counters *theirs = counters_map(fd);
	char path[64];
	int other;

	(void)state;
	counters_add(page, COUNTER_CONNECTIONS, 7);
	assert_int_equal(7, counters_value(theirs, COUNTER_CONNECTIONS));
	assert_int_equal(-1, mprotect((void *)(uintptr_t)theirs, 1,
	                              PROT_READ | PROT_WRITE));
	assert_int_equal(-1, write(fd, "x", 1));
	assert_int_equal(-1, ftruncate(fd, 0));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	other = open(path, O_RDWR);
	assert_ptr_equal(MAP_FAILED, mmap(NULL, 1, PROT_READ | PROT_WRITE,
	                                  MAP_SHARED, other, 0));
	close(other);
	close(fd);
	counters_free(theirs);
	counters_free(page);
}

static void test_what_is_no_page(void **state)
{
	int file = memfd_create("x", MFD_ALLOW_SEALING);
	int ends[2];

	(void)state;
	assert_int_equal(0, pipe(ends));
	assert_null(counters_map(ends[0]));
	assert_null(counters_map(file));
	assert_int_equal(0, ftruncate(file, 1 << 20));
	assert_null(counters_map(file)); /* it could shrink */
	fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK);
	assert_null(counters_map(file));
	close(file);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_and_enum_agree),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_mechanisms_are_sasls),
		cmocka_unit_test(test_outlives_its_process),
		cmocka_unit_test(test_without_a_page),
		cmocka_unit_test(test_others_only_read),
		cmocka_unit_test(test_what_is_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
