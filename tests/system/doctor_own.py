"""doctor_own.py -- roost doctor over a server of ours: each thing that can be
wrong with its listeners, its accounts and its policies is told when it is
wrong, and not before."""
import glob
import os
import re
import shutil
import socket
import struct

import service
import support
from doctor import DoctorTest, HOST
from full_disk import Ballast, Mount
from harness import Raw, Server
from processes import wait_for
from sources import hashed

USER = "ann@example.org"

# of the main table, in a head of LMDB: behind the page's 16 octets
OVERFLOW_PAGES = 16 + 24 + 48 + 24


class Running(DoctorTest):
    """The one server that all tests here leave as they found it."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.server.add_user(USER)

    def findings(self, check):
        """Those that are not well: (subject, severity, text)."""
        found = self.doctor(
            self.server, "--ca", os.path.join(
                self.server.dir, "certificate.pem"), conf=True)
        return [(r["subject"], r["severity"], r["text"])
                for r in found.of(check) if r["severity"] != "ok"]

    def sql(self, statement, *values):
        with self.server.database("accounts") as db:
            return db.execute(statement, values).fetchall()

    def policy(self, *setting):
        self.server.roost("policy", "set", *setting)
        self.addCleanup(self.server.roost, "policy", "unset", *setting[:2],
                        check=False)


class Identity(Running):
    def test_a_weak_scheme(self):
        """until it has been set anew"""
        self.assertEqual([], self.findings("schemes"))
        self.sql("UPDATE credentials SET stored = ? WHERE account = (SELECT"
                 " id FROM accounts WHERE name = ?)", hashed("secret"), USER)
        (_, severity, text), = self.findings("schemes")
        self.assertEqual("warning", severity)
        self.assertIn("weaker scheme (1): " + USER, text)
        self.server.roost("user", "password", USER, stdin="secret\n")
        self.assertEqual([], self.findings("schemes"))

    def test_nobody_has_been_there_for_a_year(self):
        self.assertEqual([], self.findings("stale"))
        self.sql("UPDATE accounts SET created = created - 400 * 86400")
        self.addCleanup(self.sql, "UPDATE accounts SET created = created"
                        " + 400 * 86400")
        last = self.sql("SELECT id, last_use FROM credentials")
        self.sql("UPDATE credentials SET last_use = 0")
        for row, at in last:
            self.addCleanup(self.sql, "UPDATE credentials SET last_use = ?"
                            " WHERE id = ?", at, row)
        (_, severity, text), = self.findings("stale")
        self.assertEqual("note", severity)
        self.assertIn("1 enabled ones", text)

    def test_an_account_that_is_half_there(self):
        """as long as its partition can't be opened"""
        self.assertEqual([], self.findings("unfinished"))
        self.addCleanup(self.server.start)
        self.addCleanup(self.sql, "UPDATE accounts SET state = 1"
                        " WHERE name = ?", USER)
        self.server.stop()
        for index in glob.glob(os.path.join(
                self.server.dir, "partition", "*", "index.lmdb")):
            os.rename(index, index + ".away")
            self.addCleanup(os.rename, index + ".away", index)
            with open(index, "wb") as f:
                f.write(bytes(1 << 16))
        self.addCleanup(self.server.stop)
        for state, text in (0, "adding"), (3, "removing"):
            self.sql("UPDATE accounts SET state = ? WHERE name = ?", state,
                     USER)
            self.server.start()
            self.assertEqual([(USER, "warning", "it is still " + text)],
                             self.findings("unfinished"))
            self.server.stop()

    def test_policies_that_let_nobody_in(self):
        self.assertEqual([], self.findings("policies"))
        # it was set while there were data of countries
        self.sql("INSERT INTO policies VALUES ('@example.org', 'countries',"
                 " 'DE, AT')")
        self.policy("server", "passwords", "off")
        rows = self.findings("policies")
        self.assertEqual({("@example.org", "warning"),
                          ("server", "warning")}, {r[:2] for r in rows})
        text = "".join(r[2] for r in rows)
        self.assertIn("there is no country_data", text)
        self.assertIn("without issuers and client_ca", text)
        self.sql("UPDATE policies SET value = 'DE, unknown'"
                 " WHERE name = 'countries'")
        self.addCleanup(self.sql, "DELETE FROM policies"
                        " WHERE name = 'countries'")
        self.policy("server", "passwords", "on")
        self.assertEqual([], self.findings("policies"))

    def test_who_is_shut_out_on_purpose(self):
        self.policy(USER, "expires", "2999-01-01")
        self.assertEqual([], self.findings("shut_out"))
        self.policy(USER, "expires", "2020-01-01")
        self.policy("@example.org", "suspended", "defer")
        (_, severity, text), = self.findings("shut_out")
        self.assertEqual("note", severity)
        self.assertIn("shut out (2): ", text)
        self.assertIn("@example.org suspended=defer", text)
        self.assertIn(USER + " expires=2020-01-01", text)


