/* config_test.c -- roost.conf: values, errors, paths, the table itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

static struct config *read_text(const char *text, struct config_errors *errors)
{
	FILE *file = tmpfile();
	struct config *c;

	assert_non_null(file);
	fputs(text, file);
	fflush(file);
	c = config_read("/nowhere/roost.conf", fileno(file), errors);
	fclose(file);
	assert_non_null(c);
	return c;
}

static const struct config_option *option(const char *name)
{
	for (size_t i = 0; i < n_config_options; i++)
		if (!strcmp(config_options[i].name, name))
			return &config_options[i];
	fail_msg("no option %s", name);
	return NULL;
}

static void assert_value(const struct config *c, const char *name,
                         const char *want)
{
	struct buf got = { 0 };

	config_value(c, option(name), &got);
	buf_byte(&got, '\0');
	assert_string_equal(got.data, want);
	buf_free(&got);
}

/* Each default reads, and is written as it stands in the table. */
static void defaults(void **state)
{
	struct config_errors errors;
	struct config *c = read_text("", &errors);

	(void)state;
	assert_int_equal(errors.n, 0);
	assert_true(n_config_options <= 60);
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option *o = &config_options[i];

		assert_int_equal(config_line(c, o), 0);
		if (o->kind != CONFIG_PATH)
			assert_value(c, o->name, o->standard);
	}
	config_free(c);
}

static void values(void **state)
{
	static const struct {
		const char *line;
		const char *name;
		const char *value; /* NULL: wrong */
	} rows[] = {
		{ "hostname = mail.example.org", "hostname",
		  "mail.example.org" },
		{ "  hostname\t=x y  ", "hostname", "x y" },
		{ "hostname = a = b", "hostname", "a = b" },
		{ "listen_lmtp = 127.0.0.1:24", "listen_lmtp", "127.0.0.1:24" },
		{ "listen_lmtp =127.0.0.1:1,[::1]:65535", "listen_lmtp",
		  "127.0.0.1:1, [::1]:65535" },
		{ "listen_imap =", "listen_imap", "" },
		{ "listen_lmtp = 127.0.0.1", "listen_lmtp", NULL },
		{ "listen_lmtp = 127.0.0.1:0", "listen_lmtp", NULL },
		{ "listen_lmtp = 127.0.0.1:65536", "listen_lmtp", NULL },
		{ "listen_lmtp = ::1:24", "listen_lmtp", NULL },
		{ "listen_lmtp = [::1:24", "listen_lmtp", NULL },
		{ "listen_lmtp = []:24", "listen_lmtp", NULL },
		{ "listen_lmtp = mail.example.org:24", "listen_lmtp", NULL },
		{ "listen_lmtp = 127.0.0.1:24,", "listen_lmtp",
		  "127.0.0.1:24" },
		{ "listen_lmtp = ,127.0.0.1:24", "listen_lmtp", NULL },
		{ "trusted_networks = 127.0.0.1, ::1, 192.0.2.0/24, 2001:db8::/32",
		  "trusted_networks",
		  "127.0.0.1, ::1, 192.0.2.0/24, 2001:db8::/32" },
		{ "trusted_networks = 192.0.2.0/33", "trusted_networks", NULL },
		{ "trusted_networks = 2001:db8::/129", "trusted_networks",
		  NULL },
		{ "trusted_networks = 192.0.2.0/", "trusted_networks", NULL },
		{ "trusted_networks = all", "trusted_networks", NULL },
		{ "message_limit = 1024", "message_limit", "1K" },
		{ "message_limit = 1023", "message_limit", NULL },
		{ "message_limit = 2m", "message_limit", "2M" },
		{ "message_limit = 4294967295", "message_limit", "4294967295" },
		{ "message_limit = 4G", "message_limit", NULL },
		{ "message_limit = 18446744073709551615K", "message_limit",
		  NULL },
		{ "message_limit = M", "message_limit", NULL },
		{ "message_limit = -1", "message_limit", NULL },
		{ "message_limit = 1.5M", "message_limit", NULL },
		{ "partitions = 0", "partitions", NULL },
		{ "partitions = 1024", "partitions", "1024" },
		{ "partitions = 1025", "partitions", NULL },
		{ "partitions = 4K", "partitions", NULL },
		{ "issuers = https://a.example audience=a ,http://[::1]/ "
		  "keys=k audience=b",
		  "issuers",
		  "https://a.example audience=a, http://[::1]/ keys=k "
		  "audience=b" },
		{ "issuers =", "issuers", "" },
		{ "issuers = https://a.example audience=a,, ", "issuers",
		  NULL },
		{ "issuers = https://a audience=a, https://b audience=b, "
		  "https://a audience=a",
		  "issuers", NULL },
		{ "verdict_time = 300", "verdict_time", "5m" },
		{ "verdict_time = 90s", "verdict_time", "90s" },
		{ "verdict_time = 0", "verdict_time", "0" },
		{ "verdict_time = 1h", "verdict_time", NULL },
		{ "password_plain = YES", "password_plain", "yes" },
		{ "password_plain = true", "password_plain", NULL },
		{ "log_level = debug", "log_level", "debug" },
		{ "log_level = loud", "log_level", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct config_errors errors;
		struct config *c = read_text(rows[i].line, &errors);

		assert_int_equal(errors.n, rows[i].value == NULL);
		assert_int_equal(config_line(c, option(rows[i].name)), 1);
		assert_value(c, rows[i].name,
		             rows[i].value != NULL
		                     ? rows[i].value
		                     : option(rows[i].name)->standard);
		config_errors_free(&errors);
		config_free(c);
	}
}

/* All errors, each with its line. */
static void all_errors(void **state)
{
	static const struct config_error want[] = {
		{ 2, "colour is no option" },
		{ 4, "partitions is too small" },
		{ 5, "needs NAME = VALUE" },
		{ 7, "hostname is set twice, first in line 6" },
		{ 8, "log_level must be error, warn, info or debug" },
	};
	struct config_errors errors;
	struct config *c = read_text("# a comment\n"
	                             "colour = red\n"
	                             "\n"
	                             "partitions = 0\n"
	                             "nonsense\n"
	                             "hostname = a\n"
	                             "hostname = b\n"
	                             "log_level = loud",
	                             &errors);

	(void)state;
	assert_int_equal(errors.n, 5);
	for (size_t i = 0; i < errors.n; i++) {
		assert_int_equal(errors.v[i].line, want[i].line);
		assert_string_equal(errors.v[i].text, want[i].text);
	}
	assert_value(c, "hostname", "a");
	config_errors_free(&errors);
	config_free(c);
}

static void unreadable(void **state)
{
	struct config_errors errors;

	(void)state;
	assert_null(config_read("/nowhere/roost.conf", -1, &errors));
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.v[0].line, 0);
	config_errors_free(&errors);
}

