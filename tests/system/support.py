"""support.py -- one server for all tests of a class, an account for each."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import harness  # noqa: E402


class ServerTest(unittest.TestCase):
    conf = ""       # further lines of configuration
    directory = None
    accounts = 0

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(conf=cls.conf, directory=cls.directory)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    @classmethod
    def new_user(cls):
        ServerTest.accounts += 1
        name = "user%d@example.org" % ServerTest.accounts
        cls.server.add_user(name)
        return name
