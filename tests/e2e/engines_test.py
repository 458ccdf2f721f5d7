"""Real engines with this runtime as theirs: run, exec, stop and delete, as their users see it.

The same story runs with runc (RUNTIME=/usr/sbin/runc); what is asked for here is what it answers.
"""

import os
import signal
import unittest

import engines
import harness

POLICIES = ("passthrough", "faas") if harness.HAS_POLICIES else (None,)
STATUS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters", "Uid", "Gid")


def setUpModule():
    engines.private_directories()


def status(text):
    found = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key: found[key].split() for key in STATUS if key in found}


class Story:
    """What each engine's test does; `engine` is the class."""

    engine = None

    def setUp(self):
        missing = self.engine.missing()
        if missing:
            self.skipTest(f"not installed: {', '.join(missing)}; contrib/install-packages test installs them")
        super().setUp()
        root = self.bundle("busybox").own_root().root
        self.on_host = self.engine(self, root)
        self.on_host.begin()
        self.addCleanup(self.on_host.end)
        self.names = 0

    def new_name(self):
        self.names += 1
        return f"{harness.TAG}-{self.names}"

    def out(self, name, *args, **options):
        answer = self.on_host.exec(name, *self.on_host.outlive, *args, **options)
        self.assertEqual(answer.code, 0, str(answer))
        return answer.out

    def test_exec(self):
        for policy in POLICIES:
            with self.subTest(policy=policy):
                self.tell_story(self.on_host.policy(policy))

    def tell_story(self, policy):
        name = self.new_name()
        pid = self.on_host.start(policy, name, "sleep", "1000")
        self.check_confinement(name, pid, policy)
        self.check_streams_and_codes(name)
        self.check_words(name)
        self.check_detached(name, pid)
        if hasattr(self.on_host, "check_health"):
            self.on_host.check_health(name)
        self.assertEqual(self.on_host.stop(name), 128 + signal.SIGKILL)
        if hasattr(self.on_host, "restart"):
            self.on_host.restart(name)
        self.on_host.delete(name)

    def check_confinement(self, name, pid, policy):
        """It is under what the container's own program is under."""
        with open(f"/proc/{pid}/status", encoding="ascii") as own:
            expected = status(own.read())
        seen = status(self.out(name, "cat", "/proc/self/status"))
        # By the host's ids and by the container's.
        self.assertEqual({key: value for key, value in seen.items() if key[1:] != "id"},
                         {key: value for key, value in expected.items() if key[1:] != "id"})
        self.assertEqual(seen["Uid"], ["0"] * 4)
        if policy not in (None, "passthrough"):
            self.assertEqual((seen["NoNewPrivs"], seen["Seccomp"]), (["1"], ["2"]))
            self.assertNotEqual(expected["Uid"][0], "0", "root is mapped away")

    def check_streams_and_codes(self, name):
        answer = self.on_host.exec(name, *self.on_host.outlive, "sh", "-c", "echo out; echo err >&2; exit 7")
        self.assertEqual((answer.code, answer.out, answer.err.splitlines()[:1]), (7, "out\n", ["err"]), str(answer))
        self.assertNotIn("warning", answer.err)
        self.assertEqual(self.out(name, "cat", stdin="one\ntwo\n"), "one\ntwo\n")
        self.assertEqual(self.on_host.exec(name, "sh", "-c", "kill -TERM $$").code, 128 + signal.SIGTERM)
        self.assertIn("uid=7 gid=8", self.out(name, "id", user="7:8"))
        self.assertEqual(self.out(name, "pwd", cwd="/usr"), "/usr\n")

    def check_words(self, name):
        answer = self.on_host.exec(name, "nope")
        self.assertEqual(answer.code, self.on_host.not_found, str(answer))
        self.assertIn('exec: "nope": executable file not found in $PATH', answer.out + answer.err)
        answer = self.on_host.exec(name, "true", cwd="/nope")
        self.assertEqual(answer.code, self.on_host.cwd_not_found, str(answer))
        self.assertIn('chdir to cwd ("/nope") set in config.json failed: no such file or directory', answer.out + answer.err)

    def check_detached(self, name, pid):
        before = self.inside(pid)
        self.assertEqual(self.on_host.exec(name, "sleep", "500", detach=True).code, 0)
        found = self.inside(pid) - before
        self.assertEqual(len(found), 1)
        other = found.pop()
        with open(f"/proc/{pid}/cgroup", encoding="ascii") as a, open(f"/proc/{other}/cgroup", encoding="ascii") as b:
            self.assertEqual(a.read(), b.read())
        self.on_host.end_exec(name, other)
        self.eventually(lambda: other not in self.inside(pid), "what was started ends")

    def inside(self, pid):
        """The processes of the container's pid namespace, but for the dead."""
        found = set()
        own = os.readlink(f"/proc/{pid}/ns/pid")
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == own:
                    found.add(int(entry))
            except OSError:
                pass
        return found

    def test_in_the_foreground(self):
        for policy in POLICIES:
            with self.subTest(policy=policy):
                policy = self.on_host.policy(policy)
                answer = self.on_host.run(policy, self.new_name(), *self.on_host.outlive, "sh", "-c", "echo out; echo err >&2; exit 3")
                self.assertEqual((answer.code, answer.out, answer.err), (3, "out\n", "err\n"), str(answer))
                answer = self.on_host.run(policy, self.new_name(), "nope")
                self.assertEqual(answer.code, self.run_not_found, str(answer))
                self.assertIn('exec: "nope": executable file not found in $PATH', answer.err)


class ContainerdTest(Story, harness.Case):
    engine = engines.Containerd
    run_not_found = 1


class PodmanTest(Story, harness.Case):
    engine = engines.Podman
    run_not_found = 127

    def test_its_input(self):
        for policy in POLICIES:
            self.assertEqual(self.on_host.run(policy, self.new_name(), "cat", stdin="one\n").out, "one\n")

    @unittest.skipUnless(harness.KIND == "bulkhead", "it has that name")
    def test_under_a_name_that_it_knows(self):
        """It asks a "runc" for a log in JSON, and reads its words there."""
        self.on_host.runtime = self.work / "runc"
        self.on_host.runtime.symlink_to(harness.RUNTIME)
        self.test_exec()


class DockerTest(Story, harness.Case):
    engine = engines.Docker
    run_not_found = 127


if __name__ == "__main__":
    harness.main()
