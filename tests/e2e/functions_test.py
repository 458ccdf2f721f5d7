"""Real functions under the faas policy: they start, answer HTTP, use threads, children and files, and stop."""

import signal
import subprocess

import harness
import hostns


class FunctionsTest(harness.Case):
    ANSWERS = {
        "/tmp-write": "file says kept\n",
        "/subprocess": "child says 42, status 0\n",
        "/threads": "threads say 4004000\n",
        "/dns": "dns says ok\n",
    }

    def check_function(self, kind, hello, memory=None):
        bundle = self.bundle(kind, env=["GREETING=hello there"])
        if memory:
            bundle.linux["resources"]["memory"] = {"limit": memory}
        container, pid = self.start(bundle, policy="faas")
        self.assertEqual(hostns.http_get(pid, "/"), (200, hello))
        self.assertEqual(self.status(container), "running")
        status, body = hostns.http_get(pid, "/env")
        self.assertEqual(status, 200)
        environment = dict(line.split("=", 1) for line in body.splitlines())
        self.assertEqual(environment["GREETING"], "hello there")
        self.assertEqual(environment["PORT"], "8080")
        self.assertNotIn("TMPDIR", environment, "the runtime's own environment reached the function")
        for path, expected in self.ANSWERS.items():
            with self.subTest(path=path):
                self.assertEqual(hostns.http_get(pid, path), (200, expected))
        self.assertEqual(hostns.http_get(pid, "/nothing")[0], 404)
        self.assert_ok(self.runtime("kill", container, "SIGTERM"))
        self.assertEqual(self.wait_exit(pid), 0, "the function ends itself with status 0 on SIGTERM")
        self.assertEqual(self.status(container), "stopped")
        self.assert_ok(self.runtime("delete", container))
        self.assertEqual(self.runtime("state", container).code, 1)

    def test_c_function(self):
        self.check_function("c-http", "hello from c\n")

    def test_python_function(self):
        self.check_function("python-http", "hello from python\n")

    def test_node_function(self):
        self.check_function("node-http", "hello from node\n")

    def test_java_function(self):
        self.check_function("java-http", "hello from java\n")

    def test_go_function(self):
        self.check_function("go-http", "hello from go\n")

    def test_busybox_shell(self):
        bundle = self.bundle("busybox", args=["/bin/sh", "-c", "echo out; echo err >&2; cat /proc/sys/kernel/hostname"])
        bundle.config["hostname"] = "shell"
        result = self.run_bundle(bundle, policy="faas")
        self.assertEqual((result.code, result.out, result.own_err), (0, "out\nshell\n", "err\n"))

    def test_busybox_reads_standard_input(self):
        bundle = self.bundle("busybox", args=["/bin/sh", "-c", "read line; echo got $line"])
        source = self.work / "input"
        source.write_text("a line\n")
        with open(source, encoding="ascii") as stdin:
            result = self.run_bundle(bundle, policy="faas", stdin=stdin)
        self.assertEqual((result.code, result.out), (0, "got a line\n"))

    def test_sigterm_without_a_handler_ends_with_143(self):
        # The init of a pid namespace ignores a signal that it does not handle: its shell child is what dies of it.
        script = "(kill -TERM $$; sleep 100) & sleep 0.1; sh -c 'kill -TERM $$'; exit $?"
        bundle = self.bundle("busybox", args=["/bin/sh", "-c", script])
        self.assertEqual(self.run_bundle(bundle, policy="faas").code, 128 + signal.SIGTERM)

    def test_run_in_the_foreground_forwards_sigterm(self):
        bundle = self.bundle("busybox", args=["/bin/sh", "-c", "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.1; done"])
        container = self.new_id()
        process = self.spawn("run", "--bundle", bundle.path, container, policy="faas")
        self.eventually(lambda: process.result().out == "up\n", "the shell says up")
        process.send_signal(signal.SIGTERM)
        process.wait(harness.TIMEOUT)
        self.assertEqual(process.returncode, 7, str(process.result()))
        self.assertEqual(process.result().out, "up\nbye\n")

    def test_the_default_policy_is_faas(self):
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        document = self.probe(policy=None, only="identity")
        self.assertEqual(document["no_new_privs"], 1)
        self.assertEqual(document["capabilities"]["effective"], "0" * 16)

    def test_two_functions_at_once_do_not_meet(self):
        first, first_pid = self.start(self.bundle("c-http"), policy="faas")
        second, second_pid = self.start(self.bundle("c-http", env=["OTHER=1"]), policy="faas")
        self.assertNotIn("OTHER=1", hostns.http_get(first_pid, "/env")[1])
        self.assertIn("OTHER=1", hostns.http_get(second_pid, "/env")[1])
        self.kill_and_delete(first, first_pid)
        self.assertEqual(hostns.http_get(second_pid, "/"), (200, "hello from c\n"))
        self.kill_and_delete(second, second_pid)

    def test_a_created_function_does_not_run_yet(self):
        container, pid = self.create(self.bundle("c-http"), policy="faas")
        with self.assertRaises(OSError):
            hostns.http_get(pid, "/", timeout=0.3)
        self.assert_ok(self.runtime("start", container))
        self.assertEqual(hostns.http_get(pid, "/")[0], 200)
        self.kill_and_delete(container, pid)

    def test_loopback_is_up(self):
        container, pid = self.start(self.bundle("c-http"), policy="faas")
        self.assertTrue(hostns.loopback_is_up(pid))
        self.kill_and_delete(container, pid)

    def test_explain_needs_no_container(self):
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no explain")
        bundle = self.bundle("python-http")
        answer = subprocess.run(
            [harness.RUNTIME, "explain", "--bundle", bundle.path, "--policy", "faas"],
            capture_output=True, text=True, check=False,
        )
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertNotIn("\x1b", answer.stdout)
        for word in ("noNewPrivileges", "seccomp", "faas"):
            self.assertIn(word, answer.stdout)


if __name__ == "__main__":
    harness.main()
