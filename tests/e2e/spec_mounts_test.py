"""Mounts, devices, masked and read-only paths of config.json."""

import os
import shutil
import stat

import harness
import hostns


class MountCase(harness.Case):
    def mounts(self, bundle, target=None):
        """The probe's mount table, or the last entry of one target."""
        table = self.probe(bundle, only="mounts")["mounts"]
        if target is None:
            return table
        found = [entry for entry in table if entry["target"] == target]
        self.assertTrue(found, f"nothing is mounted on {target}: {[entry['target'] for entry in table]}")
        return found[-1]

    def source(self, name="source"):
        path = self.work / name
        path.mkdir()
        (path / "file").write_text("from outside\n")
        return path

    def shell(self, script, **mount):
        bundle = self.bundle("busybox", args=["sh", "-c", script]).own_root()
        if mount:
            bundle.mount(mount.pop("destination"), **mount)
        return self.run_bundle(bundle)


class KernelFileSystemsTest(MountCase):
    def test_the_seven_of_an_engine(self):
        table = {entry["target"]: entry for entry in self.mounts(self.bundle())}
        wanted = {
            "/proc": ("proc", "rw,nosuid,nodev,noexec"),
            "/dev": ("tmpfs", "rw,nosuid"),
            "/dev/pts": ("devpts", "rw,nosuid,noexec"),
            "/dev/shm": ("tmpfs", "rw,nosuid,nodev,noexec"),
            "/dev/mqueue": ("mqueue", "rw,nosuid,nodev,noexec"),
            "/sys": ("sysfs", "ro,nosuid,nodev,noexec"),
            "/run": ("tmpfs", "rw,nosuid"),
        }
        for target, (fstype, options) in wanted.items():
            with self.subTest(target=target):
                self.assertEqual(table[target]["fstype"], fstype)
                self.assertLessEqual(set(options.split(",")), set(table[target]["options"].split(",")))
        self.assertLessEqual({"mode=620", "ptmxmode=666", "gid=5"}, set(table["/dev/pts"]["super"].split(",")))
        self.assertLessEqual({"size=65536k", "mode=755"}, set(table["/dev"]["super"].split(",")))

    def test_cgroup(self):
        bundle = self.bundle().namespace("cgroup")
        bundle.mount("/sys/fs/cgroup", type="cgroup", source="cgroup", options=["ro", "nosuid", "noexec", "nodev"])
        table = [entry for entry in self.mounts(bundle) if entry["target"].startswith("/sys/fs/cgroup")]
        if harness.unified():
            self.assertEqual([(entry["fstype"], entry["root"]) for entry in table], [("cgroup2", "/")])
            self.assertIn("ro", table[0]["options"].split(","))
        else:
            kinds = {entry["fstype"] for entry in table if entry["target"] != "/sys/fs/cgroup"}
            self.assertIn("cgroup", kinds)
            for entry in table:
                if entry["fstype"] == "cgroup":
                    self.assertIn("ro", entry["options"].split(","), entry)

    def test_nothing_of_the_host_shows(self):
        targets = {entry["target"] for entry in self.mounts(self.bundle())}
        self.assertFalse([target for target in targets if target.startswith(("/tmp", "/work", "/mnt"))])


