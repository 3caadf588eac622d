"""versions.py -- which version of which client a run is about to try."""
import json
import os
import platform
import subprocess

import client

# Packages of Debian (of npm behind a colon) by the file of their tests.
PACKAGES = {
    "gui_roundcube": ("roundcube-core", "chromium"),
    "gui_thunderbird": ("thunderbird",),
    "with_curl": ("curl",),
    "with_formats": ("dovecot-core",),
    "with_gsasl": ("gsasl",),
    "with_imapflow": (":imapflow",),
    "with_imaplib": ("python3",),
    "with_mbsync": ("isync",),
    "with_mutt": ("mutt",),
    "with_neomutt": ("neomutt",),
    "with_offlineimap": ("offlineimap3",),
    "with_openssl": ("openssl",),
    "with_postfix": ("postfix",),
    "with_postfix_auth": ("postfix", "curl", "gsasl"),
    "with_postfix_doctor": ("postfix",),
    "with_tokens": ("curl", ":imapflow", ":oidc-provider"),
}


def version(package):
    if package == "python3":
        return platform.python_version()
    if package[0] != ":":
        return subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", package],
            capture_output=True, text=True, check=True).stdout
    with open(os.path.join(client.NPM, "node_modules", package[1:],
                           "package.json"), encoding="utf-8") as f:
        return json.load(f)["version"]


def show(names):
    """A line for each package that the tests of these names try."""
    for name in names:
        for package in PACKAGES.get(name.split(".")[0], ()):
            print("client: %s %s" % (package.strip(":"), version(package)),
                  flush=True)
