#!/usr/bin/env python3
"""Writes the C++ source behind builtin.h: the given files byte for byte, and the system call groups as a table.

usage: embed.py OUTPUT ROOT FILE...    names in the table are relative to ROOT; groups are those in ROOT/seccomp

A group that is not well-formed stops the build.
"""
import json
import os
import re
import sys

BYTES_A_LINE = 96
GROUP_MEMBERS = ["bulkhead", "name", "version", "description", "tested", "syscalls"]


def literal(data):
    """C++ string literals for `data`, every byte outside printable ASCII as three octal digits."""
    lines = []
    for start in range(0, len(data), BYTES_A_LINE):
        text = ""
        for byte in data[start:start + BYTES_A_LINE]:
            plain = 0x20 <= byte < 0x7F and chr(byte) not in '"\\?'
            text += chr(byte) if plain else "\\%03o" % byte
        lines.append('    "%s"' % text)
    return "\n".join(lines) or '    ""'


def no_doubles(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a member stands twice")
    return dict(pairs)


def read_group(name, data):
    """(name, version, members) of a group file, checked."""
    group = json.loads(data, object_pairs_hook=no_doubles)
    if list(group) != GROUP_MEMBERS:
        raise ValueError("want the members %s, have %s" % (GROUP_MEMBERS, list(group)))
    if group["bulkhead"] != "syscall-group/v1" or group["name"] != "@" + name:
        raise ValueError("want syscall-group/v1 and the name @" + name)
    if not re.fullmatch(r"[0-9A-Za-z.]+", group["version"]):
        raise ValueError("want a version")
    calls = group["syscalls"]
    if len(set(calls)) != len(calls):
        raise ValueError("a system call stands twice")
    for call in calls:
        if not re.fullmatch(r"@[a-z0-9-]+|[a-z][a-z0-9_]*", call):
            raise ValueError("want a system call or a group, have %r" % call)
    return name, group["version"], calls


def group_tables(groups):
    known = {name for name, _, _ in groups}
    for name, _, calls in groups:
        for call in calls:
            if call.startswith("@") and call[1:] not in known:
                raise ValueError("@%s lists %s, which does not exist" % (name, call))
    lists, rows = [], []
    for index, (name, version, calls) in enumerate(groups):
        words = ",\n    ".join('"%s"' % call for call in calls)
        lists.append("constexpr std::string_view kGroup%d[] = {\n    %s,\n};\n" % (index, words))
        rows.append('    {"%s", "%s", kGroup%d},' % (name, version, index))
    return "%s\nconstexpr SyscallGroup kGroups[] = {\n%s\n};\n" % ("\n".join(lists), "\n".join(rows))


def main():
    output, root, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    rows, groups = [], []
    for path in sorted(files):
        with open(path, "rb") as file:
            data = file.read()
        name = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
        rows.append('    {"%s", std::string_view(\n%s,\n    %d)},' % (name, literal(data), len(data)))
        if os.path.dirname(name) == "seccomp":
            try:
                groups.append(read_group(os.path.basename(name)[:-len(".json")], data))
            except ValueError as error:
                sys.exit("%s: %s" % (path, error))
    with open(output, "w", encoding="ascii") as out:
        out.write('// Made by embed.py.\n#include "policy/builtin.h"\n\nnamespace policy {\n\nnamespace {\n\n'
                  "constexpr BuiltinFile kFiles[] = {\n%s\n};\n\n%s\n}  // namespace\n\n"
                  "std::span<const BuiltinFile> builtin_files() { return kFiles; }\n"
                  "std::span<const SyscallGroup> builtin_groups() { return kGroups; }\n\n}  // namespace policy\n"
                  % ("\n".join(rows), group_tables(groups)))


if __name__ == "__main__":
    main()
