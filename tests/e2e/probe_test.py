"""`probe`: what is predicted from a plan is what is found inside, for strict, open and odd configurations; what differs is
told; nothing is left behind."""

import ctypes
import json
import os
import pathlib
import resource
import unittest

import harness
import probing

PROBE = os.environ.get("BULKHEAD_PROBE")


@unittest.skipUnless(harness.KIND == "bulkhead", "only bulkhead has this command")
class Case(probing.Reports, harness.Case):
    def probe_bundle(self, bundle, *flags, policy="faas", **options):
        bundle.write()
        return self.runtime("probe", "--bundle", bundle.path, *flags, policy=policy, **options)

    def report(self, bundle, *flags, code=0, **options):
        return self.read_report(self.probe_bundle(bundle, "--format", "json", *flags, **options), code)

    def wide_open(self):
        """Root with every capability, no filter, nothing masked or read-only, every device."""
        bundle = self.unconfine(self.bundle("probe").own_root())
        bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
        bundle.linux["resources"] = {"devices": [{"allow": True, "access": "rwm"}]}
        return bundle

    def filtered(self, names, action="SCMP_ACT_ERRNO", default="SCMP_ACT_ALLOW"):
        bundle = self.bundle("probe")
        bundle.linux["seccomp"] = {"defaultAction": default, "syscalls": [{"names": names, "action": action}]}
        return bundle

    def patched(self, old, new):
        """A probe that lies: one word of it is another one of the same length."""
        self.assertEqual(len(old), len(new))
        program = pathlib.Path(PROBE).read_bytes()
        self.assertTrue(old in program, old)
        path = self.work / "liar"
        path.write_bytes(program.replace(old, new))
        path.chmod(0o755)
        return path


