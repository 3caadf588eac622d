"""run.py -- streams of commands, as many as are asked for, judged.

usage: run [COMMANDS [SEED]]

Streams have a thousand commands each and the seeds SEED, SEED + 1, ...; so
"run 1000 SEED" repeats one. Of one that ends in a disagreement the commands
that matter are printed with their answers. The last line is "N passed, N
failed", a stream each.
"""
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time

from generate import Generator
from harness import Server
from shrink import shrink
from stream import Disagreement, Stream

LENGTH = 1000
LIMITS = {"STORAGE": 40000, "MESSAGE": 60, "MAILBOX": 14,
          "ANNOTATION-STORAGE": 1500}       # of every second stream
OPTIONS = {"STORAGE": "--storage", "MESSAGE": "--messages",
           "MAILBOX": "--mailboxes", "ANNOTATION-STORAGE": "--annotations"}
CONF = "trusted_networks = 127.0.0.1\nconnections_per_host = 1000\n"
MOST = 7                # messages that a command may be about, of every fifth
PATIENCE = 30           # seconds for an answer
SHORT_PATIENCE = 5      # while a failing stream is made shorter


class Worker:
    """Two servers of its own, one with MESSAGELIMIT, and an account for each
    stream; to half of them comes a visitor.
    """

    def __init__(self, servers):
        self.servers = servers
        self.accounts = 0

    def stream(self, seed, patience):
        most = MOST if seed % 5 == 4 else None
        server = self.servers[most is not None]
        names = ["ann@s%05d.example" % self.accounts]
        self.accounts += 1
        if seed % 4 > 1:
            names.append("bob" + names[0][3:])
        for name in names:
            server.add_user(name)
        limits = LIMITS if seed % 2 else {}
        if limits:
            server.roost("user", "quota", names[0], *(
                x for resource, limit in limits.items()
                for x in (OPTIONS[resource], str(limit))))
        return Stream(server.imap_port, names, patience, limits, most)

    def run(self, seed):
        """Commands done, and what to print."""
        stream = self.stream(seed, PATIENCE)
        generator = Generator(random.Random(seed))
        try:
            while stream.done < LENGTH:
                stream.step(*generator.step(stream))
        except Disagreement as wrong:
            return stream.done, self.report(seed, stream, wrong)
        finally:
            stream.close()
        return stream.done, None

    def report(self, seed, stream, wrong):
        short = shrink(stream.steps, lambda x: self.replay(seed, x))
        lines = ["seed %d: %s" % (seed, wrong)]
        if short is None:
            return lines + stream.lines(20) + ["It does not happen again."]
        return lines + ["The same in short: %s" % short.wrong] + \
            short.lines()

    def replay(self, seed, steps):
        """In a domain with a name as long as that before."""
        stream = self.stream(seed, SHORT_PATIENCE)
        domain = stream.accounts[0].name[4:].encode()
        try:
            for n, commands in steps:
                stream.step(n, [re.sub(rb"(?i)s\d{5}\.example", domain, x)
                                for x in commands])
        except Disagreement as wrong:
            stream.wrong = wrong
            return stream
        finally:
            stream.close()
        return None


def work(seeds, results):
    """In a process of its own, until seeds has none left."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    top = tempfile.mkdtemp(prefix="roost-model-", dir=memory)
    try:
        for name in ("all", "some"):
            os.mkdir(os.path.join(top, name))
        servers = [Server(conf=CONF, directory=os.path.join(top, "all")),
                   Server(conf=CONF + "command_messages = %d\n" % MOST,
                          directory=os.path.join(top, "some"))]
        with servers[0], servers[1]:
            worker = Worker(servers)
            while (seed := seeds.get()) is not None:
                results.put((seed,) + worker.run(seed))
            faults = [x for server in servers
                      for x in server.log().split("\n")
                      if "ERROR: AddressSanitizer" in x or
                      "runtime error:" in x or "event=child_died" in x]
            status = servers[0].stop() or servers[1].stop()
            results.put((None, status, faults))
    except Exception as e:                  # it must not end in silence
        results.put((None, 1, [repr(e)]))
        raise
    finally:
        shutil.rmtree(top, ignore_errors=True)


def main():
    commands = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    streams = max(1, commands // LENGTH)
    workers = min(streams, os.cpu_count() or 1)
    seeds, results = multiprocessing.Queue(), multiprocessing.Queue()
    for seed in list(range(first, first + streams)) + [None] * workers:
        seeds.put(seed)
    begun = time.time()
    # who is interrupted takes the workers along, and they their servers
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    processes = [multiprocessing.Process(target=work, args=(seeds, results),
                                         daemon=True)
                 for _ in range(workers)]
    for process in processes:
        process.start()
    done = judged = failed = faults = ended = 0
    while ended < workers:
        seed, count, said = results.get()
        if seed is None:
            ended += 1
            if count != 0 or said:
                faults += 1
                print("a server ended with %r: %s" % (count, said))
            continue
        done += count
        judged += 1
        if said:
            failed += 1
            print("\n".join(said), flush=True)
    for process in processes:
        process.join()
    print("%d commands in %.0f s" % (done, time.time() - begun))
    # one that nobody came to has failed, too
    print("%d passed, %d failed" % (judged - failed,
                                    streams - judged + failed + faults))
    return judged - failed != streams or faults != 0


if __name__ == "__main__":
    sys.exit(main())
