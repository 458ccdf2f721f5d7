"""The verbs as callers use them: create/start split, state, kill, delete, list, pid file, error words."""

import datetime
import json
import os
import re
import shutil
import signal

import harness

WAIT = ["/bin/sleep", "1000"]
# The documents and messages of runc; crun's own differ in places that are no concern of this project.
AS_RUNC = harness.KIND in ("bulkhead", "runc")


class StateTest(harness.Case):
    def test_create_start_stop(self):
        script = "echo up > /dev/shm/up; trap 'exit 5' TERM; while :; do sleep 0.05; done"
        bundle = self.bundle("busybox", args=["/bin/sh", "-c", script])
        container, pid = self.create(bundle)
        state = self.state(container)
        self.assertEqual((state["id"], state["status"], state["pid"]), (container, "created", pid))
        self.assertFalse(os.path.exists(f"/proc/{pid}/root/dev/shm/up"), "it runs before start")
        self.assert_ok(self.runtime("start", container))
        self.eventually(lambda: os.path.exists(f"/proc/{pid}/root/dev/shm/up"), "the program runs")
        self.assertEqual((self.status(container), self.state(container)["pid"]), ("running", pid))
        self.assert_ok(self.runtime("kill", container, "TERM"))
        self.assertEqual(self.wait_exit(pid), 5)
        self.assertEqual((self.status(container), self.state(container)["pid"]), ("stopped", 0))
        self.assert_ok(self.runtime("delete", container))
        self.assert_one_error(self.runtime("state", container), 1, "does not exist")

    def test_state_document(self):
        bundle = self.bundle("busybox", args=WAIT, annotations={"org.example/a": "b"})
        container, pid = self.create(bundle)
        result = self.assert_ok(self.runtime("state", container))
        state = json.loads(result.out)
        self.assertEqual(result.err, "")
        self.assertRegex(state["ociVersion"], r"^1\.\d+\.\d+")
        self.assertEqual(state["bundle"], str(bundle.path))
        self.assertEqual(state["annotations"], {"org.example/a": "b"})
        if AS_RUNC:
            self.assertEqual(state["rootfs"], str(bundle.root))
            self.assertFalse(result.out.endswith("\n"), "runc ends the document without a newline")
        created = re.sub(r"\.(\d{6})\d*Z$", r".\1+00:00", state["created"])
        age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(created)
        self.assertLess(abs(age.total_seconds()), 60)
        self.kill_and_delete(container, pid)

    def test_a_zombie_is_stopped(self):
        container, pid = self.start(self.bundle("busybox", args=["true"]))
        self.eventually(lambda: harness.census.stat_of(pid)[2] == "Z", "init is dead but not waited for")
        result = self.runtime("state", container)
        if harness.KIND != "crun":
            self.assertEqual(json.loads(result.out)["status"], "stopped")
        self.assertEqual(self.wait_exit(pid), 0)
        self.assert_ok(self.runtime("delete", container))

    def test_state_after_init_was_killed_from_outside(self):
        for status in ("created", "running"):
            with self.subTest(status=status):
                bundle = self.bundle("busybox", args=WAIT)
                container, pid = self.create(bundle) if status == "created" else self.start(bundle)
                self.assertEqual(self.status(container), status)
                os.kill(pid, signal.SIGKILL)
                self.wait_exit(pid)
                self.assertEqual(self.status(container), "stopped")
                self.assert_ok(self.runtime("delete", container))

    def test_init_is_left_to_the_caller(self):
        """A shim reaps it: init's parent is neither the runtime nor a helper of it."""
        container, pid = self.create(self.bundle("busybox", args=WAIT))
        self.eventually(lambda: harness.census.stat_of(pid)[0] == os.getpid(), "init is a child of the subreaper")
        others = [line for line in harness.census.processes() if not line.startswith(f"{pid} ")]
        self.assertEqual(others, [], "a helper of the runtime lives on")
        self.kill_and_delete(container, pid)