class AgreementTest(Case):
    def test_faas(self):
        document = self.report(self.bundle("probe"))
        self.assertEqual(document["policy"], "faas@1")
        self.assertGreater(len(document["controls"]), 180)
        for attempt, word in {
            "write in /": "EROFS",
            "make a user namespace (unshare)": "EPERM",
            "make a user namespace (clone)": "EPERM",
            "mount a file system (mount)": "EPERM",
            "load a module (init_module)": "EPERM",
            "trace a child (ptrace)": "EPERM",
            "call the kernel as a 32-bit program (int 0x80)": "SIGSYS",
            "socket: the kernel's ciphers (AF_ALG)": "EAFNOSUPPORT",
            "socket: AF_VSOCK, with dirty high bits": "EAFNOSUPPORT",
            "NoNewPrivs": "1",
            "Seccomp mode": "2",
            "effective set": "0" * 16,
            "processes of others in /proc": "none",
            "net namespace": "its own",
            "open descriptors": "0 1 2",
            "make 256 processes more": "EAGAIN",
            "socket: TCP": "ok",
        }.items():
            with self.subTest(attempt=attempt):
                self.assertEqual(self.seen(document, attempt), word)

    def test_wide_open_the_forbidden_things_are_possible(self):
        document = self.report(self.wide_open(), policy="passthrough")
        for attempt, word in {
            "write in /": "ok",
            "setuid bit in /": "honoured",
            "make a file system (fsopen)": "ok",
            "make a user namespace (unshare)": "ok",
            "make a mount namespace (unshare)": "ok",
            "change the root (chroot)": "ok",
            "trace a child (ptrace)": "ok",
            "read a child's memory (process_vm_readv)": "ok",
            "make a block device in /": "ok",
            "set the clock to nothing (settimeofday)": "ok",
            "socket: raw IPv4": "ok",
            "execute a memory file (execveat)": "ok",
            "NoNewPrivs": "0",
            "user namespace": "the host's",
        }.items():
            with self.subTest(attempt=attempt):
                self.assertEqual(self.seen(document, attempt), word)

    def test_faas_closes_what_is_wide_open(self):
        document = self.report(self.wide_open())
        self.assertEqual(self.seen(document, "make a file system (fsopen)"), "ENOSYS")
        self.assertEqual(self.seen(document, "write in /"), "EROFS")

    def check_both(self, make):
        for policy in ("passthrough", "faas"):
            with self.subTest(policy=policy):
                self.report(make(), policy=policy)

    def test_the_usual_configuration(self):
        self.check_both(lambda: self.bundle("probe"))

    def test_another_user(self):
        def make():
            bundle = self.wide_open()
            bundle.process["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 3], "umask": 0o77}
            return bundle
        self.check_both(make)

    def test_the_hosts_namespaces(self):
        def make():
            bundle = self.wide_open()
            for kind in ("pid", "network", "ipc", "uts"):
                bundle.namespace(kind, absent=True)
            bundle.config.pop("hostname", None)
            return bundle
        self.check_both(make)

    def test_a_user_namespace(self):
        def make():
            bundle = self.wide_open()
            bundle.namespace("user")
            bundle.linux["uidMappings"] = bundle.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
            return bundle
        self.check_both(make)

    def test_binds_and_devices(self):
        def make():
            bundle = self.bundle("probe")
            (bundle.path / "data").mkdir()
            (bundle.path / "file").write_text("x")
            source = str(bundle.path / "data")
            bundle.mount("/data", type="bind", source=source, options=["bind", "rw"])
            bundle.mount("/other", type="bind", source=source, options=["rbind", "ro", "noexec", "nosuid"])
            bundle.mount("/etc/file", type="bind", source=str(bundle.path / "file"), options=["bind", "ro"])
            bundle.mount("/sys/fs/cgroup", type="cgroup", source="cgroup", options=["ro", "nosuid", "nodev", "noexec"])
            bundle.linux["devices"] = [{"path": "/dev/x/null", "type": "c", "major": 1, "minor": 3}]
            return bundle
        self.check_both(make)

    def test_small_limits_are_run_into(self):
        bundle = self.bundle("probe")
        bundle.linux["resources"] = {"memory": {"limit": 32 << 20, "swap": 32 << 20}, "pids": {"limit": 20}}
        document = self.report(bundle, policy="passthrough")
        self.assertEqual(self.seen(document, "make 20 processes more"), "EAGAIN")
        self.assertIn(self.seen(document, f"use more than {32 << 20} bytes of memory"), ("SIGKILL", "ENOMEM"))

    def test_filters_of_all_kinds(self):
        for names, action in ((["mount", "unshare"], "SCMP_ACT_KILL_PROCESS"), (["chroot", "pidfd_open"], "SCMP_ACT_TRAP"),
                              (["execveat", "ptrace"], "SCMP_ACT_ERRNO"), (["socket"], "SCMP_ACT_LOG")):
            with self.subTest(names=names, action=action):
                self.check_both(lambda names=names, action=action: self.filtered(names, action))

    def test_a_root_without_a_shell_without_a_libc_and_without_anything(self):
        bundle = self.bundle("probe")
        root = bundle.path / "rootfs"
        root.mkdir()
        for directory in ("dev", "proc", "sys", "run", "tmp"):
            (root / directory).mkdir()
        bundle.config["root"]["path"] = "rootfs"
        bundle.process["args"] = ["/not/there"]
        self.report(bundle)
        self.assertEqual(sorted(os.listdir(root)), ["dev", "proc", "run", "sys", "tmp"])

    def test_text(self):
        result = self.assert_ok(self.probe_bundle(self.bundle("probe")))
        self.assertIn("policy faas@1", result.out)
        self.assertRegex(result.out.splitlines()[-1], r"^[0-9]+ controls, 0 differ from the prediction$")
        self.assertIn("  namespaces  make a user namespace (unshare)  EPERM  EPERM  agrees  seccomp filter", result.out)
        self.assertNotIn("\x1b", result.out)


class DifferenceTest(Case):
    def test_a_wrong_answer(self):
        """Masked paths that a program says it can read."""
        liar = self.patched(b"empty\0", b"shown\0")
        document = self.report(self.bundle("probe"), "--program", liar, code=2)
        rows = probing.differing(document)
        self.assertTrue(rows)
        for row in rows:
            self.assertEqual((row["control"], row["observed"]), ("masked paths", "shown"), row)
        result = self.probe_bundle(self.bundle("probe"), "--program", liar)
        self.assertEqual(result.code, 2)
        self.assertIn("DIFFERS", result.out)
        self.assertEqual(result.own_err, "")

    def test_a_limit_that_the_runtime_may_not_raise(self):
        """Nobody lies here: the runtime lowers the limit with a warning, and the plan is not what is in force."""
        def less():
            ctypes.CDLL(None).prctl(24, 24, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_SYS_RESOURCE
            resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))

        result = self.probe_bundle(self.bundle("probe"), "--format", "json", policy="passthrough", preexec_fn=less)
        self.assertEqual(result.code, 2, str(result))
        self.assertIn("lowered to that", result.err)
        rows = probing.differing(json.loads(result.out))
        self.assertEqual([(row["attempt"], row["predicted"], row["observed"]) for row in rows],
                         [("RLIMIT_NOFILE: soft, hard", "1024 1024", "512 512")])

    def test_what_is_not_observed_differs(self):
        document = self.report(self.bundle("probe"), "--program", self.patched(b"\0umask\0", b"\0umosk\0"), code=2)
        self.assertEqual([(row["attempt"], row["observed"]) for row in probing.differing(document)], [("umask", "not observed")])

    def test_a_program_that_ends_early(self):
        """What it said until then counts; all else differs."""
        result = self.probe_bundle(self.filtered(["statfs"], "SCMP_ACT_KILL_PROCESS"), "--format", "json", policy="passthrough")
        self.assertEqual(result.code, 2, str(result))
        self.assertIn("was killed by SIGSYS before it was done", result.err)
        document = json.loads(result.out)
        self.assertEqual(self.seen(document, "Seccomp mode"), "2")
        self.assertEqual({row["observed"] for row in probing.differing(document)}, {"not observed"})


