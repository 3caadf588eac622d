"""marionette.py -- drives a program of Mozilla's by its Marionette protocol:
[type, id, name or error, value] as JSON behind its length and a colon.
"""
import itertools
import json
import socket
import time

PATIENCE_S = 60


class Marionette:
    def __init__(self, port):
        self.ids = itertools.count(1)
        self.sock = self.connect(port)
        self.stream = self.sock.makefile("rb")
        self.receive()      # who it is
        self.call("WebDriver:NewSession", capabilities={
            "alwaysMatch": {"timeouts": {"script": PATIENCE_S * 1000}}})
        self.call("Marionette:SetContext", value="chrome")

    def connect(self, port):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port),
                                                PATIENCE_S)
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def receive(self):
        size = b""
        while not size.endswith(b":"):
            byte = self.stream.read(1)
            if not byte:
                raise AssertionError("the connection is closed")
            size += byte
        return json.loads(self.stream.read(int(size[:-1])))

    def call(self, command, **params):
        self.send(command, params)
        _, _, error, value = self.receive()
        if error is not None:
            raise AssertionError((command, error["message"],
                                  error.get("stacktrace")))
        return value

    def send(self, command, params):
        data = json.dumps([0, next(self.ids), command, params]).encode()
        self.sock.sendall(b"%d:%s" % (len(data), data))

    def run(self, script, *args):
        """What an asynchronous function with this body and these `arguments`
        returns; it has the rights of the program itself."""
        done = self.call("WebDriver:ExecuteAsyncScript", args=args,
                         sandbox="system", script="""
			const done = arguments[arguments.length - 1];
			(async function () { %s }).apply(null, arguments).then(
				value => done({ value }),
				e => done({ error: `${e}\\n${e.stack}` }));
		""" % script)["value"]
        if "error" in done:
            raise AssertionError((script, done["error"]))
        return done.get("value")

    def close(self):
        self.sock.close()
