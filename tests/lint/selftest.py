#!/usr/bin/env python3
"""Each lint is shown a tree that is right and trees that are wrong; a lint that finds nothing wrong is broken.

usage: selftest.py PROGRAM
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
PROGRAM = ""  # the built bulkhead, from the command line


class Lint(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="bulkhead-lint."))
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run_lint(self, script, *args):
        done = subprocess.run([str(HERE / script), *map(str, args or [self.root])], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def assert_finds(self, script, words, *args):
        status, output = self.run_lint(script, *args)
        self.assertEqual(status, 1, output)
        for word in words:
            self.assertIn(word, output)

    def assert_content(self, script, *args):
        status, output = self.run_lint(script, *args)
        self.assertEqual(status, 0, output)


class Layers(Lint):
    def setUp(self):
        super().setUp()
        self.write("oci/spec.cc", '#include "base/result.h"\n#include <rapidjson/document.h>\n#include <string>\n')
        self.write("src/plan/a.cc", '#include "kernel/facts.h"\n#include "harden/harden.h"\n#include <seccomp.h>\n')
        self.write("src/init/main.cc", '#include "plan/image.h"\n#include <cstdint>\n#include <linux/mount.h>\n')

    def test_accepts_the_allowed_arrows(self):
        self.assert_content("layers.py")

    def test_refuses_an_arrow_upwards(self):
        self.write("src/base/x.cc", '#include "oci/spec.h"\n')
        self.assert_finds("layers.py", ["src/base/x.cc:1", "oci/spec.h", "base may use only nothing"])

    def test_refuses_more_of_a_room_than_the_one_header(self):
        self.write("src/plan/x.cc", '// c\n#include "kernel/mount.h"\n')
        self.assert_finds("layers.py", ["src/plan/x.cc:2", "kernel/mount.h"])

    def test_refuses_a_library_outside_its_room(self):
        self.write("src/policy/x.cc", "#include <rapidjson/document.h>\n")
        self.assert_finds("layers.py", ["RapidJSON is used only in oci"])
        self.write("src/harden/x.cc", "#include <getopt.h>\n")
        self.assert_finds("layers.py", ["getopt_long is used only in cli"])

    def test_refuses_an_unknown_library(self):
        self.write("src/kernel/x.cc", "#include <curl/curl.h>\n")
        self.assert_finds("layers.py", ["not in the table"])

    def test_refuses_libc_in_init(self):
        self.write("src/init/x.cc", "#include <unistd.h>\n")
        self.assert_finds("layers.py", ["not even libc"])

    def test_refuses_system_calls_in_a_pure_room(self):
        self.write("src/harden/x.cc", "#include <unistd.h>\n")
        self.assert_finds("layers.py", ["harden makes no system calls"])

    def test_refuses_iostreams_relative_includes_and_unknown_rooms(self):
        self.write("src/kernel/x.cc", '#include <iostream>\n#include "x.h"\n')
        self.write("src/attic/y.cc", "")
        self.assert_finds("layers.py", ["iostream", "written from the root", "src/attic/y.cc: no room"])

    def test_an_empty_tree_is_an_error(self):
        shutil.rmtree(self.root / "src")
        shutil.rmtree(self.root / "oci")
        self.assert_finds("layers.py", ["no source files"])


class FileLength(Lint):
    def test_accepts_400_lines_and_functions_of_60(self):
        self.write("src/a/x.cc", "// l\n" * 400)
        self.write("src/a/y.cc", "int f() {\n" + "  g();\n" * 58 + "}\n")
        self.assert_content("file_length.py")

    def test_refuses_401_lines(self):
        self.write("tests/a/x.py", "# l\n" * 401)
        self.assert_finds("file_length.py", ["tests/a/x.py: 401 lines"])

    def test_refuses_a_function_of_61(self):
        self.write("oci/y.cc", "base::Result<int> f(const X& x,\n  int y) {\n}\nint f() {\n" + "  g();\n" * 59 + "}\n")
        self.assert_finds("file_length.py", ["oci/y.cc:4: a function of 61 lines"])


class InternalPaths(Lint):
    def test_accepts_public_paths(self):
        self.write("README.md", "see ./shared, /work/function and /home/app\n")
        self.write("build/x", "../" + "shared\n")
        self.assert_content("internal_paths.py")

    def test_refuses_each_kind(self):
        self.write("a.md", "see .." + "/shared/design\n")
        self.write("src/b.cc", "// /wo" + "rk/main/src\n")
        self.write("c", "/tmp/" + "b-init\n")
        self.write("d", "PATH=/root/" + ".cargo/bin\n")
        self.assert_finds("internal_paths.py", ["a.md:1", "src/b.cc:1", "c:1", "d:1"])


class InitSymbols(Lint):
    START = "void _start(void) { __builtin_trap(); }\n"

    def compile(self, text, *flags):
        program = self.root / "program"
        source = self.write("program.c", text)
        subprocess.run(["cc", "-O1", "-ffreestanding", "-nostdlib", "-fno-pie", "-o", program, source, *flags], check=True)
        return program

    def test_accepts_a_freestanding_program(self):
        self.assert_content("init_symbols.sh", self.compile(self.START, "-static", "-no-pie"))

    def test_refuses_an_undefined_symbol(self):
        text = "int write(int, const void*, long);\nvoid _start(void) { write(1, 0, 0); }\n"
        self.assert_finds("init_symbols.sh", ["undefined symbols: write"], self.compile(text, "-c"))

    def test_refuses_a_dynamic_program(self):
        self.assert_finds("init_symbols.sh", ["interpreter"], self.compile(self.START, "-pie", "-fPIE", "-Wl,-dynamic-linker,/lib/ld.so"))

    def test_refuses_a_program_without_symbols(self):
        self.assert_finds("init_symbols.sh", ["no symbol _start"], self.compile(self.START, "-static", "-no-pie", "-s"))

    def test_refuses_writable_code(self):
        self.assert_finds("init_symbols.sh", ["writable and executable"], self.compile(self.START, "-static", "-no-pie", "-Wl,-N"))


class Copied(Lint):
    """The project's own documents, of which one word at a time is changed."""

    def setUp(self):
        super().setUp()
        for part in ("man", "src/policy", "src/cli", "contrib/completions", "profiles", "tests/fuzz/corpus/policy"):
            shutil.copytree(TOP / part, self.root / part)

    def change(self, path, old, new):
        file = self.root / path
        text = file.read_text()
        self.assertIn(old, text)
        file.write_text(text.replace(old, new))

    def assert_change_found(self, script, path, old, new, *words):
        self.assert_content(script, PROGRAM, self.root)
        self.change(path, old, new)
        self.assert_finds(script, words, PROGRAM, self.root)


