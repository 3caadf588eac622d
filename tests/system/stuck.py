"""stuck.py -- what interrupted.py interrupts: it says its server and waits."""
import signal

import support


class Stuck(support.ServerTest):
    def test(self):
        print("server %d" % self.server.process.pid, flush=True)
        signal.pause()
