"""The actions of `policy` on a node's files: their answers, for people and for machines, and their exit codes."""

import datetime
import json
import os
import pty
import subprocess

import harness
import node


def day(distance):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=distance)).isoformat()


class CommandTest(node.Case):
    def test_diff_tells_a_wider_policy(self):
        wider = self.here("policy", "diff", "faas-restricted", "faas", "--fail-on-widening")
        self.assertEqual(wider.code, 2, str(wider))
        self.assertRegex(wider.out, r"(?m)^\+ +process.rootUser +refuse -> remap$")
        tighter = self.assert_ok(self.here("policy", "diff", "--fail-on-widening", "passthrough", "faas", "-f", "json"))
        self.assertEqual([d["control"] for d in json.loads(tighter.out) if d["wider"]], [])

    def test_diff_of_two_files_of_one_kind(self):
        self.add("floor", "floor", resources={"pids": {"max": 64}})
        newer = self.work / "floor.json"
        newer.write_text(json.dumps({"bulkhead": "policy/v1", "kind": "floor", "name": "floor", "version": "2", "resources": {"pids": {"max": 128}}}))
        wider = self.here("policy", "diff", "floor@1", str(newer), "--fail-on-widening")
        self.assertEqual(wider.code, 2, str(wider))
        self.assertRegex(wider.out, r"(?m)^\+ +resources.pids +max 64 -> max 128$")
        tighter = self.here("policy", "diff", str(newer), "floor", "--fail-on-widening")
        self.assertEqual(tighter.code, 0, str(tighter))
        self.assert_one_error(self.here("policy", "diff", "floor", "faas"), 1, 'of kind "floor"', 'of kind "profile"')
        self.assertIn("leaves more than the installed", self.assert_ok(self.here("policy", "lint", str(newer))).out)

    def test_why_of_everything(self):
        lines = self.assert_ok(self.here("policy", "why", "--policy", "faas")).out.splitlines()
        self.assertIn("process.noNewPrivileges: true", lines)
        self.assertIn("process.umask: no rule", lines)
        self.assertEqual(len(json.loads(self.here("policy", "why", "-f", "json").out)), len(lines))

    def test_options_of_another_action_are_errors(self):
        for args, option in ((["list", "--bundle", "x"], "--bundle"), (["show", "faas", "-f", "json"], "--format"), (["lint", "x", "--strict"], "--strict"),
                             (["test", "x", "--id", "y"], "--id"), (["diff", "faas", "faas", "--policy", "faas"], "--policy"),
                             (["render", "--fail-on-widening"], "--fail-on-widening"), (["schema", "-f", "text"], "--format")):
            with self.subTest(args=args):
                self.assert_one_error(self.here("policy", *args), 1, f'"policy {args[0]}" has no option "{option}"')

    def test_answers_for_machines(self):
        good = self.add("good", "deny", seccomp={"deny": ["mount"]}, tests=[
            {"name": "a", "expect": {"syscall:mount": "EPERM"}}, {"name": "b", "expect": {"syscall:mount": "allow"}}])
        bad = self.add("bad", "deny", seccomp={"deny": ["mprotct"]})
        linted = self.runtime("policy", "lint", "-f", "json", str(good), str(bad))
        self.assertEqual(linted.code, 2)
        first, second = json.loads(linted.out)
        self.assertEqual((first["file"], first["good"], first["kind"], first["id"]), (str(good), True, "deny", "good@1"))
        self.assertTrue(any("until" in remark for remark in first["remarks"]))
        self.assertEqual((second["good"], "kind" in second), (False, False))
        self.assertRegex(second["error"], r':1:\d+: /seccomp/deny/0: unknown system call "mprotct"; hint: did you mean "mprotect"\?$')
        tested = self.runtime("policy", "test", "-f", "json", str(good))
        self.assertEqual(tested.code, 2)
        self.assertEqual(json.loads(tested.out), [{"file": str(good), "tests": 2, "met": 1, "failures": [
            {"test": "b", "place": f"{good}:/tests/1/expect/syscall:mount", "message": "syscall:mount: want allow, have EPERM"}]}])

    def test_colours_are_for_a_terminal(self):
        good = self.add("good", "deny", seccomp={"deny": ["mount"]}, tests=[{"name": "a", "expect": {"syscall:mount": "EPERM"}}])
        for args, words in ((["list"], "\x1b[1mKIND"), (["why", "seccomp"], "\x1b[1mseccomp\x1b[0m: "), (["diff", "faas", "passthrough"], "\x1b[31m+"),
                            (["lint", str(good)], "\x1b[33m"), (["test", str(good)], "\x1b[32m")):
            with self.subTest(args=args):
                self.assertNotIn("\x1b", self.here("policy", *args).out)
                self.assertIn(words, self.on_a_terminal("policy", *args))
                self.assertNotIn("\x1b", self.on_a_terminal("policy", *args, NO_COLOR="1"))

    def on_a_terminal(self, *args, **environment):
        ours, theirs = pty.openpty()
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        with subprocess.Popen([harness.RUNTIME, *self.flags, *args], stdout=theirs, stderr=theirs, env={**inherited, **environment}):
            os.close(theirs)
            out = b""
            try:
                while chunk := os.read(ours, 65536):
                    out += chunk
            except OSError:  # EIO: nobody has the other end any more
                pass
        os.close(ours)
        return out.decode()

    def test_profiles_of_the_distribution_come_after_the_builtin_ones(self):
        """Those of /usr/share/bulkhead/profiles, in a mount namespace of the test's own."""
        self.add("own", "profile")
        shared = self.work / "shared"
        shared.mkdir()
        for name, version in (("theirs", "7"), ("faas", "1"), ("baseline", "9")):
            (shared / f"{name}.json").write_text(json.dumps({"bulkhead": "policy/v1", "kind": "profile", "name": name, "version": version, "description": "of the distribution"}))
        (shared / "broken.json").write_text("{")

        def there(*args):
            script = 'mount -t tmpfs tmpfs /usr/share && mkdir -p /usr/share/bulkhead && cp -r "$0" /usr/share/bulkhead/profiles && chmod -R go-w /usr/share/bulkhead && exec "$@"'
            return subprocess.run(["unshare", "-m", "sh", "-c", script, shared, harness.RUNTIME, *self.flags, "policy", *args], capture_output=True, text=True, check=False)

        listed = there("list", "-f", "json")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("broken.json", listed.stderr)
        of_theirs = {(row["name"], row["version"], row["place"]) for row in json.loads(listed.stdout) if row["description"] == "of the distribution"}
        self.assertEqual(of_theirs, {("theirs", "7", "/usr/share/bulkhead/profiles/theirs.json"), ("baseline", "9", "/usr/share/bulkhead/profiles/baseline.json")})
        for name, words in (("theirs", '"name": "theirs"'), ("theirs@7", '"name": "theirs"'), ("baseline@9", '"version": "9"'), ("faas", '"why"'), ("own", '"name": "own"')):
            shown = there("show", name)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertIn(words, shown.stdout)
        self.assertEqual(there("why", "--policy", "theirs").returncode, 0)
        missing = there("show", "theirs@8")
        self.assertEqual((missing.returncode, missing.stderr), (1, 'bulkhead: policy "theirs@8" does not exist; hint: did you mean "theirs"?\n'))

    def test_a_name_that_does_not_exist(self):
        bundle = self.bundle("busybox", args=["true"])
        bundle.write()
        found = self.here("explain", "--bundle", str(bundle.path), policy="nonesuch")
        self.assert_one_error(found, 1, 'explain: policy "nonesuch" does not exist; hint: built-in policies are')
        self.assertNotIn(": :", found.err)
        self.assert_one_error(self.here("policy", "why", "process.noNewPriv"), 1, 'did you mean "process.noNewPrivileges"?')

    def test_what_is_passed_over_in_the_directory_is_told_once(self):
        (self.node / "policy.d/vaccine.JSON").write_text("{}")
        (self.node / "policy.d/x.json~").write_text("{}")
        words = f'bulkhead: warning: policy "{self.node}/policy.d/vaccine.JSON" is not read: its name does not end in ".json"\n'
        self.assertEqual(self.assert_ok(self.here("policy", "list")).err, words)
        ran = self.assert_ok(self.run_here(self.bundle("busybox", args=["true"]), policy="passthrough"))
        self.assertEqual(ran.err.count(words), 1, str(ran))
        self.assertIn("is not read in policy.d", self.runtime("policy", "lint", str(self.add("x", "deny").rename(self.node / "x.txt"))).out)

    def test_a_link_to_nowhere_is_not_an_absent_file(self):
        bundle = self.bundle("busybox", args=["true"])
        (self.node / "policy.json").symlink_to("nowhere")
        self.assert_one_error(self.run_here(bundle, policy="passthrough"), 1, "policy.json", "dangling link")
        (self.node / "policy.json").unlink()
        (self.node / "policy.d").rmdir()
        (self.node / "policy.d").symlink_to("nowhere")
        self.assert_one_error(self.run_here(bundle, policy="passthrough"), 1, "policy.d", "dangling link")
        self.assert_one_error(self.run_bundle(bundle, flags=("--policy-dir", str(self.work / "none"))), 1, "there is no such directory")

    def test_diff_of_what_comes_of_a_bundle(self):
        bundle = self.bundle("busybox", args=["true"])
        bundle.process["noNewPrivileges"] = True
        bundle.write()
        told = self.assert_ok(self.here("policy", "diff", "passthrough", "faas", "-b", str(bundle.path), "-f", "json")).out
        controls = [d["control"] for d in json.loads(told)]
        self.assertIn("process.capabilities", controls)
        self.assertNotIn("process.noNewPrivileges", controls, "it is on anyway")

    def test_a_files_own_tests(self):
        expect = {"syscall:socket(38,5,0)": "EAFNOSUPPORT", "syscall:socket(2,1,0)": "allow", "process.noNewPrivileges": "unchanged"}
        seccomp = {"args": {"socket": "a0 != AF_ALG"}, "onDeny": {"socket": "EAFNOSUPPORT"}}
        good = self.add("good", "deny", seccomp=seccomp, tests=[{"name": "shut", "expect": expect}])
        self.assertIn("3 expectations met", self.assert_ok(self.runtime("policy", "test", str(good))).out)
        bad = self.add("bad", "deny", seccomp=seccomp, tests=[{"name": "open", "expect": {"syscall:socket(38,5,0)": "allow"}}])
        failed = self.runtime("policy", "test", str(bad))
        self.assertEqual(failed.code, 2)
        self.assertIn("want allow, have EAFNOSUPPORT", failed.out)

    def test_lint_knows_what_will_be_regretted(self):
        exception = {"id": "E", "when": {"id": "x"}, "allow": {"process": {"realtime": True}}, "reason": "r", "owner": "team", "expires": day(3)}
        for name, kind, members, words in (
                ("e", "exceptions", dict(exceptions=[exception]), "of team runs out on"),
                ("e", "exceptions", dict(exceptions=[{**exception, "expires": day(-3)}]), "ran out on"),
                ("b", "bindings", dict(select=[{"when": {}, "profile": "faas"}, {"when": {"id": "x"}, "profile": "faas@1"}]), "is never reached"),
                ("b", "bindings", dict(select=[{"when": {}, "profile": "faas"}]), "has no version"),
                ("p", "profile", dict(modes={"seccomp": "audit"}), "there is no rule"),
                ("p", "profile", dict(extends="builtin:faas@1", process={"noNewPrivileges": False}), "leaves more than"),
                ("d", "deny", dict(process={"realtime": False}), 'has no "until"')):
            file = self.add(name, kind, **members)
            out = self.assert_ok(self.runtime("policy", "lint", str(file))).out
            self.assertIn(words, out)
            self.assertIn("good, with remarks", out)


if __name__ == "__main__":
    harness.main()
