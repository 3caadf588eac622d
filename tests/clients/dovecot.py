"""dovecot.py -- a Dovecot of the test's own, over one Maildir, on loopback.

Nothing of /etc/dovecot is read. It must be started by root.
"""
import os
import shutil
import socket
import subprocess
import tempfile
import time

from harness import PATIENCE_S, free_ports

CONFIG = """
base_dir = {top}/run
state_dir = {top}/state
log_path = {top}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{maildir}
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={top}/home
}}
"""


class Dovecot:
    """Reads (and may change) a copy of the Maildir."""

    def __init__(self, maildir):
        self.top = tempfile.mkdtemp(prefix="roost-dovecot-")
        os.chmod(self.top, 0o755)
        self.port = free_ports(1)[0]
        self.process = None
        copy = os.path.join(self.top, "home")
        shutil.copytree(maildir, copy)
        for at, _, files in os.walk(copy):
            for name in [""] + files:
                shutil.chown(os.path.join(at, name), "nobody", "nogroup")
        with open(os.path.join(self.top, "conf"), "w") as f:
            f.write(CONFIG.format(top=self.top, maildir=copy, port=self.port))

    def __enter__(self):
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", os.path.join(self.top, "conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"))
        end = time.time() + PATIENCE_S
        while time.time() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__(None, None, None)
        raise RuntimeError("Dovecot does not start")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(PATIENCE_S)
        shutil.rmtree(self.top, ignore_errors=True)