class Manual(Copied):
    def test_finds_a_missing_option(self):
        self.assert_change_found("manual.py", "man/bulkhead.8", "Fl -keep", "Fl -sweep",
                                 "no option --keep", "--sweep is not known")

    def test_finds_a_missing_command(self):
        self.assert_change_found("manual.py", "man/bulkhead.8", ".It Cm state ", ".It Cm status ", "no command state")

    def test_finds_a_missing_exit_status(self):
        self.assert_change_found("manual.py", "man/bulkhead.8", ".It 3", ".It 4", "no exit status 3")
        self.change("man/bulkhead.8", ".It 2", ".It 5")
        self.assert_finds("manual.py", ["no exit status 2"], PROGRAM, self.root)

    def test_finds_quotes_that_are_not_shown(self):
        self.assert_change_found("manual.py", "man/bulkhead-policy.5", r".Li {\(dqrequired\(dq: true} ,", '.Li { "required": true } ,',
                                 "bulkhead-policy.5", "quotes that mdoc takes")

    def test_finds_a_missing_policy_member(self):
        self.assert_change_found("manual.py", "man/bulkhead-policy.5", "Cm rootUser", "Cm rootPerson",
                                 "no member rootUser", "member rootPerson is not known")

    def test_finds_a_new_policy_member(self):
        self.assert_change_found("manual.py", "src/policy/read_rules.cc", '"privatePropagation", ',
                                 '"privatePropagation", "noSymlinks", ', "no member noSymlinks")


