#!/usr/bin/env python3
"""test_checker.py -- the checker finds what it is there to find.

Histories written by hand (cases.py): some that are right, and for each check
one that is wrong in that alone. The last line of the output is "N passed, N
failed".
"""
import sys
import unittest

import audit
import blame
from cases import BEGIN, DELETED, EXPUNGED, Case, found, parse, select, status
from history import Loss
from nemesis import Blow
from test_changes import (Back, ModSeqs, Replaces, Settings,  # noqa: F401
                          Visitors)


class Good(Case):
    def test_the_beginnings(self):
        self.is_good(BEGIN)
        self.is_good(DELETED)
        self.is_good(EXPUNGED)

    def test_what_is_under_way_may_be_seen_or_not(self):
        for seen in 1, 2:
            self.is_good(BEGIN + """
w 7-9 APPEND INBOX () m-2-100
    * 2 EXISTS
    OK [APPENDUID 1 2] APPEND completed
s 8-10 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)""" + status(seen, seen + 1))

    def test_a_lost_move_happened_or_not(self):
        for left, there in (1, 0), (0, 1):
            self.is_good(BEGIN + """
w 7-9 MOVE 1 Trash
s 11-12 EXAMINE INBOX""" + select(left, 2) + """
s 13-14 FETCH 1:* (UID TEXT)
    """ + "* 1 FETCH (UID 1 TEXT=m-1-100)\n    " * left + """OK FETCH done
t 11-12 EXAMINE Trash""" + select(there, 1 + there, 2) + """
t 13-14 FETCH 1:* (UID TEXT)
    """ + "* 1 FETCH (UID 1 TEXT=m-1-100)\n    " * there + "OK FETCH done")

    def test_what_may_be_any_is_taken_last(self):
        """Of a lost COPY whose source nobody has looked at."""
        self.is_good("""
y 0.1-0.2 APPEND Trash () m-1-100
    OK [APPENDUID 2 1] APPEND completed
w 1-2 SELECT Trash""" + select(1, 2, 2) + """
w 3-9 COPY 1 INBOX
x 4-9 APPEND INBOX () m-2-100 () m-3-100
s 11-12 EXAMINE INBOX""" + select(2, 3) + """
s 13-14 FETCH 1:2 (UID TEXT)
    * 1 FETCH (UID 1 TEXT=m-2-100)
    * 2 FETCH (UID 2 TEXT=m-3-100)
    OK FETCH completed""")

    def test_numbers_too_high_are_refused(self):
        self.is_good(BEGIN + """
w 7-8 FETCH 2 FLAGS
    BAD there is no such message number""")

    def test_what_idle_tells_was_said_since_it_began(self):
        self.is_good(DELETED + """
r 7-8 IDLE
    * 1 FETCH (FLAGS (\\Deleted))
w 9-10 EXPUNGE
    * 1 EXPUNGE
    OK EXPUNGE completed
r 11-12 DONE
    * 1 FETCH (FLAGS (\\Deleted))
    * 1 EXPUNGE
    OK IDLE completed""")


class Numbers(Case):
    def test_exists_falls(self):
        self.is_bad("I9", BEGIN + """
r 7-8 NOOP
    * 0 EXISTS
    OK NOOP completed""")

    def test_expunge_of_a_number_that_is_not_there(self):
        self.is_bad("I9", BEGIN + """
r 7-8 NOOP
    * 2 EXPUNGE
    OK NOOP completed""")

    def test_fetch_of_a_number_that_is_not_there(self):
        self.is_bad("I9", BEGIN + """
r 7-8 NOOP
    * 2 FETCH (FLAGS ())
    OK NOOP completed""")

    def test_expunge_while_numbers_are_under_way(self):
        for command in "FETCH 1 FLAGS", "STORE 1 +FLAGS.SILENT ()", \
                       "SEARCH ALL":
            self.is_bad("I9", EXPUNGED + "\nr 11-12 " + command + """
    * 1 EXPUNGE
    OK completed""")

    def test_a_number_becomes_another_message(self):
        self.finds("I9", "was UID", BEGIN + """
w 7-8 APPEND INBOX () m-2-100
    * 2 EXISTS
    OK [APPENDUID 1 2] APPEND completed
r 9-10 FETCH 1 (UID)
    * 2 EXISTS
    * 1 FETCH (UID 2)
    OK FETCH completed""")

    def test_search_finds_what_is_not_there(self):
        self.is_bad("I9", BEGIN + """
r 7-8 SEARCH ALL
    * SEARCH 1 2
    OK SEARCH completed""")
        self.is_bad("I9", BEGIN + """
r 7-8 UID SEARCH RETURN (ALL) ALL
    * ESEARCH (TAG "x") UID ALL 1:2
    OK SEARCH completed""")

    def test_numbers_with_nothing_selected(self):
        self.is_bad("I9", """
r 1-2 NOOP
    * 1 EXISTS
    OK NOOP completed""")

    def test_a_right_number_is_refused(self):
        self.is_bad("I9", BEGIN + """
r 7-8 FETCH 1 FLAGS
    BAD there is no such message number""")


