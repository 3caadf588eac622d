#!/usr/bin/env python3
"""fail2ban_test.py FILTER -- the filter finds who failed to log in, and
nobody else, whatever a client calls itself.

The lines are those of verify_test.c. fail2ban has found the same addresses
in them; here its two substitutions are made by hand.
"""
import configparser
import re
import sys

PREFIX = "ts=2026-11-21T06:10:01.123Z level=info proc=auth "
REST = " rport=4711 tls=yes session=00112233445566ff service=imap"
FAILED = PREFIX + "event=login_failed "

LINES = [
    # who is to be found, or None
    ("192.0.2.7", FAILED + "user=ann@example.org method=PLAIN rip=192.0.2.7"
     + REST + ' reason="wrong password"'),
    ("2001:db8::1", FAILED + "user=nobody@example.org method=LOGIN "
     "rip=2001:db8::1" + REST + ' reason="no such user"'),
    ("192.0.2.8", "Nov 21 06:10:05 mail roostd[123]: " + FAILED +
     "user=off@example.org method=PLAIN rip=192.0.2.8" + REST +
     ' reason="the account is disabled"'),
    ("192.0.2.9", FAILED + r'user="x rip=198.51.100.1\x0aevent=login '
     'user=root" method=PLAIN rip=192.0.2.9' + REST +
     ' reason="no such user"'),
    ("192.0.2.10", FAILED + r'user="\" method=PLAIN rip=198.51.100.1 rport=1 '
     r'tls=yes session=0 reason=\"no such user" method=PLAIN rip=192.0.2.10'
     + REST + ' reason="no such user"'),
    ("192.0.2.11", FAILED + 'user="" method=PLAIN rip=192.0.2.11' + REST +
     ' reason="user or password is empty, or no text"'),
    ("192.0.2.12", FAILED + "user=ann@example.org method=SCRAM-SHA-256 "
     "rip=192.0.2.12" + REST + ' reason="wrong password, or an app password, '
     'which needs PLAIN or LOGIN"'),
    ("192.0.2.13", FAILED + "method=PLAIN rip=192.0.2.13" + REST +
     ' reason="user or password is empty, or no text"'),
    # it was the right one
    (None, FAILED + "user=ann@example.org method=PLAIN rip=198.51.100.6" +
     REST + ' reason="the main password does not open mail"'),
    # not the client's fault
    (None, FAILED + "user=ann@example.org method=PLAIN rip=198.51.100.2" +
     REST + ' reason="the account\'s partition is not served"'),
    # one that succeeded
    (None, PREFIX + 'event=login user="x event=login_failed user=y '
     'method=PLAIN rip=198.51.100.3" method=PLAIN rip=198.51.100.4' + REST),
    # a text that looks like a line
    (None, 'ts=2026-11-21T06:10:01.123Z level=info proc=gate/0 event=x '
     'text="' + FAILED + 'user=y method=PLAIN rip=198.51.100.5' + REST +
     ' reason=\\"no such user\\""'),
]


def main():
    config = configparser.ConfigParser()
    config.read(sys.argv[1])
    config["Definition"]["__prefix_line"] = r"(?:.*?roostd\[\d+\]: )?"
    regex = re.compile(config["Definition"]["failregex"].replace(
        "<ADDR>", r"(?P<addr>[0-9a-f.:]+)"))
    for want, line in LINES:
        found = regex.search(line)
        got = found and found["addr"]
        if got != want:
            sys.exit("%s: found %s, not %s" % (line, got, want))


main()
