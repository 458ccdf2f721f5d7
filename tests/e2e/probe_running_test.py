"""`probe --id`: the attempts inside a container that runs. What it was made with is what is found; what has been changed in
it since is told; and it runs on as if nothing had been."""

import os
import pathlib

import exec_case
import harness
import probing


class Case(probing.Reports, exec_case.Case):
    def probe(self, container, *flags, policy=None, **options):
        return self.runtime("probe", "--id", container, *flags, policy=policy, flags=self.flags, **options)

    def report(self, container, *flags, code=0, **options):
        document = self.read_report(self.probe(container, "--format", "json", *flags, **options), code)
        self.assertEqual(document["container"], container)
        return document

    def open_bundle(self):
        return self.unconfine(self.waiting())

    def children_of(self, pid):
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


class AgreementTest(Case):
    def check(self, bundle, policy):
        container, pid = self.start_waiting(policy, bundle)
        document = self.report(container)
        self.assertEqual(self.status(container), "running")
        self.assertEqual(self.children_of(pid), [], "what an attempt left")
        self.kill_and_delete(container, pid)
        return document

    def test_faas(self):
        document = self.check(self.waiting(), "faas")
        self.assertEqual(document["policy"], "faas@1")
        self.assertGreater(len(document["controls"]), 180)
        for attempt, word in {
            "write in /": "EROFS",
            "mount a file system (mount)": "EPERM",
            "trace a child (ptrace)": "EPERM",
            "socket: the kernel's ciphers (AF_ALG)": "EAFNOSUPPORT",
            "NoNewPrivs": "1",
            "Seccomp mode": "2",
            "effective set": "0" * 16,
            "processes of others in /proc": "some",
            "open descriptors": "0 1 2",
        }.items():
            with self.subTest(attempt=attempt):
                self.assertEqual(self.seen(document, attempt), word)
        attempts = {row["attempt"] for row in document["controls"]}
        self.assertNotIn("its pid", attempts)
        self.assertEqual([one for one in attempts if "processes more" in one or "bytes of memory" in one], [])

    def test_the_namespaces_are_the_containers(self):
        bundle = self.waiting()
        container, pid = self.start_waiting("faas", bundle)
        document = self.report(container)
        for kind in ("net", "mnt", "pid", "ipc", "uts", "cgroup", "user"):
            own = os.readlink(f"/proc/{pid}/ns/{kind}")
            expected = "the host's" if own == os.readlink(f"/proc/self/ns/{kind}") else own
            self.assertEqual(self.seen(document, f"{kind} namespace"), expected)
        self.kill_and_delete(container, pid)

    def test_wide_open(self):
        """The forbidden things are possible, and what would stay after the attempt is not tried."""
        bundle = self.open_bundle()
        before = sorted(map(str, bundle.root.rglob("*")))
        container, pid = self.start_waiting("passthrough", bundle)
        mounts = pathlib.Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8")
        document = self.report(container)
        self.assertEqual(pathlib.Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8"), mounts)
        self.assertEqual(sorted(map(str, bundle.root.rglob("*"))), before)
        self.assertEqual(self.seen(document, "write in /"), "ok")
        self.assertEqual(self.seen(document, "make a file system (fsopen)"), "ok")
        self.assertNotIn("change the flags of the root (mount)", {row["attempt"] for row in document["controls"]})
        self.kill_and_delete(container, pid)

    def test_another_user(self):
        bundle = self.open_bundle()
        bundle.process["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 3], "umask": 0o77}
        for policy in ("passthrough", "faas", "faas-restricted"):
            with self.subTest(policy=policy):
                self.check(bundle, policy)

    def test_the_hosts_namespaces(self):
        bundle = self.open_bundle()
        for kind in ("pid", "network", "ipc", "uts", "cgroup"):
            bundle.namespace(kind, absent=True)
        bundle.config.pop("hostname", None)
        document = self.check(bundle, "passthrough")
        self.assertEqual(self.seen(document, "net namespace"), "the host's")

    def test_a_user_namespace(self):
        bundle = self.open_bundle()
        bundle.namespace("user")
        bundle.linux["uidMappings"] = bundle.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        self.check(bundle, "passthrough")

    def test_every_built_in(self):
        for policy in ("compat", "faas-python", "faas-go"):
            with self.subTest(policy=policy):
                self.check(self.waiting(), policy)

    def test_text(self):
        container, pid = self.start_waiting("faas")
        result = self.assert_ok(self.probe(container))
        self.assertTrue(result.out.startswith(f"container {container}  bundle /"), result.out[:200])
        self.assertRegex(result.out.splitlines()[-1], r"^[0-9]+ controls, 0 differ from the prediction$")
        self.kill_and_delete(container, pid)


class DifferenceTest(Case):
    def test_what_was_changed_since(self):
        bundle = self.open_bundle()
        bundle.linux["maskedPaths"] = ["/proc/keys", "/proc/timer_list"]
        container, pid = self.start_waiting("passthrough", bundle)
        self.out(container, "umount", "/proc/keys")
        self.out(container, "mount", "-o", "remount,bind,exec,suid,dev", "/dev/shm")
        document = self.report(container, code=2)
        self.assertEqual([(row["attempt"], row["predicted"], row["observed"]) for row in probing.differing(document)],
                         [("flags of /dev/shm", "rw,nosuid,nodev,noexec", "rw"), ("execute a file in /dev/shm", "EACCES", "ok"),
                          ("setuid bit in /dev/shm", "EACCES", "honoured"), ("open a block device in /dev/shm", "EACCES", "EPERM"),
                          ("read /proc/keys", "empty|ENOENT", "shown")])
        self.kill_and_delete(container, pid)

    def test_by_another_policy(self):
        """How far the container is from what that policy would have made of it."""
        container, pid = self.start_waiting("passthrough")
        self.report(container, policy="passthrough")
        document = self.report(container, policy="faas", code=2)
        self.assertEqual(document["policy"], "faas@1")
        told = {row["attempt"]: (row["predicted"], row["observed"]) for row in probing.differing(document)}
        self.assertEqual(told["Seccomp mode"], ("2", "0"))
        self.assertEqual(told["NoNewPrivs"], ("1", "0"))
        self.kill_and_delete(container, pid)


class ErrorTest(Case):
    def test_no_container(self):
        self.assert_one_error(self.probe("none"), 1, "none", "does not exist")
        container, pid = self.start_waiting("passthrough")
        self.assert_one_error(self.probe(container, "--bundle", "/"), 1, "--id and --bundle exclude each other")
        self.assert_ok(self.runtime("kill", container, "KILL"))
        self.wait_exit(pid)
        self.assert_one_error(self.probe(container), 1, "stopped container")
        self.assert_ok(self.runtime("delete", container))

    def test_a_policy_that_allows_no_exec(self):
        """It does not keep out what is the runtime's own."""
        profile = self.profile("closed", extends="builtin:faas@1", exec={"allow": False})
        container, pid = self.start_waiting(str(profile))
        self.assert_one_error(self.exec(container, "true"), 255, "exec starts no program")
        self.assert_one_error(self.probe(container, "--program", os.environ["BULKHEAD_PROBE"]), 1, "exec starts no program", "/exec/allow")
        self.report(container)
        self.kill_and_delete(container, pid)


if __name__ == "__main__":
    harness.main()
