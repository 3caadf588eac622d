"""test_changes.py -- the checker finds what is wrong with modification
sequences, with REPLACE and CATENATE, and with what is set and looked at. A
part of test_checker.py.
"""
from cases import BEGIN, Case, found, parse, select, status
from check import check


class Back(Case):
    """b knows messages 1 to 3 of INBOX up to MODSEQ 13, and goes away."""

    BEGIN = """
w 1-2 APPEND INBOX () m-1-100 () m-2-100 () m-3-100
    OK [APPENDUID 1 1:3] APPEND completed
b 3-4 ENABLE QRESYNC
    * ENABLED QRESYNC
    OK ENABLE completed
b 5-6 SELECT INBOX
    * OK [HIGHESTMODSEQ 13] Highest""" + select(3, 4) + """
b 7-8 UID FETCH 1:* (FLAGS)
    * 1 FETCH (UID 1 FLAGS () MODSEQ (11))
    * 2 FETCH (UID 2 FLAGS () MODSEQ (12))
    * 3 FETCH (UID 3 FLAGS () MODSEQ (13))
    OK FETCH completed
b 9-10 UNSELECT
    OK UNSELECT completed
w 9-10 SELECT INBOX""" + select(3, 4) + """
w 10.1-10.2 FETCH 1:3 (UID)
    * 1 FETCH (UID 1)
    * 2 FETCH (UID 2)
    * 3 FETCH (UID 3)
    OK FETCH completed
w 11-12 UID STORE 1:2 +FLAGS.SILENT (\\Deleted)
    OK STORE completed
w 13-14 UID EXPUNGE 2
    * 2 EXPUNGE
    OK EXPUNGE completed
b 15-16 SELECT INBOX (QRESYNC (1 13))
    * OK [HIGHESTMODSEQ 15] Highest"""

    CHANGED = """
    * 1 FETCH (UID 1 FLAGS (\\Deleted) MODSEQ (14))"""

    LOOK = """
b 17-18 UID FETCH 1:* (FLAGS)
    * 1 FETCH (UID 1 FLAGS (\\Deleted) MODSEQ (14))
    * 2 FETCH (UID 3 FLAGS () MODSEQ (13))
    OK FETCH completed"""

    def told(self, exists, *lines, uidnext=4):
        first, *rest = select(exists, uidnext).lstrip("\n").split("\n")
        return self.BEGIN + "".join(
            "\n    " + x.strip() for x in (first, *lines, *rest))

    def test_it_is_told_all(self):
        self.is_good(self.told(2, "* VANISHED (EARLIER) 2", self.CHANGED)
                     + self.LOOK)

    def test_it_may_be_told_too_much(self):
        self.is_good(self.told(2, "* VANISHED (EARLIER) 2,77:99",
                               self.CHANGED) + self.LOOK)

    def test_vanished_is_left_out(self):
        self.finds("I7", "remembers 3 messages, there are 2",
                   self.told(2, self.CHANGED) + self.LOOK)

    def test_it_names_another(self):
        self.finds("I11", "nobody removed it",
                   self.told(2, "* VANISHED (EARLIER) 3", self.CHANGED) + """
b 17-18 UID FETCH 1:* (FLAGS)
    * 1 FETCH (UID 1 FLAGS (\\Deleted) MODSEQ (14))
    * 2 FETCH (UID 2 FLAGS () MODSEQ (12))
    OK FETCH completed""")

    def test_a_change_is_left_out(self):
        self.is_bad("I7", self.told(2, "* VANISHED (EARLIER) 2") + self.LOOK)

    def test_one_goes_meanwhile(self):
        script = self.told(3, "* VANISHED (EARLIER) 2", self.CHANGED,
                           uidnext=5).replace("\nb 15-16", """
w 14.1-14.2 APPEND INBOX () m-4-100
    * 3 EXISTS
    OK [APPENDUID 1 4] APPEND completed
w 14.25-14.26 FETCH 3 (UID)
    * 3 FETCH (UID 4)
    OK FETCH completed
w 14.3-15.5 UID MOVE 4 Trash
    * OK [COPYUID 2 4 1] Moved
    * 3 EXPUNGE
    OK MOVE completed
b 15-16""")
        for end, anomalies in ("\n    * VANISHED 4", []), ("", ["I7"]):
            self.assertEqual(found(script + """
b 17-18 NOOP""" + end + """
    OK NOOP completed"""), anomalies)

    def test_vanished_of_what_is_not_there(self):
        self.is_bad("I9", self.told(2, "* VANISHED (EARLIER) 2", self.CHANGED)
                    + """
b 17-18 NOOP
    * VANISHED 77
    OK NOOP completed""")

    def test_vanished_unasked(self):
        self.is_bad("I9", BEGIN + """
r 7-8 NOOP
    * VANISHED 1
    OK NOOP completed""")


