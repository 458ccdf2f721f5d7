#!/usr/bin/env python3
"""Files longer than 400 lines, or functions longer than 60: split by idea. A pure table may be longer.

usage: file_length.py [ROOT]. Looks at src/, oci/, tests/, contrib/. Exit status 1 if one is too long.
"""
import pathlib
import re
import sys

MAX_FILE = 400
MAX_FUNCTION = 60
SUFFIXES = {".cc", ".h", ".c", ".py", ".sh", ""}
# Path -> why it may be longer.
TABLES = {
    "src/plan/syscall_table.cc": "one row a system call",
}
# A line in column 0 that opens a function's body; its end is a "}" in column 0.
OPENS = re.compile(r"^[A-Za-z_].*\)\s*(const|noexcept|\[\[.*\]\]|->.*)*\s*\{$")


def long_functions(lines):
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and OPENS.match(line) and not line.startswith(("namespace", "struct", "class", "enum")):
            start = number
        elif start is not None and line.startswith("}"):
            if number - start + 1 > MAX_FUNCTION:
                yield start, number - start + 1
            start = None


def problems(root):
    for top in ("src", "oci", "tests", "contrib"):
        for file in sorted((root / top).rglob("*")):
            path = file.relative_to(root).as_posix()
            if not file.is_file() or file.suffix not in SUFFIXES:
                continue
            try:
                lines = file.read_text().splitlines()
            except UnicodeDecodeError:
                continue
            if len(lines) > MAX_FILE and path not in TABLES:
                yield f"{path}: {len(lines)} lines, at most {MAX_FILE}"
            if top in ("src", "oci") and file.suffix in (".cc", ".c", ".h"):
                for start, length in long_functions(lines):
                    yield f"{path}:{start}: a function of {length} lines, at most {MAX_FUNCTION}"
    for path in TABLES:
        if root == pathlib.Path(__file__).parents[2] and not (root / path).exists():
            yield f"{path}: is in the list of tables but does not exist"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = list(problems(root.resolve()))
    print("\n".join(found) if found else "no file is too long")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
