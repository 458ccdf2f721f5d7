#!/usr/bin/env python3
"""The manual pages name what the program knows, and nothing else.

usage: manual.py PROGRAM [ROOT]
Commands, options and exit codes are in bulkhead.8; the members that the policy reader knows are in bulkhead-policy.5.
"""
import pathlib
import re
import sys

import helptext

# A literal list of known members: Section::open(value, {"a", "b"}), check_members(value, {"a", "b"}), Name names[] = {…}.
MEMBERS = re.compile(r'(?:(?:Section::open|check_members)\(\s*\w+,\s*|Name names\[\] = )\{((?:\s*"[^"]*",?)+)\s*\}', re.S)
EXIT_CODE = re.compile(r"constexpr int kExit\w+ = (\d+);")


def page_options(text):
    """Long and short options that a page names; mdoc writes --bundle as "Fl -bundle"."""
    words = re.findall(r"\bFl ((?:-?[A-Za-z][a-z-]*)(?: *, *-?[A-Za-z][a-z-]*)*)", text)
    return {f"-{name.strip()}" for group in words for name in group.split(",")}


def policy_members(root):
    found = set()
    for file in sorted((root / "src/policy").glob("*.cc")):
        for group in MEMBERS.findall(file.read_text()):
            found |= set(re.findall(r'"([^"]*)"', group))
    return found


def exit_codes(root):
    return {code for file in sorted((root / "src/cli").glob("*.[ch]*")) for code in EXIT_CODE.findall(file.read_text())}


# mdoc takes a quote that begins a word as the start of an argument: what follows its end at once was meant to be seen.
EATEN = re.compile(r'^\..*\s"[^"]*"(?=\S)', re.M)


def eaten_quotes(root):
    for page in sorted((root / "man").glob("*.[1-9]")):
        text = page.read_text()
        for match in EATEN.finditer(text):
            yield f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}: quotes that mdoc takes for its own; write \\(dq"


def problems(program, root):
    page = (root / "man/bulkhead.8").read_text()
    explain = (root / "man/bulkhead-explain.8").read_text()
    policy = (root / "man/bulkhead-policy.5").read_text()
    commands, later, options = helptext.read(program)

    yield from eaten_quotes(root)
    for command in commands:
        if not re.search(rf"^\.It Cm {command}\b", page, re.M):
            yield f"bulkhead.8: no command {command}"
    for command in later:
        if not re.search(rf"\b{command}\b", page):
            yield f"bulkhead.8: does not say that {command} is not supported yet"
    known = set().union(*options.values())
    for name in sorted(known - page_options(page)):
        yield f"bulkhead.8: no option {name}"
    for name in sorted(page_options(page) - known):
        yield f"bulkhead.8: option {name} is not known to the program"
    for name in sorted(options["explain"] - page_options(explain)):
        yield f"bulkhead-explain.8: no option {name}"
    codes = exit_codes(root)
    if not codes:
        yield "src/cli: no exit codes found"
    for code in sorted(codes | {"0"}):
        if not re.search(rf"^\.It {code}$", page, re.M):
            yield f"bulkhead.8: no exit status {code}"

    members = policy_members(root)
    if len(members) < 20:
        yield f"src/policy: only {len(members)} members found; does the pattern still fit?"
    named = set(re.findall(r"\bCm (\$?[A-Za-z0-9]+)", policy)) | set(re.findall(r"^\.Ss ([a-z]+)$", policy, re.M))
    for line in re.findall(r"^\.Cm (.+)$", policy, re.M):
        named |= set(re.findall(r"[A-Za-z0-9$]+", line))
    for member in sorted(members - named):
        yield f"bulkhead-policy.5: no member {member}"
    for key in sorted(set(re.findall(r"^\.It Cm ([a-z]+[A-Z]\w*)$", policy, re.M)) - members):
        yield f"bulkhead-policy.5: member {key} is not known to the reader"


def main():
    root = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parents[2]
    found = list(problems(sys.argv[1], root))
    print("\n".join(found) if found else "the manual names what there is")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