class OptionsTest(MountCase):
    def test_tmpfs(self):
        bundle = self.bundle()
        bundle.mount("/t", type="tmpfs", source="tmpfs", options=["nosuid", "noexec", "size=1m", "nr_inodes=77", "mode=1750"])
        entry = self.mounts(bundle, "/t")
        self.assertEqual(entry["fstype"], "tmpfs")
        self.assertLessEqual({"nosuid", "noexec"}, set(entry["options"].split(",")))
        self.assertNotIn("nodev", entry["options"].split(","))
        self.assertLessEqual({"size=1024k", "nr_inodes=77", "mode=1750"}, set(entry["super"].split(",")))

    def test_each_flag(self):
        flags = {
            "ro": "ro", "noexec": "noexec", "nosuid": "nosuid", "nodev": "nodev", "noatime": "noatime",
            "nodiratime": "nodiratime", "relatime": "relatime",
        }
        source = self.source()
        for option, shown in flags.items():
            with self.subTest(option=option):
                bundle = self.bundle().mount("/t", type="bind", source=str(source), options=["bind", option])
                self.assertIn(shown, self.mounts(bundle, "/t")["options"].split(","))

    def test_propagation(self):
        source = self.source()
        words = {"private": None, "slave": "master:", "shared": "shared:", "unbindable": "unbindable",
                 "rprivate": None, "rslave": "master:", "rshared": "shared:"}
        for option, shown in words.items():
            with self.subTest(option=option):
                bundle = self.bundle().mount("/t", type="bind", source=str(source), options=["rbind", option])
                found = self.mounts(bundle, "/t")["propagation"]
                if shown is None:
                    self.assertEqual(found, [])
                else:
                    self.assertTrue(any(word.startswith(shown) for word in found), found)

    def test_rootfs_propagation(self):
        bundle = self.bundle()
        bundle.linux["rootfsPropagation"] = "private"
        self.assertEqual(self.mounts(bundle, "/")["propagation"], [])

    def test_tmpcopyup(self):
        if harness.KIND == "crun":
            self.skipTest("crun as installed lacks modes here")
        bundle = self.bundle("busybox", args=["sh", "-c", "cat /data/file; stat -c %a /data/file; touch /data/new && echo new"])
        bundle.own_root()
        (bundle.root / "data/sub").mkdir(parents=True)
        (bundle.root / "data/file").write_text("copied\n")
        (bundle.root / "data/file").chmod(0o640)
        bundle.mount("/data", type="tmpfs", source="tmpfs", options=["tmpcopyup"])
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out.split(), ["copied", "640", "new"])
        self.assertFalse((bundle.root / "data/new").exists())

    def test_tmpfs_takes_the_mode_of_what_it_covers(self):
        bundle = self.bundle("busybox", args=["stat", "-c", "%a", "/tmp", "/fresh"]).own_root()
        bundle.mount("/tmp", type="tmpfs", source="tmpfs", options=["nosuid"])
        bundle.mount("/fresh", type="tmpfs", source="tmpfs", options=["nosuid"])
        out = self.assert_ok(self.run_bundle(bundle)).out.split()
        self.assertEqual(out[0], "1777")
        if harness.KIND == "bulkhead":
            self.assertEqual(out[1], "1777", "a directory made for the mount has no mode to take")

    def test_recursive_read_only(self):
        source = self.source()
        (source / "below").mkdir()
        hostns.mount("none", str(source / "below"), "tmpfs")
        script = "touch /t/new; touch /t/below/new; true"
        for option, wanted in (("rro", ["ro", "ro"]), ("ro", ["ro", "rw"])):
            with self.subTest(option=option):
                if option == "rro" and harness.KIND == "runc":
                    continue
                bundle = self.bundle("busybox", args=["sh", "-c", script + "; grep ' /t' /proc/self/mountinfo"])
                bundle.mount("/t", type="bind", source=str(source), options=["rbind", option])
                lines = self.assert_ok(self.run_bundle(bundle)).out.splitlines()
                found = {line.split()[4]: line.split()[5].split(",")[0] for line in lines}
                self.assertEqual([found["/t"], found["/t/below"]], wanted)
        hostns.umount(str(source / "below"))

    def test_unknown_data_is_the_file_systems_affair(self):
        bundle = self.bundle().mount("/t", type="tmpfs", source="tmpfs", options=["not-an-option=1"])
        self.assert_one_error(self.run_bundle(bundle), 1, "/mounts/7" if harness.KIND == "bulkhead" else "/t")


class BindTest(MountCase):
    def test_directory_and_file(self):
        source = self.source()
        script = "cat /into/a/file /single; echo x > /into/a/new"
        bundle = self.bundle("busybox", args=["sh", "-c", script]).own_root()
        bundle.mount("/into/a", type="bind", source=str(source), options=["rbind", "rw"])
        bundle.mount("/single", type="bind", source=str(source / "file"), options=["bind", "ro"])
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "from outside\nfrom outside\n")
        self.assertEqual((source / "new").read_text(), "x\n")
        self.assertTrue((bundle.root / "single").is_file(), "a place for the file was made")

    def test_read_only(self):
        source = self.source()
        result = self.shell("echo y > /t/file", destination="/t", type="bind", source=str(source), options=["bind", "ro"])
        self.assertNotEqual(result.code, 0)
        self.assertIn("Read-only", result.err)
        self.assertEqual((source / "file").read_text(), "from outside\n")

    def test_a_relative_source_is_relative_to_the_bundle(self):
        bundle = self.bundle("busybox", args=["cat", "/t/file"]).own_root()
        (bundle.path / "beside").mkdir()
        (bundle.path / "beside/file").write_text("beside\n")
        bundle.mount("/t", type="bind", source="beside", options=["bind"])
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "beside\n")

    def test_a_missing_source(self):
        bundle = self.bundle().mount("/t", type="bind", source="/nonexistent/x", options=["bind"])
        self.assert_one_error(self.run_bundle(bundle), 1, *(["/nonexistent/x"] if harness.KIND != "crun" else []))

    def test_order_is_that_of_the_list(self):
        first, second = self.source("first"), self.source("second")
        (second / "file").write_text("second\n")
        bundle = self.bundle("busybox", args=["cat", "/t/file"])
        for source in (first, second):
            bundle.config["mounts"].append(
                {"destination": "/t", "type": "bind", "source": str(source), "options": ["bind"]})
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "second\n")

    def test_idmapped(self):
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed has no id-mapped binds")
        source = self.source()
        os.chown(source / "file", 1000, 1000)
        maps = [{"containerID": 1000, "hostID": 2000, "size": 1}]
        bundle = self.bundle("busybox", args=["stat", "-c", "%u:%g", "/t/file"])
        bundle.mount("/t", type="bind", source=str(source), options=["bind"], uidMappings=maps, gidMappings=maps)
        result = self.run_bundle(bundle)
        if "idmap" in result.err or "id-map" in result.err:
            self.skipTest(f"this file system has no id-mapped mounts: {result.err.strip()}")
        self.assertEqual(self.assert_ok(result).out, "2000:2000\n")
        self.assertEqual((source / "file").stat().st_uid, 1000)


