/* handout_test.c -- files in memory: whole, sealed, and refused when bad. */
#include "roostd/handout.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "cli/certificate.h"

static char top[64];
static char conf[100];

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct config *read_config(void)
{
	struct config_errors errors;
	struct config *c = config_read(conf, -1, &errors);

	assert_non_null(c);
	assert_int_equal(errors.n, 0);
	config_errors_free(&errors);
	return c;
}

static void assert_holds(int fd, const char *text)
{
	char got[200];
	ssize_t n = read(fd, got, sizeof got); /* from its start */

	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, (size_t)n);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
}

static int certificate_of(const struct config *c)
{
	return handout_pair(c->certificate, c->certificate_key[0] != '\0'
	                                            ? c->certificate_key
	                                            : NULL);
}

static void test_certificate(void **state)
{
	char chain[100], key[100];
	struct config *c;

	(void)state;
	snprintf(chain, sizeof chain, "%s/chain.pem", top);
	snprintf(key, sizeof key, "%s/key.pem", top);
	write_file(chain, "chain\n");
	write_file(conf, "certificate = chain.pem\n");
	c = read_config();
	assert_holds(certificate_of(c), "chain\n");
	config_free(c);
	write_file(conf, "certificate = chain.pem\n"
	                 "certificate_key = key.pem\n");
	c = read_config();
	assert_int_equal(certificate_of(c), -1); /* no key there */
	write_file(key, "key\n");
	assert_holds(certificate_of(c), "chain\n\nkey\n");
	config_free(c);
	unlink(chain);
	unlink(key);
}

static void test_reload(void **state)
{
	static const char *const bad[] = { "message_limit = many\n",
		                           "no_such_option = 1\n", "what\n" };
	static const char good[] = "message_limit = 2M\npartitions = 9\n";
	struct server s = { .path = conf };
	char pem[100];

	(void)state;
	snprintf(pem, sizeof pem, "%s/certificate.pem", top);
	assert_null(certificate_make(pem, "localhost"));
	write_file(conf, "message_limit = 1M\n");
	s.config = read_config();
	s.start = s.config;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		write_file(conf, bad[i]);
		assert_int_equal(handout_reload(&s), -1);
		assert_ptr_equal(s.config, s.start);
	}
	unlink(conf);
	assert_int_equal(handout_reload(&s), -1);
	assert_ptr_equal(s.config, s.start);
	for (int i = 0; i < 2; i++) { /* twice: what was read before goes */
		write_file(conf, good);
		assert_holds(handout_reload(&s), good);
		assert_int_equal(s.config->message_limit, 2 << 20);
		assert_int_equal(s.start->message_limit, 1 << 20);
	}
	unlink(pem); /* a start would not go without it either */
	assert_int_equal(handout_reload(&s), -1);
	config_free(s.config);
	config_free(s.start);
}

static int make_directory(void **state)
{
	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	strcpy(top, "/tmp/roost-handout-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(conf, sizeof conf, "%s/roost.conf", top);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(conf);
	return rmdir(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
