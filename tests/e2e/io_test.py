"""The rules ioWeight and ioMax, read back from the files of the container's cgroup; v1, hybrid and v2."""

import json
import pathlib
import shutil
import struct
import subprocess

import harness
import node

RATES = {"rbps": "read_bps", "wbps": "write_bps", "riops": "read_iops", "wiops": "write_iops"}


def text(path):
    return path.read_text().strip() if path.exists() else None


def disks():
    """{"8:0": has a medium} of the host."""
    found = {}
    for disk in pathlib.Path("/sys/block").iterdir():
        if (disk / "dev").exists():
            found[text(disk / "dev")] = text(disk / "size") != "0"
    return found


class Case(node.Case):
    def setUp(self):
        super().setUp()
        self.all = disks()
        full = sorted(name for name, full in self.all.items() if full)
        if not full:
            self.skipTest("this host has no disk")
        self.disk = full[0]

    def cgroup(self, **resources):
        """What the cgroup of a container has: {"weight": …, disk: {"rbps": …}}, and what files it has not: None."""
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        bundle.linux["resources"].update(resources)
        container, pid = self.start(bundle, flags=self.flags, policy=None)
        path = bundle.linux["cgroupsPath"]
        directory = harness.cgroup_dir(path, "blkio") or harness.cgroup_dir(path, "")
        told = self.read(directory)
        self.kill_and_delete(container, pid)
        return told

    def read(self, directory):
        out = {"weight": None, "limits": None}
        for name in ("blkio.weight", "blkio.bfq.weight", "io.bfq.weight", "io.weight"):
            value = text(directory / name)
            if value is not None and out["weight"] is None:
                out["file"], out["weight"] = name, int(value.splitlines()[0].removeprefix("default "))
        if (directory / "io.max").exists():
            out["limits"] = {}
            for line in (directory / "io.max").read_text().splitlines():
                disk, *words = line.split()
                out["limits"][disk] = {k: int(v) for k, v in (word.split("=") for word in words) if v != "max"}
        elif (directory / "blkio.throttle.read_bps_device").exists():
            out["limits"] = {}
            for rate, name in RATES.items():
                for line in (directory / f"blkio.throttle.{name}_device").read_text().splitlines():
                    disk, value = line.split()
                    out["limits"].setdefault(disk, {})[rate] = int(value)
        return out

    def decided(self, control, **resources):
        bundle = self.bundle("busybox", args=["true"])
        bundle.linux["resources"].update(resources)
        told = self.assert_ok(self.here("explain", "--format", "json", "--bundle", bundle.write().path)).out
        return {row["control"]: row for row in json.loads(told)["decisions"]}.get(control)


class MaxTest(Case):
    def setUp(self):
        super().setUp()
        if self.cgroup()["limits"] is None:
            self.skipTest("this kernel has no limits of disks")

    def test_without_a_rule_there_is_no_limit(self):
        self.assertEqual(self.cgroup()["limits"], {})

    def test_a_disk_that_is_named(self):
        self.add("io", "floor", resources={"ioMax": {self.disk: {"rbps": "8M", "wiops": 700}}})
        self.assertEqual(self.cgroup()["limits"], {self.disk: {"rbps": 8 << 20, "wiops": 700}})

    def test_every_disk(self):
        self.add("io", "floor", resources={"ioMax": {"*": {"wbps": "4M"}, self.disk: {"wbps": "unlimited", "riops": 90}}})
        wanted = {disk: {"wbps": 4 << 20} for disk, full in self.all.items() if full}
        wanted[self.disk] = {"riops": 90}
        self.assertEqual(self.cgroup()["limits"], wanted)

    def test_the_least_of_what_is_asked_and_the_ceiling(self):
        self.add("io", "floor", resources={"ioMax": {self.disk: {"rbps": "8M", "wbps": "8M"}}})
        major, minor = map(int, self.disk.split(":"))
        asked = {
            "throttleReadBpsDevice": [{"major": major, "minor": minor, "rate": 64 << 20}],
            "throttleWriteBpsDevice": [{"major": major, "minor": minor, "rate": 1 << 20}],
        }
        self.assertEqual(self.cgroup(blockIO=asked)["limits"], {self.disk: {"rbps": 8 << 20, "wbps": 1 << 20}})

    def test_unified_is_no_way_around(self):
        if not harness.unified():
            self.skipTest("needs cgroup v2")
        self.add("io", "floor", resources={"ioMax": {self.disk: {"rbps": "8M"}}})
        found = self.cgroup(unified={"io.max": f"{self.disk} rbps=max wbps=5000"})
        self.assertEqual(found["limits"], {self.disk: {"rbps": 8 << 20, "wbps": 5000}})

    def test_a_disk_that_is_not_there_is_told(self):
        self.add("io", "floor", resources={"ioMax": {"4000:77": {"rbps": "8M"}}}, modes={"resources.ioMax": {"required": True}})
        self.assertEqual(self.cgroup()["limits"], {})
        self.assertIn("not a disk of this host: 4000:77", self.decided("resources.ioMax")["why"])
        result = self.run_here(self.bundle("busybox", args=["true"]))
        self.assert_ok(result)
        self.assertIn("4000:77", result.err)


