"""roundcube.py -- Debian's Roundcube, served by PHP's own web server from a
test's directory: its configuration, database, logs and sessions are there.
"""
import os
import signal
import socket
import sqlite3
import subprocess
import time

PROGRAM = "/var/lib/roundcube"

CONFIG = """<?php
$config = [];
$config['db_dsnw'] = 'sqlite:///%(top)s/database?mode=0600';
$config['log_dir'] = '%(top)s/logs/';
$config['temp_dir'] = '%(top)s/temp/';
$config['imap_host'] = 'ssl://127.0.0.1:%(port)d';
$config['imap_conn_options'] = ['ssl' => [
	'verify_peer' => true,
	'peer_name' => 'localhost',
	'cafile' => '%(certificate)s',
]];
$config['smtp_host'] = '127.0.0.1:9';
$config['des_key'] = 'twenty-four-octets-long.';
$config['plugins'] = ['acl'];
$config['skin'] = 'elastic';
$config['language'] = 'en_US';
$config['imap_force_ns'] = true;
$config['imap_cache'] = 'db';
$config['messages_cache'] = true;
$config['show_real_foldernames'] = true;
"""


class Roundcube:
    def __init__(self, top, imaps_port, certificate, port):
        self.url = "http://127.0.0.1:%d/" % port
        self.top = os.path.join(top, "roundcube")
        for name in ("", "logs", "temp", "config"):
            os.mkdir(os.path.join(self.top, name))
        self.write_config(imaps_port, certificate)
        self.make_database()
        with open(os.path.join(self.top, "logs", "php"), "wb") as log:
            self.process = subprocess.Popen(
                ["php", "-d", "display_errors=0", "-S", self.url[7:-1],
                 "-t", os.path.join(PROGRAM, "public_html")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
                env=dict(os.environ, PHP_CLI_SERVER_WORKERS="4",
                         ROUNDCUBE_CONFIG_DIR=os.path.join(self.top,
                                                           "config")))
        try:
            self.wait(port)
        except BaseException:
            self.close()
            raise

    def write_config(self, imaps_port, certificate):
        with open(os.path.join(self.top, "config", "config.inc.php"), "w",
                  encoding="utf-8") as f:
            f.write(CONFIG % {"top": self.top, "port": imaps_port,
                              "certificate": certificate})
        for name in ("defaults.inc.php", "mimetypes.php"):
            os.symlink(os.path.join(PROGRAM, "config", name),
                       os.path.join(self.top, "config", name))

    def make_database(self):
        with open(os.path.join(PROGRAM, "SQL", "sqlite.initial.sql"),
                  encoding="utf-8") as f:
            database = sqlite3.connect(os.path.join(self.top, "database"))
            database.executescript(f.read())
            database.close()

    @staticmethod
    def wait(port):
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 2).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def errors(self):
        """What it complained about."""
        path = os.path.join(self.top, "logs", "errors.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def close(self):
        os.killpg(self.process.pid, signal.SIGTERM)     # and its workers
        self.process.wait()
