#!/usr/bin/env python3
"""The regression map of SECURITY.md names only tests that exist.

usage: regression_map.py [ROOT]. In the last column a name in backquotes is a file below tests/, or a class, function or
test of the file named before it.
"""
import pathlib
import re
import sys


def rows(text):
    _, _, after = text.partition("## Regression map")
    for line in after.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and not set(cells[0]) <= set("-") and cells[0] != "class":
            yield cells


def problems(root):
    found = list(rows((root / "SECURITY.md").read_text()))
    if not found:
        yield "SECURITY.md: the regression map is empty"
    for what, _, _, tests in found:
        text = None
        names = re.findall(r"`([^`]+)`", tests)
        if not names:
            yield f"SECURITY.md: {what}: no test"
        for name in names:
            if "/" in name:
                file = root / "tests" / name
                text = file.read_text() if file.is_file() else ""
                if not text:
                    yield f"SECURITY.md: {what}: there is no tests/{name}"
            elif not re.search(rf"(\bdef |\bclass |, ){re.escape(name)}\b", text or ""):
                yield f"SECURITY.md: {what}: there is no test {name} in the file named before it"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    found = list(problems(root))
    print("\n".join(found) if found else "every test of the map exists")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
