"""The process of config.json: ids, capabilities, limits, seccomp, scheduling, keyring, environment."""

import json
import os
import signal

import harness

CAPABILITIES = {"CHOWN": 0, "DAC_OVERRIDE": 1, "KILL": 5, "SETUID": 7, "NET_BIND_SERVICE": 10, "NET_RAW": 13}


def capability_mask(*names):
    return f"{sum(1 << CAPABILITIES[name] for name in names):016x}"


class IdentityTest(harness.Case):
    def test_ids_and_groups(self):
        bundle = self.bundle()
        bundle.process["user"] = {"uid": 1234, "gid": 5678, "additionalGids": [9, 10, 5678, 10]}
        document = self.probe(bundle, only="identity")
        self.assertEqual((document["uid"], document["gid"]), ([1234] * 4, [5678] * 4))
        self.assertEqual(sorted(set(document["groups"])), [9, 10, 5678])

    def test_umask(self):
        for value, wanted in ((None, 0o022), (0o077, 0o077), (0, 0)):
            with self.subTest(umask=value):
                bundle = self.bundle()
                if value is not None:
                    bundle.process["user"]["umask"] = value
                self.assertEqual(self.probe(bundle, only="process")["umask"], wanted)

    def test_five_capability_sets(self):
        bundle = self.bundle()
        names = ["CHOWN", "KILL", "NET_RAW"]
        full = [f"CAP_{name}" for name in names]
        bundle.process["capabilities"] = {
            "bounding": [*full, "CAP_SETUID"], "permitted": full, "effective": full[:2],
            "inheritable": full[1:], "ambient": full[1:2],
        }
        bundle.process["user"] = {"uid": 1000, "gid": 1000}
        found = self.probe(bundle, only="identity")["capabilities"]
        self.assertEqual(found["bounding"], capability_mask(*names, "SETUID"))
        self.assertEqual(found["inheritable"], capability_mask("KILL", "NET_RAW"))
        self.assertEqual(found["ambient"], capability_mask("KILL"))
        # What execve makes of them for a program without file capabilities: the ambient set.
        self.assertEqual(found["permitted"], capability_mask("KILL"))
        self.assertEqual(found["effective"], capability_mask("KILL"))

    def test_capabilities_of_root(self):
        bundle = self.bundle()
        bundle.process["capabilities"] = {key: ["CAP_CHOWN", "CAP_KILL"] for key in ("bounding", "permitted", "effective")}
        found = self.probe(bundle, only="identity")["capabilities"]
        for key in ("bounding", "permitted", "effective"):
            self.assertEqual(found[key], capability_mask("CHOWN", "KILL"))
        self.assertEqual((found["inheritable"], found["ambient"]), (capability_mask(), capability_mask()))

    def test_an_unknown_capability_is_left_out(self):
        """Engines are ahead of kernels: what the kernel does not have cannot be had anyhow."""
        if harness.KIND == "crun":
            self.skipTest("crun as installed refuses it")
        bundle = self.bundle()
        for names in bundle.process["capabilities"].values():
            names.append("CAP_FROM_THE_FUTURE")
        result = self.run_bundle(bundle)
        self.assertEqual(result.code, 0, str(result))
        effective = json.loads(result.out)["capabilities"]["effective"]
        self.assertEqual(effective, "00000000a80425fb")

    def test_no_new_privileges(self):
        for value in (False, True):
            with self.subTest(value=value):
                bundle = self.bundle()
                bundle.process["noNewPrivileges"] = value
                self.assertEqual(self.probe(bundle, only="identity")["no_new_privs"], int(value))

    def test_session(self):
        document = self.probe(only="process")
        self.assertEqual((document["pid"], document["sid"], document["pgid"]), (1, 1, 1))
        self.assertEqual(document["pdeathsig"], 0)

    def test_streams_belong_to_the_user(self):
        bundle = self.bundle()
        bundle.process["user"] = {"uid": 1234, "gid": 0}
        fds = {entry["fd"]: entry for entry in self.probe(bundle, only="files")["fds"]}
        if harness.KIND != "crun":
            self.assertEqual((fds[1]["uid"], fds[2]["uid"]), (1234, 1234))

    def test_keyring(self):
        own = self.probe(only="process")["keyring"]
        self.assertEqual(own["result"], "ok")
        kept = self.probe(self.bundle(), "--no-new-keyring", only="process")["keyring"]
        self.assertNotEqual(own.get("id"), kept.get("id"))
        another = self.probe(only="process")["keyring"]
        self.assertNotEqual(own["id"], another["id"])


