"""exim.py -- an Exim of the test's own, unpacked by tools/install-exim: it
listens on a loopback port, asks roost who may send, and delivers by LMTP. It
must be started by root.
"""
import os
import shutil
import subprocess
import tempfile
import time

import client
from harness import PATIENCE_S

EXIM = os.environ.get("ROOST_EXIM", os.path.join(
    client.ROOT, "build", "exim", "usr", "sbin", "exim4"))
USER = "Debian-exim"

CONFIGURATION = """
primary_hostname = exim.example.org
spool_directory = {top}/spool
log_file_path = {top}/spool/%slog
pid_file_path = {top}/spool/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
deliver_drop_privilege = true
keep_environment =
acl_smtp_rcpt = rcpt
tls_advertise_hosts =
auth_advertise_hosts = *

begin acl
rcpt:
  accept authenticated = *
  deny message = log in first

begin routers
all:
  driver = accept
  transport = roost

begin transports
roost:
  driver = lmtp
  socket = {lmtp}
  user = Debian-exim
  batch_max = 200
  rcpt_include_affixes

begin retry
* * F,1h,1s

begin authenticators
plain:
  driver = dovecot
  public_name = PLAIN
  server_socket = {auth}
  server_set_id = $auth1
login:
  driver = dovecot
  public_name = LOGIN
  server_socket = {auth}
  server_set_id = $auth1
"""


class Exim:
    """auth, lmtp: roost's sockets."""

    def __init__(self, auth, lmtp):
        self.port = client.support.harness.free_ports(1)[0]
        self.top = tempfile.mkdtemp(prefix="roost-exim-")
        os.chmod(self.top, 0o755)
        os.mkdir(os.path.join(self.top, "spool"))
        shutil.chown(os.path.join(self.top, "spool"), USER, USER)
        self.conf = os.path.join(self.top, "exim.conf")
        with open(self.conf, "w") as f:
            f.write(CONFIGURATION.format(top=self.top, port=self.port,
                                         auth=auth, lmtp=lmtp))
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [EXIM, "-C", self.conf, "-bdf", "-q1s"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.time() + PATIENCE_S
        while not os.path.exists(os.path.join(self.top, "spool", "pid")):
            if time.time() > end or self.process.poll() is not None:
                raise RuntimeError("Exim does not start: " + self.log())
            time.sleep(0.05)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)
        shutil.rmtree(self.top, ignore_errors=True)

    def log(self):
        text = ""
        for name in ("mainlog", "paniclog"):
            try:
                with open(os.path.join(self.top, "spool", name)) as f:
                    text += f.read()
            except FileNotFoundError:
                pass
        return text or "no log"
