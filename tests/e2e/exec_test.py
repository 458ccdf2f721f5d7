"""exec: another program in a container that runs, confined as the container's own, under what was decided when the container
was made; and the words and exit codes that callers of runc go by."""

import fcntl
import json
import os
import re
import signal
import subprocess
import unittest

import harness
from exec_case import Case

# Of the probe's document: what differs from one process to the next, or from one container to the next.
OF_THE_PROCESS = {
    "pid", "ppid", "sid", "pgid", "argv", "monotonic", "boottime", "namespaces", "mounts", "keyring", "others", "fds", "root",
    "hostname", "cgroup", "uid_map", "gid_map", "timens_offsets", "read", "scheduling",
}
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts", "time")


def namespaces(pid):
    return {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in NAMESPACES if os.path.exists(f"/proc/self/ns/{kind}")}


class ConfinementTest(Case):
    def compare(self, policy, **changes):
        bundle = self.waiting(**changes)
        own = self.bundle("busybox", args=["/probe"], **changes)
        own.root = bundle.root
        own.config["root"]["path"] = str(bundle.root)
        own.process.update({**bundle.process, "args": ["/probe"]})
        first = json.loads(self.assert_ok(self.run_here(own, policy=policy)).out)
        container, pid = self.start_waiting(policy, bundle)
        second = json.loads(self.out(container, "/probe"))
        for seen in (first, second):
            del seen["open_for_writing"]["/proc/1/mem"]  # its own, and another's
        for key in first.keys() | second.keys():
            if key not in OF_THE_PROCESS:
                self.assertEqual(second.get(key), first.get(key), f"{policy}: {key}")
        # Its namespaces are those of the container's first process, as both see them.
        self.assertEqual({kind: second["namespaces"][kind] for kind in namespaces(pid)}, namespaces(pid))
        self.assertEqual([fd["fd"] for fd in second["fds"]], [0, 1, 2])
        self.assertEqual(second["uid_map"], first["uid_map"]) if policy == "passthrough" else None
        self.assertEqual(second["mounts"], json.loads(self.out(container, "/probe"))["mounts"])
        self.kill_and_delete(container, pid)
        return second

    def test_it_is_that_of_the_containers_own_program(self):
        for policy in ("passthrough", "faas", "baseline"):
            with self.subTest(policy):
                self.compare(policy)

    def test_as_another_user(self):
        for policy in ("passthrough", "faas"):
            seen = self.compare(policy, process={**self.waiting().process, "user": {"uid": 1000, "gid": 1000, "additionalGids": [5, 6]}})
            self.assertEqual((seen["uid"], seen["gid"], seen["groups"]), ([1000] * 4, [1000] * 4, [5, 6]))

    def test_its_cgroups_are_the_containers(self):
        container, pid = self.start_waiting("faas")
        file = self.work / "pid"
        self.assert_ok(self.exec(container, "sleep", "1000", options=("-d", "--pid-file", file)))
        other = int(file.read_text())
        self.assertNotEqual(other, pid)
        with open(f"/proc/{pid}/cgroup", encoding="ascii") as a, open(f"/proc/{other}/cgroup", encoding="ascii") as b:
            self.assertEqual(a.read(), b.read())
        self.assertEqual(namespaces(other), namespaces(pid))
        for kind in ("uid_map", "oom_score_adj", "timens_offsets"):
            if os.path.exists(f"/proc/{pid}/{kind}"):
                with open(f"/proc/{pid}/{kind}", encoding="ascii") as a, open(f"/proc/{other}/{kind}", encoding="ascii") as b:
                    self.assertEqual(a.read(), b.read(), kind)
        self.kill_and_delete(container, pid)
        self.assertEqual(self.wait_exit(other), -signal.SIGKILL)  # with its pid namespace

    @unittest.skipUnless(harness.LANDLOCK >= 2, f"this kernel has Landlock {harness.LANDLOCK}")
    def test_the_domain_of_landlock_is_one_like_the_containers(self):
        policy = self.profile("alone", landlock={"enable": True})
        bundle = self.waiting(args=["sh", "-c", "echo x > /data/own; sleep 1000"])
        bundle.mount("/data", type="tmpfs", source="tmpfs", options=["rw"]).mount("/ro", type="tmpfs", source="tmpfs", options=["ro"])
        (bundle.root / "data").mkdir()
        container, pid = self.start_waiting(policy, bundle)
        self.assertEqual(json.loads(self.out(container, "/probe", "--only", "syscalls"))["attempts"]["landlock_layers"], "15")
        self.assertEqual(self.out(container, "sh", "-c", "echo y > /data/other; cat /data/own /data/other"), "x\ny")
        # What the root's flags do not leave is not given, though the file system would take it.
        self.assertNotEqual(self.exec(container, "sh", "-c", "mount -o remount,rw /ro").code, 0)
        self.kill_and_delete(container, pid)

    def test_nothing_of_the_host_is_seen_on_the_way(self):
        """A root who may trace all that it sees, in a user namespace of its own, looks at every process that comes."""
        looks = "while :; do for p in /proc/[0-9]*; do ls -l $p/exe $p/root $p/cwd $p/fd/; cat $p/environ; done; done >/data/seen 2>/dev/null & sleep 1000"
        bundle = self.waiting(args=["sh", "-c", looks])
        bundle.mount("/data", type="tmpfs", source="tmpfs", options=["rw", "mode=1777"])
        (bundle.root / "data").mkdir()
        everything = [f"CAP_{name}" for name in "CHOWN DAC_OVERRIDE DAC_READ_SEARCH SYS_PTRACE SYS_ADMIN SETUID SETGID KILL SYS_CHROOT".split()]
        bundle.process["capabilities"] = {kind: everything for kind in ("bounding", "effective", "permitted")}
        bundle.namespace("user")
        bundle.linux["uidMappings"] = bundle.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        for directory, _, files in os.walk(bundle.root):
            for name in [".", *files]:
                os.lchown(os.path.join(directory, name), 100000, 100000)
        container, pid = self.start_waiting("passthrough", bundle)
        file = f"/proc/{pid}/root/data/seen"
        self.eventually(lambda: os.path.exists(file) and os.path.getsize(file) > 0, "the container looks")
        for _ in range(60):
            self.assert_ok(self.exec(container, "true"))
        seen = open(file, encoding="utf-8", errors="replace").read()
        self.assertIn("/proc/1/exe -> ", seen)
        links = {line.split(" -> ")[1] for line in seen.split("\n") if " -> " in line}
        for link in sorted(links):
            self.assertIsNone(re.search("memfd|bulkhead|cgroup|state|socket|^/work", link.replace(str(self.work), "")), links)
        self.kill_and_delete(container, pid)


    def test_paths_to_the_host_lead_nowhere(self):
        for policy in ("passthrough", "faas"):
            bundle = self.waiting()
            os.symlink("/proc/self/exe", bundle.root / "link")
            container, pid = self.start_waiting(policy, bundle)
            for number in range(12):
                for path in (f"/proc/self/fd/{number}", f"/dev/fd/{number}", "/proc/1/root", "/proc/1/cwd"):
                    answer = self.exec(container, "pwd", options=("--cwd", path))
                    self.assertTrue(answer.code == 255 or answer.out.strip() == "/", (path, str(answer)))
            before = os.stat(harness.RUNTIME)
            for program in ("/proc/self/exe", "/link", "/proc/self/fd/5"):
                self.assertNotEqual(self.exec(container, program).code, 0, program)
            after = os.stat(harness.RUNTIME)
            self.assertEqual((before.st_ino, before.st_size, before.st_mtime_ns), (after.st_ino, after.st_size, after.st_mtime_ns))
            self.kill_and_delete(container, pid)


