/*
 * subject.c -- see subject.h.
 *
 * Each pass either takes something away or is the last; blobs that no "re:"
 * follows are passed over in one go, so the time is linear.
 */
#include "mime/subject.h"

/* The slice without WSP at its start. */
static struct slice skip_spaces(struct slice s)
{
	while (s.len != 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = slice_from(s, 1);
	return s;
}

/* subj-trailer = "(fwd)" / WSP */
static bool strip_trailer(struct slice *s, bool *is_reply)
{
	size_t before = s->len;

	while (s->len != 0) {
		struct slice last5 =
			slice_from(*s, s->len < 5 ? 0 : s->len - 5);

		if (slice_ieq(last5, S("(fwd)"))) {
			s->len -= 5;
			*is_reply = true;
		} else if (last5.ptr[last5.len - 1] == ' ') {
			s->len--;
		} else {
			break;
		}
	}
	return s->len != before;
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP ; BLOBCHAR: no brackets */
static bool skip_blob(struct slice *s)
{
	size_t n = 1;

	if (s->len == 0 || s->ptr[0] != '[')
		return false;
	while (n < s->len && s->ptr[n] != '[' && s->ptr[n] != ']')
		n++;
	if (n == s->len || s->ptr[n] != ']')
		return false;
	*s = skip_spaces(slice_from(*s, n + 1));
	return true;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static bool skip_refwd(struct slice *s)
{
	struct slice rest;

	if (slice_istarts(*s, S("fwd")))
		rest = slice_from(*s, 3);
	else if (slice_istarts(*s, S("re")) || slice_istarts(*s, S("fw")))
		rest = slice_from(*s, 2);
	else
		return false;
	rest = skip_spaces(rest);
	skip_blob(&rest);
	if (rest.len == 0 || rest.ptr[0] != ':')
		return false;
	*s = slice_from(rest, 1);
	return true;
}

/*
 * subj-leader = (*subj-blob subj-refwd) / WSP
 * and then blobs, while they leave something. One pass is enough for the
 * blobs: what follows them is no leader.
 */
static bool strip_leaders(struct slice *s, bool *is_reply)
{
	size_t before = s->len;

	for (;;) {
		struct slice rest;

		*s = skip_spaces(*s);
		rest = *s;
		while (skip_blob(&rest))
			;
		if (!skip_refwd(&rest))
			break;
		*s = rest;
		*is_reply = true;
	}
	for (struct slice rest = *s; skip_blob(&rest) && rest.len != 0;)
		*s = rest;
	return s->len != before;
}

/* subj-fwd = "[fwd:" subject "]" */
static bool unwrap_forward(struct slice *s, bool *is_reply)
{
	if (!slice_istarts(*s, S("[fwd:")) || !slice_ends(*s, S("]")))
		return false;
	s->ptr += 5;
	s->len -= 6;
	*is_reply = true;
	return true;
}

struct slice subject_base(struct slice s, bool *is_reply)
{
	bool more = true;

	*is_reply = false;
	while (more) {
		strip_trailer(&s, is_reply);
		strip_leaders(&s, is_reply);
		more = unwrap_forward(&s, is_reply);
	}
	return s;
}
