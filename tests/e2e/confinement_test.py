"""Each promise of the faas policy, checked from inside by the probe, and shown to be missing under passthrough.

TABLE has a row a control: where the probe's document says it, what faas makes it, what passthrough leaves. A value
may be a set of allowed words. A control that this machine's kernel cannot show is skipped with the reason.
"""

import json
import os
import shutil

import harness

NO_CAPABILITIES = "0" * 16
# The 14 that config.json asks for: see contrib/functions/bundle_config.py.
DOCKER_CAPABILITIES = "00000000a80425fb"
# What a filter answers to what it does not know, and what the kernel answers to those without rights.
REFUSED = {"ENOSYS", "EPERM"}
NOT_FILTERED = {"ok", "EINVAL", "EFAULT", "EBADF", "ENOENT", "ENOMEM", "ENOKEY", "E2BIG", "ESRCH"}
FOREIGN = {"SIGSYS", "ENOSYS", "SIGSEGV", "EAFNOSUPPORT"}

TABLE = [
    # control, path in the probe's document, under faas, under passthrough
    ("no effective capability", "capabilities.effective", NO_CAPABILITIES, DOCKER_CAPABILITIES),
    ("no permitted capability", "capabilities.permitted", NO_CAPABILITIES, DOCKER_CAPABILITIES),
    ("no capability can come back", "capabilities.bounding", NO_CAPABILITIES, DOCKER_CAPABILITIES),
    ("no inheritable capability", "capabilities.inheritable", NO_CAPABILITIES, None),
    ("no ambient capability", "capabilities.ambient", NO_CAPABILITIES, None),
    ("no new privileges", "no_new_privs", 1, 0),
    ("nothing gives capabilities to root", "capabilities.securebits", 239, 0),
    ("files in memory are not executed", "attempts.exec_memfd", "EACCES" if harness.KERNEL >= (6, 6) else "ok", "ok"),
    ("code can be made at run time (Node and Java do)", "attempts.mprotect_x", "ok", "ok"),
    ("a seccomp filter", "seccomp.mode", 2, 0),
    ("one seccomp filter", "seccomp.filters", 1, 0),
    *([("a domain of Landlock", "attempts.landlock_layers", "15", "16")] if harness.LANDLOCK >= 2 else []),
    ("the root is read-only", "create_in./", "EROFS", "ok"),
    ("programs are read-only", "create_in./usr", {"EROFS", "ENOENT"}, None),
    ("/etc is read-only", "create_in./etc", "EROFS", "ok"),
    ("/tmp is writable", "create_in./tmp", "ok", "ok"),
    ("programs in /tmp run (JNI needs it)", "attempts.exec_tmp", "ok", "ok"),
    ("mount", "attempts.mount", REFUSED, {"EPERM", "EACCES"}),
    ("pivot_root", "attempts.pivot_root", REFUSED, None),
    ("chroot", "attempts.chroot", REFUSED, "ok"),
    ("setgroups", "attempts.setgroups", REFUSED, "ok"),
    ("make a user namespace by unshare", "attempts.unshare_user", REFUSED, "ok"),
    ("make a user namespace by clone", "attempts.clone_user", REFUSED, "ok"),
    ("make a mount namespace", "attempts.unshare_mount", REFUSED, None),
    ("join a namespace", "attempts.setns", REFUSED, None),
    ("clone3 says it does not exist", "attempts.clone3", "ENOSYS", "EINVAL"),
    ("fsopen", "attempts.fsopen", REFUSED, None),
    ("mount_setattr", "attempts.mount_setattr", REFUSED, None),
    ("move_mount", "attempts.move_mount", REFUSED, None),
    ("open_tree", "attempts.open_tree", REFUSED, None),
    ("io_uring", "attempts.io_uring_setup", REFUSED, NOT_FILTERED),
    ("bpf", "attempts.bpf", REFUSED, None),
    ("add_key", "attempts.add_key", REFUSED, {"ok", "EDQUOT"}),
    ("request_key", "attempts.request_key", REFUSED, {"ENOKEY", "EACCES"}),
    ("keyctl", "attempts.keyctl", REFUSED, NOT_FILTERED),
    ("perf events", "attempts.perf_event_open", REFUSED, None),
    ("userfaultfd", "attempts.userfaultfd", REFUSED, None),
    ("ptrace", "attempts.ptrace", REFUSED, "ok"),
    ("process_vm_readv", "attempts.process_vm_readv", REFUSED, NOT_FILTERED),
    ("kcmp", "attempts.kcmp", REFUSED, NOT_FILTERED | {"EOPNOTSUPP"}),
    ("pidfd_getfd", "attempts.pidfd_getfd", REFUSED, "ok"),
    ("open by handle", "attempts.open_by_handle_at", REFUSED | {"EOPNOTSUPP"}, None),
    ("kernel log", "attempts.syslog", REFUSED, None),
    ("kernel modules", "attempts.init_module", REFUSED, None),
    ("kexec", "attempts.kexec_load", REFUSED, None),
    ("reboot", "attempts.reboot", REFUSED, None),
    ("swap", "attempts.swapon", REFUSED, None),
    ("quota", "attempts.quotactl", REFUSED, None),
    ("the host's clock", "attempts.settimeofday", REFUSED, None),
    ("the container's own name", "attempts.sethostname", REFUSED, None),
    ("I/O ports", "attempts.ioperm", REFUSED, None),
    ("real-time scheduling", "attempts.realtime", REFUSED, None),
    ("core dumps cannot be turned on", "attempts.core_limit", REFUSED, None),
    ("another personality", "attempts.personality", REFUSED, "ok"),
    ("the 32-bit entry", "attempts.int80", FOREIGN, {"ok", "SIGSEGV"}),
    ("the x32 entry", "attempts.x32", FOREIGN, None),
    ("getpid works", "attempts.getpid", "ok", "ok"),
    ("pipe works", "attempts.pipe", "ok", "ok"),
    ("unix sockets work", "sockets.unix", "ok", "ok"),
    ("TCP works", "sockets.inet_stream", "ok", "ok"),
    ("TCP on IPv6 works", "sockets.inet6_stream", {"ok", "EAFNOSUPPORT"}, None),
    ("UDP works", "sockets.inet_datagram", "ok", "ok"),
    ("the interface list works", "sockets.netlink_route", "ok", "ok"),
    ("raw sockets", "sockets.inet_raw", {"EAFNOSUPPORT", "EPERM"}, "ok"),
    ("raw sockets, dirty high word", "sockets.inet_raw_dirty", {"EAFNOSUPPORT", "EPERM"}, "ok"),
    ("packet sockets", "sockets.packet", {"EAFNOSUPPORT", "EPERM"}, {"ok", "EAFNOSUPPORT"}),
    ("AF_ALG", "sockets.alg", {"EAFNOSUPPORT", "EPERM"}, {"ok", "EAFNOSUPPORT"}),
    ("AF_ALG, dirty high word", "sockets.alg_dirty", {"EAFNOSUPPORT", "EPERM"}, {"ok", "EAFNOSUPPORT"}),
    ("AF_VSOCK", "sockets.vsock", {"EAFNOSUPPORT", "EPERM"}, {"ok", "EAFNOSUPPORT"}),
    ("AF_VSOCK, dirty high word", "sockets.vsock_dirty", {"EAFNOSUPPORT", "EPERM"}, {"ok", "EAFNOSUPPORT"}),
    ("MPTCP", "sockets.mptcp", {"EAFNOSUPPORT", "EPROTONOSUPPORT", "EPERM"}, {"ok", "EPROTONOSUPPORT", "ENOPROTOOPT"}),
    ("SCTP", "sockets.sctp", {"EAFNOSUPPORT", "EPROTONOSUPPORT", "EPERM"}, None),
    ("netlink audit", "sockets.netlink_audit", {"EAFNOSUPPORT", "EPERM"}, {"ok", "EPROTONOSUPPORT"}),
    ("netlink netfilter", "sockets.netlink_netfilter", {"EAFNOSUPPORT", "EPERM"}, {"ok", "EPROTONOSUPPORT"}),
    ("Bluetooth", "sockets.bluetooth", {"EAFNOSUPPORT", "EPERM"}, None),
    ("CAN", "sockets.can", {"EAFNOSUPPORT", "EPERM"}, None),
    ("XDP", "sockets.xdp", {"EAFNOSUPPORT", "EPERM"}, None),
    ("core dumps", "rlimits.RLIMIT_CORE", [0, 0], None),
    ("locked memory", "rlimits.RLIMIT_MEMLOCK", [65536, 65536], None),
    ("POSIX queues", "rlimits.RLIMIT_MSGQUEUE", [0, 0], None),
    ("real-time priority", "rlimits.RLIMIT_RTPRIO", [0, 0], None),
    ("open files", "rlimits.RLIMIT_NOFILE", [1024, 1024], [1024, 1024]),
    ("/dev/null works", "devices./dev/null.write", "ok", "ok"),
    ("/dev/zero works", "devices./dev/zero.read", "ok", "ok"),
    ("/dev/urandom works", "devices./dev/urandom.read", "ok", "ok"),
    ("sysctls are read-only", "open_for_writing./proc/sys/kernel/core_pattern", {"EROFS", "EACCES"}, "EROFS"),
    ("the clear-caches switch", "open_for_writing./proc/sys/vm/drop_caches", {"EROFS", "EACCES"}, "EROFS"),
    ("no cgroup can be made", "attempts.mkdir_cgroup", {"EROFS", "EACCES", "EPERM", "ENOENT", "ENOSYS"}, None),
    ("the environment is what was asked for", "env", harness.function_config(["x"])["process"]["env"] + ["HOME=/"], None),
    ("the directory is the root", "cwd", "/", "/"),
    ("it is init of its pid namespace", "pid", 1, 1),
    ("it leads a session", "sid", 1, 1),
]

