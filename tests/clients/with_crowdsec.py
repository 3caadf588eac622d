"""with_crowdsec.py -- a real CrowdSec, set up as docs/operating.md says, counts
each wrong try for the address that it came from, bans who tries on, and nobody
else."""
import collections
import unittest

import crowdsec
import filters
from processes import wait_for

SINCE = "203.0.113.%d"      # tried until CrowdSec is there
SELDOM = "198.51.100.9"     # as often as is let pass
SELDOM_MOST = 3


class WithCrowdSec(filters.Filtered):
    option = "yes"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.crowdsec = crowdsec.CrowdSec(cls.server.log_path)
        cls.addClassCleanup(cls.crowdsec.stop)
        cls.crowdsec.start()

    def wait_until_it_follows(self):
        """Each of these has one try, or few."""
        tried = (self.attempt(SINCE % i, self.user, "wrong")
                 for i in range(2, 250))
        self.assertTrue(wait_for(lambda: next(tried)
                                 and self.crowdsec.counted()))

    def counted(self):
        return collections.Counter({
            address: n for address, n in self.crowdsec.counted().items()
            if not address.startswith(SINCE[:-2])})

    def test_each_is_counted(self):
        self.wait_until_it_follows()
        for i in range(SELDOM_MOST):
            self.attempt(SELDOM, self.user, "wrong%d" % i)
        wrong = self.try_all()
        wrong[SELDOM] = SELDOM_MOST
        self.assertTrue(wait_for(lambda: self.counted() == wrong),
                        (self.counted(), wrong))
        often = {address: "crowdsecurity/dovecot-spam"
                 for address, n in wrong.items() if n > SELDOM_MOST}
        self.assertEqual(len(filters.ADDRESSES), len(often))
        self.assertTrue(wait_for(lambda: self.crowdsec.banned() == often),
                        self.crowdsec.banned())


if __name__ == "__main__":
    unittest.main()
