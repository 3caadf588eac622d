"""history.py -- clients, a nemesis, and what they all have seen, checked.

    with Setting() as s:
        s.run(seconds=60, seed=1, nemesis=nemesis.everything(False, 1))
        result = s.check()

Each client is a process and writes its own history. At the end an auditor
reads everything once more, as one more client, and `roost store check` runs.
"""
import collections
import concurrent.futures
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "..", "crash"))
import audit  # noqa: E402
import check  # noqa: E402
import record  # noqa: E402
from actor import BOXES, Actor, Prober, Reader  # noqa: E402
from again import AGAIN, Guest, Leaver  # noqa: E402
from back import Back, Racer  # noqa: E402
from facts import NEVER, Anomaly  # noqa: E402
from harness import Server  # noqa: E402
from nemesis import Blow  # noqa: E402
from notified import Notified, NotifiedVisitor  # noqa: E402
from settings import CLUB, CREW, MEMBER, group_of, visitor_of  # noqa: E402
from visitor import HOME, Keeper, VisitConnection, Visitor  # noqa: E402
from wire import PATIENCE  # noqa: E402

# Hashes are cheap: who is let in again after a kill must not wait for them.
CONF = """trusted_networks = 127.0.0.1
password_memory = 1M
password_passes = 1
refusal_time = 1
"""
PARTITIONS = 4
# the n-th client is the account's whose number is n modulo PARTITIONS
KINDS = {0: Reader, 1: Reader, 2: Reader, 3: NotifiedVisitor, 4: Notified,
         5: Notified, 6: Back, 7: Back, 8: Racer, 9: Back, 10: Visitor,
         11: Visitor, 12: Racer, 14: Keeper, 15: Keeper}
AGAIN_KINDS = [Guest, Guest, Leaver]
VISITED = 2, 3      # the accounts' numbers
SHARED_RIGHTS = "lrswite"
AFTERMATH_S = 1
TLS_SHARE = 0.25


def validity(client, name):
    answer = client.status(name, "(UIDVALIDITY)")[1][0]
    return int(answer.rsplit(b" ", 1)[1].strip(b")"))


class Place:
    """Where a client connects, and as whom."""

    def __init__(self, server, user, until, stop):
        self.imap_port, self.imaps_port = server.imap_port, server.imaps_port
        self.lmtp_port = server.lmtp_port
        self.roost = server.roost
        self.user, self.until, self.stop = user, until, stop

    def is_over(self):
        return self.stop.is_set() or time.monotonic() > self.until

    def imap(self, rnd):
        tls = rnd.random() < TLS_SHARE
        return (self.imaps_port if tls else self.imap_port), tls


def live(kind, place, directory, name, seed):
    """The main function of a client's process."""
    mail = record.Recorder(os.path.join(directory, name + ".mail"),
                           name + "/lmtp")
    own = record.Recorder(os.path.join(directory, name), name)
    office = record.Recorder(os.path.join(directory, name + ".office"),
                             name + "/office")
    try:
        client = kind(place, own, mail, seed)
        client.take_office(office)
        client.live()
    except Exception:
        with open(os.path.join(directory, name + ".error"), "w") as f:
            traceback.print_exc(file=f)
    for recorder in own, mail, office:
        recorder.close()


Result = collections.namedtuple("Result",
                                "anomalies tally logins losses outs")