class LimitsTest(harness.Case):
    def test_rlimits(self):
        bundle = self.bundle()
        bundle.process["rlimits"] = [
            {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
            {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
            {"type": "RLIMIT_STACK", "soft": 1 << 20, "hard": 1 << 21},
            {"type": "RLIMIT_NPROC", "soft": 50, "hard": 60},
        ]
        found = self.probe(bundle, only="limits")["rlimits"]
        for entry in bundle.process["rlimits"]:
            self.assertEqual(found[entry["type"]], [entry["soft"], entry["hard"]])

    def test_unlimited_is_the_largest_number(self):
        bundle = self.bundle()
        bundle.process["rlimits"] = [{"type": "RLIMIT_CPU", "soft": 18446744073709551615, "hard": 18446744073709551615}]
        self.assertEqual(self.probe(bundle, only="limits")["rlimits"]["RLIMIT_CPU"], [18446744073709551615] * 2)

    def test_unknown_rlimit(self):
        bundle = self.bundle()
        bundle.process["rlimits"] = [{"type": "RLIMIT_BOGUS", "soft": 1, "hard": 1}]
        self.assert_one_error(self.run_bundle(bundle), 1, "RLIMIT_BOGUS")

    def test_oom_score(self):
        bundle = self.bundle()
        bundle.process["oomScoreAdj"] = 321
        self.assertEqual(self.probe(bundle, only="limits")["oom_score_adj"].strip(), "321")
        own = harness.census.read("/proc/self/oom_score_adj").strip()
        self.assertEqual(self.probe(only="limits")["oom_score_adj"].strip(), own)

    def test_lowering_the_oom_score_without_the_right_is_a_warning(self):
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed fails")
        bundle = self.bundle(args=["/probe", "--only", "limits"])
        bundle.process["oomScoreAdj"] = -998
        result = self.run_bundle(bundle)
        self.assertEqual(result.code, 0, str(result))
        may = int(next(line for line in harness.census.read("/proc/self/status").splitlines()
                       if line.startswith("CapEff")).split()[1], 16) & 1 << 24
        score = json.loads(result.out)["oom_score_adj"].strip()
        self.assertEqual(score, "-998" if may else harness.census.read("/proc/self/oom_score_adj").strip())
        self.assertEqual(bool(result.err), not may, str(result))

    def test_scheduler(self):
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed has no scheduler")
        bundle = self.bundle()
        bundle.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7}
        found = self.probe(bundle, only="process")["scheduling"]
        self.assertEqual((found["policy"], found["nice"]), (3, 7))

    def test_io_priority(self):
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed has no ioPriority")
        bundle = self.bundle()
        bundle.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
        found = self.probe(bundle, only="process")["scheduling"]
        self.assertEqual((found["io_class"], found["io_priority"]), (2, 6))

    def test_personality(self):
        bundle = self.bundle()
        bundle.linux["personality"] = {"domain": "LINUX32"}
        document = self.probe(bundle, only="process")
        if harness.KIND != "runc":
            self.assertEqual(document["personality"] & 0xFF, 8)
            self.assertEqual(document["machine"], "i686")

    def test_processors_are_not_inherited(self):
        """A container started by a pinned daemon is not pinned."""
        if harness.KIND != "bulkhead" or len(os.sched_getaffinity(0)) < 2:
            self.skipTest("needs bulkhead and two processors")
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
        try:
            found = self.probe(only="process")["scheduling"]["cpus"]
        finally:
            os.sched_setaffinity(0, before)
        self.assertEqual(set(found), before)


class EnvironmentTest(harness.Case):
    def test_only_what_was_asked_for(self):
        bundle = self.bundle()
        bundle.process["env"] = ["A=1", "EMPTY=", "B=x=y", "SPACE=a b"]
        document = self.probe(bundle, only="process", env={"PATH": os.environ["PATH"], "CANARY": "secret"})
        self.assertEqual(document["env"], ["A=1", "EMPTY=", "B=x=y", "SPACE=a b", "HOME=/"])

    def test_arguments_are_passed_on_as_they_are(self):
        bundle = self.bundle("busybox", args=["printf", "%s|", "a b", "", "$HOME", "\u00fc", "-x"])
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "a b||$HOME|\u00fc|-x|")

    def test_the_program_is_the_containers(self):
        document = self.probe(only="process")
        self.assertEqual((document["exe"], document["cwd"], document["argv"][0]), ("/probe", "/", "/probe"))


