"""What becomes of a container when a hook fails, and which hooks a policy lets run."""

import hashlib
import json
import os
import pathlib
import signal

import harness
import hooks
import node


@hooks.own
class FailureTest(hooks.Case):
    def fails(self, kind, hook, *words, begun=True):
        """`run` and `create` of a container with that hook; poststop undoes what the hooks before it did, if any had begun."""
        with self.subTest(kind=kind):
            for verb in ("run", "create"):
                self.records.unlink(missing_ok=True)
                bundle = self.with_hooks(["sleep", "60"], **{kind: [hook, self.hook("second")], "poststop": [self.hook("poststop")]})
                container = self.new_id()
                if verb == "create" and kind == "poststart":
                    continue
                result = self.runtime(verb, "--bundle", bundle.path, container, policy="passthrough")
                self.assert_one_error(result, 1, f"/hooks/{kind}/0", *words)
                self.assert_nothing_left(container)
                self.assertEqual([r["kind"] for r in self.seen()], ["poststop"] if begun else [])

    def test_exit_status_and_output(self):
        path = self.shell("failing", "echo one; echo two >&2; exit 3")
        for kind in (*hooks.BEFORE, "poststart"):
            self.fails(kind, {"path": str(path)}, f'"{path}"', "ended with status 3: one\\ntwo")

    def test_signal(self):
        for kind in hooks.BEFORE:
            self.fails(kind, {"path": str(self.shell("killed", "kill -9 $$"))}, "was ended by signal 9")

    def test_timeout(self):
        """The whole session is killed: the leak census finds none of its processes."""
        for kind in hooks.BEFORE:
            self.fails(kind, {"path": str(self.shell("slow", "echo begun; sleep 60 & sleep 60")), "timeout": hooks.SECONDS}, f"timeout after {hooks.SECONDS} s: begun")

    def test_what_cannot_be_run(self):
        plain = self.work / "plain"
        plain.write_text("no program")
        directory = self.work / "directory"
        directory.mkdir()
        os.mkfifo(self.work / "fifo")
        closed = self.script("closed", "#!/bin/sh\n")
        closed.chmod(0o644)
        empty = self.script("noexec", "not a program")
        for kind in hooks.BEFORE:
            early = kind == "createContainer"  # opened with everything else that init is given
            self.fails(kind, {"path": str(self.work / "none")}, "no such file", begun=not early)
            self.fails(kind, {"path": str(directory)}, "not a regular file", begun=not early)
            self.fails(kind, {"path": str(self.work / "fifo")}, "not a regular file", begun=not early)
            self.fails(kind, {"path": str(closed)}, "permission denied")
            self.fails(kind, {"path": str(empty)}, "script without #!")

    def test_much_output(self):
        """The last of ten megabytes is told; a hook that ends well is not held up by them."""
        flood = self.shell("flood", "head -c 10000000 /dev/zero | tr '\\0' x; echo the end; exit ${1:-0}")
        env = ["PATH=/usr/bin:/bin"]
        for kind in hooks.BEFORE:
            self.assert_ok(self.run_bundle(self.with_hooks(**{kind: [{"path": str(flood), "env": env}]})))
            bundle = self.with_hooks(**{kind: [{"path": str(flood), "args": ["flood", "1"], "env": env}]})
            result = self.run_bundle(bundle)
            self.assert_one_error(result, 1, "xxxthe end")
            self.assertLess(len(result.err), 8192)

    def test_a_hook_need_not_read(self):
        bundle = self.with_hooks(**{kind: [{"path": "/bin/true"}] for kind in hooks.HOST_SIDE})
        bundle.config["annotations"] = {"much": "x" * 300_000}
        self.assert_ok(self.run_bundle(bundle))

    def test_a_child_that_stays_is_not_waited_for(self):
        """It holds the output of the hook open, and is no affair of the runtime's."""
        mark = self.work / "mark"
        daemon = self.shell("daemon", f"sleep 300 &\necho $! > {mark}")
        for kind in (*hooks.RUNTIMES, "createContainer"):
            bundle = self.with_hooks(**{kind: [{"path": str(daemon), "env": ["PATH=/usr/bin:/bin"], "timeout": 200}]})
            self.assert_ok(self.run_bundle(bundle))
            if kind != "createContainer":  # there it ends at once, see below
                pid = int(mark.read_text())
                self.assertTrue(os.path.exists(f"/proc/{pid}"), kind)
                os.kill(pid, signal.SIGKILL)
                self.eventually(lambda p=pid: self.reap() or not os.path.exists(f"/proc/{p}"), "the child's end")

    def test_nothing_with_the_hosts_root_stays_in_the_container(self):
        """Its root user could enter it by /proc/PID/root."""
        daemon = self.shell("daemon", "sleep 300 &\nsetsid sleep 300 &")
        bundle = self.with_hooks(["sh", "-c", "echo /proc/[0-9]*"], createContainer=[{"path": str(daemon), "env": ["PATH=/usr/bin:/bin"]}])
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "/proc/1\n")

    def test_poststop_failures_are_warnings(self):
        failing = {"path": str(self.shell("failing", "exit 4"))}
        container, pid = self.start(self.with_hooks(["sleep", "60"], poststop=[failing, self.hook("poststop")]))
        self.assert_ok(self.runtime("kill", container, "KILL"))
        self.wait_exit(pid)
        result = self.assert_ok(self.runtime("delete", container))
        self.assertIn("warning: config.json: /hooks/poststop/0", result.err)
        self.assertIn("ended with status 4", result.err)
        self.assertEqual(len(self.seen()), 1)
        self.assert_nothing_left(container)

    def test_poststart_failure_stops_the_container(self):
        failing = {"path": str(self.shell("failing", "exit 4"))}
        container, pid = self.create(self.with_hooks(["sleep", "60"], poststart=[failing, self.hook("second")]))
        self.assert_one_error(self.runtime("start", container), 1, "/hooks/poststart/0", "ended with status 4")
        self.assertEqual(self.wait_exit(pid), -signal.SIGKILL)
        self.assertEqual(self.status(container), "stopped")
        self.assertEqual(self.seen(), [])
        self.assert_ok(self.runtime("delete", container))

    def test_a_runtime_that_is_killed_meanwhile(self):
        """What it left is removed, and what its hooks did is undone."""
        killer = self.shell("killer", "kill -9 $PPID; sleep 0.2")
        for flags in ((), ("--force",)):
            container = self.new_id()
            bundle = self.with_hooks(["sleep", "60"], createRuntime=[{"path": str(killer), "env": ["PATH=/usr/bin:/bin"]}], poststop=[self.hook("poststop")])
            self.assertEqual(self.runtime("create", "--bundle", bundle.path, container, policy="passthrough").code, -signal.SIGKILL)
            self.assertEqual(self.seen(), [])
            self.assert_ok(self.runtime("delete", *flags, container))
            self.assert_nothing_left(container)
            (record,) = self.seen()
            self.assertEqual(json.loads(record["stdin"])["status"], "stopped")
            self.records.unlink()

    def test_the_bundle_may_be_gone(self):
        bundle = self.with_hooks(["sleep", "60"], poststop=[self.hook("poststop")])
        container, _ = self.create(bundle)
        (bundle.path / "config.json").unlink()
        bundle.path.rmdir()
        self.assert_ok(self.runtime("delete", "--force", container))
        self.assertEqual(self.seen()[0]["cwd"], "/")


