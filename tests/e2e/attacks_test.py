"""Known attacks on runtimes, from hostile images and configurations: a canary tree outside must stay as it is.

The classes are those of CVE-2019-5736, -16884, -19921, CVE-2021-30465, CVE-2024-21626, CVE-2024-45310, CVE-2025-31133,
CVE-2025-52881, CVE-2026-41579, CVE-2022-29162 (inheritable capabilities), CVE-2022-0811 (sysctl) and their kin.
"""

import hashlib
import json
import os
import stat
import subprocess

import harness

STRICT = harness.KIND == "bulkhead"


def manifest(top):
    """Everything a canary tree is: names, kinds, modes, owners, times, bytes."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in [".", *names, *files]:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            content = b""
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    content = file.read()
            elif stat.S_ISLNK(info.st_mode):
                content = os.readlink(path).encode()
            found[path] = (info.st_mode, info.st_ino, info.st_uid, info.st_gid, info.st_nlink, info.st_mtime_ns,
                           info.st_ctime_ns, hashlib.sha256(content).hexdigest())
    return found


class AttackCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.canary = self.work / "canary"
        for name in ("dev/pts", "dev/shm", "etc", "proc", "sub/deep"):
            (self.canary / name).mkdir(parents=True)
        for name in ("file", "dev/ptmx", "dev/null", "dev/console", "etc/passwd", "sub/file"):
            (self.canary / name).write_text(f"canary {name}\n")
        self.manifest = manifest(self.canary)
        self.addCleanup(self.check_canary)

    def check_canary(self, result=""):
        now = manifest(self.canary)
        changed = sorted(path for path in now.keys() | self.manifest.keys() if now.get(path) != self.manifest.get(path))
        self.manifest = now  # the next attack is to be judged by itself
        self.assertEqual(changed, [], f"the canary was touched: {result}")

    def links(self):
        """Ways by which a link in an image may point to the canary."""
        canary = str(self.canary)
        return {
            "absolute": canary,
            "up and up": "../" * 30 + canary.lstrip("/"),
            "through the old root": f"/oldroot{canary}",
            "through init's root": f"/proc/1/root{canary}",
            "through a process's root": f"/proc/self/root{canary}",
            "through a descriptor": "/proc/self/fd/3/canary",
            "dangling": f"{canary}/nothing",
        }

    def attack(self, bundle, must_fail=False, words=(), policies=("passthrough", "faas")):
        """Runs the bundle under each policy: it fails with one clean error, or it works; the canary decides."""
        results = []
        for policy in policies if harness.HAS_POLICIES else policies[:1]:
            result = self.run_bundle(bundle, policy=policy)
            if result.code != 0 and STRICT:
                self.assert_one_error(result, 1, *words)
            if must_fail:
                self.assertNotEqual(result.code, 0, str(result))
            self.check_canary(result)
            results.append(result)
        return results

    def image(self, args=("true",)):
        return self.bundle("busybox", args=list(args)).own_root()


class MountDestinationTest(AttackCase):
    """T-P01: a link on the way to a destination."""

    def test_parent_is_a_link(self):
        source = self.work / "source"
        source.mkdir()
        (source / "file").write_text("source\n")
        binds = {"type": "bind", "options": ["bind"]}
        mounts = [
            {"destination": "/link/new", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]},
            {"destination": "/link/sub/deep", "type": "tmpfs", "source": "tmpfs", "options": []},
            {"destination": "/link", "type": "tmpfs", "source": "tmpfs", "options": []},
            {"destination": "/link/new", "source": str(source), **binds},
            {"destination": "/link/file", "source": str(source / "file"), **binds},
            {"destination": "/link/new-file", "source": str(source / "file"), **binds},
        ]
        for name, target in self.links().items():
            bundle = self.image()
            os.symlink(target, bundle.root / "link")
            plain = list(bundle.config["mounts"])
            for mount in mounts:
                with self.subTest(link=name, mount=mount["destination"], type=mount["type"]):
                    bundle.config["mounts"] = [*plain, mount]
                    self.attack(bundle, policies=("passthrough",))

    def test_a_chain_of_forty_links(self):
        bundle = self.image()
        for number in range(40):
            os.symlink(f"link{number + 1}" if number < 39 else str(self.canary), bundle.root / f"link{number}")
        bundle.mount("/link0/x", type="tmpfs", source="tmpfs", options=[])
        self.attack(bundle)

    def test_dots_in_the_destination(self):
        for destination in ("/../../../../../../canary", f"/a/../../..{self.canary}/x", "/a/./../b"):
            with self.subTest(destination=destination):
                self.attack(self.image().mount(destination, type="tmpfs", source="tmpfs", options=[]),
                            policies=("passthrough",))

    def test_each_of_the_engines_mounts_through_a_link(self):
        for destination, inside in (("/dev", "dev"), ("/run", "sub"), ("/dev/shm", "dev/shm"), ("/sys", "sub")):
            with self.subTest(destination=destination):
                bundle = self.image()
                path = bundle.root / destination.lstrip("/")
                if path.is_dir():
                    os.rmdir(path)
                path.parent.mkdir(exist_ok=True)
                os.symlink(self.canary / inside, path)
                if destination == "/dev/shm":
                    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if not m["destination"] == "/dev"]
                self.attack(bundle)

    def test_devices_masks_and_directory_through_a_link(self):
        for name, target in self.links().items():
            with self.subTest(link=name):
                bundle = self.image()
                os.symlink(target, bundle.root / "link")
                bundle.linux["devices"] = [{"path": "/link/null", "type": "c", "major": 1, "minor": 3}]
                self.attack(bundle, policies=("passthrough",))
                del bundle.linux["devices"]
                bundle.linux["maskedPaths"] += ["/link/file", "/link/sub"]
                bundle.linux["readonlyPaths"] += ["/link/etc", "/link/etc/passwd"]
                self.attack(bundle)
                bundle.process["cwd"] = "/link/made/by/the/runtime"  # CVE-2026-55686's class
                self.attack(bundle, policies=("passthrough",))

    def test_tmpcopyup_does_not_follow_links_out(self):
        bundle = self.image(["sh", "-c", "ls -lR /data; cat /data/link/file"])
        (bundle.root / "data").mkdir()
        os.symlink(self.canary, bundle.root / "data/link")
        bundle.mount("/data", type="tmpfs", source="tmpfs", options=["tmpcopyup"])
        result = self.run_bundle(bundle)
        self.assertNotIn("canary file", result.out)

    def test_a_link_put_in_place_of_what_the_runtime_made(self):
        """T-P07: deletion must not go through it."""
        bundle = self.image(["sleep", "1000"])
        bundle.mount("/made", type="tmpfs", source="tmpfs", options=[])
        container, pid = self.start(bundle)
        os.rmdir(bundle.root / "made")
        os.symlink(self.canary, bundle.root / "made")
        self.kill_and_delete(container, pid)


class ProcTest(AttackCase):
    """T-P03: /proc and /sys of the image are not directories."""

    def variants(self, path, root):
        (root / "bad").mkdir()
        yield "link to a directory", lambda: os.symlink("/bad", path)
        yield "link to the canary", lambda: os.symlink(self.canary / "proc", path)
        yield "link up and up", lambda: os.symlink("../" * 30 + str(self.canary / "proc").lstrip("/"), path)
        yield "link to a link", lambda: (os.symlink("bad", root / "second"), os.symlink("second", path))
        yield "a file", path.touch
        yield "a fifo", lambda: os.mkfifo(path)

    def test_not_a_directory(self):
        for name in ("proc", "sys"):
            bundle = self.image()
            path = bundle.root / name
            os.rmdir(path)
            for kind, make in self.variants(path, bundle.root):
                with self.subTest(path=name, kind=kind):
                    make()
                    self.attack(bundle, must_fail=harness.KIND != "crun", words=[f"/{name}"])
                    self.assertFalse((bundle.root / "bad/self").exists())
                    path.unlink()

    def test_missing_is_made(self):
        bundle = self.image(["cat", "/proc/self/comm"])
        os.rmdir(bundle.root / "proc")
        for result in self.attack(bundle):
            self.assertEqual((result.code, result.out), (0, "cat\n"))

    def test_mounts_over_parts_of_proc(self):
        """CVE-2019-16884, CVE-2025-52881: what is written to /proc must be the kernel's."""
        if not STRICT:
            self.skipTest(f"{harness.KIND} as installed allows some")
        source = self.work / "file"
        source.write_text("x")
        for destination in ("/proc/self/attr", "/proc/self/attr/exec", "/proc/sys", "/proc/sysrq-trigger", "/proc/1"):
            with self.subTest(destination=destination):
                bundle = self.image()
                if destination.endswith(("exec", "trigger")):
                    bundle.config["mounts"].append(
                        {"destination": destination, "type": "bind", "source": str(source), "options": ["bind"]})
                else:
                    bundle.config["mounts"].append({"destination": destination, "type": "tmpfs", "source": "tmpfs"})
                self.attack(bundle, must_fail=True, words=[destination])

    def test_another_file_system_as_proc(self):
        if not STRICT:
            self.skipTest(f"{harness.KIND} as installed allows some")
        for kind in ("tmpfs", "bind"):
            with self.subTest(type=kind):
                bundle = self.image()
                mounts = [m for m in bundle.config["mounts"] if m["destination"] != "/proc"]
                fake = {"destination": "/proc", "type": kind, "source": str(self.canary), "options": ["rbind"]}
                bundle.config["mounts"] = [fake if kind == "bind" else fake | {"options": []}, *mounts]
                self.attack(bundle, must_fail=True, words=["/proc"])


