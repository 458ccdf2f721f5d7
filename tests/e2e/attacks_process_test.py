"""Known attacks on runtimes by way of the process: its own program, what it inherits from the caller, sysctls.

The classes are those of CVE-2019-5736, CVE-2016-9962, CVE-2022-29162 (inheritable capabilities), CVE-2022-0811
(sysctl) and their kin.
"""

import hashlib
import json
import os
import stat
import subprocess

import harness
from canary import AttackCase, STRICT


class OwnProgramTest(AttackCase):
    """The container must not reach the runtime's own file."""

    def setUp(self):
        super().setUp()
        self.own = manifest_of_file(harness.RUNTIME)
        self.addCleanup(lambda: self.assertEqual(manifest_of_file(harness.RUNTIME), self.own))

    def test_entry_points(self):
        for program, text in (("/proc/self/exe", None), ("/script", "#!/proc/self/exe\n"), ("/link", None)):
            with self.subTest(program=program):
                bundle = self.image([program])
                if text:
                    (bundle.root / "script").write_text(text)
                    (bundle.root / "script").chmod(0o755)
                os.symlink("/proc/self/exe", bundle.root / "link")
                for policy in ("passthrough", "faas"):
                    result = self.run_bundle(bundle, policy=policy)
                    self.assertNotEqual(result.code, 0, str(result))

    def test_init_is_not_the_runtimes_file(self):
        container, pid = self.create(self.bundle("busybox", args=["sleep", "1000"]))
        mine, init = os.stat(harness.RUNTIME), os.stat(f"/proc/{pid}/exe")
        if STRICT:
            self.assertNotEqual((mine.st_dev, mine.st_ino), (init.st_dev, init.st_ino))
        with self.assertRaises(OSError):
            os.close(os.open(f"/proc/{pid}/exe", os.O_RDWR))
        self.kill_and_delete(container, pid)

    def test_init_has_no_descriptor_of_the_host(self):
        """What a created init holds while it waits, and what a started one has."""
        host = os.open(self.canary, os.O_RDONLY | os.O_DIRECTORY)
        container, pid = self.create(self.bundle("busybox", args=["sleep", "1000"]), pass_fds=[host])
        os.close(host)
        held = {}
        for name in os.listdir(f"/proc/{pid}/fd"):
            held[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        if STRICT:
            self.assertEqual({fd: link for fd, link in held.items() if fd > 2 and same_as_hosts(pid, fd, link)}, {})
        self.assertNotIn("canary", " ".join(held.values()))
        self.assert_ok(self.runtime("start", container))
        self.eventually(lambda: os.readlink(f"/proc/{pid}/exe").endswith("busybox"), "the program runs")
        self.assertEqual(sorted(map(int, os.listdir(f"/proc/{pid}/fd"))), [0, 1, 2])
        self.kill_and_delete(container, pid)

    def test_a_created_init_cannot_be_looked_into(self):
        container, pid = self.create(self.bundle("busybox", args=["sleep", "1000"]))
        self.assertEqual(os.stat(f"/proc/{pid}/fd").st_uid, 0)
        self.kill_and_delete(container, pid)


def same_as_hosts(pid, fd, link):
    """Is the directory or file behind a process's descriptor the one that has that name here?"""
    try:
        theirs, ours = os.stat(f"/proc/{pid}/fd/{fd}"), os.stat(link)
    except OSError:
        return False
    return not stat.S_ISCHR(ours.st_mode) and (theirs.st_dev, theirs.st_ino) == (ours.st_dev, ours.st_ino)


def manifest_of_file(path):
    info = os.stat(path)
    with open(path, "rb") as file:
        return info.st_ino, info.st_size, info.st_mtime_ns, info.st_mode, hashlib.sha256(file.read()).hexdigest()


class InheritanceTest(AttackCase):
    """What the caller has must not reach the container."""

    def test_environment(self):
        """Nothing of the caller's environment arrives."""
        environment = {"PATH": os.environ["PATH"], "CANARY_SECRET": "s3cret"}
        for env in (["CANARY_SECRET"], ["*"], ["CANARY_SECRET="], ["A=1"]):
            with self.subTest(env=env):
                bundle = self.bundle("probe", args=["/probe", "--only", "process"])
                bundle.process["env"] = env
                result = self.run_bundle(bundle, env=environment)
                self.assertNotIn("s3cret", result.out + result.err)

    def test_the_secret_of_an_environment_is_in_no_error(self):
        bundle = self.bundle("probe", args=["/nonexistent"], env=["PASSWORD=s3cret"])
        for policy in ("passthrough", "faas"):
            self.assertNotIn("s3cret", self.run_bundle(bundle, policy=policy).err)

    def test_capabilities(self):
        """The caller's inheritable and ambient sets."""
        bundle = self.bundle("probe", args=["/probe", "--only", "identity"]).write()
        command = ["setpriv", "--inh-caps", "+chown,+kill", "--ambient-caps", "+chown,+kill"]
        command += self.command(["run", "--bundle", bundle.path, self.new_id()], "passthrough")
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        found = json.loads(answer.stdout)["capabilities"]
        self.assertEqual((found["inheritable"], found["ambient"]), ("0" * 16, "0" * 16))

    def test_no_capabilities_means_none(self):
        bundle = self.bundle("probe")
        bundle.process["capabilities"] = {}
        found = self.probe(bundle, only="identity")["capabilities"]
        for key in ("effective", "permitted", "inheritable", "bounding", "ambient"):
            self.assertEqual(found[key], "0" * 16, key)

    def test_groups(self):
        """Only the groups that are asked for."""
        for wanted in ([], [5], [7, 8, 7]):
            with self.subTest(additionalGids=wanted):
                bundle = self.bundle("probe", args=["/probe", "--only", "identity"])
                bundle.process["user"]["additionalGids"] = wanted
                result = self.assert_ok(self.run_bundle(bundle, extra_groups=[0, 6, 27]))
                self.assertEqual(sorted(set(json.loads(result.out)["groups"])), sorted(set(wanted)))

    def test_umask_and_directory(self):
        document = self.probe(only="process", umask=0o777, cwd=self.canary)
        self.assertEqual((document["umask"], document["cwd"]), (0o022, "/"))


class SysctlTest(AttackCase):
    """Only what belongs to a namespace of the container's own."""

    REFUSED = {
        "kernel.core_pattern": "|/bin/false", "kernel/core_pattern": "x", "net/../../kernel/core_pattern": "x",
        "net.ipv4/../../kernel.core_pattern": "x", "kernel.shm_rmid_forced+kernel.core_pattern": "1", "vm.swappiness": "1",
        "kernel.hostname": "x", "fs.file-max": "1", "": "1", ".": "1", "..": "1", "net": "1", "net.ipv4.ip_forward\n": "1",
        "/kernel/core_pattern": "x",
    }

    def test_refused(self):
        pattern = harness.census.read("/proc/sys/kernel/core_pattern")
        for name, value in self.REFUSED.items():
            with self.subTest(name=name):
                bundle = self.image()
                bundle.linux["sysctl"] = {name: value}
                for result in self.attack(bundle, policies=("passthrough",)):
                    if STRICT or name in ("kernel.core_pattern", "vm.swappiness"):
                        self.assertEqual(result.code, 1, str(result))
                self.assertEqual(harness.census.read("/proc/sys/kernel/core_pattern"), pattern)

    def test_values_with_line_ends(self):
        if not STRICT:
            self.skipTest(f"{harness.KIND} writes them")
        for value in ("1\n2", "1\0", "x" * 5000):
            bundle = self.image()
            bundle.linux["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": value}
            self.attack(bundle, must_fail=True, policies=("passthrough",))

    def test_needs_a_namespace_of_its_own(self):
        for name, kind in (("net.ipv4.ip_unprivileged_port_start", "network"), ("kernel.shm_rmid_forced", "ipc")):
            with self.subTest(name=name):
                path = "/proc/sys/" + name.replace(".", "/")
                before = harness.census.read(path)
                bundle = self.image().namespace(kind, absent=True)
                bundle.linux["sysctl"] = {name: "1"}
                self.attack(bundle, must_fail=harness.KIND != "crun", policies=("passthrough",))
                self.assertEqual(harness.census.read(path), before)


if __name__ == "__main__":
    harness.main()