class Uids(Case):
    def test_uids_do_not_rise_with_the_numbers(self):
        self.is_bad("I1", """
r 3-4 SELECT INBOX""" + select(2, 9) + """
r 5-6 FETCH 1:2 (UID)
    * 1 FETCH (UID 8)
    * 2 FETCH (UID 7)
    OK FETCH completed""")

    def test_a_later_message_has_a_lower_uid(self):
        self.is_bad("I1", """
w 1-2 APPEND INBOX () m-1-100
    OK [APPENDUID 1 5] APPEND completed
w 3-4 APPEND INBOX () m-2-100
    OK [APPENDUID 1 4] APPEND completed""")

    def test_a_uid_is_two_messages(self):
        self.is_bad("I2", BEGIN + """
w 7-8 APPEND Work () m-2-100
    OK [APPENDUID 2 7] APPEND completed
s 9-10 EXAMINE INBOX""" + select(1, 2) + """
s 11-12 FETCH 1 (UID BODY.PEEK[])
    * 1 FETCH (UID 1 TEXT=m-2-100)
    OK FETCH completed""")

    def test_octets_change(self):
        self.is_bad("I2", BEGIN + """
r 7-8 FETCH 1 (UID BODY.PEEK[])
    * 1 FETCH (UID 1 TEXT=m-1-100!)
    OK FETCH completed""")

    def test_octets_that_nobody_sent(self):
        self.is_bad("I2", BEGIN + """
r 7-8 FETCH 1 (UID BODY.PEEK[])
    * 1 FETCH (UID 1 TEXT=other)
    OK FETCH completed""")

    def test_a_uid_is_given_twice(self):
        self.is_bad("I3", """
w 1-9 APPEND INBOX () m-1-100
    OK [APPENDUID 1 5] APPEND completed
x 1-9 APPEND INBOX () m-2-100
    OK [APPENDUID 1 5] APPEND completed""")

    def test_uidnext_falls(self):
        self.is_bad("I3", """
w 1-2 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)""" + status(0, 9) + """
w 3-4 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)""" + status(0, 8))

    def test_uidnext_is_not_above_what_was_shown(self):
        self.is_bad("I3", BEGIN + """
w 7-8 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)""" + status(1, 1))


