"""proctree.py -- CPU time and memory of a server: a process and all below it."""
import os

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    with open("/proc/%s/stat" % pid) as f:
        rest = f.read().rsplit(")", 1)[1].split()
    return int(rest[1]), sum(map(int, rest[11:15]))


def tree(root):
    """pid -> ticks (its own, and those of children it has waited for)."""
    parents, ticks = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)], ticks[int(name)] = _stat(name)
            except OSError:
                pass        # gone meanwhile
    found = {root}
    while True:
        more = {p for p, up in parents.items() if up in found} - found
        if not more:
            return {p: ticks[p] for p in found if p in ticks}
        found |= more


def cpu_s(root):
    return sum(tree(root).values()) / TICKS


def pss_kb(root):
    """Memory with shared pages counted once, and the part of it that is no
    file's: (all, anonymous)."""
    total = anonymous = 0
    for pid in tree(root):
        try:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                for line in f:
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
                    elif line.startswith("Pss_Anon:"):
                        anonymous += int(line.split()[1])
        except OSError:
            pass
    return total, anonymous
