/*
 * qresync.c -- bringing a client that comes back up to date at once.
 * RFC 7162 section 3.2
 *
 * The client says up to which modification sequence it knows the mailbox, and
 * gets what has vanished and what has changed since. What it is told as
 * vanished "earlier" was never in this view; what goes while it is told is in
 * the view, and comes as an ordinary VANISHED when that may be sent.
 */
#include "imap/qresync.h"

/* "*" would be about the mailbox as it is now; the client tells what it
 * remembers. */
static struct seq_set parse_known_set(struct cursor *c)
{
	struct seq_set set = parse_sequence_set(c);
	bool stars = set.saved;

	for (size_t i = 0; i < set.n; i++)
		stars = stars || set.v[i].first == 0 || set.v[i].last == 0;
	if (stars)
		fail(c, "expected numbers only");
	return set;
}

/* How many members; 0 unless they ascend. */
static uint64_t count_ascending(const struct seq_set *set)
{
	uint32_t last = 0;
	uint64_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct seq_range r = set->v[i];

		if (r.first <= last || r.last < r.first)
			return 0;
		n += (uint64_t)r.last - r.first + 1;
		last = r.last;
	}
	return n;
}

/* seq-match-data = "(" known-sequence-set SP known-uid-set ")" */
static void parse_seq_match_data(struct cursor *c, struct qresync *q)
{
	uint64_t n;

	expect(c, '(', "expected a list of numbers and UIDs");
	q->seqs = parse_known_set(c);
	expect(c, ' ', "expected a set of UIDs");
	q->uids = parse_known_set(c);
	expect(c, ')', "list of numbers and UIDs does not end");
	n = count_ascending(&q->seqs);
	if (n == 0 || n != count_ascending(&q->uids))
		fail(c, "expected as many numbers as UIDs, in order");
}

/* "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids]
 * [SP seq-match-data] ")" */
void parse_qresync(struct cursor *c, struct qresync *q)
{
	bool more;

	q->asked = true;
	expect(c, ' ', "expected a list behind QRESYNC");
	expect(c, '(', "expected a list behind QRESYNC");
	q->uidvalidity = parse_nz_number(c);
	expect(c, ' ', "expected a modification sequence");
	q->modseq = parse_number64(c);
	more = take(c, ' ');
	if (more && peek(c) != '(') {
		q->known = parse_known_set(c);
		more = take(c, ' ');
	}
	if (more)
		parse_seq_match_data(c, q);
	expect(c, ')', "list behind QRESYNC does not end");
}

/* -- what the client has right -- */

/* The last of n numbers from seq on whose message has the UID as far from
 * uid; 0 if none. UIDs grow at least as fast as numbers: search by halves. */
static uint32_t last_match(struct session *s, uint32_t seq, uint32_t uid,
                           uint64_t n)
{
	uint32_t exists = view_exists(s->view);
	uint64_t low = 0;
	uint64_t high = seq > exists ? 0 : exists - seq + 1u;
	uint32_t at;

	if (high > n)
		high = n;
	/* below low they are not beyond the client's, from high on they are */
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (view_uid(s->view, seq + (uint32_t)mid) <= uid + mid)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return 0;
	at = (uint32_t)(low - 1);
	return view_uid(s->view, seq + at) == uid + at ? uid + at : 0;
}

/*
 * Where a message still has the number that the client remembers, nothing
 * before it has vanished. Both sets are walked side by side.
 */