class PidFileTest(harness.Case):
    def test_digits_without_newline(self):
        container, pid = self.create(self.bundle("busybox", args=WAIT))
        self.assertEqual((self.work / f"pid-{container}").read_bytes(), str(pid).encode())
        self.assertEqual(self.state(container)["pid"], pid)
        self.assertEqual([name for name in os.listdir(self.work) if name.startswith(".")], [])
        self.kill_and_delete(container, pid)

    def test_run_writes_it_too(self):
        path = self.work / "pid"
        self.assertEqual(self.run_bundle(self.bundle("busybox", args=["true"]), "--pid-file", path).code, 0)
        self.assertRegex(path.read_text(), r"^\d+$")

    def test_an_impossible_pid_file_fails_cleanly(self):
        container = self.new_id()
        bundle = self.bundle("busybox", args=WAIT)
        result = self.runtime(
            "create", "--bundle", bundle.path, "--pid-file", self.work / "none/pid", container, policy="passthrough"
        )
        self.assert_one_error(result, 1, "no such file or directory")
        self.assert_one_error(self.runtime("state", container), 1, "does not exist")


class ErrorsTest(harness.Case):
    def test_unknown_container(self):
        for verb in (["state"], ["start"], ["delete"], ["kill"]):
            with self.subTest(verb=verb):
                self.assert_one_error(self.runtime(*verb, f"{harness.TAG}-none"), 1, "does not exist")
        self.assert_one_error(self.runtime("kill", f"{harness.TAG}-none", "KILL"), 1, "does not exist")

    def test_delete_force_is_idempotent(self):
        for _ in range(2):
            result = self.runtime("delete", "--force", f"{harness.TAG}-none")
            self.assertEqual((result.code, result.out, result.err), (0, "", ""))

    def test_taken_id(self):
        bundle = self.bundle("busybox", args=WAIT)
        container, pid = self.create(bundle)
        result = self.runtime("create", "--bundle", bundle.path, container, policy="passthrough")
        self.assert_one_error(result, 1, "already exists")
        self.assertEqual(self.status(container), "created", "the failed create harmed the first container")
        self.assertTrue(harness.cgroup_dir(bundle.linux["cgroupsPath"], "pids").is_dir())
        self.kill_and_delete(container, pid)

    def test_start_twice(self):
        container, pid = self.start(self.bundle("busybox", args=WAIT))
        result = self.runtime("start", container)
        self.assert_one_error(result, 1, *(["cannot start an already running container"] if AS_RUNC else []))
        self.kill_and_delete(container, pid)

    def test_start_stopped(self):
        container, pid = self.start(self.bundle("busybox", args=["true"]))
        self.wait_exit(pid)
        result = self.runtime("start", container)
        self.assert_one_error(result, 1, *(["cannot start a container that has stopped"] if AS_RUNC else []))
        self.assert_ok(self.runtime("delete", container))

    def test_delete_running(self):
        container, pid = self.start(self.bundle("busybox", args=WAIT))
        result = self.runtime("delete", container)
        words = [f"cannot delete container {container} that is not stopped: running"] if AS_RUNC else []
        self.assert_one_error(result, 1, *words)
        self.assertEqual(self.status(container), "running")
        self.assert_ok(self.runtime("delete", "--force", container))
        self.assertEqual(self.wait_exit(pid), -signal.SIGKILL)

    def test_delete_created(self):
        container, pid = self.create(self.bundle("busybox", args=WAIT))
        self.assert_ok(self.runtime("delete", container))
        self.assertEqual(self.wait_exit(pid), -signal.SIGKILL)

    def test_delete_force_every_status(self):
        for status in ("created", "running", "stopped"):
            with self.subTest(status=status):
                bundle = self.bundle("busybox", args=["true"] if status == "stopped" else WAIT)
                container, pid = self.create(bundle) if status == "created" else self.start(bundle)
                if status == "stopped":
                    self.wait_exit(pid)
                self.assert_ok(self.runtime("delete", "--force", container))
                self.wait_exit(pid)
                self.assert_ok(self.runtime("delete", "--force", container))

    def test_an_id_can_be_used_again(self):
        bundle = self.bundle("busybox", args=["true"])
        container = self.new_id()
        for _ in range(3):
            self.assertEqual(self.run_bundle(bundle, container=container).code, 0)

    def test_kill_of_a_stopped_one(self):
        container, pid = self.start(self.bundle("busybox", args=["true"]))
        self.wait_exit(pid)
        result = self.runtime("kill", container, "KILL")
        self.assert_one_error(result, 1, *(["container not running"] if AS_RUNC else []))
        if AS_RUNC:
            self.assert_ok(self.runtime("kill", "--all", container, "KILL"))
        self.assert_ok(self.runtime("delete", container))

    def test_the_log_has_one_json_error(self):
        log = self.work / "log.json"
        flags = ["--log", log, "--log-format", "json"]
        result = self.runtime("state", f"{harness.TAG}-none", flags=flags)
        self.assertIn("does not exist", result.err)
        lines = log.read_text().splitlines()
        self.assertEqual(len(lines), 1, lines)
        record = json.loads(lines[0])
        self.assertEqual(record["level"], "error")
        self.assertIn("does not exist", record["msg"])
        datetime.datetime.fromisoformat(re.sub(r"(\.\d+)?Z$", "+00:00", record["time"]))
        self.runtime("state", f"{harness.TAG}-none", flags=flags)
        self.assertEqual(len(log.read_text().splitlines()), 2, "the log is appended to")

    def test_success_leaves_the_log_empty(self):
        log = self.work / "log.json"
        result = self.run_bundle(self.bundle("busybox", args=["true"]), flags=["--log", log, "--log-format", "json"])
        self.assert_ok(result)
        self.assertEqual(log.read_text() if log.exists() else "", "")

    def test_missing_executable_is_found_at_create(self):
        cases = [
            (["nope-not-there"], [], ["executable file not found in $PATH"]),
            (["/nope/not-there"], [], ["no such file or directory"]),
            (["/etc/passwd"], [], ["permission denied"]),
            (["sh"], ["PATH=/nowhere"], ["executable file not found in $PATH"]),
        ]
        for args, env, words in cases:
            with self.subTest(args=args, env=env):
                bundle = self.bundle("busybox", args=args)
                if env:
                    bundle.process["env"] = env
                bundle.write()
                container = self.new_id()
                result = self.runtime("create", "--bundle", bundle.path, container, policy="passthrough")
                self.assert_one_error(result, 1, *(words if harness.KIND != "crun" else []))
                self.assert_one_error(self.runtime("state", container), 1, "does not exist")

    def test_a_directory_is_no_executable(self):
        bundle = self.bundle("busybox", args=["/etc"])
        result = self.runtime("create", "--bundle", bundle.path, self.new_id(), policy="passthrough")
        self.assert_one_error(result, 1)
        if harness.KIND == "bulkhead":
            self.assertRegex(result.err, "permission denied|is a directory")