class DevTest(AttackCase):
    """T-D01: the image's /dev leads elsewhere, and config.json mounts nothing there."""

    def without_dev(self):
        bundle = self.image()
        bundle.config["mounts"] = [m for m in bundle.config["mounts"] if not m["destination"].startswith("/dev")]
        os.rmdir(bundle.root / "dev")
        return bundle

    def test_dev_is_a_link(self):
        for kind, target in (("absolute", self.canary / "dev"), ("to itself", "dev"),
                             ("relative", "../" * 30 + str(self.canary / "dev").lstrip("/"))):
            with self.subTest(kind=kind):
                bundle = self.without_dev()
                os.symlink(target, bundle.root / "dev")
                self.attack(bundle, must_fail=STRICT, words=["/dev"])

    def test_what_is_in_dev_is_a_link(self):
        targets = {"null": "dev/null", "ptmx": "dev/ptmx", "console": "dev/console", "fd": "sub", "pts": "dev/pts",
                   "shm": "dev/shm", "stdin": "file", "zero": "file", "core": "sub/file", "mqueue": "sub"}
        for name, target in targets.items():
            with self.subTest(name=name):
                bundle = self.without_dev()
                (bundle.root / "dev").mkdir()
                os.symlink(self.canary / target, bundle.root / "dev" / name)
                if name in ("pts", "shm", "mqueue"):
                    bundle.mount(f"/dev/{name}", type="tmpfs", source="tmpfs", options=[])
                self.attack(bundle)

    def test_the_masks_source_is_not_the_images(self):
        """CVE-2025-31133: the image's /dev/null is a link, a file, or absent."""
        for kind in ("link", "file", "absent"):
            with self.subTest(null=kind):
                bundle = self.without_dev()
                bundle.process["args"] = ["cat", "/secret"]
                (bundle.root / "dev").mkdir()
                (bundle.root / "secret").write_text("not masked\n")
                if kind == "link":
                    os.symlink(self.canary / "file", bundle.root / "dev/null")
                elif kind == "file":
                    (bundle.root / "dev/null").write_text("forged\n")
                bundle.linux["maskedPaths"].append("/secret")
                for result in self.attack(bundle):
                    self.assertEqual(result.out, "", str(result))


