#!/usr/bin/env python3
"""Paths that mean something on one machine only, and folders outside the checkout, must not be in the project.

usage: internal_paths.py [ROOT]. Exit status 1 if one is.
"""
import pathlib
import re
import sys

# Written in pieces, so that this file does not find itself.
PATTERNS = {
    "a folder beside the checkout": re.compile(r"\.\./" + r"shared\b"),
    "a path of one machine": re.compile(r"(?<![\w.$}{])/(work|home/\w+|Users/\w+)" + r"/(main|shared|src|\." + r"library)\b"),
    "a private build directory": re.compile(r"/tmp/" + r"b-\w+"),
    "a private home": re.compile(r"(?<![\w$}])/root/" + r"\.(cache|pyenv|cargo|local)\b"),
}
SKIP_DIRS = re.compile(r"(\.git|build.*|__pycache__|\.cache)$")


def files(folder):
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or entry.name == ".git":  # in a linked worktree that is a file with a path
            continue
        if entry.is_dir():
            if not SKIP_DIRS.match(entry.name):
                yield from files(entry)
        elif entry.is_file() and entry.stat().st_size < 4 << 20:
            yield entry


def problems(root):
    for file in files(root):
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for what, pattern in PATTERNS.items():
                found = pattern.search(line)
                if found:
                    yield f"{file.relative_to(root)}:{number}: {what}: {found.group(0)}"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = list(problems(root.resolve()))
    print("\n".join(found) if found else "no such path")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
