/* conf_text.c -- help, name, value; and the same as a manual page. */
#include "cli/conf_text.h"

#include <string.h>

#include "config/config.h"

static const char *set_to(const struct conf_setting *settings, size_t n,
                          const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(settings[i].name, name))
			return settings[i].value;
	return NULL;
}

static void put_help(const char *help, struct buf *out)
{
	struct slice rest = slice_cstr(help);
	struct slice line;

	while (rest.len > 0) {
		slice_cut(rest, '\n', &line, &rest);
		buf_add(out, S("# "));
		buf_add(out, line);
		buf_byte(out, '\n');
	}
}

void conf_text(const struct conf_setting *settings, size_t n, struct buf *out)
{
	buf_add(out, S("# roost.conf -- see roost.conf(5). "
	               "`roost config check` finds mistakes.\n"
	               "# Options that are commented out have the value "
	               "shown.\n"));
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option *o = &config_options[i];
		const char *value = set_to(settings, n, o->name);

		buf_byte(out, '\n');
		put_help(o->help, out);
		buf_printf(out, "%s%s = %s", value != NULL ? "" : "# ", o->name,
		           value != NULL ? value : o->standard);
		if (slice_ends(buf_slice(out), S(" ")))
			out->len--;
		buf_byte(out, '\n');
	}
}
