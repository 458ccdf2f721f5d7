#!/usr/bin/env python3
"""tests/summary.py must count failures as failures, whatever form they come in."""
import json
import pathlib
import subprocess
import tempfile
import unittest

SUMMARY = pathlib.Path(__file__).resolve().parents[1] / "summary.py"
GTEST_GOOD = "[==========] 5 tests from 2 test suites ran. (3 ms total)\n[  PASSED  ] 4 tests.\n" \
             "[  SKIPPED ] 1 test, listed below:\na.cc:7: Skipped\nneeds root\n"
GTEST_BAD = "[  PASSED  ] 4 tests.\n[  FAILED  ] 2 tests, listed below:\n"
UNITTEST_BAD = "Ran 9 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=2)\n"


class Summary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bulkhead-summary.")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def log(self, name, *tests):
        lines = [json.dumps({"name": n, "result": r, "stdout": out}) for n, r, out in tests]
        (self.folder / f"{name}.testlog").write_text("\n".join(lines) + "\n")

    def check(self, line, status):
        done = subprocess.run([str(SUMMARY), str(self.folder)], capture_output=True, text=True)
        self.assertEqual(done.stdout.splitlines()[-1], line, done.stdout + done.stderr)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def test_cases_are_counted_and_skips_told(self):
        self.log("gcc", ("a", "OK", GTEST_GOOD), ("b", "OK", "fine"), ("c", "SKIP", "skipped: no qemu"))
        said = self.check("5 passed, 0 failed, 2 skipped", 0)
        self.assertIn("needs root", said)
        self.assertIn("no qemu", said)

    def test_failures_are_counted(self):
        self.log("gcc", ("a", "FAIL", GTEST_BAD))
        self.log("vm", ("e2e", "FAIL", UNITTEST_BAD))
        self.check("9 passed, 4 failed, 2 skipped", 1)

    def test_a_crash_a_timeout_and_a_bad_status_after_good_words_fail(self):
        self.log("gcc", ("a", "FAIL", ""), ("b", "TIMEOUT", ""), ("c", "FAIL", GTEST_GOOD))
        self.check("4 passed, 3 failed, 1 skipped", 1)

    def test_a_failed_step_without_a_failed_test_fails(self):
        self.log("gcc", ("a", "OK", ""))
        (self.folder / "failed-steps").write_text("step clang\n")
        self.check("1 passed, 1 failed, 0 skipped", 1)

    def test_a_failed_step_with_its_failed_test_counts_once(self):
        self.log("gcc", ("a", "FAIL", ""))
        (self.folder / "extra").write_text("pass fuzz:spec\nfail fuzz:policy\n")
        (self.folder / "failed-steps").write_text("step tests\nstep fuzz\n")
        self.check("1 passed, 2 failed, 0 skipped", 1)

    def test_nothing_run_is_a_failure(self):
        self.check("0 passed, 0 failed, 0 skipped", 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
