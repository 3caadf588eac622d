"""thunderbird.py -- Thunderbird with a profile of a test's own, in a window
that nobody sees.
"""
import json
import os
import subprocess
import time

import harness
from marionette import PATIENCE_S, Marionette
from screen import Screen

# What a new profile asks, fetches or tells somebody, it shall not.
QUIET = {
    "app.donation.eoy.version.viewed": 9999,
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
    "toolkit.telemetry.enabled": False,
}
ACCOUNT = {
    "mail.account.account1.identities": "id1",
    "mail.account.account1.server": "server1",
    "mail.account.account2.server": "server2",
    "mail.accountmanager.accounts": "account1,account2",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.accountmanager.localfoldersserver": "server2",
    "mail.identity.id1.fullName": "Bob",
    "mail.identity.id1.valid": True,
    "mail.server.server1.authMethod": 3,        # a password
    "mail.server.server1.check_new_mail": False,
    "mail.server.server1.hostname": "localhost",
    "mail.server.server1.login_at_startup": False,
    "mail.server.server1.name": "roost",
    "mail.server.server1.socketType": 3,        # TLS from the first byte
    "mail.server.server1.type": "imap",
    "mail.server.server2.hostname": "Local Folders",
    "mail.server.server2.name": "Local Folders",
    "mail.server.server2.type": "none",
    "mail.server.server2.userName": "nobody",
}

# The server's certificate, signed by itself, and the password.
TRUST = """
	const [port, certificate, user, password] = arguments;
	const database = Cc["@mozilla.org/security/x509certdb;1"]
		.getService(Ci.nsIX509CertDB);
	Cc["@mozilla.org/security/certoverride;1"]
		.getService(Ci.nsICertOverrideService)
		.rememberValidityOverride("localhost", port, {},
			database.constructX509FromBase64(certificate), false);
	const login = Cc["@mozilla.org/login-manager/loginInfo;1"]
		.createInstance(Ci.nsILoginInfo);
	login.init("imap://localhost", null, "imap://localhost", user,
		password, "", "");
	await Services.logins.addLoginAsync(login);
"""

# What an expression of a test may name.
NAMES = """
	const main = Services.wm.getMostRecentWindow("mail:3pane");
	const tabs = main.document.getElementById("tabmail");
	const pane = tabs.currentAbout3Pane;
	const { MailServices } = ChromeUtils.importESModule(
		"resource:///modules/MailServices.sys.mjs");
	const dialog = Services.wm.getMostRecentWindow("mailnews:search");
	const root = MailServices.accounts.accounts[0].incomingServer.rootFolder;
	const all = (selector, within = pane.document) =>
		[...within.querySelectorAll(selector)];
"""

# Where an element is on the screen while it is to be seen.
PLACE = """
	const e = %s;
	const r = e?.getBoundingClientRect();
	const w = e?.ownerDocument.defaultView;
	return r?.width && [w.mozInnerScreenX + r.left,
		w.mozInnerScreenY + r.top, r.width, r.height].map(Math.round);
"""


class Thunderbird:
    def __init__(self, scratch, imaps_port, certificate, user, password):
        self.marionette = self.process = None
        self.screen = Screen(scratch)
        try:
            port = harness.free_ports(1)[0]
            self.start(scratch, {
                "marionette.port": port,
                "mail.identity.id1.useremail": user,
                "mail.server.server1.port": imaps_port,
                "mail.server.server1.userName": user})
            self.marionette = Marionette(port)
            self.run(TRUST, imaps_port, base64_of(certificate), user, password)
        except BaseException:
            self.close()
            raise

    def start(self, scratch, prefs):
        profile = os.path.join(scratch, "profile")
        os.mkdir(profile)
        write_prefs(os.path.join(profile, "user.js"),
                    {**QUIET, **ACCOUNT, **prefs})
        self.process = subprocess.Popen(
            ["thunderbird", "--marionette", "--remote-allow-system-access",
             "--no-remote", "--profile", profile],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=scratch, DISPLAY=self.screen.display,
                     NO_AT_BRIDGE="1", MOZ_DISABLE_CONTENT_SANDBOX="1",
                     MOZ_CRASHREPORTER_DISABLE="1", LC_ALL="C.UTF-8",
                     TZ="UTC"))

    def close(self):
        if self.marionette is not None:
            self.marionette.close()
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.screen.close()

    def run(self, script, *args):
        return self.marionette.run(script, *args)

    def eval(self, expression, *args):
        return self.run(NAMES + "return %s;" % expression, *args)

    def wait(self, what, expected=None):
        """Until what() is true, or as expected; that value."""
        end = time.monotonic() + PATIENCE_S
        while True:
            value = what()
            if value if expected is None else value == expected:
                return value
            if time.monotonic() > end:
                raise AssertionError((value, expected))
            time.sleep(0.1)

    def wait_for(self, expression, expected=None):
        return self.wait(lambda: self.eval(expression), expected)

    def place(self, element):
        """Left, top, width and height, once it stands still."""
        at = None
        while at != (now := self.wait(
                lambda: self.run(NAMES + PLACE % element))):
            at = now
            time.sleep(0.1)
        return at

    def middle(self, element):
        left, top, width, height = self.place(element)
        return left + width // 2, top + height // 2

    def click(self, element):
        self.screen.pointer("mousemove", *self.middle(element), "click", 1)

    def drag(self, element, target):
        start = self.middle(element)
        end = self.middle(target)
        self.screen.pointer("mousemove", *start, "mousedown", 1)
        for n in range(1, 21):
            self.screen.pointer("mousemove", *(
                a + (b - a) * n // 20 for a, b in zip(start, end)))
            time.sleep(0.03)
        self.screen.pointer("mousemove_relative", 2, 0, "sleep", 0.5,
                            "mouseup", 1)


def base64_of(certificate):
    """The first certificate of a file, without its armour."""
    with open(certificate, encoding="ascii") as f:
        pem = f.read()
    inner = pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
    return "".join(inner.split())


def write_prefs(path, prefs):
    with open(path, "w", encoding="utf-8") as f:
        for name, value in prefs.items():
            f.write("user_pref(%s, %s);\n" % (json.dumps(name),
                                              json.dumps(value)))