class NothingLeftTest(Case):
    """Beyond what every test checks: processes, cgroups, mounts, files of the runtime."""

    def test_the_bundle_is_untouched(self):
        bundle = self.bundle("probe").own_root()

        def snapshot():
            return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_uid) for path in bundle.path.rglob("*"))

        bundle.write()
        before = snapshot()
        self.assert_ok(self.runtime("probe", "--bundle", bundle.path, policy="faas"))
        self.assertEqual(snapshot(), before)

    def test_no_file_is_left_in_a_writable_root(self):
        bundle = self.wide_open()
        before = sorted(map(str, bundle.path.rglob("*")))
        self.report(bundle, policy="passthrough")
        self.assertEqual(sorted(map(str, bundle.path.rglob("*"))), before)

    def test_no_state_and_no_owner_of_the_callers_streams(self):
        self.assert_ok(self.probe_bundle(self.bundle("probe")))
        self.assertEqual(list(self.state_root.iterdir()), [])
        for path in self.work.glob("err*"):
            self.assertEqual(path.stat().st_uid, 0)

    def test_the_same_bundle_may_be_running(self):
        bundle = self.bundle("probe", args=["/probe", "--wait"])
        container, pid = self.start(bundle, policy="faas")
        self.report(bundle)
        self.assertEqual(self.status(container), "running")
        self.kill_and_delete(container, pid)


class ErrorTest(Case):
    def test_a_filter_that_executes_nothing(self):
        for policy in ("passthrough", "faas"):
            result = self.probe_bundle(self.filtered(["execve", "execveat"]), policy=policy)
            self.assert_one_error(result, 1, "the seccomp filter refuses execveat(2)", "does not widen")

    def test_a_filter_under_which_no_program_runs(self):
        bundle = self.filtered(["execveat", "execve"], "SCMP_ACT_ALLOW", "SCMP_ACT_KILL_PROCESS")
        result = self.probe_bundle(bundle, policy="passthrough")
        self.assert_one_error(result, 1, "reported nothing", "SIGSYS")

    def test_an_agent(self):
        bundle = self.filtered(["chroot"], "SCMP_ACT_NOTIFY")
        bundle.linux["seccomp"]["listenerPath"] = str(self.work / "agent.sock")
        self.assert_one_error(self.probe_bundle(bundle, policy="passthrough"), 1, "an agent decides")

    def test_programs(self):
        bundle = self.bundle("probe")
        text = self.work / "text"
        text.write_text("#!/bin/sh\necho probe\n")
        text.chmod(0o755)
        loose = self.work / "loose"
        loose.write_bytes(pathlib.Path(PROBE).read_bytes())
        loose.chmod(0o777)
        for program, words in ((self.work / "none", "no such file"), (self.work, "is not a regular file"), (loose, "by everybody"),
                               (text, "exec"), ("/bin/true", "")):
            with self.subTest(program=str(program)):
                self.assert_one_error(self.probe_bundle(bundle, "--program", program), 1, words)

    def test_bad_input(self):
        self.assert_one_error(self.runtime("probe", "--bundle", self.work / "none"), 1, "none")
        self.assert_one_error(self.runtime("probe", "--bundle", self.work), 1, "config.json not found")
        self.assert_one_error(self.probe_bundle(self.bundle("probe"), policy="none"), 1, "none")
        self.assert_one_error(self.runtime("probe", "--format", "xml"), 1, "want text or json")
        self.assert_one_error(self.runtime("probe", "x"), 1, "requires exactly 0 arguments")
        bundle = self.bundle("probe")
        bundle.config["root"]["path"] = "nowhere"
        self.assert_one_error(self.probe_bundle(bundle), 1, "/root/path")


if __name__ == "__main__":
    harness.main()
