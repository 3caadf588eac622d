/*
 * append_parse.c -- the grammar of APPEND and REPLACE. RFC 9051 section
 * 6.3.12, RFC 3502, RFC 4469, RFC 8508, RFC 9755
 */
#include "base/limits.h"
#include "imap/append.h"

static void start(struct append_request *r)
{
	*r = (struct append_request){ 0 };
	r->last_message = &r->messages;
	r->last_step = &r->steps;
}

static struct append_step *add_step(struct cursor *c, struct append_request *r,
                                    enum append_step_kind kind)
{
	struct append_step *step = cursor_array(c, 1, sizeof *step);

	step->kind = kind;
	*r->last_step = step;
	r->last_step = &step->next;
	return step;
}

/* True: the text ends here. */
static bool take_octets(struct cursor *c, struct append_request *r,
                        enum append_place place, const char *otherwise)
{
	r->place = place;
	if (!is_ok(c->e))
		return true;
	if (at_end(c)) {
		r->wants_octets = true;
		return true;
	}
	expect(c, '\0', otherwise);
	add_step(c, r, APPEND_LITERAL);
	return false;
}

static void end_message(struct cursor *c, struct append_request *r)
{
	r->place = APPEND_MESSAGES;
	add_step(c, r, APPEND_END);
}

static void end_list(struct cursor *c, struct append_request *r)
{
	expect(c, ')', "list of parts does not end");
	end_message(c, r);
}

/* url = "URL" SP astring; true: the text ends here */
static bool parse_url(struct cursor *c, struct append_request *r)
{
	if (at_end(c)) {
		r->wants_text = true;
		return true;
	}
	if (++r->urls > LIMIT_CATENATE_URLS)
		fail_with(c, ERR_LIMIT, "too many URLs");
	add_step(c, r, APPEND_URL)->url = parse_astring(c);
	return false;
}

/* cat-part = text-literal / url, text-literal = "TEXT" SP literal; true: the
 * text ends here */
static bool parse_cat_part(struct cursor *c, struct append_request *r)
{
	if (take_word(c, S("TEXT ")))
		return take_octets(c, r, APPEND_CATENATE,
		                   "expected a literal behind TEXT");
	if (take_word(c, S("URL ")))
		return parse_url(c, r);
	fail(c, "expected TEXT or URL");
	return true;
}

/* "(" cat-part *(SP cat-part) ")", of which the beginning has been read */
static void parse_cat_parts(struct cursor *c, struct append_request *r)
{
	while (take(c, ' '))
		if (parse_cat_part(c, r))
			return;
	end_list(c, r);
}

/* append-data = literal / literal8 / "UTF8" SP "(" literal8 ")" /
 *               "CATENATE" SP "(" cat-part *(SP cat-part) ")" */
static void parse_append_data(struct cursor *c, struct append_request *r)
{
	if (take_word(c, S("CATENATE ("))) {
		if (!parse_cat_part(c, r))
			parse_cat_parts(c, r);
	} else if (take_word(c, S("UTF8 ("))) {
		if (!take_octets(c, r, APPEND_UTF8, "expected a literal8"))
			end_list(c, r);
	} else if (!take_octets(c, r, APPEND_MESSAGES,
	                        "expected a message as a literal")) {
		end_message(c, r);
	}
}

/* append-message = append-opts SP append-data
 * append-opts    = [SP flag-list] [SP date-time] */
static void parse_append_message(struct cursor *c, struct append_request *r)
{
	struct append_message *m = cursor_array(c, 1, sizeof *m);

	expect(c, ' ', "expected a message");
	if (take(c, '(')) {
		m->flags = parse_flag_list(c);
		expect(c, ' ', "expected a space behind the flags");
	}
	if (peek(c) == '"') {
		m->has_date = true;
		m->date = parse_date_time(c);
		expect(c, ' ', "expected a space behind the date");
	}
	*r->last_message = m;
	r->last_message = &m->next;
	r->n++;
	add_step(c, r, APPEND_BEGIN);
	parse_append_data(c, r);
}

static bool is_open(const struct cursor *c, const struct append_request *r)
{
	return is_ok(c->e) && !r->wants_octets && !r->wants_text;
}

/* The whole of it has no place where something is wanted. */
static void end_request(struct cursor *c, const struct append_request *r)
{
	if (r->wants_octets || r->wants_text)
		fail(c, "expected a literal");
	expect_end(c);
}

/* The text may end in the mailbox, of which a literal follows. */
static void parse_destination(struct cursor *c, struct append_request *r)
{
	struct cursor again = *c;

	if (at_end(c)) {
		r->wants_text = true;
		return;
	}
	r->mailbox = parse_mailbox(c);
	r->asked = is_ok(c->e) ? parse_mailbox_asked(&again) : r->mailbox;
}

static void parse_append_args(struct cursor *c, struct append_request *r)
{
	parse_destination(c, r);
	if (is_open(c, r))
		parse_append_message(c, r);
	while (is_open(c, r) && !at_end(c))
		parse_append_message(c, r);
}

/* replace = "REPLACE" SP seq-number SP mailbox append-message */
static void parse_replace_args(struct cursor *c, struct append_request *r)
{
	r->replaces = true;
	r->replaced = parse_sequence_set(c);
	if (is_ok(c->e) && (r->replaced.saved || r->replaced.n != 1 ||
	                    r->replaced.v[0].first != r->replaced.v[0].last))
		fail(c, "REPLACE is of one message");
	expect(c, ' ', "expected a mailbox");
	parse_destination(c, r);
	if (is_open(c, r))
		parse_append_message(c, r);
}

/* append = "APPEND" SP mailbox 1*append-message */
void parse_append(struct cursor *c, struct append_request *r)
{
	start(r);
	expect(c, ' ', "expected a mailbox");
	parse_append_args(c, r);
	end_request(c, r);
}

void parse_replace(struct cursor *c, struct append_request *r)
{
	start(r);
	expect(c, ' ', "expected a message number");
	parse_replace_args(c, r);
	end_request(c, r);
}

void parse_append_start(struct cursor *c, struct append_request *r)
{
	start(r);
	parse_tag(c);
	expect(c, ' ', "expected a command behind the tag");
	r->uid = take_word(c, S("UID "));
	if (!r->uid && take_word(c, S("APPEND ")))
		parse_append_args(c, r);
	else if (take_word(c, S("REPLACE ")))
		parse_replace_args(c, r);
	else
		r->wants_text = true;
	if (is_open(c, r))
		fail(c, "unexpected text at the end of the command");
}

void parse_append_more(struct cursor *c, enum append_place place,
                       struct append_request *r)
{
	start(r);
	if (place == APPEND_CATENATE)
		parse_cat_parts(c, r);
	else if (place == APPEND_UTF8)
		end_list(c, r);
	else
		end_message(c, r);
	while (is_open(c, r) && !at_end(c))
		parse_append_message(c, r);
	if (is_open(c, r))
		fail(c, "unexpected text at the end of the command");
}
