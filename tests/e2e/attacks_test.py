"""Known attacks on runtimes by way of paths, from hostile images and configurations: links in place of mount targets, of
/proc, of /dev and of the working directory. A canary tree outside must stay as it is.

The classes are those of CVE-2019-16884, -19921, CVE-2021-30465, CVE-2024-21626, CVE-2024-45310, CVE-2025-31133,
CVE-2025-52881, CVE-2026-41579 and their kin.
"""

import json
import os

import harness
from canary import AttackCase, STRICT


class MountDestinationTest(AttackCase):
    """A link on the way to a destination."""

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
        """Deletion must not go through it."""
        bundle = self.image(["sleep", "1000"])
        bundle.mount("/made", type="tmpfs", source="tmpfs", options=[])
        container, pid = self.start(bundle)
        os.rmdir(bundle.root / "made")
        os.symlink(self.canary, bundle.root / "made")
        self.kill_and_delete(container, pid)


class ProcTest(AttackCase):
    """/proc and /sys of the image are not directories."""

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
    """The image's /dev leads elsewhere, and config.json mounts nothing there."""

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
    """A working directory or a program by way of a descriptor of the runtime's."""

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


if __name__ == "__main__":
    harness.main()
