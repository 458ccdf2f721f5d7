#!/usr/bin/env python3
"""Counts what the steps of tests/run left in a directory and prints "N passed, N failed, N skipped" last.

NAME.testlog: a testlog.json of meson; a program's own cases count where it reports them (GoogleTest, unittest),
else the program counts as one. extra: "pass NAME" or "fail NAME" a line. failed-steps: "step NAME" a line.
Exit status 1 when anything failed or nothing passed.
"""
import json
import pathlib
import re
import sys

GTEST = {"passed": re.compile(r"^\[  PASSED  \] (\d+) tests?", re.M),
         "failed": re.compile(r"^\[  FAILED  \] (\d+) tests?, listed", re.M),
         "skipped": re.compile(r"^\[  SKIPPED \] (\d+) tests?, listed", re.M)}
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ", re.M)
UNITTEST_END = re.compile(r"^(?:OK|FAILED)(?: \((.*)\))?$", re.M)


def cases(text):
    """The counts a test program printed itself, or None."""
    found = {key: sum(int(n) for n in pattern.findall(text)) for key, pattern in GTEST.items()}
    if any(found.values()):
        return found
    ran = UNITTEST_RAN.findall(text)
    if not ran:
        return None
    notes = {}
    for line in UNITTEST_END.findall(text):
        for name, number in re.findall(r"([a-z ]+)=(\d+)", line):
            notes[name.strip()] = notes.get(name.strip(), 0) + int(number)
    failed = notes.get("failures", 0) + notes.get("errors", 0) + notes.get("unexpected successes", 0)
    skipped = notes.get("skipped", 0)
    return {"failed": failed, "skipped": skipped, "passed": max(0, sum(map(int, ran)) - failed - skipped)}


def skip_reasons(text):
    yield from re.findall(r"Skipped\n(.+)", text)  # GTEST_SKIP() << reason
    yield from re.findall(r" \.\.\. (skipped .+)", text)  # unittest -v
    yield from re.findall(r"^(skipped?: .+)", text, re.M | re.I)


def count_log(path, total):
    failed_before = total["failed"]
    for line in path.read_text().splitlines():
        test = json.loads(line)
        text = (test.get("stdout") or "") + (test.get("stderr") or "")
        result = test["result"]
        name = f"{path.stem}: {test['name']}"
        if result == "SKIP":
            counts = {"passed": 0, "failed": 0, "skipped": 1}
        else:
            good = result in ("OK", "EXPECTEDFAIL")
            counts = cases(text) or {"passed": int(good), "failed": int(not good), "skipped": 0}
            if not good:
                counts["failed"] = max(1, counts["failed"])
                print(f"failed   {name} ({result.lower()})")
        if counts["skipped"]:
            reasons = sorted(set(reason.strip() for reason in skip_reasons(text)))
            print(f"skipped  {name}: {counts['skipped']} ({'; '.join(reasons[:6]) or 'no reason given'})")
        for key, value in counts.items():
            total[key] += value
    return total["failed"] - failed_before


def main(folder):
    total = {"passed": 0, "failed": 0, "skipped": 0}
    blamed = set()
    for log in sorted(folder.glob("*.testlog")):
        if count_log(log, total):
            blamed.add({"gcc": "tests"}.get(log.stem, log.stem))
    extra = folder / "extra"
    for line in extra.read_text().splitlines() if extra.exists() else ():
        verdict, name = line.split(" ", 1)
        total["passed" if verdict == "pass" else "failed"] += 1
        if verdict != "pass":
            print(f"failed   {name}")
            blamed.add(name.split(":")[0])
    steps = folder / "failed-steps"
    for line in steps.read_text().splitlines() if steps.exists() else ():
        step = line.split(" ", 1)[1]
        print(f"failed   step {step}")
        if step not in blamed:
            total["failed"] += 1
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