class PolicyTest(hooks.Case, node.Case):
    def digest(self, path):
        return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()

    def test_hardened_policies_refuse_them(self):
        for policy in ("faas", "baseline", "sandbox"):
            for kind in hooks.HOST_SIDE:
                bundle = self.with_hooks(**{kind: [self.hook(kind)]})
                container = self.new_id()
                self.assert_one_error(self.run_here(bundle, policy=policy, container=container), 1, "refuses", f"/hooks/{kind}/0/path", str(self.recorder),
                                      f"{policy}.json:/hooks/allow", '"hooks": {"allow"')
                self.assert_nothing_left(container)
        self.assertEqual(self.seen(), [])

    def test_faas_with_an_allowed_hook(self):
        self.add("mine", "profile", extends="builtin:faas@1", hooks={"allow": [{"path": str(self.recorder), "sha256": self.digest(self.recorder)}]})
        bundle = self.with_hooks(**{kind: [self.hook(kind)] for kind in hooks.HOST_SIDE})
        self.records.touch()
        self.records.chmod(0o666)
        result = self.assert_ok(self.run_here(bundle, policy="mine"))
        self.assertEqual([r["kind"] for r in self.seen()], list(hooks.HOST_SIDE), str(result))

    def test_digest(self):
        self.add("here", "floor", hooks={"allow": [{"path": str(self.recorder), "sha256": self.digest(self.recorder)}]})
        for kind in hooks.HOST_SIDE:
            bundle = self.with_hooks(["sleep", "60"], **{kind: [self.hook(kind)]})
            self.assert_ok(self.run_here(self.with_hooks(**{kind: [self.hook(kind)]}), policy="passthrough"))
            self.assertEqual(self.seen().pop()["kind"], kind)
            self.records.unlink()
            before = self.recorder.read_text()
            self.recorder.write_text(before + "# one more line\n")
            container = self.new_id()
            for verb in ("run", "create"):
                result = self.runtime(verb, "--bundle", bundle.path, container, policy="passthrough", flags=self.flags)
                self.assert_one_error(result, 1, f"/hooks/{kind}/0", f"is sha256:{self.digest(self.recorder)}, which is not allowed")
                self.assert_nothing_left(container)
            self.assertEqual(self.seen(), [])
            self.recorder.write_text(before)

    def test_digest_is_looked_at_when_it_runs(self):
        self.add("here", "floor", hooks={"allow": [{"path": str(self.recorder), "sha256": self.digest(self.recorder)}]})
        container, pid = self.create(self.with_hooks(["sleep", "60"], poststop=[self.hook("poststop")]), policy="passthrough", flags=self.flags)
        self.recorder.write_text("#!/bin/sh\necho evil > " + str(self.records))
        self.assert_ok(self.runtime("start", container))
        self.assert_ok(self.runtime("kill", container, "KILL"))
        self.wait_exit(pid)
        result = self.assert_ok(self.runtime("delete", container))
        self.assertIn("which is not allowed", result.err)
        self.assertFalse(self.records.exists())

    def test_digest_of_a_hook_in_the_container(self):
        bundle = self.start_bundle()
        path = bundle.root / "hook"
        self.add("here", "floor", hooks={"allow": [{"path": "/hook", "sha256": self.digest(path)}]})
        self.assert_ok(self.run_here(bundle, policy="passthrough"))
        self.assertEqual((bundle.root / "record/env").read_text(), "A=b\nPATH=/bin\n")
        container, pid = self.create(bundle, policy="passthrough", flags=self.flags)
        path.write_text("#!/bin/sh\necho evil > /record/evil")
        self.assert_one_error(self.runtime("start", container), 1, "/hooks/startContainer/0", "not the file whose digest")
        self.wait_exit(pid)
        self.assertFalse((bundle.root / "record/evil").exists())
        self.assert_one_error(self.run_here(bundle, policy="passthrough"), 1, "/hooks/startContainer/0", "which is not allowed")

    def test_explained(self):
        self.add("here", "floor", hooks={"allow": [{"path": str(self.recorder)}, {"path": "/h"}]})
        bundle = self.with_hooks(**{kind: [self.hook(kind, timeout=7)] for kind in hooks.HOST_SIDE}, startContainer=[{"path": "/h"}])
        out = self.assert_ok(self.here("explain", "--bundle", bundle.path, policy="passthrough")).out
        for kind in hooks.HOST_SIDE:
            self.assertRegex(out, rf"hook +{kind} {self.recorder}, 7 s at most +/hooks/{kind}/0")
        self.assertRegex(out, r"hook +startContainer /h +/hooks/startContainer/0")
        self.assertIn("hooks.allow", out)


if __name__ == "__main__":
    harness.main()
