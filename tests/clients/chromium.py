"""chromium.py -- a headless Chromium, driven over a pair of pipes by its
DevTools protocol: a message is one JSON object and a NUL.

    browser = Chromium(scratch)
    browser.open("http://127.0.0.1:8000/")
    browser.click(css("#button"))
    browser.wait("document.title == 'Done'")

It reaches nothing but this machine.
"""
import fcntl
import itertools
import json
import os
import select
import subprocess
import time

PATIENCE_S = 60
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-extensions", "--disable-sync",
    "--disable-component-update", "--disable-background-networking",
    "--password-store=basic", "--lang=en-US", "--window-size=1280,900",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe")

# Chromium reads commands from 3 and writes answers to 4.
PIPED = 'in=$1 out=$2; shift 2; exec "$@" 3<&"$in" 4>&"$out"'

# The element's middle, in the window: frames lie in one another.
MIDDLE = """
((e, x, y) => {
	e.scrollIntoView({ block: "nearest" });
	let r = e.getBoundingClientRect();
	x = r.left + r.width / 2;
	y = r.top + r.height / 2;
	for (let w = e.ownerDocument.defaultView; w !== window; w = w.parent) {
		r = w.frameElement.getBoundingClientRect();
		x += r.left;
		y += r.top;
	}
	return [x, y];
})(%s)
"""


class Refused(AssertionError):
    """What was asked for can't be done, or not in this page any more."""


def css(selector, root="document"):
    """The expression for an element of the page; so are all `element`s."""
    return "%s.querySelector(%s)" % (root, json.dumps(selector))


def frame(selector):
    """The expression for the document of a frame."""
    return css(selector) + ".contentDocument"


def pipe_above_4():
    """(read end, write end), at numbers that a child does not give away."""
    low = os.pipe()
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in low]
    for fd in low:
        os.close(fd)
    return high


class Chromium:
    def __init__(self, scratch):
        self.ids = itertools.count(1)
        self.buffer = b""
        commands, self.commands = pipe_above_4()
        self.answers, answers = pipe_above_4()
        self.process = subprocess.Popen(
            ["bash", "-c", PIPED, "bash", str(commands), str(answers),
             "chromium", *OPTIONS, "about:blank",
             "--user-data-dir=" + os.path.join(scratch, "chromium")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, pass_fds=(commands, answers),
            env=dict(os.environ, HOME=scratch))
        os.close(commands)
        os.close(answers)
        self.session = None
        try:
            self.session = self.attach()
        except BaseException:
            self.close()
            raise

    def close(self):
        os.close(self.commands)     # it ends when nobody commands it
        os.close(self.answers)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    # -- the protocol --

    def receive(self, end):
        while b"\0" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.answers], [], [], left)[0]:
                raise AssertionError("Chromium does not answer")
            data = os.read(self.answers, 1 << 16)
            if not data:
                raise AssertionError("Chromium has ended")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        """A method of the protocol; its result. Events are passed over."""
        message = {"id": next(self.ids), "method": method, "params": params}
        if self.session is not None:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data):]
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self.receive(end)
            if answer.get("id") == message["id"]:
                break
        if "error" in answer:
            raise Refused(method, answer["error"])
        return answer["result"]

    def attach(self):
        """The session of the one page there is."""
        pages = [t for t in self.call("Target.getTargets")["targetInfos"]
                 if t["type"] == "page"]
        return self.call("Target.attachToTarget", flatten=True,
                         targetId=pages[0]["targetId"])["sessionId"]

    # -- what a test wants --

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState == 'complete'")

    def eval(self, script):
        """The value of an expression in the page, awaited."""
        done = self.call("Runtime.evaluate", expression=script,
                         awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise Refused(script, done["exceptionDetails"]
                          .get("exception", {}).get("description"))
        return done["result"].get("value")

    def wait(self, script):
        """Until the expression is true."""
        end = time.monotonic() + PATIENCE_S
        while not self.is_so(script):
            if time.monotonic() > end:
                raise AssertionError("never true: " + script)
            time.sleep(0.05)

    def is_so(self, script):
        try:
            return self.eval("Boolean(%s)" % script)
        except Refused:     # the page is being replaced
            return False

    def mouse(self, kind, at, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1],
                  **more)

    def middle(self, element):
        """Where it is once it is there and stands still."""
        self.wait("(e => e && e.getClientRects().length)(%s)" % element)
        at = None
        while at != (now := self.eval(MIDDLE % element)):
            at = now
            time.sleep(0.05)
        return at

    def click(self, element):
        at = self.middle(element)
        self.mouse("mouseMoved", at)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, at, button="left", clickCount=1)

    def drag(self, element, target):
        start = self.middle(element)
        end = self.middle(target)
        self.mouse("mousePressed", start, button="left", clickCount=1)
        for n in range(1, 11):
            self.mouse("mouseMoved", [a + (b - a) * n / 10
                                      for a, b in zip(start, end)],
                       button="left", buttons=1)
            time.sleep(0.02)
        self.mouse("mouseReleased", end, button="left", clickCount=1)

    def type(self, field, text):
        """Instead of what the field has."""
        self.click(field)
        self.eval("%s.select()" % field)
        self.call("Input.insertText", text=text)

    def choose(self, select, value):
        self.middle(select)
        self.eval("""(s => {
			s.value = %s;
			s.dispatchEvent(new Event("change", { bubbles: true }));
		})(%s)""" % (json.dumps(value), select))

    def press_enter(self):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key="Enter",
                      code="Enter", windowsVirtualKeyCode=13, text="\r")
