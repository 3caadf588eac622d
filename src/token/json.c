/* json.c -- looked at before jansson is. */
#include "token/json.h"

/* Brackets outside of strings; whether they match is jansson's to say. */
static bool is_shallow(struct slice s)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > JSON_DEPTH)
			return false;
	}
	return true;
}

json_t *json_foreign(struct slice text)
{
	json_t *value;

	if (text.len == 0 || text.len > JSON_MOST || !is_shallow(text))
		return NULL;
	value = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(value))
		return value;
	json_decref(value);
	return NULL;
}

struct slice json_text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return S("");
	return slice_of(json_string_value(value), json_string_length(value));
}
