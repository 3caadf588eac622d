"""postfix.py -- a Postfix of the test's own: nothing of /etc/postfix is read
or written, and nothing listens unless it is to ask for passwords. It must be
started by root, as Postfix is.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from harness import PATIENCE_S

MAIN = """
compatibility_level = 3.6
queue_directory = {top}/queue
data_directory = {top}/data
maillog_file = {top}/log
maillog_file_prefixes = {top}
myhostname = postfix.example.org
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
alias_database =
biff = no
smtputf8_enable = no
notify_classes =
minimal_backoff_time = 1s
queue_run_delay = 1s
virtual_mailbox_domains = {domains}
virtual_mailbox_maps =
transport_maps = inline:{{ {transports} }}
"""

# Everything but the listener; nothing in a chroot.
MASTER = """
pickup    unix       n - n 1   1 pickup
cleanup   unix       n - n -   0 cleanup
qmgr      unix       n - n 300 1 qmgr
rewrite   unix       - - n -   - trivial-rewrite
bounce    unix       - - n -   0 bounce
defer     unix       - - n -   0 bounce
trace     unix       - - n -   0 bounce
proxymap  unix       - - n -   - proxymap
error     unix       - - n -   - error
retry     unix       - - n -   - error
lmtp      unix       - - n -   - lmtp
scache    unix       - - n -   1 scache
showq     unix       n - n -   - showq
postlog   unix-dgram n - n -   1 postlogd
"""

# Submission: who has logged in may send.
SUBMISSION = """
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sasl_auth_enable = yes
smtpd_sasl_authenticated_header = yes
smtpd_sasl_security_options = noanonymous
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {certificate}
smtpd_tls_security_level = may
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""
LISTENER = """
127.0.0.1:{port} inet n - n - - smtpd
tlsmgr    unix       - - n 1000? 1 tlsmgr
anvil     unix       - - n -   1 anvil
"""

PATH = os.environ["PATH"] + ":/usr/sbin"


class Postfix:
    """transports: domain -> where its mail goes, as in transport(5).
    submission: what SUBMISSION and LISTENER leave open.
    """

    def __init__(self, transports, submission=None):
        self.top = tempfile.mkdtemp(prefix="roost-postfix-")
        os.chmod(self.top, 0o755)       # for the user postfix
        self.process = None
        for name in ("etc", "queue", "data"):
            os.mkdir(os.path.join(self.top, name), 0o755)
        shutil.chown(os.path.join(self.top, "data"), "postfix")
        self.write("main.cf", MAIN.format(
            top=self.top, domains=" ".join(transports),
            transports=", ".join("{ %s = %s }" % x
                                 for x in transports.items())))
        self.write("master.cf", MASTER)
        if submission:
            self.write("main.cf", SUBMISSION.format(**submission), "a")
            self.write("master.cf", LISTENER.format(**submission), "a")

    def write(self, name, text, mode="w"):
        with open(os.path.join(self.top, "etc", name), mode) as f:
            f.write(text)

    def run(self, *command, **more):
        return subprocess.run(command, capture_output=True, check=True,
                              timeout=PATIENCE_S, env=dict(os.environ, PATH=PATH),
                              **more)

    def start(self):
        self.process = subprocess.Popen(
            ["postfix", "-c", os.path.join(self.top, "etc"), "start-fg"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            env=dict(os.environ, PATH=PATH))
        end = time.time() + PATIENCE_S
        while not os.path.exists(os.path.join(self.top, "queue", "public",
                                              "pickup")):
            if time.time() > end or self.process.poll() is not None:
                raise RuntimeError("Postfix does not start: " + self.log())
            time.sleep(0.05)

    def stop(self):
        """master ends its own children; the script that is ours, with it."""
        if self.process is not None and self.process.poll() is None:
            with open(os.path.join(self.top, "queue", "pid",
                                   "master.pid")) as f:
                os.kill(int(f.read()), signal.SIGTERM)
            self.process.wait(PATIENCE_S)
        shutil.rmtree(self.top, ignore_errors=True)

    def log(self):
        try:
            with open(os.path.join(self.top, "log")) as f:
                return f.read()
        except FileNotFoundError:
            return "no log"

    def send(self, sender, recipients, text):
        """By its sendmail, which takes lines that end in LF."""
        self.run("sendmail", "-C", os.path.join(self.top, "etc"), "-i",
                 "-f", sender, *recipients,
                 input=text.replace(b"\r\n", b"\n"))