class DevicesTest(MountCase):
    LINKS = {"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1",
             "/dev/stderr": "/proc/self/fd/2", "/dev/ptmx": "pts/ptmx"}

    def test_default_nodes_and_links(self):
        devices = self.probe(only="devices")["devices"]
        for name, number in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
            with self.subTest(device=name):
                entry = devices[f"/dev/{name}"]
                self.assertEqual((entry["major"], entry["minor"], entry["mode"]), (1, number, 0o666))
                self.assertEqual((entry["read"], entry["write"]), ("ok", "ok"))
        self.assertEqual((devices["/dev/tty"]["major"], devices["/dev/tty"]["minor"]), (5, 0))
        self.assertEqual(devices["/dev/mem"], "ENOENT")
        for link, target in self.LINKS.items():
            with self.subTest(link=link):
                bundle = self.bundle("busybox", args=["readlink", link])
                self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out.strip().removeprefix("/dev/"), target)

    def test_a_device_of_its_own(self):
        bundle = self.bundle("busybox", args=["sh", "-c", "stat -c '%F %t:%T %a %u:%g' /dev/mine /dev/net/tun"])
        bundle.linux["devices"] = [
            {"path": "/dev/mine", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 5, "gid": 6},
            {"path": "/dev/net/tun", "type": "c", "major": 10, "minor": 200},
        ]
        bundle.linux["resources"]["devices"].append(
            {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rw"})
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out.splitlines(),
                         ["character special file 1:3 640 5:6", "character special file a:c8 666 0:0"])

    def test_the_device_cgroup_decides(self):
        for allowed in (False, True):
            with self.subTest(allowed=allowed):
                bundle = self.bundle("busybox", args=["sh", "-c", "head -c 1 < /dev/other > /dev/null"])
                bundle.linux["devices"] = [{"path": "/dev/other", "type": "c", "major": 1, "minor": 11}]
                capabilities = ["CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]
                bundle.process["capabilities"] = dict.fromkeys(("bounding", "effective", "permitted"), capabilities)
                if allowed:
                    bundle.linux["resources"]["devices"].append(
                        {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rwm"})
                result = self.run_bundle(bundle)
                self.assertEqual("not permitted" in result.err, not allowed, str(result))

    def test_a_fifo(self):
        bundle = self.bundle("busybox", args=["stat", "-c", "%F", "/dev/pipe"])
        bundle.linux["devices"] = [{"path": "/dev/pipe", "type": "p", "fileMode": 0o600}]
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "fifo\n")


class PathsTest(MountCase):
    def test_masked_and_read_only(self):
        script = ("wc -c < /secret; ls -A /hidden | wc -l; echo x > /frozen/new 2>/dev/null || echo frozen; "
                  "echo x > /frozen/below/new 2>/dev/null || echo frozen below")
        bundle = self.bundle("busybox", args=["sh", "-c", script]).own_root()
        (bundle.root / "secret").write_text("secret")
        (bundle.root / "hidden").mkdir()
        (bundle.root / "hidden/file").write_text("secret")
        (bundle.root / "frozen/below").mkdir(parents=True)
        bundle.linux["maskedPaths"] += ["/secret", "/hidden", "/not/there"]
        bundle.linux["readonlyPaths"] += ["/frozen", "/not/there/either"]
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out.splitlines(), ["0", "0", "frozen", "frozen below"])

    def test_masked_files_are_a_null_device(self):
        bundle = self.bundle("busybox", args=["stat", "-c", "%F %t:%T", "/secret"]).own_root()
        (bundle.root / "secret").write_text("secret")
        bundle.linux["maskedPaths"] = ["/secret"]
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out, "character special file 1:3\n")
        self.assertTrue(stat.S_ISREG(os.stat(bundle.root / "secret").st_mode))

    def test_read_only_root(self):
        bundle = self.bundle().own_root()
        bundle.config["root"]["readonly"] = True
        document = self.probe(bundle, only="paths,mounts")
        self.assertEqual((document["create_in"]["/"], document["create_in"]["/etc"]), ("EROFS", "EROFS"))
        self.assertEqual(document["create_in"]["/dev/shm"], "ok")
        bundle.config["root"]["readonly"] = False
        self.assertEqual(self.probe(bundle, only="paths")["create_in"]["/"], "ok")

    def test_a_link_as_root_works_or_is_refused(self):
        bundle = self.bundle().own_root()
        shutil.move(bundle.root, bundle.path / "real")
        os.symlink("real", bundle.path / "rootfs")
        result = self.run_bundle(bundle)
        if result.code != 0:
            self.assert_one_error(result, 1, "rootfs")


if __name__ == "__main__":
    harness.main()