class Visible(Case):
    def test_an_acknowledged_message_is_lost(self):
        self.finds("I4", "is not told", BEGIN + """
s 11-12 EXAMINE INBOX""" + select(1, 3) + """
s 13-14 FETCH 1 (UID)
    * 1 FETCH (UID 2)
    OK FETCH completed
w 7-8 APPEND INBOX () m-2-100
    * 2 EXISTS
    OK [APPENDUID 1 2] APPEND completed""")

    def test_a_session_is_not_told_of_a_message(self):
        self.is_bad("I4", BEGIN + """
w 7-8 APPEND INBOX () m-2-100
    * 2 EXISTS
    OK [APPENDUID 1 2] APPEND completed
r 9-10 NOOP
    OK NOOP completed""")

    def test_a_session_is_not_told_of_an_expunge(self):
        self.is_bad("I4", EXPUNGED + """
r 11-12 NOOP
    OK NOOP completed""")
        self.is_good(EXPUNGED + """
r 11-12 SEARCH ALL
    * SEARCH 1
    OK SEARCH completed""")

    def test_an_expunged_message_is_back(self):
        self.finds("I4", "had gone", EXPUNGED + """
s 11-12 EXAMINE INBOX""" + select(1, 2) + """
s 13-14 FETCH 1 (UID)
    * 1 FETCH (UID 1)
    OK FETCH completed""")

    def test_a_delivery_is_nowhere(self):
        self.is_bad("I4", BEGIN + """
l 7-8 LMTP m-9-100
    250 2.0.0 delivered
    OK""")

    def test_half_of_an_append_is_there(self):
        self.is_bad("I5", BEGIN + """
x 7-8 APPEND INBOX () m-2-100 () m-3-100
s 11-12 EXAMINE INBOX""" + select(2, 3) + """
s 13-14 FETCH 1:2 (UID TEXT)
    * 1 FETCH (UID 1 TEXT=m-1-100)
    * 2 FETCH (UID 2 TEXT=m-2-100)
    OK FETCH completed""")

    def test_appenduid_has_too_few(self):
        self.is_bad("I5", """
x 7-8 APPEND INBOX () m-2-100 () m-3-100
    OK [APPENDUID 1 1] APPEND completed""")

    def test_copyuid_names_what_was_not_asked(self):
        self.is_bad("I5", BEGIN + """
w 7-8 UID COPY 1 Trash
    OK [COPYUID 2 1:2 1:2] COPY completed""")

    def test_copyuid_names_the_wrong_copy(self):
        self.is_bad("I2", BEGIN + """
w 7-8 UID COPY 1 Trash
    OK [COPYUID 2 1 1] COPY completed
s 7-8 APPEND Trash () m-2-100
    OK [APPENDUID 2 2] APPEND completed
s 9-10 EXAMINE Trash""" + select(2, 3, 2) + """
s 11-12 FETCH 1:2 (UID TEXT)
    * 1 FETCH (UID 1 TEXT=m-2-100)
    * 2 FETCH (UID 2 TEXT=m-1-100)
    OK FETCH completed""")


MOVED = BEGIN + """
w 7-8 MOVE 1 Trash
    * OK [COPYUID 2 1 1] Moved
    * 1 EXPUNGE
    OK MOVE completed
"""


class Lives(Case):
    def test_a_moved_message_is_still_there(self):
        self.finds("I10", "had gone", MOVED + """
s 11-12 EXAMINE INBOX""" + select(1, 2) + """
s 13-14 FETCH 1 (UID)
    * 1 FETCH (UID 1)
    OK FETCH completed""")

    def test_a_message_nobody_put_there(self):
        self.is_bad("I10", MOVED + """
s 11-12 EXAMINE Trash""" + select(2, 3, 2) + """
s 13-14 FETCH 1:2 (UID TEXT)
    * 1 FETCH (UID 1 TEXT=m-1-100)
    * 2 FETCH (UID 2 TEXT=m-1-100)
    OK FETCH completed""")

    def test_a_message_goes_by_itself(self):
        self.is_bad("I11", BEGIN + """
r 7-8 NOOP
    * 1 EXPUNGE
    OK NOOP completed""")

    def test_expunge_takes_what_is_not_deleted(self):
        self.is_bad("I11", BEGIN + """
w 7-8 EXPUNGE
    * 1 EXPUNGE
    OK EXPUNGE completed""")

    def test_uid_expunge_takes_what_is_not_in_its_set(self):
        self.is_bad("I11", DELETED + """
w 9-10 UID EXPUNGE 2
    * 1 EXPUNGE
    OK EXPUNGE completed""")


class Counts(Case):
    def test_status_is_off_by_one(self):
        for n in 0, 2:
            self.is_bad("I13", BEGIN + """
w 7-8 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)""" + status(n, 2))

    def test_select_is_off_by_one(self):
        self.is_bad("I13", BEGIN + """
s 7-8 EXAMINE INBOX""" + select(2, 2))

    def test_the_recount(self):
        for unseen, anomalies in (1, 0), (2, 1):
            history = parse("""
audit 1-2 STATUS INBOX (MESSAGES UNSEEN DELETED SIZE)
    * STATUS INBOX (MESSAGES 1 UNSEEN %d DELETED 0 SIZE 100)
    OK STATUS completed
audit 3-4 EXAMINE INBOX
    OK completed
audit 5-6 FETCH 1:* (FLAGS RFC822.SIZE)
    * 1 FETCH (FLAGS () RFC822.SIZE 100)
    OK completed""" % unseen)
            self.assertEqual(len(audit.recount(history)), anomalies)