class RequestTest(Case):
    def test_exit_codes_and_words(self):
        container, pid = self.start_waiting()
        self.assertEqual(self.exec(container, "sh", "-c", "exit 7").code, 7)
        self.assertEqual(self.exec(container, "sh", "-c", "kill -TERM $$").code, 128 + signal.SIGTERM)
        self.assert_one_error(self.exec(container, "nope"), 255, 'exec: "nope": executable file not found in $PATH')
        self.assert_one_error(self.exec(container, "/nope"), 255, 'exec: "/nope": stat /nope: no such file or directory')
        self.assert_one_error(self.exec(container, "/etc"), 255, "is a directory")
        self.assert_one_error(self.exec(container), 255, "process args cannot be empty")
        self.assert_one_error(self.exec(container, "true", options=("--cwd", "x")), 255, "Cwd must be an absolute path")
        self.assert_one_error(self.exec(container, "true", options=("--cwd", "/nope")), 255, "chdir to cwd", "no such file or directory")
        self.assert_one_error(self.exec(container, "true", options=("-t",)), 255, "--tty", "not supported yet")
        for option in ("--console-socket", "--pidfd-socket"):
            self.assert_one_error(self.exec(container, "true", options=(option, "/x")), 255, option, "not supported yet")
        for user in ("x", "-1", "", "1:", ":1", "4294967295", "0x1", "1:2:3", " 1", "+1"):
            if user:
                self.assert_one_error(self.exec(container, "true", options=("--user", user)), 255, "--user")
        self.assert_one_error(self.exec("nobody", "true"), 255, "container does not exist")
        self.assert_ok(self.runtime("kill", container, "KILL"))
        self.assertEqual(self.wait_exit(pid), -signal.SIGKILL)
        self.assert_one_error(self.exec(container, "true"), 255, "cannot exec in a stopped container")

    def test_options(self):
        container, pid = self.start_waiting(env=["OWN=1"])
        options = ("--cwd", "/tmp", "-e", "A=b,c", "--env", "OWN=2", "-u", "1000:2000", "-g", "7", "--additional-gids", "8", "--no-new-privs", "-c", "SYS_TIME")
        seen = json.loads(self.out(container, "/probe", options=options))
        self.assertEqual((seen["cwd"], seen["uid"], seen["gid"], seen["groups"]), ("/tmp", [1000] * 4, [2000] * 4, [7, 8]))
        self.assertIn("A=b,c", seen["env"])
        self.assertEqual([entry for entry in seen["env"] if entry.startswith("OWN=")], ["OWN=2"])
        self.assertEqual(seen["no_new_privs"], 1)
        self.assertTrue(int(seen["capabilities"]["bounding"], 16) >> 25 & 1)
        self.assertEqual((seen["capabilities"]["inheritable"], seen["capabilities"]["ambient"]), ("0" * 16, "0" * 16))
        self.assertEqual(self.out(container, "sh", "-c", "echo $0 $1", "-d", "--env"), "-d --env")
        self.kill_and_delete(container, pid)

    def test_a_process_document(self):
        container, pid = self.start_waiting()
        file = self.document({"args": ["/probe"], "user": {"uid": 5, "gid": 6, "umask": 0o77}, "env": ["X=y"], "cwd": "/etc"})
        seen = json.loads(self.out(container, options=("--process", file)))
        self.assertEqual((seen["uid"], seen["gid"], seen["cwd"], seen["umask"]), ([5] * 4, [6] * 4, "/etc", 0o77))
        self.assertEqual(sorted(entry for entry in seen["env"]), ["HOME=/", "X=y"])
        self.assert_one_error(self.exec(container, options=("-p", self.document({"args": ["true"], "terminal": True}))), 255, "terminals are not supported yet")
        self.assert_one_error(self.exec(container, options=("-p", self.document({"args": []}))), 255, "process")
        self.assert_one_error(self.exec(container, options=("-p", "/nope")), 255, "/nope")
        self.kill_and_delete(container, pid)

    def test_detached(self):
        container, pid = self.start_waiting()
        file = self.work / "pid"
        result = self.assert_ok(self.exec(container, "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done", options=("-d", "--pid-file", file)))
        self.assertRegex(file.read_text(), "^[0-9]+$")
        other = int(file.read_text())
        self.eventually(lambda: "ready" in result.out, "it runs")
        os.kill(other, signal.SIGTERM)
        self.assertEqual(self.wait_exit(other), 9)
        missing = self.work / "no-pid"
        self.assertEqual(self.exec(container, "nope", options=("-d", "--pid-file", missing)).code, 255)
        self.assertFalse(missing.exists())
        self.kill_and_delete(container, pid)

    def test_signals_are_passed_on(self):
        container, pid = self.start_waiting()
        process = self.spawn("exec", container, "sh", "-c", "trap 'exit 5' HUP; echo ready; while :; do sleep 0.05; done", flags=self.flags)
        self.eventually(lambda: "ready" in process.result().out, "it runs")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(harness.TIMEOUT), 5)
        self.running.remove(process)
        self.kill_and_delete(container, pid)

    def test_descriptors(self):
        container, pid = self.start_waiting("faas")
        saved = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 100)
        try:
            saved_3 = fcntl.fcntl(3, fcntl.F_DUPFD_CLOEXEC, 100)
        except OSError:
            saved_3 = None
        os.dup2(saved, 3)
        try:
            seen = json.loads(self.out(container, "/probe", options=("--preserve-fds", "1"), pass_fds=[3]))
            self.assertEqual([fd["fd"] for fd in seen["fds"]], [0, 1, 2, 3])
            seen = json.loads(self.out(container, "/probe", pass_fds=[3]))
            self.assertEqual([fd["fd"] for fd in seen["fds"]], [0, 1, 2])
        finally:
            os.close(3)
            os.close(saved)
            if saved_3 is not None:
                os.dup2(saved_3, 3, inheritable=False)
                os.close(saved_3)
        self.assert_one_error(self.exec(container, "true", options=("--preserve-fds", "1")), 255, "--preserve-fds")
        self.kill_and_delete(container, pid)

    def test_in_a_created_and_in_a_paused_container(self):
        container, pid = self.create(self.waiting(), policy="faas")
        self.assertEqual(self.out(container, "echo", "early"), "early")
        state = harness.cgroup_dir(json.loads((self.state_root / container / "state.json").read_text())["config"]["cgroups"]["path"], "freezer")
        file, freeze, thaw = (state / "cgroup.freeze", "1", "0") if harness.unified() else (state / "freezer.state", "FROZEN", "THAWED")
        self.assert_ok(self.runtime("start", container))
        file.write_text(freeze)
        self.addCleanup(lambda: file.exists() and file.write_text(thaw))
        self.eventually(lambda: self.status(container) == "paused", "it is paused")
        self.assert_one_error(self.exec(container, "true"), 255, "cannot exec in a paused container (use --ignore-paused to override)")
        process = self.spawn("exec", "--ignore-paused", container, "echo", "late", flags=self.flags)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.2)
        file.write_text(thaw)
        self.assertEqual(process.wait(harness.TIMEOUT), 0, process.result())
        self.running.remove(process)
        self.kill_and_delete(container, pid)

    def test_a_cgroup_below_the_containers(self):
        container, pid = self.start_waiting()
        paths = json.loads((self.state_root / container / "state.json").read_text())["cgroup_paths"]
        for directory in set(paths.values()):
            os.mkdir(os.path.join(directory, "below"))
            for file in ("cpuset.cpus", "cpuset.mems"):  # v1: without them nobody gets in
                if not harness.unified() and os.path.exists(os.path.join(directory, file)):
                    with open(os.path.join(directory, file), encoding="ascii") as source, open(os.path.join(directory, "below", file), "w", encoding="ascii") as target:
                        target.write(source.read())
        text = self.out(container, "sh", "-c", "cat /proc/self/cgroup", options=("--cgroup", "below"))
        told = {line.split(":")[1] for line in text.split("\n") if line.endswith("/below")}
        self.assertLessEqual({kind for kind in paths if kind}, {kind for kinds in told for kind in kinds.split(",")})
        self.assert_one_error(self.exec(container, "true", options=("--cgroup", "nope")), 255, "nope", "no such file or directory")
        self.assert_one_error(self.exec(container, "true", options=("--cgroup", "../x")), 255, "leads out")
        self.assert_one_error(self.exec(container, "true", options=("--cgroup", "bogus:x")), 255, "bogus")
        self.kill_and_delete(container, pid)

    @unittest.skipUnless(harness.unified(), "only cgroup v2 has inner cgroups that take no process")
    def test_in_a_container_that_moved_below_its_cgroup(self):
        """As systemd does, and whatever else shares out its cgroup (cgroups(7), "no internal processes")."""
        for policy in ("passthrough", "faas"):
            container, pid = self.start_waiting(policy)
            own = next(iter(set(json.loads((self.state_root / container / "state.json").read_text())["cgroup_paths"].values())))
            inner = os.path.join(own, "init.scope", "deep")
            os.makedirs(inner)
            self.write(os.path.join(inner, "cgroup.procs"), pid)
            for directory in (own, os.path.dirname(inner)):
                self.write(os.path.join(directory, "cgroup.subtree_control"), "+pids")
            with self.assertRaisesRegex(OSError, "busy"):
                self.write(os.path.join(own, "cgroup.procs"), pid)
            file = self.work / "pid"
            self.assert_ok(self.exec(container, "sleep", "1000", options=("-d", "--pid-file", file)))
            with open(f"/proc/{int(file.read_text())}/cgroup", encoding="ascii") as a, open(f"/proc/{pid}/cgroup", encoding="ascii") as b:
                text = a.read()
                self.assertEqual(text, b.read())
            self.assertTrue(text.strip().endswith("/init.scope/deep"), text)
            # Where it was told to go, it goes or fails.
            self.assertEqual(self.out(container, "echo", "x", options=("--cgroup", "init.scope/deep")), "x")
            self.assert_one_error(self.exec(container, "true", options=("--cgroup", "init.scope")), 255, "busy")
            self.kill_and_delete(container, pid)

    @staticmethod
    def write(path, value):
        with open(path, "w", encoding="ascii") as file:
            file.write(str(value))

    def test_right_after_run(self):
        bundle = self.waiting()
        container = self.new_id()
        process = self.spawn("run", "--bundle", bundle.path, container, policy="faas", flags=self.flags)
        self.eventually(lambda: (self.state_root / container / "state.json").exists(), "it is recorded")
        self.assertEqual(self.out(container, "echo", "soon"), "soon")
        self.assert_ok(self.runtime("kill", container, "KILL"))
        self.assertEqual(process.wait(harness.TIMEOUT), 128 + signal.SIGKILL)
        self.running.remove(process)


if __name__ == "__main__":
    harness.main()
