/* table.c -- columns as wide as they must be; JSON by jansson. */
#include "cli/table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/unicode.h"

enum kind {
	KIND_TEXT,
	KIND_NUMBER, /* null when there is none */
	KIND_TIME,   /* seconds since 1970, UTC */
	KIND_TRUTH,  /* yes or no */
	KIND_ANY,    /* a number, a truth, or text */
};

static const struct {
	const char *column;
	enum kind kind;
	const char *beside; /* in a table with this one, too, it is text */
} kinds[] = {
	{ "created", KIND_TIME },
	{ "expires", KIND_TIME },
	{ "last_use", KIND_TIME },
	{ "last_login", KIND_TIME },
	{ "password_changed", KIND_TIME },
	{ "since", KIND_TIME },
	{ "first", KIND_TIME },
	{ "last", KIND_TIME },
	{ "until", KIND_TIME },
	{ "count", KIND_NUMBER },
	{ "failures", KIND_NUMBER },
	{ "partition", KIND_NUMBER },
	{ "idle", KIND_NUMBER },
	{ "accounts", KIND_NUMBER },
	{ "mailboxes", KIND_NUMBER },
	{ "messages", KIND_NUMBER },
	{ "blobs", KIND_NUMBER },
	{ "packs", KIND_NUMBER },
	{ "problems", KIND_NUMBER },
	{ "used", KIND_NUMBER },
	{ "limit", KIND_NUMBER },
	{ "app_passwords", KIND_NUMBER },
	{ "recovery_codes", KIND_NUMBER },
	{ "main_password", KIND_TRUTH },
	{ "second_factor", KIND_TRUTH },
	{ "tls", KIND_TRUTH },
	{ "value", KIND_ANY, "policy" },
};

struct table {
	const char *const *columns;
	size_t n_columns;
	struct slice *values; /* n_columns a row; each is malloc's */
	size_t n_rows;
	size_t cap_rows;
};

struct table *table_new(const char *const *columns, size_t n_columns)
{
	struct table *t = mem_new(1, sizeof *t);

	t->columns = columns;
	t->n_columns = n_columns;
	return t;
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n_rows * t->n_columns; i++)
		free((char *)t->values[i].ptr);
	free(t->values);
	free(t);
}

size_t table_rows(const struct table *t)
{
	return t->n_rows;
}

void table_add(void *arg, const struct slice *values, size_t n)
{
	struct table *t = arg;
	struct slice *row;

	if (t->n_rows == t->cap_rows) {
		t->cap_rows = t->cap_rows != 0 ? 2 * t->cap_rows : 64;
		t->values = mem_resize(t->values, t->cap_rows * t->n_columns,
		                       sizeof *t->values);
	}
	row = &t->values[t->n_rows++ * t->n_columns];
	for (size_t i = 0; i < t->n_columns; i++) {
		struct buf text = { 0 };

		if (i < n)
			utf8_repair(values[i], &text);
		row[i] = buf_take(&text);
	}
}

static bool has_column(const struct table *t, const char *name)
{
	for (size_t i = 0; name != NULL && i < t->n_columns; i++)
		if (!strcmp(t->columns[i], name))
			return true;
	return false;
}

static enum kind kind_of(const struct table *t, size_t column,
                         struct slice value)
{
	enum kind kind = KIND_TEXT;
	uint64_t number;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!strcmp(kinds[i].column, t->columns[column]) &&
		    !has_column(t, kinds[i].beside))
			kind = kinds[i].kind;
	if (kind == KIND_ANY && slice_number(value, &number))
		kind = KIND_NUMBER;
	if (kind == KIND_ANY &&
	    (slice_eq(value, S("yes")) || slice_eq(value, S("no"))))
		kind = KIND_TRUTH;
	return kind == KIND_ANY ? KIND_TEXT : kind;
}

/* RFC 3339, in UTC. */
static void put_time(struct slice value, struct buf *out)
{
	char text[64] = "";
	struct tm t;
	uint64_t s;
	time_t when;

	if (!slice_number(value, &s) || s > INT32_MAX * UINT64_C(1000))
		return;
	when = (time_t)s;
	gmtime_r(&when, &t);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t);
	buf_add(out, slice_cstr(text));
}