class ModSeqs(Case):
    SEEN = BEGIN + """
r 7-8 FETCH 1 (UID FLAGS MODSEQ)
    * 1 FETCH (UID 1 FLAGS () MODSEQ (10))
    OK FETCH completed"""

    WON = """
w 9-10 UID STORE 1 (UNCHANGEDSINCE 10) FLAGS.SILENT (one)
    * 1 FETCH (UID 1 MODSEQ (11))
    OK STORE completed"""

    def test_one_wins(self):
        self.is_good(self.SEEN + self.WON + """
r 9-11 UID STORE 1 (UNCHANGEDSINCE 10) FLAGS.SILENT (two)
    OK [MODIFIED 1] STORE completed
r 12-13 FETCH 1 (UID FLAGS MODSEQ)
    * 1 FETCH (UID 1 FLAGS (one) MODSEQ (11))
    OK FETCH completed""")

    def test_two_win(self):
        self.is_bad("I8", self.SEEN + self.WON + """
r 9-11 UID STORE 1 (UNCHANGEDSINCE 10) FLAGS.SILENT (two)
    * 1 FETCH (UID 1 MODSEQ (12))
    OK STORE completed""")

    def test_another_change_was_between(self):
        self.is_bad("I8", self.SEEN + """
r 9-10 FETCH 1 (UID FLAGS MODSEQ)
    * 1 FETCH (UID 1 FLAGS (two) MODSEQ (11))
    OK FETCH completed
w 8-10 UID STORE 1 FLAGS.SILENT (two)
    OK STORE completed
w 11-12 UID STORE 1 (UNCHANGEDSINCE 10) FLAGS.SILENT (one)
    * 1 FETCH (UID 1 MODSEQ (12))
    OK STORE completed""")

    def test_it_is_kept_out_for_nothing(self):
        self.is_bad("I8", self.SEEN + """
w 9-10 UID STORE 1 (UNCHANGEDSINCE 10) FLAGS.SILENT (one)
    OK [MODIFIED 1] STORE completed
r 11-12 FETCH 1 (UID FLAGS MODSEQ)
    * 1 FETCH (UID 1 FLAGS () MODSEQ (10))
    OK FETCH completed""")

    def test_what_is_kept_out_changes_nothing(self):
        self.is_bad("I17", self.SEEN + """
w 9-10 UID STORE 1 (UNCHANGEDSINCE 9) FLAGS.SILENT (one)
    OK [MODIFIED 1] STORE completed
r 11-12 FETCH 1 (UID FLAGS)
    * 1 FETCH (UID 1 FLAGS (one))
    OK FETCH completed""")

    def test_modseq_falls(self):
        self.is_bad("I6", self.SEEN + """
r 9-10 FETCH 1 (UID MODSEQ)
    * 1 FETCH (UID 1 MODSEQ (9))
    OK FETCH completed""")

    def test_two_states_with_one_modseq(self):
        self.is_bad("I6", self.SEEN + """
w 6-9 UID STORE 1 FLAGS.SILENT (one)
    OK STORE completed
r 9-10 FETCH 1 (UID FLAGS MODSEQ)
    * 1 FETCH (UID 1 FLAGS (one) MODSEQ (10))
    OK FETCH completed""")

    TOP = """
y %s STATUS INBOX (MESSAGES UIDVALIDITY HIGHESTMODSEQ)
    * STATUS INBOX (MESSAGES %d UIDVALIDITY 1 HIGHESTMODSEQ %d)
    OK STATUS completed"""

    def test_highestmodseq_falls(self):
        for value, anomalies in (10, []), (9, ["I6"]):
            self.assertEqual(found(
                self.SEEN + self.TOP % ("9-10", 1, value)), anomalies)

    def test_two_states_with_one_highestmodseq(self):
        self.is_bad("I6", self.SEEN + self.TOP % ("9-11", 1, 10) + """
x 9-10 APPEND INBOX () m-2-100
    OK [APPENDUID 1 2] APPEND completed""" + self.TOP % ("12-13", 2, 10)
                    + """
r 14-15 NOOP
    * 2 EXISTS
    OK NOOP completed""")