class SeccompTest(harness.Case):
    def attempts(self, *rules, **seccomp):
        bundle = self.bundle()
        bundle.linux["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": list(rules), **seccomp
        }
        return self.probe(bundle)

    def test_errno(self):
        document = self.attempts(
            {"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
            {"names": ["keyctl", "no_such_call_at_all"], "action": "SCMP_ACT_ERRNO"},
        )
        self.assertEqual(document["seccomp"]["mode"], 2)
        self.assertEqual(document["attempts"]["personality"], "EOPNOTSUPP")
        self.assertEqual(document["attempts"]["keyctl"], "EPERM")
        self.assertEqual(document["attempts"]["pidfd_open"], "ok")

    def test_kill_trap_and_log(self):
        document = self.attempts(
            {"names": ["kcmp"], "action": "SCMP_ACT_KILL_PROCESS"},
            {"names": ["quotactl"], "action": "SCMP_ACT_KILL"},
            {"names": ["swapon"], "action": "SCMP_ACT_TRAP"},
            {"names": ["pidfd_open"], "action": "SCMP_ACT_LOG"},
        )
        for name in ("kcmp", "quotactl", "swapon"):
            with self.subTest(call=name):
                self.assertEqual(document["attempts"][name], "SIGSYS")
        self.assertEqual(document["attempts"]["pidfd_open"], "ok")

    def test_arguments(self):
        document = self.attempts(
            {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97,
             "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]},
            {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 93,
             "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"},
                      {"index": 1, "value": 15, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]},
            {"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95,
             "args": [{"index": 0, "value": 262143, "op": "SCMP_CMP_GT"},
                      {"index": 0, "value": 4294967295, "op": "SCMP_CMP_NE"}]},
        )
        sockets = document["sockets"]
        self.assertEqual((sockets["vsock"], sockets["inet_raw"]), ("EAFNOSUPPORT", "EPROTONOSUPPORT"))
        self.assertEqual((sockets["inet_stream"], sockets["unix"]), ("ok", "ok"))

    def test_an_allow_list(self):
        """The default action holds for what is not named; what is newer than the list does not exist."""
        bundle = self.bundle("busybox", args=["sh", "-c", "mkdir /dev/shm/x 2>&1; echo $?"])
        names = sorted({line.split()[0] for line in ALLOWED.split()})
        bundle.linux["seccomp"] = {
            "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 13, "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}],
        }
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out.splitlines()[-1], "1")
        self.assertIn("Permission denied", self.assert_ok(self.run_bundle(bundle)).out)
        bundle.linux["seccomp"]["syscalls"][0]["names"].append("mkdir")
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "0\n")

    def test_a_killed_program_is_a_signal(self):
        bundle = self.bundle("busybox", args=["mkdir", "/dev/shm/x"])
        bundle.linux["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_KILL_PROCESS"}]
        }
        self.assertEqual(self.run_bundle(bundle).code, 128 + signal.SIGSYS)

    def test_bad_profiles(self):
        cases = {
            "unknown action": {"defaultAction": "SCMP_ACT_BOGUS"},
            "unknown architecture": {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_BOGUS"]},
            "unknown operator": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_BOGUS"}]}]},
            "unknown flag": {"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_BOGUS"]},
        }
        for name, profile in cases.items():
            with self.subTest(case=name):
                bundle = self.bundle()
                bundle.linux["seccomp"] = profile
                if harness.KIND == "bulkhead" or name in ("unknown action", "unknown operator"):
                    self.assert_one_error(self.run_bundle(bundle), 1)


# What busybox's shell and mkdir call, but for mkdir(2); with what a runtime may call last.
ALLOWED = """
arch_prctl brk clone clone3 close dup dup2 dup3 execve execveat exit exit_group faccessat faccessat2 fcntl fork fstat
fstatfs futex getcwd getdents64 getegid geteuid getgid getpgrp getpid getppid getrandom getuid ioctl lseek lstat mmap
mprotect munmap newfstatat open openat openat2 pipe pipe2 poll prctl pread64 prlimit64 read readlink readlinkat rseq
rt_sigaction rt_sigprocmask rt_sigreturn set_robust_list set_tid_address setgid setgroups setuid sigaltstack stat statfs
statx sysinfo tgkill umask uname vfork wait4 waitid write writev capget capset getppid setresuid setresgid getgroups
setsid close_range nanosleep clock_nanosleep sched_yield kill gettid getresuid getresgid chdir fchdir chroot
epoll_ctl epoll_pwait epoll_create1 eventfd2 madvise fsmount
"""


if __name__ == "__main__":
    harness.main()