class WeightTest(Case):
    def test_less_than_others_or_told(self):
        before = self.cgroup()
        self.add("io", "floor", resources={"ioWeight": {"default": 50, "max": 80}})
        told = self.decided("resources.ioWeight")
        if before["weight"] is None:
            self.assertTrue(told["degraded"])
            result = self.run_here(self.bundle("busybox", args=["true"]))
            self.assert_ok(result)
            self.assertIn("degraded: resources.ioWeight", result.err)
            self.add("must", "floor", modes={"resources.ioWeight": {"required": True}}, resources={"ioWeight": {"default": 50}})
            self.assert_one_error(self.run_here(self.bundle("busybox", args=["true"])), 1, "resources.ioWeight", "required")
            return
        self.assertFalse(told["degraded"])
        after = self.cgroup()
        self.assertLess(after["weight"], before["weight"])
        self.assertEqual(after["weight"], {"io.weight": 41, "io.bfq.weight": 50, "blkio.bfq.weight": 50, "blkio.weight": 250}[after["file"]])

    def test_no_more_than_the_ceiling(self):
        before = self.cgroup()
        if before["weight"] is None:
            self.skipTest("this kernel has no weights of disks")
        self.assertGreater(self.cgroup(blockIO={"weight": 900})["weight"], 500, "as it is asked for")
        self.add("io", "floor", resources={"ioWeight": {"max": 200}})
        after = self.cgroup(blockIO={"weight": 900})
        self.assertLessEqual(after["weight"], 900 if after["file"] == "blkio.weight" else 200)
        if harness.unified():
            after = self.cgroup(unified={after["file"]: "default 900"})
            self.assertLessEqual(after["weight"], 200)


class WhatCannotBeTest(Case):
    """A start goes on, with a warning, or not at all."""

    def partition(self):
        """The numbers of a partition, on a loop device of this test's own."""
        if not shutil.which("losetup") or not shutil.which("partx"):
            self.skipTest("needs losetup(8) and partx(8)")
        image = self.work / "disk"
        entry = struct.pack("<B3sB3sII", 0, b"", 0x83, b"", 8, 64)
        image.write_bytes(bytes(446) + entry + bytes(48) + b"\x55\xaa" + bytes(1 << 16))
        made = subprocess.run(["losetup", "--find", "--show", image], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            self.skipTest(f"no loop device: {made.stderr.strip()}")
        loop = made.stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "--detach", loop], check=True)
        subprocess.run(["partx", "--add", loop], capture_output=True, check=False)  # or the kernel has found it already
        self.addCleanup(subprocess.run, ["partx", "--delete", loop], capture_output=True, check=False)
        number = text(pathlib.Path("/sys/block") / pathlib.Path(loop).name / f"{pathlib.Path(loop).name}p1/dev")
        if number is None:
            self.skipTest("no partitions on loop devices")
        return number

    def check(self, control, **rule):
        bundle = self.bundle("busybox", args=["true"])
        self.add("io", "floor", resources=rule)
        result = self.assert_ok(self.run_here(bundle))
        self.assertIn(f"degraded: {control}", result.err)
        self.add("must", "floor", resources=rule, modes={control: {"required": True}})
        self.assert_one_error(self.run_here(bundle), 1, control, "cannot be met in full here", "required")

    def test_a_partition_has_no_limits(self):
        number = self.partition()
        if self.cgroup()["limits"] is None:
            self.skipTest("this kernel has no limits of disks")
        self.check("resources.ioMax", ioMax={number: {"rbps": "8M"}})
        (self.node / "policy.d" / "must.json").unlink()
        self.assertEqual(self.cgroup()["limits"], {})

    def test_files_that_are_not_there(self):
        """Where the kernel has them, a hierarchy without them stands in their place, for explain alone: nothing is made there."""
        found = self.cgroup()
        rules = {"resources.ioWeight": {"ioWeight": {"default": 50}}, "resources.ioMax": {"ioMax": {self.disk: {"rbps": "8M"}}}}
        hidden = f"/sys/fs/cgroup/{'blkio' if not harness.unified() else ''}"
        for control, rule in rules.items():
            with self.subTest(control=control):
                if found["weight" if "Weight" in control else "limits"] is None:
                    self.check(control, **rule)
                    continue
                self.add("io", "floor", resources=rule)
                self.assertFalse(self.decided(control)["degraded"])
                if harness.unified():
                    continue
                bundle = self.bundle("busybox", args=["true"]).write()
                explain = [*self.command(("explain", "--format", "json", "--bundle", bundle.path), flags=self.flags)]
                script = f'mount -t tmpfs none {hidden} && exec "$@"'
                told = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *map(str, explain)], capture_output=True, text=True, check=False)
                if "unshare" in told.stderr or "mount:" in told.stderr:
                    self.skipTest(told.stderr.strip())
                self.assertEqual(told.returncode, 0, told.stderr)
                row = {row["control"]: row for row in json.loads(told.stdout)["decisions"]}[control]
                self.assertTrue(row["degraded"])
                self.assertIn("not possible here", row["why"])


if __name__ == "__main__":
    harness.main()
