"""A policy of one's own, as an operator makes one: show, change, lint, run."""

import json
import os
import re
import shutil
import subprocess

import harness


class PolicyCase(harness.Case):
    def setUp(self):
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        super().setUp()


class ShowTest(PolicyCase):
    def test_what_is_listed_can_be_shown_and_is_good(self):
        listed = json.loads(self.assert_ok(self.runtime("policy", "--format", "json", "list")).out)
        builtin = sorted(path.stem for path in (harness.TOP / "profiles").glob("*.json"))
        self.assertEqual(sorted(policy["name"] for policy in listed if policy["place"] == "built-in"), builtin)
        listed = [policy for policy in listed if policy["place"] == "built-in"]
        table = self.assert_ok(self.runtime("policy", "list")).out
        for policy in listed:
            self.assertRegex(table, rf"(?m)^profile +{policy['name']} +{policy['version']} +enforce +built-in +\S")
            shown = self.assert_ok(self.runtime("policy", "show", "builtin:" + policy["name"])).out
            self.assertEqual(json.loads(shown)["description"], policy["description"])
            file = self.work / "shown.json"
            file.write_text(shown)
            lint = self.assert_ok(self.runtime("policy", "lint", str(file))).out
            self.assertIn(f"{policy['name']}@{policy['version']}: good", lint)
            # What one leaves beyond another is told of every policy; a built-in one gives all its reasons.
            self.assertEqual([line for line in lint.splitlines() if "leaves more than" not in line and ": good" not in line], [])

    def test_what_is_wrong_is_one_error(self):
        for args, words in ((["show", "fass"], ["fass", "did you mean \"faas\"?"]), (["show", "x.json"], ["takes a name"]), (["show"], ["name of one policy"]),
                            (["lint"], ["takes files"]), (["lsit", "x"], ["list, show, lint, diff, why, explain, render, test or schema"]), (["lst"], ["did you mean \"list\"?"]), ([], ["at least 1"])):
            with self.subTest(args=args):
                self.assert_one_error(self.runtime("policy", *args), 1, *words)


class ToolsTest(PolicyCase):
    """The program that has these commands is the one installed with bulkhead, and no other."""

    def installed(self):
        tools, sbin, libexec = (os.environ.get(f"BULKHEAD_{name}") for name in ("TOOLS", "SBINDIR", "LIBEXECDIR"))
        if not tools:
            self.skipTest("BULKHEAD_TOOLS does not tell where the tools are")
        staged = self.work / "staged"
        program, tool = staged / sbin.strip("/") / "bulkhead", staged / libexec.strip("/") / "tools"
        for source, target in ((harness.RUNTIME, program), (tools, tool)):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
            target.chmod(0o755)
        return program, tool

    def policy(self, program, *args, **options):
        return subprocess.run([program, "policy", *(args or ("show", "faas"))], capture_output=True, text=True, check=False, cwd="/", **options)

    def test_it_is_found_below_another_root_and_without_an_environment(self):
        program, _ = self.installed()
        found = self.policy(program, env={})
        self.assertEqual((found.returncode, found.stderr), (0, ""))
        self.assertEqual(found.stdout, self.runtime("policy", "show", "faas").out)

    def test_it_is_not_looked_for_elsewhere(self):
        program, tool = self.installed()
        tool.rename(tool.parent.parent / "tools")
        found = self.policy(program, env={"PATH": f"{tool.parent.parent}"})
        self.assertEqual((found.returncode, found.stdout), (1, ""))
        self.assertEqual(found.stderr, f'bulkhead: tools program "{tool}": no such file or directory; hint: is bulkhead installed completely?\n')

    def test_what_others_could_have_made_is_not_run(self):
        program, tool = self.installed()
        for mode, owner, words in ((0o777, 0, "can be written by everybody"), (0o755, 1000, "belongs to user 1000")):
            with self.subTest(mode=mode, owner=owner):
                os.chown(tool, owner, -1)
                tool.chmod(mode)
                found = self.policy(program)
                self.assertEqual((found.returncode, found.stdout), (1, ""))
                self.assertIn(words, found.stderr)

    def test_it_has_no_other_commands(self):
        _, tool = self.installed()
        found = subprocess.run([tool, "--root", self.state_root, "run", "x"], capture_output=True, text=True, check=False)
        self.assertEqual(found.returncode, 1)
        self.assertIn('"run" is not a command of this program', found.stderr)

    def test_it_inherits_what_the_caller_gave(self):
        bundle = self.bundle("busybox")
        script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" policy --bundle "$1" why process.noNewPrivileges 3< /dev/null'
        found = subprocess.run(["sh", "-c", script, harness.RUNTIME, bundle.path], capture_output=True, text=True, check=False)
        self.assertEqual((found.returncode, found.stderr), (0, ""))

    def test_its_errors_are_in_the_log(self):
        log = self.work / "log"
        self.assertEqual(self.runtime("policy", "show", "nonesuch", flags=("--log", log, "--log-format", "json")).code, 1)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([line["level"] for line in lines], ["error"])
        self.assertIn("nonesuch", lines[0]["msg"])