/* -- for a person -- */

static void put_cell(const struct table *t, size_t column, struct slice value,
                     struct buf *out)
{
	if (kind_of(t, column, value) == KIND_TIME) {
		put_time(value, out);
		return;
	}
	for (size_t i = 0; i < value.len; i++)
		buf_byte(out, ascii_is_ctl(value.ptr[i]) ? '?' : value.ptr[i]);
}

/* Code points: wide characters are counted as one. */
static size_t width_of(struct slice text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return n;
}

static struct slice cell(const struct table *t, size_t row, size_t column,
                         struct buf *room)
{
	room->len = 0;
	put_cell(t, column, t->values[row * t->n_columns + column], room);
	if (room->len == 0)
		buf_byte(room, '-');
	return buf_slice(room);
}

static size_t column_width(const struct table *t, size_t column)
{
	size_t widest = strlen(t->columns[column]);
	struct buf room = { 0 };

	for (size_t row = 0; row < t->n_rows; row++) {
		size_t width = width_of(cell(t, row, column, &room));

		widest = width > widest ? width : widest;
	}
	buf_free(&room);
	return widest;
}

static void print_cell(FILE *out, struct slice text, size_t width, bool last)
{
	fwrite(text.ptr, 1, text.len, out);
	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", (int)(width - width_of(text)) + 2, "");
}

static void print_columns(const struct table *t, FILE *out)
{
	size_t *width = mem_new(t->n_columns, sizeof *width);
	struct buf room = { 0 };

	for (size_t i = 0; i < t->n_columns; i++) {
		width[i] = column_width(t, i);
		print_cell(out, slice_cstr(t->columns[i]), width[i],
		           i + 1 == t->n_columns);
	}
	for (size_t row = 0; row < t->n_rows; row++)
		for (size_t i = 0; i < t->n_columns; i++)
			print_cell(out, cell(t, row, i, &room), width[i],
			           i + 1 == t->n_columns);
	buf_free(&room);
	free(width);
}

/* -- for a program -- */

static json_t *json_number(struct slice value)
{
	uint64_t n;

	if (!slice_number(value, &n) || n > INT64_MAX)
		return json_null();
	return json_integer((json_int_t)n);
}

static json_t *json_time(struct slice value)
{
	struct buf text = { 0 };
	json_t *json;

	put_time(value, &text);
	json = text.len != 0 ? json_stringn(text.data, text.len) : json_null();
	buf_free(&text);
	return json;
}

static json_t *json_value(const struct table *t, size_t column,
                          struct slice value)
{
	switch (kind_of(t, column, value)) {
	case KIND_NUMBER:
		return json_number(value);
	case KIND_TIME:
		return json_time(value);
	case KIND_TRUTH:
		return json_boolean(slice_eq(value, S("yes")));
	default:
		return json_stringn(value.len != 0 ? value.ptr : "", value.len);
	}
}

static void print_json(const struct table *t, FILE *out)
{
	json_t *all = json_array();

	for (size_t row = 0; row < t->n_rows; row++) {
		json_t *object = json_object();

		for (size_t i = 0; i < t->n_columns; i++)
			json_object_set_new(
				object, t->columns[i],
				json_value(t, i,
			                   t->values[row * t->n_columns + i]));
		json_array_append_new(all, object);
	}
	json_dumpf(all, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(all);
}

bool table_print_values(const struct table *t, FILE *out)
{
	struct buf room = { 0 };

	for (size_t row = 0; row < t->n_rows; row++)
		for (size_t i = 0; i < t->n_columns; i++)
			print_cell(out, cell(t, row, i, &room), 0,
			           i + 1 == t->n_columns);
	buf_free(&room);
	return fflush(out) == 0 && !ferror(out);
}

bool table_print(const struct table *t, bool json, FILE *out)
{
	if (json)
		print_json(t, out);
	else if (t->n_rows > 0)
		print_columns(t, out);
	return fflush(out) == 0 && !ferror(out);
}
