"""crowdsec.py -- a CrowdSec of the test's own, unpacked by
tools/install-crowdsec: it follows a log, asks nobody outside, and bans as its
package's scenario for Dovecot says. What it bans here is nobody's to enforce.
"""
import collections
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile

import client
from harness import free_ports
from processes import wait_for

TOP = os.environ.get("ROOST_CROWDSEC", os.path.join(
    client.ROOT, "build", "crowdsec"))
HUB = os.path.join(TOP, "usr", "share", "crowdsec", "hub")

# What Debian's package enables, as far as it is for any log, and what it has
# for Dovecot.
ENABLED = ["parsers/s00-raw/crowdsecurity/syslog-logs.yaml",
           "parsers/s01-parse/crowdsecurity/dovecot-logs.yaml",
           "parsers/s02-enrich/crowdsecurity/dateparse-enrich.yaml",
           "parsers/s02-enrich/crowdsecurity/whitelists.yaml",
           "scenarios/crowdsecurity/dovecot-spam.yaml"]

CONFIGURATION = """
common: {{daemonize: false, log_media: stdout, working_dir: .}}
config_paths:
  config_dir: {top}
  data_dir: {top}
  hub_dir: {hub}
  index_path: {hub}/.index.json
  notification_dir: {top}
  plugin_dir: {top}
  simulation_path: {package}/simulation.yaml
crowdsec_service: {{acquisition_path: {top}/acquis.yaml}}
db_config: {{type: sqlite, db_path: {top}/db, use_wal: false}}
api:
  client: {{credentials_path: {top}/credentials.yaml}}
  server:
    listen_uri: 127.0.0.1:{port}
    profiles_path: {package}/profiles.yaml
prometheus: {{enabled: false}}
"""
# docs/operating.md
ACQUISITION = """
filenames: [{log}]
labels:
  type: dovecot
"""
EACH = """
type: trigger
name: each
description: what dovecot-spam counts, one by one
filter: "evt.Meta.log_type == 'dovecot_logs' && \
evt.Meta.dovecot_login_result == 'auth_failed'"
groupby: evt.Meta.source_ip
labels: {type: scan}
"""


class CrowdSec:
    def __init__(self, log):
        self.top = tempfile.mkdtemp(prefix="roost-crowdsec-")
        self.port, = free_ports(1)
        package = os.path.join(TOP, "etc", "crowdsec")
        for name in ENABLED:
            self.link(os.path.join(HUB, name),
                      name.replace("crowdsecurity/", ""))
        self.link(os.path.join(package, "patterns"), "patterns")
        self.write("scenarios/each.yaml", EACH)
        self.write("acquis.yaml", ACQUISITION.format(log=log))
        self.write("credentials.yaml", "")
        self.write("config.yaml", CONFIGURATION.format(
            top=self.top, hub=HUB, package=package, port=self.port))
        self.process = None

    def path(self, name):
        return os.path.join(self.top, name)

    def link(self, target, name):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        os.symlink(target, self.path(name))

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def cscli(self, *arguments):
        return subprocess.run(
            [os.path.join(TOP, "usr", "bin", "cscli"), "-c",
             self.path("config.yaml"), *arguments], check=True,
            capture_output=True, text=True).stdout

    def start(self):
        """It follows the log when it has counted somebody."""
        self.cscli("machines", "add", "test", "--force", "--password",
                   secrets.token_hex(16), "-f", self.path("credentials.yaml"),
                   "-u", "http://127.0.0.1:%d" % self.port)
        with open(self.path("log"), "w") as log:
            self.process = subprocess.Popen(
                [os.path.join(TOP, "usr", "bin", "crowdsec"), "-c",
                 self.path("config.yaml"), "-no-capi"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_for(lambda: "Starting processing data" in self.log()):
            raise RuntimeError("CrowdSec does not start: " + self.log())

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.top)

    def log(self):
        with open(self.path("log")) as f:
            return f.read()

    def counted(self):
        """How many failures of each address."""
        return collections.Counter(re.findall(
            r"Ip (\S+) performed 'each'", self.log()))

    def banned(self):
        """{address: scenario}"""
        return {d["value"]: d["scenario"]
                for alert in json.loads(self.cscli(
                    "decisions", "list", "-o", "json")) or []
                for d in alert["decisions"]}
