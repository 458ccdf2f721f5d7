"""`run`: exit codes, streams, descriptors that reach the container, and how its program is found."""

import json
import os
import signal
import subprocess
import time

import harness

WAIT = ["/bin/sleep", "1000"]


class RunTest(harness.Case):
    def test_exit_codes(self):
        for code in (0, 1, 2, 42, 126, 127, 128, 137, 255):
            with self.subTest(code=code):
                self.assertEqual(self.run_bundle(self.bundle("probe", args=["/probe", "--exit", str(code)])).code, code)

    def test_a_signal_is_128_and_its_number(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT):
            with self.subTest(signal=number):
                bundle = self.bundle("probe", args=["/probe", "--wait"])
                bundle.namespace("pid", absent=True)  # or init would ignore what it does not handle
                container = self.new_id()
                process = self.spawn("run", "--bundle", bundle.write().path, container, policy="passthrough")
                self.eventually(lambda: self.runtime("state", container).code == 0 and self.status(container) == "running",
                                "it runs")
                self.assert_ok(self.runtime("kill", container, str(int(number))))
                process.wait(harness.TIMEOUT)
                self.assertEqual(process.returncode, 128 + number)

    def test_run_removes_the_container(self):
        bundle = self.bundle("busybox", args=["true"])
        container = self.new_id()
        self.assert_ok(self.run_bundle(bundle, container=container))
        self.assertEqual(self.runtime("state", container).code, 1)
        self.assertFalse(harness.cgroup_dir(bundle.linux["cgroupsPath"], "pids").exists())

    def test_keep(self):
        bundle = self.bundle("busybox", args=["sh", "-c", "exit 3"])
        container = self.new_id()
        if harness.KIND != "bulkhead":
            self.skipTest(f"this {harness.KIND} is older than --keep")
        self.assertEqual(self.run_bundle(bundle, "--keep", container=container).code, 3)
        self.assertEqual(self.status(container), "stopped")
        self.assert_ok(self.runtime("delete", container))

    def test_detach(self):
        bundle = self.bundle("busybox", args=WAIT)
        container = self.new_id()
        pid_file = self.work / "pid"
        began = time.monotonic()
        self.assert_ok(self.run_bundle(bundle, "--detach", "--pid-file", pid_file, container=container))
        self.assertLess(time.monotonic() - began, harness.TIMEOUT)
        self.assertEqual(self.status(container), "running")
        self.kill_and_delete(container, int(pid_file.read_text()))

    def test_standard_streams_are_the_callers(self):
        bundle = self.bundle("busybox", args=["sh", "-c", "cat; echo e >&2"])
        source = self.work / "in"
        source.write_bytes(b"\0bytes\xff\n")
        with open(source, "rb") as stdin:
            result = self.run_bundle(bundle, stdin=stdin)
        self.assertEqual((result.out.encode("utf8", "surrogateescape"), result.err), (b"\0bytes\xff\n", "e\n"))

    def test_nothing_holds_the_streams_after_create(self):
        """A caller waits for the end of the pipes: only the container's own processes may keep them."""
        container = self.new_id()
        bundle = self.bundle("busybox", args=["sh", "-c", "exec >/dev/null 2>&1; sleep 1000"]).write()
        process = subprocess.Popen(
            self.command(["run", "--detach", "--bundle", bundle.path, container], "passthrough"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
        )
        out, _ = process.communicate(timeout=harness.TIMEOUT)
        self.assertEqual((process.returncode, out), (0, b""))
        pid = self.state(container)["pid"]
        self.kill_and_delete(container, pid)

    def test_closed_standard_streams(self):
        bundle = self.bundle("probe", args=["/probe", "--only", "files", "--output", "3"]).write()
        answer = self.work / "answer"
        with open(answer, "wb") as file:
            def arrange(fd=file.fileno()):
                os.dup2(fd, 3)
                os.set_inheritable(3, True)  # dup2 changes nothing if it is 3 already
                for standard in (0, 1, 2):
                    os.close(standard)

            process = subprocess.Popen(
                self.command(["run", "--preserve-fds", "1", "--bundle", bundle.path, self.new_id()], "passthrough"),
                preexec_fn=arrange, close_fds=False,
            )
            process.wait(harness.TIMEOUT)
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed may fail here: exit {process.returncode}")
        self.assertEqual(process.returncode, 0)
        fds = json.loads(answer.read_text())["fds"]
        self.assertEqual([entry["fd"] for entry in fds], [0, 1, 2, 3])
        self.assertEqual([entry["link"] for entry in fds[:3]], ["/dev/null"] * 3)


class DescriptorsTest(harness.Case):
    def descriptors(self, open_fds, preserve):
        """What the container has when the runtime was started with descriptors 3 to 2+open_fds open."""
        bundle = self.bundle("probe", args=["/probe", "--only", "files"]).write()
        made = [os.open("/dev/zero", os.O_RDONLY | os.O_CLOEXEC) for _ in range(open_fds)]
        high = [os.dup(fd) for fd in made]

        def arrange():
            for number, fd in enumerate(high):
                os.dup2(fd, 200 + number)
            for number in range(open_fds):
                os.dup2(200 + number, 3 + number)
                os.close(200 + number)
            os.closerange(3 + open_fds, 200)

        flags = ["--preserve-fds", str(preserve)] if preserve else []
        out = self.work / "document"
        with open(out, "wb") as file:
            process = subprocess.Popen(
                self.command(["run", *flags, "--bundle", bundle.path, self.new_id()], "passthrough"),
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, preexec_fn=arrange, close_fds=False,
            )
            code = process.wait(harness.TIMEOUT)
        for fd in made + high:
            os.close(fd)
        self.assertEqual(code, 0, out.read_text())
        return {entry["fd"]: entry["link"] for entry in json.loads(out.read_text())["fds"]}

    def test_none_by_default(self):
        for count in (0, 1, 7, 40):
            with self.subTest(open=count):
                self.assertEqual(sorted(self.descriptors(count, 0)), [0, 1, 2])

    def test_exactly_the_preserved_ones(self):
        for preserve in (1, 2, 5, 17):
            with self.subTest(preserve=preserve):
                found = self.descriptors(20, preserve)
                self.assertEqual(sorted(found), list(range(3 + preserve)))
                self.assertEqual({found[fd] for fd in range(3, 3 + preserve)}, {"/dev/zero"})


    def test_a_preserved_one_that_is_not_open_is_an_error(self):
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed takes its own descriptors for the caller's")
        bundle = self.bundle("probe").write()
        result = self.runtime("run", "--preserve-fds", "3", "--bundle", bundle.path, self.new_id(), policy="passthrough")
        self.assert_one_error(result, 1)


class ProcessTest(harness.Case):
    def test_a_missing_directory_is_made(self):
        bundle = self.bundle("busybox", args=["pwd"]).own_root()
        bundle.process["cwd"] = "/srv/deep/down"
        result = self.assert_ok(self.run_bundle(bundle))
        self.assertEqual(result.out, "/srv/deep/down\n")
        self.assertEqual((bundle.root / "srv/deep").stat().st_mode & 0o7777, 0o755)

    def test_home_comes_from_the_containers_passwd(self):
        bundle = self.bundle("busybox", args=["sh", "-c", "echo $HOME"])
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "/root\n")
        bundle.process["env"].append("HOME=/elsewhere")
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "/elsewhere\n")

    def test_path_lookup(self):
        bundle = self.bundle("busybox", args=["tool"]).own_root()
        tool = bundle.root / "opt/bin/tool"
        tool.parent.mkdir(parents=True)
        tool.write_text("#!/bin/sh\necho found $0\n")
        tool.chmod(0o755)
        bundle.process["env"] = ["PATH=/nowhere:/opt/bin:/bin"]
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "found /opt/bin/tool\n")

    def test_a_relative_program_is_relative_to_the_directory(self):
        bundle = self.bundle("busybox", args=["./busybox", "echo", "here"])
        bundle.process["cwd"] = "/bin"
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "here\n")

    def test_bundle_defaults_to_the_current_directory(self):
        bundle = self.bundle("busybox", args=["echo", "here"]).write()
        result = self.runtime("run", self.new_id(), cwd=bundle.path, policy="passthrough")
        self.assertEqual((result.code, result.out), (0, "here\n"))

    def test_a_nearly_empty_environment_is_enough(self):
        bundle = self.bundle("busybox", args=["true"]).write()
        result = self.runtime("run", "--bundle", bundle.path, self.new_id(), env={}, policy="passthrough")
        self.assertEqual(result.code, 0, str(result))

    def test_many_at_once(self):
        bundles = [self.bundle("busybox", args=["echo", str(number)]).write() for number in range(12)]
        processes = [
            self.spawn("run", "--bundle", bundle.path, self.new_id(), policy="passthrough") for bundle in bundles
        ]
        for number, process in enumerate(processes):
            process.wait(harness.TIMEOUT)
            result = process.result()
            self.assertEqual((result.code, result.out), (0, f"{number}\n"), str(result))

    def test_only_one_of_many_creates_of_one_id_wins(self):
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed may let two win, and leaves one behind")
        bundle = self.bundle("busybox", args=WAIT).write()
        container = self.new_id()
        processes = [
            self.spawn("create", "--bundle", bundle.path, container, policy="passthrough") for _ in range(8)
        ]
        codes = sorted(process.wait(harness.TIMEOUT) for process in processes)
        self.assertEqual(codes, [0] + [1] * 7)
        pid = self.state(container)["pid"]
        self.kill_and_delete(container, pid)


if __name__ == "__main__":
    harness.main()