class OwnTest(PolicyCase):
    # faas, but with a comment, a comma too many, and the time of one control taken away.
    def own(self, old, new):
        shown = self.assert_ok(self.runtime("policy", "show", "faas")).out
        text = "// ours\n" + shown.replace('"name": "faas"', '"name": "ours"').replace(old, new)
        self.assertNotEqual(text.count(new), 0)
        path = self.work / "ours.json"
        path.write_text(text)
        return path

    def test_a_changed_copy_runs(self):
        path = self.own('"readonlyRoot": true,', '"readonlyRoot": false, /* for the installer */')
        self.assertIn("ours@1: good", self.assert_ok(self.runtime("policy", "lint", str(path))).out)
        script = "touch /made && echo writable || echo read-only"
        for policy, answer in ((path, "writable"), ("faas", "read-only")):
            bundle = self.bundle("busybox", args=["sh", "-c", script])
            bundle.own_root()
            os.chmod(bundle.path / "rootfs", 0o777)
            self.assertEqual(self.assert_ok(self.run_bundle(bundle, policy=policy)).out.strip(), answer)

    def test_a_few_lines_on_top_of_a_builtin_policy(self):
        path = self.work / "few.json"
        path.write_text('''{
          "bulkhead": "policy/v1", "kind": "profile", "name": "few", "version": "1",
          "extends": "builtin:faas@1",
          // one temporary directory more, and a function that starts no program of its own
          "filesystem": { "tmpfs": [{ "path": "/cache", "size": "1M" }] },
          "seccomp": { "deny": ["chmod", "fchmodat"], "onDeny": { "chmod": "EACCES", "fchmodat": "EACCES" } },
        }''')
        script = "cd /cache && echo x > file && cat file && chmod 700 file; touch /made"
        result = self.run_bundle(self.bundle("busybox", args=["sh", "-c", script]), policy=path)
        self.assertEqual(result.out, "x\n", str(result))
        self.assertIn("chmod: file: Permission denied", result.err)
        self.assertIn("Read-only file system", result.err)  # faas's own rule

    def test_a_mistake_is_told_with_its_place_by_lint_and_by_run(self):
        path = self.own('"noNewPrivileges": true,', '"noNewPrivilege": true,')
        line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if '"noNewPrivilege":' in text)
        lint = self.runtime("policy", "lint", str(path))
        self.assertEqual(lint.code, 2, str(lint))
        place = re.escape(f"{path}:{line}:") + r"\d+: /process/noNewPrivilege: "
        self.assertRegex(lint.out, place)
        result = self.run_bundle(self.bundle("busybox", args=["true"]), policy=path)
        self.assertEqual(result.code, 1)
        self.assertRegex(result.err, place)

    def test_a_group_without_a_version_is_remarked(self):
        path = self.own('"@faas@1"', '"@faas"')
        lint = self.assert_ok(self.runtime("policy", "lint", str(path)))
        self.assertIn('group "@faas" has no version', lint.out)
        self.assertIn("good, with remarks", lint.out)

    def test_one_bad_file_does_not_hide_the_others(self):
        path = self.own('"realtime": false,', '"realtime": 0,')
        lint = self.runtime("policy", "lint", "/nowhere.json", str(path))
        self.assertEqual(lint.code, 2)
        self.assertIn("/nowhere.json", lint.out)
        self.assertIn("want true or false, have 0", lint.out)


if __name__ == "__main__":
    harness.main()