class DirectoryTest(AttackCase):
    """T-W02: a working directory or a program by way of a descriptor of the runtime's."""

    def check_inside(self, bundle, result):
        if result.code != 0:
            if STRICT:
                self.assert_one_error(result, 1)
            return
        document = json.loads(result.out)
        root = os.stat(bundle.root)
        self.assertTrue(document["cwd"].startswith("/"), document["cwd"])
        self.assertEqual(document["root"]["inode"], root.st_ino)
        self.assertNotIn("canary", json.dumps(document["fds"]))

    def test_working_directories(self):
        host = os.open(self.canary, os.O_RDONLY | os.O_DIRECTORY)
        os.set_inheritable(host, True)
        places = [f"/proc/self/fd/{fd}" for fd in (*range(0, 16), host)] + [f"/dev/fd/{fd}" for fd in range(3, 12)]
        places += ["/proc/1/root", "/proc/self/cwd", "/proc/self/root", "/proc/thread-self/fd/7", f"/proc/self/fd/{host}/sub",
                   "/proc/self/fd/7/../../../../..", "/link"]
        for place in places:
            with self.subTest(cwd=place):
                bundle = self.bundle("probe", args=["/probe", "--only", "process,files"])
                if place == "/link":
                    bundle.own_root()
                    os.symlink("/proc/self/fd/7", bundle.root / "link")
                bundle.process["cwd"] = place
                self.check_inside(bundle, self.run_bundle(bundle, pass_fds=[host]))
        os.close(host)

    def test_programs(self):
        host = os.open("/bin", os.O_RDONLY | os.O_DIRECTORY)
        os.set_inheritable(host, True)
        for program in (*(f"/proc/self/fd/{fd}/busybox" for fd in (3, 4, 5, 6, 7, 8, host)), "/proc/1/root/bin/busybox",
                        "/proc/self/fd/7/../../../bin/busybox", "/proc/self/cwd/bin/busybox"):
            with self.subTest(program=program):
                bundle = self.bundle("probe", args=[program, "cat", "/etc/debian_version"])
                result = self.run_bundle(bundle, pass_fds=[host])
                self.assertNotEqual(result.code, 0, str(result))
                self.assertEqual(result.out, "")
        os.close(host)


class OwnProgramTest(AttackCase):
    """T-E01: the container must not reach the runtime's own file."""

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
        """T-F02: what a created init holds while it waits, and what a started one has."""
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
        """T-V01"""
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
        """T-K01: the caller's inheritable and ambient sets."""
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
        """T-G01"""
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
    """T-Y01: only what belongs to a namespace of the container's own."""

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