class KillTest(harness.Case):
    def kill_with(self, name):
        script = "trap 'echo usr1 > /dev/shm/got' USR1; echo up > /dev/shm/up; while :; do sleep 0.05; done"
        container, pid = self.start(self.bundle("busybox", args=["/bin/sh", "-c", script]))
        self.eventually(lambda: os.path.exists(f"/proc/{pid}/root/dev/shm/up"), "the shell is up")
        self.assert_ok(self.runtime("kill", container, name))
        self.eventually(lambda: os.path.exists(f"/proc/{pid}/root/dev/shm/got"), f"signal {name} arrives")
        self.kill_and_delete(container, pid)

    def test_by_name_and_number(self):
        for name in ("USR1", "SIGUSR1", "10"):
            with self.subTest(signal=name):
                self.kill_with(name)

    def test_lower_case_is_a_name_too(self):
        if not AS_RUNC:
            self.skipTest("crun takes upper case only")
        self.kill_with("usr1")

    def test_without_a_signal_it_is_term(self):
        script = "trap 'exit 9' TERM; echo up > /dev/shm/up; while :; do sleep 0.05; done"
        container, pid = self.start(self.bundle("busybox", args=["/bin/sh", "-c", script]))
        self.eventually(lambda: os.path.exists(f"/proc/{pid}/root/dev/shm/up"), "the shell is up")
        self.assert_ok(self.runtime("kill", container))
        self.assertEqual(self.wait_exit(pid), 9)
        self.assert_ok(self.runtime("delete", container))

    def test_bad_signals(self):
        container, pid = self.start(self.bundle("busybox", args=WAIT))
        for name in ("BOGUS", "SIGBOGUS", "", "9x", "0x9", "65"):
            with self.subTest(signal=name):
                if name == "BOGUS" or harness.KIND == "bulkhead":
                    result = self.runtime("kill", container, name)
                    self.assert_one_error(result, 1, *(["unknown signal", name] if AS_RUNC else []))
        self.assertEqual(self.status(container), "running")
        self.kill_and_delete(container, pid)

    def test_kill_of_a_created_one(self):
        container, pid = self.create(self.bundle("busybox", args=WAIT))
        self.assert_ok(self.runtime("kill", container, "KILL"))
        self.assertEqual(self.wait_exit(pid), -signal.SIGKILL)
        self.assertEqual(self.status(container), "stopped")
        self.assert_ok(self.runtime("delete", container))

    def test_kill_all_reaches_every_process_without_a_pid_namespace(self):
        bundle = self.bundle("busybox", args=["/bin/sh", "-c", "sleep 999 & sleep 998 & echo up > /dev/shm/up; wait"])
        bundle.namespace("pid", absent=True)
        container, pid = self.start(bundle)
        self.eventually(lambda: os.path.exists(f"/proc/{pid}/root/dev/shm/up"), "the shell is up")
        cgroup = harness.cgroup_dir(bundle.linux["cgroupsPath"], "pids")
        self.assertGreaterEqual(len((cgroup / "cgroup.procs").read_text().split()), 3)
        self.assert_ok(self.runtime("kill", "--all", container, "KILL"))
        self.wait_exit(pid)
        self.eventually(lambda: not (cgroup / "cgroup.procs").read_text().split() or self.reap(), "all are gone")
        self.assert_ok(self.runtime("delete", container))