static uint32_t matched_up_to(struct session *s, const struct qresync *q)
{
	struct seq_range seqs = { 1, 0 };
	struct seq_range uids = { 1, 0 };
	uint32_t matched = 0;
	size_t i = 0, j = 0;

	for (;;) {
		uint32_t match;
		uint64_t n, m;

		if (seqs.first > seqs.last && i == q->seqs.n)
			return matched;
		if (seqs.first > seqs.last)
			seqs = q->seqs.v[i++];
		if (uids.first > uids.last)
			uids = q->uids.v[j++];
		n = (uint64_t)seqs.last - seqs.first + 1;
		m = (uint64_t)uids.last - uids.first + 1;
		n = n < m ? n : m;
		match = last_match(s, seqs.first, uids.first, n);
		matched = match != 0 ? match : matched;
		if (seqs.last == UINT32_MAX || uids.last == UINT32_MAX)
			return matched;
		seqs.first += (uint32_t)n;
		uids.first += (uint32_t)n;
	}
}

/* -- what it is told -- */

enum { VANISHED_RANGES = 1000 }; /* of one line */

static void reply_vanished_line(struct session *s, const struct uidset *uids,
                                bool earlier)
{
	struct buf *out = session_out(s);

	buf_add(out, earlier ? S("* VANISHED (EARLIER) ") : S("* VANISHED "));
	uidset_write(uids, out);
	buf_add(out, S("\r\n"));
	out_drain(&s->out);
}

void reply_vanished(struct session *s, const struct uidset *uids, bool earlier)
{
	for (size_t i = 0; i < uids->n; i += VANISHED_RANGES) {
		size_t n = uids->n - i;
		struct uidset some = {
			.v = uids->v + i,
			.n = n < VANISHED_RANGES ? n : VANISHED_RANGES,
		};

		reply_vanished_line(s, &some, earlier);
	}
}

/* Those above `matched`. */
static struct err tell_vanished(struct session *s, uint64_t since,
                                const struct uidset *known, uint32_t matched)
{
	struct uidset gone = { 0 };
	struct err e =
		mailbox_vanished(view_mailbox(s->view), since, known, &gone);

	uidset_subtract(&gone, view_uids(s->view));
	if (matched != 0)
		uidset_remove_range(&gone, 1, matched);
	if (is_ok(e))
		reply_vanished(s, &gone, true);
	uidset_free(&gone);
	return e;
}

/* The UIDs that the client names, or all that there can have been. */
static void known_uids(struct session *s, const struct seq_set *set,
                       struct uidset *out)
{
	struct mailbox_status status;

	mailbox_get_status(view_mailbox(s->view), &status);
	if (set->n != 0 || set->saved)
		session_named(s, set, status.uidnext - 1, out);
	else if (status.uidnext > 1)
		uidset_add_range(out, 1, status.uidnext - 1);
}

struct err session_tell_vanished(struct session *s, uint64_t since,
                                 const struct seq_set *set)
{
	struct uidset known = { 0 };
	struct err e;

	known_uids(s, set, &known);
	e = tell_vanished(s, since, &known, 0);
	uidset_free(&known);
	return e;
}

/* A modseq that is still to come is of another life of this mailbox: then all
 * has changed. */
static struct err tell_changed(struct session *s, uint64_t since,
                               const struct uidset *known)
{
	struct mailbox *m = view_mailbox(s->view);
	struct uidset newer = { 0 };
	struct uidset changed = { 0 };
	struct err e;

	if (since > view_modseq(s->view))
		since = 0;
	e = mailbox_find(m, 0, 0, since, &newer);
	uidset_intersect(&newer, known, &changed);
	if (is_ok(e))
		e = session_tell_flags(s, &changed);
	uidset_free(&newer);
	uidset_free(&changed);
	return e;
}

struct err session_resync(struct session *s, const struct qresync *q)
{
	struct mailbox_status status;
	struct uidset known = { 0 };
	struct err e;

	mailbox_get_status(view_mailbox(s->view), &status);
	if (!q->asked || q->uidvalidity != status.uidvalidity)
		return OK;
	known_uids(s, &q->known, &known);
	e = tell_vanished(s, q->modseq, &known, matched_up_to(s, q));
	if (is_ok(e))
		e = tell_changed(s, q->modseq, &known);
	uidset_free(&known);
	return e;
}