class Schema(Copied):
    def test_finds_a_member_that_the_schema_lacks(self):
        self.assert_change_found("schema.py", "src/policy/read_rules.cc", '"privatePropagation", ',
                                 '"privatePropagation", "noSymlinks", ', "the schema has no member noSymlinks")

    def test_finds_an_example_that_is_wrong(self):
        self.assert_change_found("schema.py", "man/bulkhead-policy.8", '"maxExceptionDays": 90', '"maxExceptionDays": "90d"',
                                 "example 1 of bulkhead-policy(8): not valid")


class Completions(Copied):
    def test_finds_a_missing_command(self):
        self.assert_change_found("completions.py", "contrib/completions/bulkhead.bash", " state kill", " kill", "bash: commands: state")

    def test_finds_a_missing_option(self):
        self.assert_change_found("completions.py", "contrib/completions/bulkhead.bash", "--pidfd-socket --", "--",
                                 "bash: create: --pidfd-socket", "bash: run: --pidfd-socket")

    def test_finds_a_missing_action(self):
        self.assert_change_found("completions.py", "contrib/completions/bulkhead.bash", "why explain render test", "why test",
                                 "bash: actions of policy: explain is missing", "render is missing")
        self.change("contrib/completions/_bulkhead", "|explain|", "|")
        self.change("contrib/completions/bulkhead.fish", "-a 'list show", "-a 'list sow")
        self.assert_finds("completions.py", ["_bulkhead: actions of policy: explain is missing", "bulkhead.fish: actions of policy: show is missing"],
                          PROGRAM, self.root)

    def test_finds_what_zsh_and_fish_lack(self):
        self.assert_change_found("completions.py", "contrib/completions/_bulkhead", "{-q,--quiet}", "-q", "zsh: options: --quiet")
        self.change("contrib/completions/bulkhead.fish", "-s q -l quiet", "-s q -l silent")
        self.assert_finds("completions.py", ["fish: list: --quiet is missing", "fish: list: --silent is not known"],
                          PROGRAM, self.root)


class RegressionMap(Lint):
    HEAD = "## Regression map\n| class | examples | rule | test |\n|---|---|---|---|\n"

    def test_accepts_tests_that_exist(self):
        self.write("tests/e2e/a_test.py", "class ATest:\n    def test_b(self):\n")
        self.write("tests/init/c.cc", "TEST_F(Attach, StaysIn) {\n")
        self.write("SECURITY.md", self.HEAD + "| x | y | z | `e2e/a_test.py` `ATest`, `test_b`; `init/c.cc` `StaysIn` |\n")
        self.assert_content("regression_map.py")

    def test_refuses_what_does_not_exist(self):
        self.write("tests/e2e/a_test.py", "class ATest:\n    pass  # test_gone\n")
        self.write("SECURITY.md", self.HEAD + "| x | y | z | `e2e/a_test.py` `test_gone`; `e2e/none.py` |\n| w | y | z | none |\n")
        self.assert_finds("regression_map.py", ["no test test_gone", "no tests/e2e/none.py", "w: no test"])

    def test_refuses_an_empty_map(self):
        self.write("SECURITY.md", self.HEAD)
        self.assert_finds("regression_map.py", ["is empty"])


class ManualSyntax(Lint):
    def test_finds_a_page_that_is_not_mdoc(self):
        page = self.write("x.8", ".Dd July 1, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Sh DESCRIPTION\n.Bl -tag\n.It a\n")
        if shutil.which("mandoc") is None:
            self.skipTest("mandoc is not installed")
        self.assert_finds("man_syntax.sh", ["x.8"], page)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    PROGRAM = sys.argv.pop()
    unittest.main(verbosity=2)
