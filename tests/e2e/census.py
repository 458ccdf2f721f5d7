"""The leak census: everything a container may leave behind, counted before and after a test.

Other programs work on the machine too, so what is counted is what this test process could have caused: its mount
namespace, its descendants (it is their subreaper), and names that carry its tag. BULKHEAD_ALONE=1 says that nothing
else runs (a virtual machine made for the tests): then whole tables are counted.
"""

import os
import re
import time

ALONE = os.environ.get("BULKHEAD_ALONE") == "1"


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def names(directory):
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def cgroup_mounts():
    """Where the hierarchies are mounted: [(mount point, "cgroup" or "cgroup2", super options)]."""
    found = []
    for line in read("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        fields, (kind, _, options) = left.split(), right.split()[:3]
        if kind in ("cgroup", "cgroup2"):
            found.append((fields[4], kind, options))
    return found


def mounts():
    return {" ".join(line.split()[2:]) for line in read("/proc/self/mountinfo").splitlines()}


def cgroups(tag, ignored):
    found = set()
    for top, _, _ in cgroup_mounts():
        for directory, _, _ in os.walk(top):
            path = os.path.relpath(directory, top)
            if path != ignored and (ALONE or tag in path):
                found.add(directory)
    return found


def stat_of(pid):
    """(parent, start time, state, name) of a process, or None."""
    text = read(f"/proc/{pid}/stat")
    match = re.match(r"\d+ \((.*)\) (\S) (.*)", text, re.S)
    if not match:
        return None
    rest = match.group(3).split()
    return int(rest[0]), rest[18], match.group(2), match.group(1)


def processes():
    """This process's descendants, dead ones that nobody has waited for included."""
    table = {}
    for name in names("/proc"):
        if name.isdigit():
            info = stat_of(int(name))
            if info:
                table[int(name)] = info
    mine = {os.getpid()}
    grown = True
    while grown:
        grown = False
        for pid, info in table.items():
            if info[0] in mine and pid not in mine:
                mine.add(pid)
                grown = True
    if ALONE:
        mine = {pid for pid, info in table.items() if info[0] != 2 and pid != 2}
    return {f"{pid} started {table[pid][1]} ({table[pid][3]})" for pid in mine if pid in table and pid != os.getpid()}


def network_namespaces():
    """Namespaces that are held by a mount or by a process of ours."""
    held = {line for line in read("/proc/self/mountinfo").splitlines() if " - nsfs " in line}
    for entry in processes():
        try:
            held.add(os.readlink(f"/proc/{entry.split()[0]}/ns/net"))
        except OSError:
            pass
    return held


def unix_sockets(tag):
    paths = [line.split(None, 7)[7] for line in read("/proc/net/unix").splitlines()[1:] if len(line.split(None, 7)) > 7]
    return {path for path in paths if tag in path or (ALONE and path.startswith("@"))}


def keys(tag):
    return {line.split(None, 8)[-1] for line in read("/proc/keys").splitlines() if tag in line}


def temporary_files(private, tag):
    found = {os.path.join(private, name) for name in names(private)}
    for directory in ("/tmp", "/run", "/dev/shm", "/var/tmp"):
        found |= {os.path.join(directory, name) for name in names(directory) if ALONE or (tag in name)}
    return {path for path in found if os.path.basename(path) not in ("bulkhead", "runc", "crun")}


def host_names():
    return {f"{key}={read(f'/proc/sys/kernel/{key}').strip()}" for key in ("hostname", "domainname", "core_pattern")}


def take(tag, state_root, private_tmp, cgroup_parent):
    """A snapshot: {what: set of things}. The test's own cgroup parent is not counted, what is below it is."""
    return {
        "mounts": mounts(),
        "cgroups": cgroups(tag, cgroup_parent.strip("/")),
        "processes": processes(),
        "state": set(names(state_root)) if ALONE else {name for name in names(state_root) if tag in name},
        "network namespaces": network_namespaces(),
        "temporary files": temporary_files(private_tmp, tag),
        "unix sockets": unix_sockets(tag),
        "keys": keys(tag),
        "host names": host_names(),
    }


def difference(before, after):
    """Lines that say what came and what went; empty when the two are the same."""
    lines = []
    for what, was in before.items():
        lines += [f"{what}: left behind: {item}" for item in sorted(after[what] - was)]
        lines += [f"{what}: gone: {item}" for item in sorted(was - after[what])]
    return lines


def settle(take_again, before, seconds=5.0):
    """Compares until nothing differs: the kernel ends namespaces and keys a moment after their last user."""
    deadline = time.monotonic() + seconds
    while True:
        lines = difference(before, take_again())
        if not lines or time.monotonic() > deadline:
            return lines
        time.sleep(0.02)
