/* grammar_set.c -- sets of messages and lists of flags. */
#include "base/limits.h"
#include "imap/grammar.h"
#include "mailbox/record.h"

/* seq-number = nz-number / "*" */
static uint32_t parse_seq_number(struct cursor *c)
{
	return take(c, '*') ? 0 : parse_nz_number(c);
}

/* seq-range = seq-number ":" seq-number */
static struct seq_range parse_seq_range(struct cursor *c)
{
	uint32_t a = parse_seq_number(c);
	uint32_t b = take(c, ':') ? parse_seq_number(c) : a;

	return (struct seq_range){ a, b };
}

static size_t most_ranges(const struct cursor *c)
{
	size_t n = 1;

	for (const char *p = c->p; p != c->end && *p != ' '; p++)
		n += *p == ',';
	return n;
}

/* sequence-set = (seq-number / seq-range) ["," sequence-set] / "$" */
struct seq_set parse_sequence_set(struct cursor *c)
{
	struct seq_set set = { .saved = take(c, '$') };

	if (set.saved)
		return set;
	set.v = cursor_array(c, most_ranges(c), sizeof *set.v);
	do {
		set.v[set.n++] = parse_seq_range(c);
	} while (take(c, ','));
	if (!is_ok(c->e))
		set.n = 0;
	return set;
}

static const struct {
	struct slice name;
	uint8_t flag;
} system_flags[] = {
	{ N("Answered"), FLAG_ANSWERED }, { N("Flagged"), FLAG_FLAGGED },
	{ N("Deleted"), FLAG_DELETED },   { N("Seen"), FLAG_SEEN },
	{ N("Draft"), FLAG_DRAFT },
};

static uint8_t system_flag(struct slice name)
{
	for (size_t i = 0; i < sizeof system_flags / sizeof *system_flags; i++)
		if (slice_ieq(system_flags[i].name, name))
			return system_flags[i].flag;
	return 0;
}

/* flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" /
 *        flag-keyword / flag-extension */
static void parse_flag(struct cursor *c, struct flag_list *list)
{
	bool system = take(c, '\\');
	struct slice name = parse_atom(c);

	if (system) {
		list->flags |= system_flag(name);
		return;
	}
	if (name.len > LIMIT_KEYWORD)
		fail_with(c, ERR_LIMIT, "keyword is too long");
	list->keywords[list->n_keywords++] = name;
}

static struct flag_list flag_list_new(struct cursor *c)
{
	size_t most = 1;

	for (const char *p = c->p; p != c->end && *p != ')'; p++)
		most += *p == ' ';
	return (struct flag_list){
		.keywords = cursor_array(c, most, sizeof(struct slice)),
	};
}

struct flag_list parse_flags(struct cursor *c)
{
	struct flag_list list = flag_list_new(c);

	do {
		parse_flag(c, &list);
	} while (take(c, ' '));
	return list;
}

/* flag-list = "(" [flag *(SP flag)] ")" */
struct flag_list parse_flag_list(struct cursor *c)
{
	struct flag_list list = { 0 };

	if (take(c, ')'))
		return list;
	list = parse_flags(c);
	expect(c, ')', "flag list does not end");
	return list;
}