class Replaces(Case):
    REPLACED = BEGIN + """
w 7-8 UID REPLACE 1 INBOX () m-2-100
    * OK [APPENDUID 1 2] Replacement message ready
    * 2 EXISTS
    * 1 EXPUNGE
    OK REPLACE completed
s 9-10 EXAMINE INBOX"""

    def test_one_for_the_other(self):
        self.is_good(self.REPLACED + select(1, 3))

    def test_both_are_there(self):
        self.finds("I10", "had gone", self.REPLACED + select(2, 3) + """
s 11-12 FETCH 1:2 (UID)
    * 1 FETCH (UID 1)
    * 2 FETCH (UID 2)
    OK FETCH completed""")

    def test_both_are_there_of_one_that_was_lost(self):
        self.finds("I10", "which replaces it", BEGIN + """
w 7-8 UID REPLACE 1 INBOX () m-2-100
s 9-10 EXAMINE INBOX""" + select(2, 3) + """
s 11-12 FETCH 2 (UID TEXT)
    * 2 FETCH (UID 2 TEXT=m-2-100)
    OK FETCH completed
s 13-14 FETCH 1:2 (UID)
    * 1 FETCH (UID 1)
    * 2 FETCH (UID 2)
    OK FETCH completed""")

    def test_what_catenate_quotes(self):
        for quoted, anomalies in ("m-1-100", []), ("m-9-100", ["I2"]):
            self.assertEqual(found(BEGIN + """
w 7-8 APPEND Trash () CATENATE m-2q-100 /INBOX;UIDVALIDITY=1/;UID=1
    OK [APPENDUID 2 1] APPEND completed
s 9-10 EXAMINE Trash""" + select(1, 2, 2) + """
s 11-12 FETCH 1 (UID TEXT)
    * 1 FETCH (UID 1 TEXT=m-2q-100+%s)
    OK FETCH completed""" % quoted), anomalies)


class Settings(Case):
    SET = """
w 1-2 SETMETADATA INBOX (/private/comment "a")
    OK SETMETADATA completed
w 3-4 SETACL INBOX anyone lr
    OK SETACL completed
w 5-6 SUBSCRIBE news
    OK SUBSCRIBE completed
v 5-6 SETQUOTA "" (MESSAGE 700)
    OK SETQUOTA completed"""

    LOST = """
w 7-8 SETMETADATA INBOX (/private/comment NIL)
w 7-8 DELETEACL INBOX anyone
w 7-8 UNSUBSCRIBE news"""

    @staticmethod
    def look(value, rights, subscribed):
        return """
r 9-10 GETMETADATA INBOX (/private/comment)
    * METADATA INBOX (/private/comment %s)
    OK GETMETADATA completed
r 11-12 GETACL INBOX
    * ACL INBOX ann lrswipkxteacd%s
    OK GETACL completed
r 13-14 LSUB "" news%s
    OK LSUB completed""" % (
            value, rights, '\n    * LSUB () "/" news' * subscribed)

    def test_a_limit_stays(self):
        for shown, judge in (
                ("* QUOTA \"\" (MESSAGE 3 700)\n    OK GETQUOTA completed",
                 self.is_good),
                ("* QUOTA \"\" (MESSAGE 3 800)\n    OK GETQUOTA completed",
                 lambda text: self.is_bad("I18", text)),
                ("NO [NONEXISTENT] no such quota root",
                 lambda text: self.is_bad("I18", text))):
            judge(self.SET + '\nr 7-8 GETQUOTA ""\n    ' + shown)

    def test_they_stay(self):
        self.is_good(self.SET + self.look('"a"', " anyone lr", True))

    def test_what_was_lost_may_have_been(self):
        self.is_good(self.SET + self.LOST
                     + self.look('"a"', " anyone lr", True))
        self.is_good(self.SET + self.LOST + self.look("NIL", "", False))

    def test_one_is_lost(self):
        for shown in (("NIL", " anyone lr", True), ('"a"', "", True),
                      ('"a"', " anyone lr", False),
                      ('"b"', " anyone lr", True)):
            self.is_bad("I18", self.SET + self.look(*shown))


