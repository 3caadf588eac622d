"""hardening.py -- what the compiler and the linker were asked for, as it is
in the programs of a release."""
import glob
import json
import os
import re
import subprocess
import unittest

import support  # noqa: F401 (where harness is)
import harness

BUILD = os.path.join(harness.ROOT, os.environ.get("ROOST_BUILD",
                                                  "build/release"))
PROGRAMS = ("roostd", "roost")
OPTIONS = ("-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -O3 "
           "-fstack-protector-strong -fstack-clash-protection "
           "-fcf-protection=full -ftrivial-auto-var-init=zero "
           "-Werror=format-security").split()


def readelf(options, path):
    return subprocess.run(["readelf", "-W", *options, path], check=True,
                          capture_output=True, text=True).stdout


class Hardening(unittest.TestCase):
    def each(self, *options):
        for name in PROGRAMS:
            with self.subTest(program=name):
                yield readelf(options, os.path.join(BUILD, name))

    def test_addresses_are_random(self):
        for text in self.each("-h", "-d"):
            self.assertRegex(text, r"Type:\s+DYN")
            self.assertRegex(text, r"FLAGS_1.*\bPIE\b")
            self.assertNotIn("TEXTREL", text)

    def test_relocations_are_read_only(self):
        for text in self.each("-l", "-d"):
            self.assertIn("GNU_RELRO", text)
            self.assertRegex(text, r"\(FLAGS\)\s+BIND_NOW")

    def test_nothing_is_writable_and_executable(self):
        for text in self.each("-l"):
            flags = dict(re.findall(r"^  (\w+) +(?:0x\w+ +){5}([RWE ]{3})",
                                    text, re.MULTILINE))
            self.assertEqual(flags["GNU_STACK"].strip(), "RW")
            self.assertNotRegex(text, r"LOAD .* RWE ")

    def test_libraries_come_from_the_system(self):
        for text in self.each("-d"):
            self.assertNotRegex(text, r"\((RPATH|RUNPATH)\)")

    def test_buffers_and_stacks_are_checked(self):
        for text in self.each("--dyn-syms"):
            self.assertIn(" __stack_chk_fail@", text)
            checked = set(re.findall(r" __(\w+)_chk@", text))
            self.assertLessEqual({"memcpy", "snprintf"}, checked)

    def objects(self):
        found = glob.glob(os.path.join(BUILD, "src", "**", "*.o"),
                          recursive=True)
        self.assertGreater(len(found), 100)
        return found

    def test_control_flow(self):
        """Of each object: what the C library puts in front of main() has no
        such mark in Debian 12, so the linker leaves it out of the program."""
        for path in self.objects():
            self.assertIn("x86 feature: IBT, SHSTK", readelf(["-n"], path),
                          path)

    def test_every_file_was_compiled_so(self):
        with open(os.path.join(BUILD, "compile_commands.json")) as f:
            commands = [c for c in json.load(f)
                        if "/src/" in os.path.normpath(
                            os.path.join(c["directory"], c["file"]))]
        self.assertGreaterEqual(len(commands), len(self.objects()))
        for command in commands:
            missing = set(OPTIONS) - set(command["command"].split())
            self.assertFalse(missing, command["file"])


if __name__ == "__main__":
    unittest.main()
