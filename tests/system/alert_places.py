"""alert_places.py -- each kind of alert stands in the log, is posted to the
webhook, and reaches by mail whoever can do something about it; each once, and
with how to silence it. (Attacks: alerts.Places and told.py.)"""
import calendar
import os
import time
import unittest

import alerts
import support
from full_disk import Ballast, Mount
from harness import Raw
from processes import wait_for

ADMINISTRATOR = "postmaster@example.org"


class Everywhere(alerts.AlertTest):
    """On a file system of its own, which takes root."""
    places = "owner, %s, HOOK" % ADMINISTRATOR

    @classmethod
    def setUpClass(cls):
        mount = Mount("tmpfs", 160)
        cls.addClassCleanup(mount.close)
        cls.ballast = Ballast(mount.top)
        cls.directory = mount.top
        super().setUpClass()
        cls.server.add_user(ADMINISTRATOR)
        cls.hook.start()

    @classmethod
    def data(cls):
        return alerts.cities(cls.top)

    def of(self, kind, user):
        """Of a kind: its lines, its posts, its mails to that user."""
        hint = "roost alert silence"
        return (self.alerts(kind), self.hook.of(kind),
                [m for m in self.mail(user) if m["Auto-Submitted"] and
                 [l for l in m.get_content().splitlines()
                  if hint in l and l.endswith(" " + kind)]])

    def assert_told(self, kind, reader, user=None):
        self.assertTrue(wait_for(lambda: all(self.of(kind, reader))),
                        self.of(kind, reader))
        self.settled()
        (line,), (post,), (mail,) = self.of(kind, reader)
        self.assertIn(" level=warn ", line)
        self.assertEqual(("localhost", mail["Subject"], user), (
            post["server"], post["title"], post.get("user")))
        self.assertEqual(reader, mail["To"])
        if user is not None:
            self.assertIn(" user=%s " % user, line)
        return post

    def test_travel(self):
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, alerts.Travel.VIENNA))
        self.assertTrue(self.comes_in(ann, alerts.Travel.TOKYO))
        post = self.assert_told("travel", ann, ann)
        self.assertEqual((alerts.Travel.TOKYO, alerts.Travel.VIENNA),
                         (post["rip"], post["before"]))

    def append(self, user, n):
        raw = Raw(self.server.imaps_port).login(user)
        for _ in range(n):
            self.assertIn(b" OK", support.append(
                raw, b"Subject: x\r\n\r\nx\r\n"))
        raw.close()

    def test_download(self):
        ann = self.new_user()
        self.append(ann, 60)
        self.age(ann, alerts.Travel.VIENNA, 30)
        support.within(3600)
        self.fetch_all(ann, alerts.Travel.GRAZ, 11)
        post = self.assert_told("download", ann, ann)
        self.assertEqual(("660", "81.20.1.0/24"),
                         (post["messages"], post["network"]))

    def test_quota(self):
        ann = self.new_user()
        self.server.roost("user", "quota", ann, "--messages", "20")
        self.append(ann, 16)
        post = self.assert_told("quota", ann, ann)
        self.assertEqual("messages", post["what"])

    def test_certificate(self):
        self.serve(self.ends_soon())
        post = self.assert_told("certificate", ADMINISTRATOR)
        self.assertEqual("localhost", post["name"])
        end = calendar.timegm(time.strptime(post["ends"][:10], "%Y-%m-%d"))
        self.assertTrue(7.5 < (end - time.time()) / 86400 < 9.5, post)

    def test_z_disk(self):
        """Whoever comes back tells of it at once."""
        self.assertEqual(0, self.server.stop())
        s = os.statvfs(self.directory)
        with open(self.ballast.path, "wb") as f:
            os.posix_fallocate(f.fileno(), 0, int(
                s.f_bavail * s.f_frsize - 0.095 * s.f_blocks * s.f_frsize))
        self.server.start()
        post = self.assert_told("disk", ADMINISTRATOR)
        self.assertEqual("90", post["percent"])


if __name__ == "__main__":
    unittest.main()
