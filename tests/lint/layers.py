#!/usr/bin/env python3
"""Checks every #include of src/ and oci/ against the table of rooms: what a room may use, and nothing else.

usage: layers.py [ROOT]. Prints each wrong arrow with the reason; exit status 1 if there is one.
A new arrow is a change of the design: it goes into this table and into src/README.md, with the reason in the commit.
"""
import pathlib
import re
import sys

# Room -> the rooms whose headers it may include, besides its own. A single header stands for itself.
MAY_USE = {
    "base": [],
    "oci": ["base"],
    "kernel": ["base"],
    "policy": ["base", "oci"],
    "harden": ["base", "oci", "policy"],
    # Those of kernel are plain values: what the host can do, what a cgroup is to be written, Landlock's numbers.
    "plan": ["base", "oci", "policy", "harden", "kernel/facts.h", "kernel/cgroup_types.h", "kernel/landlock.h"],
    "init": ["plan/image.h", "kernel/raw.h", "kernel/inroot.h", "kernel/landlock.h", "kernel/hook_process.h"],
    # A program of its own, in C: it runs inside containers and may rely on nothing.
    "probe": [],
    # The probe's tables of attempts are what it predicts the outcome of.
    "predict": ["base", "oci", "harden", "plan", "kernel/facts.h", "kernel/landlock.h", "probe/calls.inc", "probe/sockets.inc"],
    "container": ["base", "oci", "kernel"],
    # A plan's id maps and the like are values of the OCI documents.
    "launch": ["base", "kernel", "plan", "init/protocol.h", "oci/spec.h", "oci/cpu_list.h"],
    "monitor": ["base", "kernel", "container"],
    "cli": ["base", "oci", "kernel", "policy", "harden", "plan", "predict", "container", "launch", "monitor"],
}

# Library -> (how its headers are named, the rooms that may include them).
THIRD_PARTY = {
    "RapidJSON": (r"rapidjson/", ["oci"]),
    "libmount": (r"libmount/", ["kernel"]),
    "xxhash": (r"xxhash\.h$", ["kernel"]),
    "libseccomp": (r"seccomp\.h$", ["plan"]),
    "getopt_long": (r"getopt\.h$", ["cli"]),
}

# Rooms that compute values only: what names system calls or the process is not for them.
PURE = {"oci", "harden", "plan", "predict"}
IMPURE_HEADERS = {"unistd.h", "sys/syscall.h", "dirent.h", "sys/wait.h", "sys/socket.h", "spawn.h", "cstdlib"}
IMPURE_ALLOWED = {("plan", "cstdlib"), ("oci", "cstdlib")}  # strtol, free

# init runs without a library; these give types and macros only.
FREESTANDING = re.compile(r"(cstddef|cstdint|linux/.*|asm/.*|stddef\.h|stdint\.h)$")

# Not wanted anywhere in the program: start-up cost, exceptions, threads.
BANNED = {"iostream", "sstream", "fstream", "ostream", "istream", "regex", "thread", "future", "mutex",
          "condition_variable"}

# The C library and the kernel, as opposed to a library of somebody else's.
SYSTEM = re.compile(r"(sys|linux|asm|net|netinet|arpa|bits)/.*\.h$|(%s)\.h$" % "|".join(
    "dirent endian errno fcntl fnmatch getopt grp limits mqueue poll pwd sched signal spawn stddef stdint stdio stdlib "
    "string strings syslog termios time ucontext unistd utmp elf link".split()))
STANDARD_CXX = re.compile(r"[a-z_0-9]+$")  # no dot, no slash

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    parts = path.parts
    if parts[0] == "oci":
        return "oci"
    return parts[1] if len(parts) > 2 else None


def check_own(room, name):
    """Why `room` may not include the project's header `name`, or None."""
    other = name.split("/")[0]
    if "/" not in name or other not in MAY_USE:
        return 'is not written from the root as "room/header.h"'
    if other == room or other in MAY_USE[room] or name in MAY_USE[room]:
        return None
    return f"{room} may use only {', '.join(MAY_USE[room]) or 'nothing'}"


def check_system(room, name):
    """Why `room` may not include <name>, or None."""
    if name in BANNED:
        return "is wanted nowhere in the program"
    if room == "init":
        return None if FREESTANDING.match(name) else "init has no library, not even libc"
    if room in PURE and name in IMPURE_HEADERS and (room, name) not in IMPURE_ALLOWED:
        return f"{room} makes no system calls"
    for library, (pattern, rooms) in THIRD_PARTY.items():
        if re.match(pattern, name):
            return None if room in rooms else f"{library} is used only in {', '.join(rooms)}"
    if SYSTEM.match(name) or STANDARD_CXX.match(name):
        return None
    return "belongs to a library that is not in the table"


def problems(root):
    files = sorted(p for top in ("src", "oci") for p in (root / top).rglob("*") if p.suffix in (".cc", ".h", ".c"))
    if not files:
        yield f"{root}: no source files under src/ and oci/"
    for file in files:
        path = file.relative_to(root)
        room = room_of(path)
        if room not in MAY_USE:
            yield f"{path}: no room of the table"
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            quote, name = found.groups()
            reason = check_own(room, name) if quote == '"' else check_system(room, name)
            if reason:
                yield f'{path}:{number}: includes "{name}": {reason}'


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    found = list(problems(root))
    print("\n".join(found) if found else "every include follows the table")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