class Visitors(Case):
    """The visitor is v; its LOGIN says so (cases.py)."""
    IN = """
w 1-2 SETACL Club visitor-ann lrswite
    OK SETACL completed"""

    OUT = IN + """
w 5-6 DELETEACL Club visitor-ann
    OK DELETEACL completed"""

    LOOK = """
v %s STATUS Club (MESSAGES UIDNEXT UIDVALIDITY)""" + status(0, 1, 3, "Club")

    NONE = """
v %s STATUS Club (MESSAGES UIDNEXT UIDVALIDITY)
    NO [NONEXISTENT] no such mailbox"""

    def test_in_and_out(self):
        self.is_good(self.OUT + self.NONE % "0-0.5" + self.LOOK % "3-4"
                     + self.NONE % "7-8")
        for between in self.LOOK, self.NONE:
            self.is_good(self.OUT + between % "5-6")

    def test_still_in(self):
        self.is_bad("I15", self.OUT + self.LOOK % "7-8")

    def test_not_yet_in(self):
        self.is_bad("I15", self.IN + self.NONE % "3-4")

    SHUT = """
o 1-2 SHUT visitor-ann
    OK
v 0.1-0.2 NOOP
    OK NOOP completed"""

    def test_shut_out(self):
        later = """
v %d-%d NOOP
    OK NOOP completed"""
        opened = """
o 20-21 OPEN visitor-ann
    OK"""
        self.is_good(self.SHUT + later % (3, 4) + opened + later % (22, 23))
        self.is_bad("I15", self.SHUT + later % (8, 9) + opened)

    def test_let_in_nevertheless(self):
        self.is_good(self.SHUT)
        self.assertEqual({a.invariant for a in check(
            [[op if op.command[:5] != b"LOGIN" else op._replace(t0=3, t1=4)
              for op in ops] for ops in parse(self.SHUT)])[0]}, {"I15"})

    FREEZE = """
o 1-2 FREEZE visitor-ann
    OK
v 0.1-0.2 SELECT Home""" + select(0, 1, 9)

    def test_can_only_be_read(self):
        changes = """
v %s APPEND Home () m-1-100
    OK [APPENDUID 9 1] APPEND completed
v %s SELECT Home""" + select(1, 2, 9)
        refused = """
v %s APPEND Home () m-1-100
    NO [NOPERM] this account can only be read"""
        thawed = """
o 20-21 THAW visitor-ann
    OK"""
        self.is_good(self.FREEZE + changes % ("3-4", "4-5"))
        self.is_bad("I15", self.FREEZE + changes % ("8-9", "9-10"))
        self.is_good(self.FREEZE + thawed + changes % ("22-23", "24-25"))
        self.is_good(self.FREEZE + refused % "8-9")
        self.is_bad("I15", refused % "8-9")
        self.is_bad("I10", self.FREEZE + refused % "8-9" + """
v 10-11 SELECT Home""" + select(1, 2, 9) + """
v 12-13 FETCH 1 (UID BODY[])
    * 1 FETCH (UID 1 TEXT=m-1-100)
    OK FETCH completed""")

    def test_the_store_is_not_whole(self):
        self.is_bad("I14", """
o 1-2 WHOLE
    NO problems""")

    def test_told_more_of_it(self):
        self.finds("I15", "Club", self.OUT + """
v 3-4 SELECT Club""" + select(0, 1, 3) + """
x 3-4 APPEND Club () m-1-100
    OK [APPENDUID 3 1] APPEND completed
v 7-8 NOOP
    * 1 EXISTS
    OK NOOP completed""")

    def test_moved_to_another_account(self):
        moved = BEGIN + """
v 5-6 SELECT INBOX""" + select(1, 2) + """
v 7-8 UID MOVE 1 Home
    * OK [COPYUID 9 1 1] Moved
    * 1 EXPUNGE
    OK MOVE completed
v 11-12 SELECT Home"""
        self.is_good(moved + select(1, 2, 9) + """
s 9-10 EXAMINE INBOX""" + select(0, 2))
        self.finds("I10", "had gone", moved + select(1, 2, 9) + """
s 9-10 EXAMINE INBOX""" + select(1, 2) + """
s 11-12 FETCH 1 (UID)
    * 1 FETCH (UID 1)
    OK FETCH completed""")
        self.finds("I4", "UID 1", moved + select(0, 2, 9))
