"""known_cyrus.py -- where roost and Cyrus differ, and why that may be."""
import re

from known import Fold, Known, Row, everywhere

ANY = ""


def without_storage(value):
    """Resources without the storage that is used."""
    return [[(x[0], None, x[2]) if x[0] == "STORAGE" else x for x in root]
            for root in value]


def without_time(value):
    """A date-time's form: one had the message in a second, one in the next."""
    if not isinstance(value, bytes):
        return value
    return re.sub(rb"\d\d-\w{3}-(\d{4}) [\d:]{8} ", rb"dd-mmm-\1 time ",
                  value)


FOLDS = [
    Fold(r"^answer of b'FETCH 1 SAVEDATE'", everywhere(without_time),
         "Both legal: each when it had it"),
    Fold(r"^answer of b'GETQUOTAROOT (INBOX|box)'", without_storage,
         "Both legal: Cyrus rounds down to 1,024 octets, roost up (RFC 9208"
         " section 5.1)"),
]
ROWS = [
    # -- mailboxes --
    Row(r"^answer of b'LIST \"\" ([iI]n|\*o\*|%o%)", r"INBOX", ANY,
        "Cyrus is wrong: INBOX is it in any letter case (RFC 9051 section"
        " 5.1); and &Jjo- has no o to others"),
    Row(r"^answer of b'LIST (\"a/\"|tree/) /%'", r"^\[\]$", ANY,
        "Both legal: a pattern that begins with the delimiter behind a"
        " reference (RFC 9051 section 6.3.9)"),
    Row(r"^answer of b'LIST \(.*SUBSCRIBED.*\) ", r"HASCHILDREN'.*INBOX",
        r"HASNOCHILDREN'.*INBOX", "Cyrus is wrong: INBOX has a child"),
    Row(r"^answer of b'LIST \(SUBSCRIBED RECURSIVEMATCH\) \"\" a ", ANY,
        r"NONEXISTENT", "Cyrus is wrong: a is there (RFC 9051 section"
        " 7.3.1)"),

    # -- CONDSTORE, QRESYNC --
    Row(r"^untagged of b'FETCH 1:\* \(FLAGS\)' at stamp", r"MODSEQ", ANY,
        "Cyrus is wrong: once CONDSTORE is enabled every FETCH has MODSEQ"
        " (RFC 7162 section 3.1)"),
    Row(r"^status of b'SELECT INBOX \(QRESYNC", "BAD", "OK",
        "Cyrus is lenient: the grammar has no * there, and as many UIDs as"
        " numbers (RFC 7162 section 7)"),

    # -- SORT, THREAD --
    Row(r"^status of b'(SORT|THREAD) .* X-NONE", "NO", "BAD",
        "Cyrus is wrong: a charset that it has not is NO (RFC 5256 section"
        " 3)"),
    Row(r"^code of b'(SORT|THREAD) .* X-NONE", "BADCHARSET", r"^\(\)$",
        "Both legal: as the status"),
    Row(r"^answer of b'UID SORT RETURN \(.*(MIN|MAX)", r"b'talk", r"b'talk",
        "Cyrus has the lowest and the highest UID there, roost and Dovecot"
        " the first and the last of the order (RFC 5267 section 3.1)"),
    Row(r"^odd letters: b'SORT \(FROM\)", r"b'zoe', b'_u'\)",
        r"^\[\('SORT', b'_u', ", "Cyrus is wrong: _ is behind Z, as which z"
        " is compared (RFC 4790 section 9.2.1)"),
    Row(r"^odd letters: b'SORT \(SUBJECT\)", r"b'_u', b'bob', b'ann'",
        r"b'zoe', b'bob'", "Cyrus is wrong: i;unicode-casemap takes letters"
        " apart, A with its dots is near A (RFC 5051 section 2)"),
    Row(r"^odd letters: b'THREAD ORDEREDSUBJECT", r"b'chi',\), \(b'kim'",
        r"b'chi', b'kim'", "Cyrus is wrong: a Chinese and a Korean subject are"
        " one to it"),

    # -- METADATA, QUOTA --
    Row(r"^answer \d+ of b'GETMETADATA .*/[aA]\b", r"b'/private/a', b''",
        r"b'/private/a', None", "Cyrus is wrong: NIL takes an annotation away,"
        " an empty value stays (RFC 5464 section 4.3)"),
    Row(r"^code of b'GETMETADATA \(MAXSIZE 1\)", r"LONGENTRIES", r"^\(\)$",
        "Cyrus is wrong: it says LONGENTRIES only when no entry fits (RFC"
        " 5464 section 4.2.1)"),
    Row(r"^status of b'SETMETADATA INBOX \(/private/(x\*|/x|x/) ", "BAD",
        "OK", "Cyrus is lenient: a name has no * and no empty component (RFC"
        " 5464 section 3.2)"),
    Row(r"^(status|answer|roots) of b'GETQUOTAROOT none'", ANY, ANY,
        "Cyrus is wrong: the mailbox need not be there (RFC 9208 section"
        " 4.1.2)"),
    Row(r"^status of b'SETQUOTA \S+ \(STORAGE x\)'", "BAD", "NO",
        "Both legal: who may not is told so, or that it can't be read"),
    Row(r"^(status|answer) of b'GETQUOTA \"\"'", ANY, ANY,
        "Both legal: a root's name is the server's, and Cyrus shows one by its"
        " name to administrators alone (RFC 9208 section 4.1.1)"),
    Row(r"^(code of b'(COPY|MOVE)|status of APPEND)", r"OVERQUOTA",
        r"^(\('NO', \(\)\)|\(\))$",
        "Both legal: OVERQUOTA is a SHOULD (RFC 9208 section 4.4); Cyrus has"
        " it for octets alone"),
    Row(r"^code of b'EXPUNGE'", r"^\(\)$", "HIGHESTMODSEQ",
        "Both legal: Cyrus says it unasked (RFC 7162 section 3.2.7)"),
    Row(r"^code of b'CREATE", r"MAILBOXID", r"MAILBOXID",
        "Both legal: each its own"),

    # -- ACL --
    Row(r" with '[ri]'$", ANY, ANY,
        "roost deviates: without l nothing else counts (RFC 4314 section 4)"),
    Row(r"^status of b'SUBSCRIBE %s'", "OK", "NO",
        "Both legal: l is needed where a server checks for the mailbox (RFC"
        " 4314 section 4)"),
    Row(r"^status of b'(GET|SET)METADATA %s ", "NO", "OK",
        "Cyrus is lenient: l and r are needed (RFC 5464 section 3.3)"),
    Row(r"^(status|answer) of b'STORE 2 FLAGS \(\)'", ANY, ANY,
        "Both legal: nothing is left to be changed in a mailbox that is"
        " READ-ONLY"),
    Row(r"^(status|answer) of b'STORE 2 FLAGS \(\\\\Answered\)'", ANY,
        ANY, "Both legal: a STORE that replaces is about all flags, of which"
        " some may be changed (RFC 4314 section 4)"),
    Row(r"^answer of b'STORE 2 -FLAGS", r"FETCH", ANY,
        "Both legal: Cyrus is silent of flags that stay as they are (RFC"
        " 9051 section 6.4.6)"),
    Row(r"^status of b'DELETE %s'", "OK", "NO",
        "Both legal: of a mailbox with others below it (RFC 9051 section"
        " 6.3.5)"),

    Row(r"^answer of b'MYRIGHTS %s' with 'lr[cd]'", ANY, ANY,
        "Both legal: whether x is in c or in d (RFC 4314 section 2.1.1)"),

    # -- the rest --
    Row(r"^code of ", r"'(NONEXISTENT|USEATTR)'", r"^\(\)$",
        "Both legal: RFC 5530 is a server's choice"),
    Row(r"^(status|code|answer) of b'(CREATE special|LIST \"\" special)", ANY,
        ANY, "Both legal: here there is an \\Archive already, and a use has"
        " one mailbox (RFC 6154 section 3)"),
    Row(r"^answer of b'LIST \(SUBSCRIBED\) \"\" \* RETURN", ANY, ANY,
        "Both legal: what is there at first"),
    Row(r"^(status|answer) of b'SEARCH OLDER 0'", ANY, ANY,
        "Cyrus is lenient: an interval is an nz-number (RFC 5032 section 3)"),
    Row(r"^answer of b'FETCH 1 \(?PREVIEW", r"This is 1", r"None",
        "Both legal: Cyrus has no preview of it (RFC 8970 section 3.1)"),
    Row(r"^answer of b'STATUS INBOX \(MAILBOXID\)'", r"'F\w+'", r"'\w+'",
        "Both legal: each its own"),
    Row(r"^answer of b'FETCH 1 \(EMAILID THREADID\)'", r"'M\w+'.*'T\w+'",
        r"'M\w+'.*'T\w+'", "Both legal: each its own"),
]
CYRUS = Known(FOLDS, ROWS)