class Figures(Running):
    """Room in packs and in the index: what doctor says is what there is."""

    MIB = 1 << 20

    def status(self):
        """Of each partition: its figures."""
        out = {}
        for line in self.server.roost("status").stdout.splitlines():
            process, figure, value = line.split()[:3]
            out.setdefault(process, {})[figure] = value
        return {name: {f: int(v) for f, v in rows.items() if v.isdigit()}
                for name, rows in out.items() if name.startswith("mail/")}

    def test_what_there_is(self):
        raw = Raw(self.server.imaps_port).login(USER)
        self.addCleanup(raw.close)
        for _ in range(6):
            self.assertIn(b" OK", support.append(
                raw, b"a: b\r\n\r\n" + os.urandom(self.MIB).replace(
                    b"\0", b"1").replace(b"\r", b"2").replace(b"\n", b"3")
                .replace(b"\xff", b"\r\n")))
        for i in range(80):
            raw.send(b"m SETMETADATA INBOX (/private/x%d {30000+}\r\n%s)\r\n"
                     % (i, b"x" * 30000))
            self.assertIn(b"m OK", raw.until(b"m ")[-1])
        raw.run(b"SELECT INBOX")
        raw.run(b"STORE 1:2 +FLAGS.SILENT (\\Deleted)")
        raw.run(b"EXPUNGE")
        found = self.doctor(self.server, conf=True)
        told = {check: {r["subject"]: r["text"] for r in found.of(check)}
                for check in ("packs", "index")}
        status = self.status()
        self.assertEqual(set(status), set(told["packs"]))
        for name, figures in status.items():
            self.assertEqual(
                "%d MiB, %d of them of what was expunged" % (
                    figures["pack_bytes"] // self.MIB,
                    figures["dead_bytes"] // self.MIB), told["packs"][name])
            self.assertEqual("%d MiB" % (figures["index_bytes"] // self.MIB),
                             told["index"][name])
        # less than half of it, or it would be given back now
        self.assertTrue(any(f["dead_bytes"] > self.MIB and
                            f["pack_bytes"] > 5 * self.MIB and
                            f["index_bytes"] > 2 * self.MIB
                            for f in status.values()), status)


class Room(DoctorTest):
    """What `Figures` has as well, as it is when it is not."""

    MIB = 1 << 20

    def judged(self, server, check):
        return [(r["severity"], r["text"]) for r in self.doctor(
            server, conf=True).of(check) if r["severity"] != "ok"]

    @staticmethod
    def of_partition(server, name):
        """The largest file of that name in any."""
        return max(glob.glob(os.path.join(server.dir, "partition", "*", name)),
                   key=os.path.getsize)

    def large(self):
        """45 MiB that nothing else has, and nothing makes smaller."""
        text = os.urandom(45 * self.MIB).translate(
            bytes.maketrans(b"\0\r\n", b"123"))
        return b"a: b\r\n\r\n" + b"\r\n".join(
            text[i:i + 900] for i in range(0, len(text), 900)) + b"\r\n"

    def spoil_end(self, server):
        """of the pack that is being written."""
        folder = os.path.dirname(self.of_partition(server, "pack/*"))
        with open(max(glob.glob(os.path.join(folder, "*"))), "r+b") as f:
            size = f.seek(0, os.SEEK_END)
            f.seek(max(size - 400, 0))
            f.write(os.urandom(min(400, size)))

    def fill_packs(self, raw, server):
        """Two of them, each with a small message that lives, and at which
        reclaiming stops: its bytes are damaged."""
        for _ in range(2):
            self.assertIn(b" OK", support.append(raw, support.message(200)))
            self.spoil_end(server)
            for _ in range(3):
                self.assertIn(b" OK", support.append(raw, self.large()))

    def test_packs_that_are_half_dead(self):
        with Server() as server:
            server.add_user(USER)
            raw = Raw(server.imaps_port).login(USER)
            self.addCleanup(raw.close)
            self.fill_packs(raw, server)
            raw.run(b"SELECT INBOX")
            self.assertEqual([], self.judged(server, "packs"))
            raw.run(b"STORE 2:4,6:8 +FLAGS.SILENT (\\Deleted)")
            self.assertIn(b" OK", raw.run(b"EXPUNGE")[-1])
            (severity, text), = self.judged(server, "packs")
        self.assertEqual("warning", severity)
        dead, total = map(int, re.fullmatch(
            r"(\d+) of (\d+) MiB are of what was expunged", text).groups())
        self.assertGreaterEqual(total, dead)
        self.assertGreater(dead, 256)

    @staticmethod
    def say_pages(path, n):
        with open(path, "r+b") as f:
            for head in (0, 4096):
                f.seek(head + OVERFLOW_PAGES)
                f.write(struct.pack("<Q", n))

    def test_an_index_that_is_nearly_full(self):
        """Its 64 GiB are not filled: both of its heads say that so many pages
        are, a count that only who asks for it reads."""
        with Server() as server:
            server.add_user(USER)
            for mib, wanted in ((51 << 10, "ok"), (52 << 10, "error")):
                server.stop()
                index = self.of_partition(server, "index.lmdb")
                self.say_pages(index, mib * self.MIB // 4096)
                server.start()
                rows = {os.path.basename(r["subject"]): r for r in self.doctor(
                    server, conf=True).of("index")}
                row = rows.pop(os.path.basename(os.path.dirname(index)))
                self.assertIn("%d MiB" % mib, row["text"])
                self.assertEqual(wanted, row["severity"])
                self.assertEqual({"ok"}, {r["severity"]
                                          for r in rows.values()})
            self.assertEqual("%d MiB, and there is room for 65536" % mib,
                             row["text"])
            Raw(server.imaps_port).login(USER).close()


class Disk(DoctorTest):
    """A file system of its own, which takes root."""

    def test_free_space(self):
        mount = Mount("tmpfs", 160)
        self.addCleanup(mount.close)
        ballast = Ballast(mount.top)
        server = Server(directory=mount.top)
        server.log_path = os.path.join(self.top, "log")
        self.addCleanup(server.stop)
        server.start()
        server.add_user(USER)

        def disk():
            return [(r["severity"], r["text"]) for r in self.doctor(
                server, conf=True).of("disk")]

        def leave(share):
            s = os.statvfs(mount.top)
            with open(ballast.path, "ab") as f:
                os.posix_fallocate(f.fileno(), f.tell(), int(
                    s.f_bavail * s.f_frsize - share * s.f_blocks * s.f_frsize))

        leave(0.06)
        (severity, _), = disk()
        self.assertEqual("ok", severity)
        leave(0.04)
        (severity, text), = disk()
        self.assertEqual("error", severity)
        self.assertRegex(text, r"^[56] MiB are free, less than 5 in 100$")

        ballast.fill()
        raw = Raw(server.imaps_port).login(USER)
        self.addCleanup(raw.close)
        self.assertIn(b"NO [UNAVAILABLE]", support.append(
            raw, support.message(300 << 10)))
        rows = disk()
        self.assertIn(("error", "there was no room when it was last to add "
                       "something"), rows)
        ballast.remove()
        self.assertIn(b"z OK", support.append(raw, support.message(3000)))
        (severity, _), = disk()
        self.assertEqual("ok", severity)


class Nobody(DoctorTest):
    def test_no_account(self):
        with Server() as server:
            accounts, = self.doctor(server, conf=True).of("accounts")
        self.assertEqual("note", accounts["severity"])


class Configuration(DoctorTest):
    def test_what_is_hardly_meant(self):
        """It starts with it all the same."""
        with Server(conf="quota_bytes = 1M\n") as server:
            found = self.doctor(server, conf=True)
        hint, = found.of("configuration_hint")
        self.assertEqual("warning", hint["severity"])
        self.assertIn("less than message_limit", hint["text"])
        self.assertNotIn("configuration", found.good())


class Ready(DoctorTest):
    """What watches the server is asked, too."""

    def ready(self, server):
        return [(r["subject"], r["severity"], r["text"])
                for r in self.doctor(server, conf=True).of("ready")]

    def test_well_and_not(self):
        with Server() as server:
            where = "%s:%d" % (HOST, server.metrics_port)
            (subject, severity, _), = self.ready(server)
            self.assertEqual((where, "ok"), (subject, severity))
            self.damage(server)
            self.assertTrue(wait_for(lambda: any(
                severity == "warning" and "mail/1" in text
                for _, severity, text in self.ready(server))))

    def test_another_has_the_port(self):
        with socket.create_server((HOST, 0)) as taken:
            with Server(conf="listen_metrics = %s:%d\n"
                        % taken.getsockname()) as server:
                self.assertEqual(
                    [("listen_metrics", "warning",
                      "the server could not have that port")],
                    self.ready(server))


class Activated(service.Started):
    """A service manager's sockets are looked at, not the configuration's."""

    NAMES = ["imaps", "lmtp", "auth"]
    KINDS = {"lmtp", "lmtp_reach", "auth_socket", "auth_reach"}

    def setUp(self):
        super().setUp()
        private = os.path.join(self.server.top, "private")
        os.chmod(self.server.top, 0o755)
        os.mkdir(private, 0o700)
        shutil.chown(private, "postfix")
        self.paths = [os.path.join(private, x) for x in ("lmtp", "auth")]
        self.sockets = [self.sockets[1]] + [
            self.open(socket.AF_UNIX, path) for path in self.paths]
        for path in self.paths:
            shutil.chown(path, "postfix")
            os.chmod(path, 0o600)

    def findings(self):
        look = DoctorTest()
        return look.doctor(self.server, "--ca", os.path.join(
            self.credentials, "certificate.pem"), conf=True)

    # those of the class above are the service's own
    test_sockets_credential_and_notice = None
    test_nobody_is_refused_between_two = None

    def test_its_sockets(self):
        self.assertEqual("1", self.start()["READY"])
        found = self.findings()
        self.assertEqual(set(), self.KINDS & found.bad())
        self.assertLessEqual(self.KINDS, found.good())
        self.assertEqual(
            set(self.paths), {r["subject"] for r in found.rows
                              if r["layer"] == "transfer"})
        # what the configuration has is not asked for
        self.assertNotIn("reachable", found.bad())
        ports = "".join(r["subject"] for r in found.of("reachable"))
        self.assertIn(":%d)" % self.server.imaps_port, ports)
        self.assertNotIn(":%d)" % self.server.imap_port, ports)

        os.chmod(self.paths[0], 0o400)
        os.unlink(self.paths[1])
        found = self.findings()
        self.assertEqual({(self.paths[0], "lmtp_reach"),
                          (self.paths[1], "auth_socket")},
                         {(r["subject"], r["check"]) for r in found.rows
                          if r["layer"] == "transfer"
                          and r["severity"] != "ok"})

    def test_nothing_for_clients(self):
        """The configuration's listeners are in place of those that were not
        handed over, so it has none."""
        with open(self.server.conf) as f:
            text = re.sub("(?m)^(listen_imaps?) = .*", r"\1 =", f.read())
        with open(self.server.conf, "w") as f:
            f.write(text)
        self.NAMES = ["lmtp", "auth"]
        self.sockets = self.sockets[1:]
        self.assertEqual("1", self.start()["READY"])
        row, = self.findings().of("listeners")
        self.assertEqual("error", row["severity"])