/* A file larger than anybody writes is refused, not read into memory. */
static void too_large(void **state)
{
	struct config_errors errors;

	(void)state;
	assert_null(config_read("/dev/zero", -1, &errors));
	assert_int_equal(errors.n, 1);
	config_errors_free(&errors);
}

static void paths(void **state)
{
	char directory[] = "/tmp/roost-config-XXXXXX";
	char file[64];
	char want[96];
	struct config_errors errors;
	struct config *c;
	char *path;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(file, sizeof file, "%s/roost.conf", directory);
	out = fopen(file, "w");
	fputs("certificate = tls/mail.pem\nlmtp_socket = /run/x\n", out);
	fclose(out);
	c = config_read(file, -1, &errors);
	assert_non_null(c);
	assert_int_equal(errors.n, 0);
	assert_string_equal(c->directory, directory);
	snprintf(want, sizeof want, "%s/tls/mail.pem", directory);
	assert_string_equal(c->certificate, want);
	assert_string_equal(c->lmtp_socket, "/run/x");
	assert_string_equal(c->certificate_key, "");
	path = config_partition_path(c, 12);
	snprintf(want, sizeof want, "%s/partition/12", directory);
	assert_string_equal(path, want);
	free(path);
	path = config_control_path(c);
	snprintf(want, sizeof want, "%s/run/control", directory);
	assert_string_equal(path, want);
	free(path);
	config_free(c);
	unlink(file);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),   cmocka_unit_test(values),
		cmocka_unit_test(all_errors), cmocka_unit_test(unreadable),
		cmocka_unit_test(too_large),  cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
