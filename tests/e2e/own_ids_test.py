"""Ids of its own for who is not root (ownIds), and no namespaces in a user namespace of its own (nested), from inside."""

import json
import os
import pathlib
import subprocess

import harness
import node

KINDS = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time")
USER = {"uid": 1000, "gid": 1000}


class Case(node.Case):
    def sleeping(self, user, policy=None):
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        bundle.process["user"] = dict(user)
        return self.start(bundle, flags=self.flags, policy=policy)


class OwnIdsTest(Case):
    def test_it_is_nobody_of_the_host(self):
        self.add("ids", "floor", process={"ownIds": True})
        first, second = self.sleeping(USER), self.sleeping(USER)
        owners = [os.stat(f"/proc/{pid}").st_uid for _, pid in (first, second)]
        for owner in owners:
            self.assertGreaterEqual(owner, 0x70000000)
            self.assertEqual(owner % 0x10000, 1000)
        self.assertNotEqual(*owners)
        for container, pid in (first, second):
            self.kill_and_delete(container, pid)

    def test_inside_nothing_is_different(self):
        self.add("ids", "floor", process={"ownIds": True})
        bundle = self.bundle("busybox", args=["sh", "-c", "id -u; stat -c %u /bin/busybox; echo x >/tmp/x && stat -c %u:%g /tmp/x"])
        bundle.process["user"] = dict(USER)
        self.assertEqual(self.assert_ok(self.run_here(bundle)).out, "1000\n0\n1000:1000\n")

    def test_without_the_rule_it_has_the_hosts(self):
        container, pid = self.sleeping(USER)
        self.assertEqual(os.stat(f"/proc/{pid}").st_uid, 1000)
        self.kill_and_delete(container, pid)

    def test_the_probe_agrees(self):
        self.add("ids", "floor", process={"ownIds": True})
        bundle = self.bundle("probe")
        bundle.process["user"] = dict(USER)
        result = self.here("probe", "--bundle", bundle.write().path, "--format", "json")
        self.assertEqual(result.code, 0, str(result))
        self.assertEqual(json.loads(result.out)["differences"], 0)

    def test_exec_joins_it(self):
        self.add("ids", "floor", process={"ownIds": True})
        container, pid = self.sleeping(USER)
        self.assertEqual(self.assert_ok(self.here("exec", container, "id", "-u")).out, "1000\n")
        self.kill_and_delete(container, pid)


class NestedTest(Case):
    def limits(self, pid):
        """Of the user namespace of a process, as /proc/sys/user shows them to who is in it."""
        program = "import ctypes,os,sys;fd=os.open(f'/proc/{sys.argv[1]}/ns/user',os.O_RDONLY);assert ctypes.CDLL(None).setns(fd,0x10000000)==0;" \
                  f"print(*[open(f'/proc/sys/user/max_{{k}}_namespaces').read().strip() for k in {KINDS!r}])"
        return subprocess.run(["/usr/bin/python3", "-c", program, str(pid)], capture_output=True, text=True, check=True).stdout.split()

    def test_every_limit_is_0(self):
        self.add("nested", "floor", namespaces={"nested": False})
        container, pid = self.sleeping({"uid": 0, "gid": 0})
        self.assertEqual(self.limits(pid), ["0"] * len(KINDS))
        self.assertNotEqual(pathlib.Path("/proc/sys/user/max_user_namespaces").read_text().strip(), "0", "the host's")
        self.assertEqual(self.assert_ok(self.here("exec", container, "id", "-u")).out, "0\n")
        self.kill_and_delete(container, pid)

    def test_without_a_filter_the_kernel_says_so(self):
        policy = self.node / "open.json"
        policy.write_text(json.dumps({"bulkhead": "policy/v1", "kind": "profile", "name": "open", "version": "1",
                                      "process": {"rootUser": "remap"}, "namespaces": {"nested": False}}))
        bundle = self.bundle("probe").own_root()
        bundle.process["user"] = {"uid": 0, "gid": 0}
        bundle.linux.pop("seccomp", None)
        result = self.here("probe", "--bundle", bundle.write().path, "--format", "json", policy=policy)
        self.assertEqual(result.code, 0, str(result))
        rows = {row["attempt"]: row["observed"] for row in json.loads(result.out)["controls"]}
        for attempt in ("make a user namespace (unshare)", "make a user namespace (clone)"):
            self.assertEqual(rows[attempt], "ENOSPC")


if __name__ == "__main__":
    harness.main()
