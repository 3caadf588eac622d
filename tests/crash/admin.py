"""admin.py -- accounts come and go while processes die.

An account that was added can log in and has what was delivered to it; one
that was removed can't, and one added under its name has nothing of its
predecessor's. What was under way is finished by asking again.
"""
import json
import random
import threading
import time

from client import Client, Gone, Refused, back
from credentials import Credentials
from harness import PATIENCE_S
from ledger import Ledger

NAMES = ["guest%d@example.org" % n for n in range(4)]


class Admin:
    def __init__(self, server):
        self.server = server
        self.there = {}         # name -> its Ledger
        self.doubt = None       # the name that is being added or removed
        self.numbers = 0        # of accounts, for the markers
        self.acknowledged = 0
        self.credentials = Credentials(server)  # of one that stays

    def worker(self, seed):
        return AdminWorker(self, seed)

    def ask(self, name, *verb):
        """roost user VERB..."""
        self.doubt = name
        done = self.server.roost("user", *verb, stdin="secret\n",
                                 check=False)
        if done.returncode != 0:
            raise Gone(done.stderr.strip())
        self.doubt = None
        self.acknowledged += 1

    def add(self, name):
        self.numbers += 1
        self.ask(name, "add", name)
        ledger = self.there[name] = Ledger(name)
        client = Client(self.server, ledger, tls=False)
        ledger.learn(client)
        if any(key[0] == "message" for key in ledger.state):
            raise AssertionError("a new account has mail")
        client.deliver("%s-%d" % (name, self.numbers), 3000)
        client.close()

    def remove(self, name):
        self.ask(name, "remove", "--yes", name)
        del self.there[name]

    def all_acknowledged(self):
        return self.acknowledged + self.credentials.ledger.acknowledged

    # -- afterwards --

    def states(self):
        end = time.time() + PATIENCE_S
        while True:
            done = self.server.roost("user", "list", "--json", check=False)
            if done.returncode == 0:
                return {r["name"]: r["state"]
                        for r in json.loads(done.stdout)
                        if r["name"] in NAMES}
            if time.time() > end:
                raise AssertionError("user list: " + done.stderr)
            time.sleep(0.05)

    def verify(self):
        states = self.states()
        in_doubt = states.pop(self.doubt, None)
        want = {name: "enabled" for name in self.there if name != self.doubt}
        if states != want:
            raise AssertionError("accounts: %r, there %r" % (want, states))
        for name in want:
            self.verify_one(name)
        if self.doubt is not None:
            self.settle(in_doubt)
        self.credentials.verify()

    def verify_one(self, name):
        ledger = self.there[name]
        client = back(self.server, ledger)
        if not ledger.state:    # it was killed before it was looked at
            ledger.learn(client)
        ledger.verify(client)
        client.close()

    def settle(self, state):
        """There and whole, or half done: then it lets nobody in, and asking
        again finishes it (if the server hasn't, meanwhile)."""
        name = self.doubt
        if state == "enabled" and name in self.there:
            self.verify_one(name)
        end = time.time() + PATIENCE_S
        while name in self.states():
            self.server.roost("user", "remove", "--yes", name, check=False)
            if time.time() > end:
                raise AssertionError("%s can't be removed" % name)
        self.there.pop(name, None)
        self.doubt = None


class AdminWorker(threading.Thread):
    def __init__(self, admin, seed):
        super().__init__(daemon=True)
        self.admin = admin
        self.rnd = random.Random(seed)
        self.stopping = False
        self.gone = False
        self.error = None

    def run(self):
        try:
            while not self.stopping:
                name = self.rnd.choice(NAMES)
                if name in self.admin.there:
                    self.admin.remove(name)
                else:
                    self.admin.add(name)
        except (Gone, Refused):
            self.gone = True
        except Exception as e:
            self.error = e