class Setting:
    """A server with an account in each partition."""

    def __init__(self, conns=16, directory=None):
        self.server = Server(conf=CONF, directory=directory)
        self.conns = conns
        self.users = []
        self.partition = {}     # of each user
        self.dir = tempfile.mkdtemp(prefix="roost-history-")
        self.blows = []
        self.stop = multiprocessing.Event()
        self.suspicious = False     # then the histories stay

    def __enter__(self):
        self.server.start()
        while set(self.partition.values()) != set(range(PARTITIONS)):
            self.add_user("user%d@example.org" % len(self.partition))
        for n, user in enumerate(self.users):
            client = self.server.imap(user)
            client.create("Work")
            if n in VISITED:
                self.share(client, user)
            client.logout()
        self.server.add_user(AGAIN)
        self.partition[AGAIN] = None    # another one each time
        return self

    def share(self, client, user):
        """Most with a visitor, whose own mailbox is one more of the user's
        in the histories, so its UIDVALIDITY must be another."""
        guest = visitor_of(user)
        self.add_visitor(guest)
        self.server.roost("user", "promote", guest)
        client.create(CLUB)
        client.create(CREW)
        client.setacl(CREW, "$" + group_of(user), MEMBER)
        for name in BOXES:
            client.setacl(name, guest, SHARED_RIGHTS)
        taken = {validity(client, name) for name in BOXES + [CLUB, CREW]}
        own = self.server.imap(guest)
        own.create(HOME)
        while validity(own, HOME) <= max(taken):
            own.delete(HOME)
            own.create(HOME)
        while validity(client, CLUB) <= validity(own, HOME):
            client.delete(CLUB)
            client.create(CLUB)
        own.logout()

    def __exit__(self, *what):
        self.server.__exit__(*what)
        if self.suspicious:
            print("the histories are in " + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def add_user(self, name):
        """Of use if its partition has none yet."""
        self.server.add_user(name)
        where = self.find_partition(name)
        if where not in self.partition.values():
            self.users.append(name)
        self.partition[name] = where

    def add_visitor(self, name):
        self.server.add_user(name)
        self.partition[name] = self.find_partition(name)

    def find_partition(self, name):
        shown = self.server.roost("user", "show", "--json", name).stdout
        return json.loads(shown)[0]["partition"]

    # -- running --

    def run(self, seconds, seed, nemesis=None, probers=0):
        """So long, or until the nemesis has done all it wants to do."""
        until = time.monotonic() + seconds
        names = ["c%d" % n for n in range(self.conns)] + \
                ["p%d" % n for n in range(probers)] + \
                ["a%d" % n for n in range(len(AGAIN_KINDS))]
        clients = [self.client(name, seed, until) for name in names]
        for c in clients:
            c.start()
        if nemesis is not None:
            nemesis(self, until)
            time.sleep(AFTERMATH_S)
            self.stop.set()
        for c in clients:
            c.join(max(1, until - time.monotonic()) + PATIENCE)
            if c.is_alive():
                c.kill()
                raise AssertionError("a client hangs")
        self.errors()

    def client(self, name, seed, until):
        n = int(name[1:])
        user = self.users[n % len(self.users)]
        kind = Prober if name[0] == "p" else KINDS.get(n, Actor)
        if name[0] == "a":
            user, kind = AGAIN, AGAIN_KINDS[n]
        place = Place(self.server, user, until, self.stop)
        return multiprocessing.get_context("fork").Process(
            target=live, args=(kind, place, self.dir, name,
                               "%d %s" % (seed, name)))

    def errors(self):
        for name in os.listdir(self.dir):
            if name.endswith(".error"):
                with open(os.path.join(self.dir, name)) as f:
                    raise AssertionError(name + ": " + f.read())

    # -- checking --

    def check(self):
        accounts = self.users + [AGAIN]
        for user in accounts:
            audit.read_all(self.server, user,
                           os.path.join(self.dir, "audit-" + user))
        for n in VISITED:
            user = self.users[n]
            audit.read_home(
                self.server, user, HOME, VisitConnection,
                os.path.join(self.dir, "audit-" + visitor_of(user)))
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            parts = list(pool.map(check_account, [self.dir] * len(accounts),
                                  accounts))
        result = Result(sum((p.anomalies for p in parts), []),
                        sum((p.tally for p in parts), collections.Counter()),
                        sum((p.logins for p in parts), []),
                        sum((p.losses for p in parts), []),
                        sum((p.outs for p in parts), []))
        done = self.server.roost("store", "check", check=False)
        if done.returncode != 0:
            result.anomalies.append(Anomaly("I14", done.stdout + done.stderr,
                                            None))
        self.suspicious = bool(result.anomalies)
        return result


def check_account(directory, user):
    """Accounts have nothing to do with each other."""
    login = b"LOGIN " + user.encode()
    histories = [record.load(os.path.join(directory, name))
                 for name in sorted(os.listdir(directory))]
    histories = [ops for ops in histories if ops and ops[0].command == login]
    anomalies, _ = check.check(histories)
    return Result(anomalies + audit.recount(histories), tally(histories),
                  list(logins(user, histories)),
                  list(losses(user, histories)), list(outs(histories)))


def shown(anomalies, most=10):
    lines = []
    for a in anomalies[:most]:
        lines.append("   %s: %s" % (a.invariant, a.text))
        if a.op is not None:
            lines.append("      %s at %.6f: %r %s" % (
                a.op.conn, a.op.t0, a.op.command[:100], a.op.status))
    return "\n".join(lines)


def tally(histories):
    out = collections.Counter()
    for ops in histories:
        for op in ops:
            if op.command == b"WAITING":
                out["told unasked"] += len(op.lines)
            elif not op.command.startswith((b"LOGIN", b"IDLING", b"LOST")):
                out["operations"] += 1
                out["unknown outcome"] += op.status == "?"
    return out


Login = collections.namedtuple("Login", "user t0 t1")
Loss = collections.namedtuple("Loss", "user conn since t port")


def logins(user, histories):
    """Those of IMAP that were let in."""
    for ops in histories:
        for op in ops:
            if op.command.startswith(b"LOGIN") and op.status == "OK" and \
               not op.conn.endswith(("/lmtp", "/office")):
                yield Login(who(op, user), op.t0, op.t1)


def who(op, user):
    """Whose process a session lives in."""
    return visitor_of(user) if len(op.lines) > 1 else user


def outs(histories):
    """When somebody's sessions were ended on purpose (office.py)."""
    for ops in histories:
        for op in ops:
            verb, _, who_is = op.command.decode().partition(" ")
            if verb in ("SHUT", "KICK", "FREEZE", "THAW", "REMOVE"):
                yield Blow("out", who_is, op.t0,
                           op.t1 if op.status == "OK" else NEVER, set())


def losses(user, histories):
    """Sessions whose connection was lost."""
    for ops in histories:
        if ops[0].conn.endswith("/office"):
            continue
        session, since, port, name = None, 0, 0, user
        for op in ops:
            if op.command.startswith(b"LOGIN") and op.status == "OK":
                session, since = op.session, op.t0
                port = int(op.lines[0].split()[1])
                name = who(op, user)
            elif op.status == "?" and op.session == session:
                session = None
                yield Loss(name, op.conn, since, op.t1, port)