# Paths that faas masks and config.json does not: readable or not makes the difference.
MASKED_BY_FAAS = ["/proc/kallsyms", "/proc/interrupts", "/proc/modules", "/proc/slabinfo", "/proc/vmallocinfo",
                  "/proc/pagetypeinfo", "/proc/kpagecount", "/proc/kpageflags", "/sys/kernel/debug",
                  "/sys/kernel/tracing", "/sys/kernel/security", "/sys/fs/bpf", "/sys/module"]
MASKED_BY_BOTH = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/latency_stats", "/proc/scsi", "/proc/acpi",
                  "/sys/firmware", "/sys/devices/virtual/powercap"]
STILL_READABLE = ["/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/self/maps"]


def look_up(document, path):
    """sockets.unix, create_in./etc, devices./dev/null.read: keys by dots, but a path's own dots are kept."""
    value = document
    while path:
        key = next((key for key in sorted(value, key=len, reverse=True) if path == key or path.startswith(key + ".")), None)
        if key is None:
            raise KeyError(path)
        value, path = value[key], path[len(key) + 1 :]
    return value


def matches(value, expected):
    return value in expected if isinstance(expected, set) else value == expected


def as_set(expected):
    return expected if isinstance(expected, set) else {str(expected)}


class ConfinementTest(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.documents = {}

    def document(self, policy):
        if policy != "passthrough" and not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        if policy not in self.documents:
            bundle = self.bundle("probe").own_root()  # its own: the probe may write to the root
            bundle.config["root"]["readonly"] = False
            self.documents[policy] = self.probe(bundle, policy=policy)
        return self.documents[policy]

    def check_table(self, policy, column):
        document = self.document(policy)
        for row in TABLE:
            control, path, expected = row[0], row[1], row[column]
            if expected is None:
                continue
            with self.subTest(control=control, path=path):
                value = look_up(document, path)
                self.assertTrue(matches(value, expected), f"{path} is {value!r}, want {expected!r}")

    def test_faas_confines(self):
        self.check_table("faas", 2)

    def test_passthrough_does_not(self):
        self.check_table("passthrough", 3)

    def test_each_control_makes_a_difference(self):
        """A row whose two expectations differ must differ in fact; or both runs could have been the same one."""
        faas, passthrough = self.document("faas"), self.document("passthrough")
        for control, path, wanted, left in TABLE:
            if left is None or as_set(wanted) & as_set(left):
                continue
            with self.subTest(control=control):
                self.assertNotEqual(look_up(faas, path), look_up(passthrough, path))

    def test_no_code_is_made_under_the_profiles_that_deny_it(self):
        denied = "EACCES" if harness.KERNEL >= (6, 3) else "ok"
        for policy, answer in (("faas-go", denied), ("faas-python", denied), ("faas-node", "ok"), ("faas-java", "ok")):
            with self.subTest(policy=policy):
                attempts = self.document(policy)["attempts"]
                self.assertEqual((attempts["mmap_wx"], attempts["mprotect_x"]), (answer, answer))

    def test_auto_denies_it_as_the_kind_of_program_allows(self):
        denied = "EACCES" if harness.KERNEL >= (6, 3) else "ok"
        policy = self.work / "auto.json"
        policy.write_text(json.dumps({"bulkhead": "policy/v1", "kind": "profile", "name": "auto", "version": "1",
                                      "extends": "builtin:faas@1", "process": {"memoryDenyWriteExecute": "auto"}}))
        self.assertEqual(self.probe(policy=str(policy), only="syscalls")["attempts"]["mprotect_x"], denied, "it is static")
        for program, kind in (("node", "node"), ("python3", "python")):
            bundle = self.bundle("probe").own_root()
            with self.subTest(kind=kind):
                shutil.copy(bundle.root / bundle.process["args"][0].lstrip("/"), bundle.root / program)
                bundle.process["args"] = [f"/{program}", "--only", "syscalls"]
                seen = json.loads(self.assert_ok(self.run_bundle(bundle, policy=str(policy))).out)
                self.assertEqual(seen["attempts"]["mprotect_x"], "ok" if kind == "node" else denied)

    def check_masked(self, document, paths):
        for path in paths:
            with self.subTest(path=path):
                entry = document["read"][path]
                masked = entry["result"] in ("ENOENT", "EACCES", "EPERM") or entry["count"] == 0
                self.assertTrue(masked, f"{path}: {entry}")

    def test_masked_paths(self):
        self.check_masked(self.document("faas"), MASKED_BY_BOTH + MASKED_BY_FAAS)
        for path in STILL_READABLE:
            self.assertGreater(self.document("faas")["read"][path]["count"], 0, path)

    def test_masked_paths_of_passthrough_are_those_of_config_json(self):
        document = self.document("passthrough")
        self.check_masked(document, MASKED_BY_BOTH)
        shown = [path for path in MASKED_BY_FAAS if document["read"][path]["count"] > 0]
        self.assertTrue(shown, "none of the paths that only faas masks can be read under passthrough: proves nothing")

    def test_every_mount_is_nosuid_nodev(self):
        loose = {}
        for policy in ("faas", "passthrough"):
            if policy == "faas" and not harness.HAS_POLICIES:
                continue
            # Device nodes bound one by one, and what hides a file behind /dev/null, must open as devices.
            loose[policy] = [
                mount["target"]
                for mount in self.document(policy)["mounts"]
                if not {"nosuid", "nodev"} <= set(mount["options"].split(","))
                and not (mount["target"] == "/dev" and "nosuid" in mount["options"].split(","))
                and not (mount["fstype"] in ("tmpfs", "devtmpfs") and mount["root"] not in ("/",))
                and not (mount["target"] == "/dev/pts" and "nosuid" in mount["options"].split(","))
            ]
        self.assertIn("/", loose["passthrough"], "the root is nosuid,nodev already: proves nothing")
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        self.assertEqual(loose["faas"], [])

    def test_the_root_is_mounted_read_only(self):
        for policy, wanted in (("passthrough", "rw"), ("faas", "ro")):
            with self.subTest(policy=policy):
                document = self.document(policy)
                root = [mount for mount in document["mounts"] if mount["target"] == "/"][-1]
                self.assertIn(wanted, root["options"].split(","))

    def test_tmp_is_a_tmpfs_of_its_own(self):
        self.assertEqual([m for m in self.document("passthrough")["mounts"] if m["target"] == "/tmp"], [])
        mounts = [mount for mount in self.document("faas")["mounts"] if mount["target"] == "/tmp"]
        self.assertEqual([mount["fstype"] for mount in mounts], ["tmpfs"])
        self.assertIn("size=65536k", mounts[0]["super"].split(","))

    def test_no_mount_event_leaves(self):
        for mount in self.document("faas")["mounts"]:
            with self.subTest(target=mount["target"]):
                self.assertFalse([word for word in mount["propagation"] if word.startswith("shared:")])

    def test_a_shared_mount_is_made_a_slave(self):
        shared = {}
        for policy in ("passthrough", "faas"):
            bundle = self.bundle("probe").mount("/mnt", type="bind", source=str(self.work), options=["rbind", "rshared"])
            mounts = self.probe(bundle, policy=policy, only="mounts")["mounts"]
            seen = [mount["propagation"] for mount in mounts if mount["target"] == "/mnt"]
            self.assertEqual(len(seen), 1, mounts)
            shared[policy] = any(word.startswith("shared:") for word in seen[0])
        self.assertEqual(shared, {"passthrough": True, "faas": False})

    def test_namespaces_are_its_own(self):
        host = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in os.listdir("/proc/self/ns")}
        shared = self.document("passthrough")["namespaces"]
        self.assertEqual(shared["cgroup"], host["cgroup"], "passthrough makes what config.json does not ask for")
        own = self.document("faas")["namespaces"]
        for kind in ("mnt", "pid", "ipc", "uts", "net", "cgroup"):
            with self.subTest(kind=kind):
                self.assertNotEqual(own[kind], host[kind])

    def test_the_cgroup_namespace_hides_where_it_is(self):
        self.assertIn(harness.TAG, self.document("passthrough")["cgroup"])
        self.assertNotIn(harness.TAG, self.document("faas")["cgroup"])

    def test_root_is_nobody_outside(self):
        self.assertEqual(self.document("passthrough")["uid"], [0] * 4)
        self.assertEqual(self.document("passthrough")["uid_map"].split(), ["0", "0", "4294967295"])
        document = self.document("faas")
        inside, outside, count = document["uid_map"].split()[:3]
        if document["uid"] == [0] * 4 and (inside, outside) == ("0", "0") and int(count) == 2**32 - 1:
            self.skipTest("no user namespace: this kernel or file system has no id-mapped mounts; root has no capability")
        host_uid = self.uid_outside(document)
        self.assertGreaterEqual(host_uid, 1000)

    def uid_outside(self, document):
        for line in document["uid_map"].splitlines():
            inside, outside, count = map(int, line.split())
            if inside <= document["uid"][0] < inside + count:
                return outside + document["uid"][0] - inside
        self.fail(f"uid {document['uid'][0]} is not in {document['uid_map']!r}")

    def test_file_descriptors(self):
        for policy in ("faas", "passthrough"):
            with self.subTest(policy=policy):
                self.assertEqual([entry["fd"] for entry in self.document(policy)["fds"]], [0, 1, 2])

    def test_no_group_of_the_caller(self):
        self.assertEqual([group for group in self.document("faas")["groups"] if group != 0], [])

    def test_devices_that_are_not_there_cannot_be_made(self):
        allowed = {"c 1:3 null", "c 10:200 tun"}  # the default allowance of every runtime
        for policy in ("faas", "passthrough"):
            document = self.document(policy)
            for name, entry in document["mknod"].items():
                with self.subTest(policy=policy, device=name):
                    if policy == "faas":
                        self.assertIn(entry["made"], REFUSED | {"EROFS", "EACCES"})
                    elif name not in allowed:
                        self.assertIn(entry["opened"], {"EPERM", "EACCES"})
        self.assertEqual(self.document("passthrough")["mknod"]["c 1:3 null"]["made"], "ok")

    def test_tun_is_no_default_device(self):
        made = {policy: self.probe(policy=policy, only="devices")["mknod"] for policy in ("passthrough", "compat")}
        opened = {policy: {name: entry["opened"] for name, entry in nodes.items()} for policy, nodes in made.items()}
        self.assertEqual(opened["compat"]["c 1:3 null"], "ok")
        self.assertEqual(opened["compat"]["c 10:200 tun"], "EPERM")
        self.assertNotEqual(opened["passthrough"]["c 10:200 tun"], "EPERM", "nobody may open it: proves nothing")

    def test_only_the_default_devices(self):
        default = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx"}
        for path, entry in self.document("faas")["devices"].items():
            if path not in default:
                with self.subTest(path=path):
                    self.assertEqual(entry, "ENOENT")

    def cgroup_value(self, policy, files):
        """What a file of the container's cgroup says; `files`: {"v1": (controller, name), "v2": name}."""
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        container, pid = self.start(bundle, policy=policy)
        controller, name = files["v1"]
        directory = harness.cgroup_dir(bundle.linux["cgroupsPath"], controller)
        value = (directory / (files["v2"] if harness.unified() else name)).read_text().strip()
        self.kill_and_delete(container, pid)
        return value

    def check_cgroup_default(self, files, limit):
        self.assertNotEqual(self.cgroup_value("passthrough", files), limit)
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        self.assertEqual(self.cgroup_value("faas", files), limit)

    def test_memory_default(self):
        files = {"v1": ("memory", "memory.limit_in_bytes"), "v2": "memory.max"}
        self.check_cgroup_default(files, str(256 << 20))

    def test_pids_default(self):
        self.check_cgroup_default({"v1": ("pids", "pids.max"), "v2": "pids.max"}, "256")


if __name__ == "__main__":
    harness.main()