class Flags(Case):
    def test_a_flag_is_lost(self):
        self.is_bad("I17", DELETED + """
r 9-10 FETCH 1 FLAGS
    * 1 FETCH (FLAGS ())
    OK FETCH completed""")

    def test_a_flag_comes_by_itself(self):
        self.is_bad("I17", BEGIN + """
r 7-8 FETCH 1 FLAGS
    * 1 FETCH (FLAGS (\\Seen))
    OK FETCH completed""")

    def test_a_copy_has_other_flags(self):
        for flags, anomalies in ("\\Deleted", []), ("", ["I17"]):
            self.assertEqual(found(DELETED + """
w 9-10 COPY 1 Trash
    OK [COPYUID 2 1 1] COPY completed
w 11-12 SELECT Trash""" + select(1, 2, 2) + """
w 13-14 FETCH 1 (UID FLAGS)
    * 1 FETCH (UID 1 FLAGS (%s))
    OK FETCH completed""" % flags), anomalies)


def seen(times, name, validity):
    return "\nw %s STATUS %s (UIDVALIDITY)" % (times, name) + status(
        0, 1, validity, name)


NONE = """
    NO [NONEXISTENT] no such mailbox"""


class Names(Case):
    def test_a_mailbox_becomes_another(self):
        self.is_bad("I12", seen("1-2", "a", 1) + seen("3-4", "a", 2))

    def test_a_recreated_mailbox_has_its_old_uidvalidity(self):
        for validity, anomalies in (1, ["I12"]), (2, []):
            self.assertEqual(found(seen("1-2", "a", 1) + """
w 3-4 DELETE a
    OK DELETE completed
w 5-6 CREATE a
    OK CREATE completed""" + seen("7-8", "a", validity)), anomalies)

    def test_a_created_mailbox_is_not_there(self):
        self.is_bad("I12", """
w 1-2 CREATE a
    OK CREATE completed
w 3-4 STATUS a (UIDVALIDITY)""" + NONE)

    def test_a_mailbox_goes_by_itself(self):
        self.is_bad("I12", seen("1-2", "a", 1) + """
w 3-4 STATUS a (UIDVALIDITY)""" + NONE)

    def test_a_renamed_mailbox_is_another(self):
        for validity, anomalies in (1, []), (2, ["I12"]):
            self.assertEqual(found(
                seen("1-2", "a", 1) + seen("1-2", "a/b", 5) + """
w 3-4 RENAME a c
    OK RENAME completed""" + seen("5-6", "c", validity)
                + seen("5-6", "c/b", 5)), anomalies)

    def test_a_rename_leaves_a_child_behind(self):
        self.is_bad("I12", seen("1-2", "a/b", 5) + """
w 3-4 RENAME a c
    OK RENAME completed
w 5-6 STATUS c/b (UIDVALIDITY)""" + NONE)