class ListTest(harness.Case):
    def test_formats(self):
        self.state_root.mkdir(mode=0o700)
        empty = self.assert_ok(self.runtime("list", "--format", "json")).out.strip()
        self.assertIn(empty.replace("\n", ""), ("null", "[]"))
        self.assertEqual(self.assert_ok(self.runtime("list", "-q")).out, "")
        first, first_pid = self.create(self.bundle("busybox", args=WAIT))
        second, second_pid = self.start(self.bundle("busybox", args=WAIT, annotations={"k": "v"}))
        self.assertEqual(sorted(self.assert_ok(self.runtime("list", "--quiet")).out.split()), sorted([first, second]))
        found = {entry["id"]: entry for entry in json.loads(self.assert_ok(self.runtime("list", "-f", "json")).out)}
        self.assertEqual((found[first]["status"], found[first]["pid"]), ("created", first_pid))
        self.assertEqual((found[second]["status"], found[second]["pid"]), ("running", second_pid))
        if AS_RUNC:
            self.assertEqual(found[second]["owner"], "root")
            self.assertEqual(found[second]["annotations"], {"k": "v"})
        table = self.assert_ok(self.runtime("list")).out.splitlines()
        if AS_RUNC:
            self.assertEqual(table[0].split(), ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])
        self.assertEqual(len(table), 3)
        row = next(line.split() for line in table if line.startswith(first))
        self.assertEqual(row[:3], [first, str(first_pid), "created"])
        self.kill_and_delete(first, first_pid)
        self.kill_and_delete(second, second_pid)

    def test_a_broken_entry_does_not_stop_the_list(self):
        container, pid = self.create(self.bundle("busybox", args=WAIT))
        (self.state_root / f"{harness.TAG}-broken").mkdir(mode=0o700)
        (self.state_root / f"{harness.TAG}-broken/state.json").write_text("{")
        result = self.assert_ok(self.runtime("list", "-q"))
        self.assertIn(container, result.out.split())
        result = self.runtime("delete", "--force", f"{harness.TAG}-broken")
        if harness.KIND == "runc":
            shutil.rmtree(self.state_root / f"{harness.TAG}-broken")  # runc 1.1 gives up on it
        else:
            self.assert_ok(result)
        self.kill_and_delete(container, pid)


if __name__ == "__main__":
    harness.main()