class Notified(Case):
    """n has INBOX selected and asks about Trash; what it hears."""

    @staticmethod
    def begin(how="SELECTED"):
        return BEGIN + """
n 6-7 SELECT INBOX""" + select(1, 2) + """
n 7-8 NOTIFY SET (%s (MessageNew MessageExpunge)) (MAILBOXES (Trash) ())
    OK NOTIFY completed
n 9-10 STATUS Trash (MESSAGES UIDNEXT)""" % how + status(0, 1, 2, "Trash")

    APPENDED = """
w 11-12 APPEND Trash () m-2-100
    OK [APPENDUID 2 1] APPEND completed"""

    PUSHED = """
n 12-15 WAITING
    * STATUS Trash (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 2)"""

    GONE = """
w 11-12 STORE 1 +FLAGS.SILENT (\\Deleted)
    OK STORE completed
w 13-14 EXPUNGE
    * 1 EXPUNGE
    OK EXPUNGE completed"""

    ASKED = """
n 20-21 STATUS Trash (MESSAGES UIDNEXT)""" + status(1, 2, 2, "Trash") + """
n 22-23 NOOP
    OK NOOP completed"""

    def test_news_comes_in_time(self):
        self.is_good(self.begin() + self.APPENDED + self.PUSHED + self.ASKED)

    def test_news_comes_with_the_next_command(self):
        self.is_good(self.begin() + self.APPENDED + self.ASKED.replace(
            "    OK NOOP", "    * STATUS Trash (MESSAGES 1 UIDNEXT 2"
            " UIDVALIDITY 2)\n    OK NOOP"))

    def test_news_never_comes(self):
        self.is_bad("I4", self.begin() + self.APPENDED + self.ASKED)

    def test_some_of_the_news_never_comes(self):
        self.is_bad("I4", self.begin() + self.APPENDED + self.PUSHED + """
w 16-17 APPEND Trash () m-3-100
    OK [APPENDUID 2 2] APPEND completed"""
                    + self.ASKED.replace("MESSAGES 1 UIDNEXT 2",
                                         "MESSAGES 2 UIDNEXT 3"))

    def test_news_is_not_so(self):
        self.is_bad("I13", self.begin() + self.APPENDED
                    + self.PUSHED.replace("MESSAGES 1", "MESSAGES 2"))

    def test_news_may_be_older_than_the_wait(self):
        self.is_good(self.begin() + """
w 9.5-12 APPEND Trash () m-2-100
    OK [APPENDUID 2 1] APPEND completed
w 13-14 APPEND Trash () m-3-100
    OK [APPENDUID 2 2] APPEND completed""" + self.PUSHED.replace("12-", "15-"))

    def test_an_expunge_while_it_waits(self):
        for how, anomalies in ("SELECTED", []), ("SELECTED-DELAYED", ["I9"]):
            self.assertEqual(found(self.begin(how) + self.GONE + """
n 14-15 WAITING
    * 1 EXPUNGE"""), anomalies)

    def test_told_without_having_asked(self):
        self.is_bad("I9", self.begin() + """
n 10-11 NOTIFY NONE
    OK NOTIFY completed""" + self.GONE + """
n 14-15 WAITING
    * 1 EXPUNGE""")

    OVERFLOW = """
n 10-11 WAITING
    * OK [NOTIFICATIONOVERFLOW] ask again"""

    def test_a_visitor_may_be_told_no_more(self):
        script = self.begin() + self.OVERFLOW + self.APPENDED + self.ASKED
        self.is_bad("I4", script)
        self.is_good(script.replace("\nn ", "\nv "))

    def test_then_he_is_told_nothing(self):
        self.is_bad("I9", (self.begin() + self.OVERFLOW + self.APPENDED
                           + self.PUSHED).replace("\nn ", "\nv "))


class Losses(unittest.TestCase):
    def test_a_session_is_lost_without_a_reason(self):
        partition = {"ann": 1}
        loss = Loss("ann", "c1", 9.0, 10.0, 4711)
        for blow, blamed in (
                (Blow("kill", "mail/1", 9.9, 9.9, set()), True),
                (Blow("kill", "all", 9.9, 9.9, set()), True),
                (Blow("kill", "gate/0", 9.9, 9.9, {4711}), True),
                (Blow("kill", "gate/0", 9.9, 9.9, {4712}), False),
                (Blow("kill", "gate/0", 8.9, 8.9, {4711}), False),
                (Blow("kill", "mail/0", 9.9, 9.9, set()), False),
                (Blow("kill", "mail/1", 10.5, 10.5, set()), False),
                (Blow("out", "ann", 9.9, 9.9, set()), True),
                (Blow("out", "ann", 8.8, 8.9, set()), False),
                (Blow("out", "bob", 9.9, 9.9, set()), False),
                (Blow("pause", "mail/1", 9.9, 9.9, set()), False)):
            self.assertEqual(blame.unexplained([blow], [loss], partition),
                             [] if blamed else [loss])


if __name__ == "__main__":
    result = unittest.main(exit=False, testRunner=unittest.TextTestRunner(
        stream=sys.stdout)).result
    failed = len(result.failures) + len(result.errors)
    print("%d passed, %d failed" % (result.testsRun - failed, failed))
    sys.exit(failed != 0)
