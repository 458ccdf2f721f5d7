"""linux.resources and cgroupsPath of config.json, read back from the cgroup's files; v1, hybrid and v2."""

import os
import signal

import harness

MIB = 1 << 20


class ResourcesTest(harness.Case):
    def files(self, resources, names, cgroups_path=None):
        """Starts a container with `resources` and reads {name: text} of its cgroup; v1 names are controller/file."""
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        bundle.linux["resources"].update(resources)
        if cgroups_path:
            bundle.linux["cgroupsPath"] = cgroups_path
        container, pid = self.start(bundle)
        found = {}
        for name in names:
            controller, _, file = name.rpartition("/")
            directory = harness.cgroup_dir(bundle.linux["cgroupsPath"], controller)
            if directory is None or not (directory / file).exists():
                found[name] = None
                continue
            found[name] = (directory / file).read_text().strip()
        self.kill_and_delete(container, pid)
        return found

    def check(self, resources, v1, v2):
        wanted = v2 if harness.unified() else v1
        found = self.files(resources, wanted)
        for name, value in wanted.items():
            with self.subTest(file=name):
                if found[name] is None:
                    self.skipTest(f"this kernel has no {name}")
                self.assertEqual(found[name], value)

    def test_memory(self):
        self.check(
            {"memory": {"limit": 64 * MIB, "reservation": 32 * MIB, "swap": 64 * MIB}},
            {"memory/memory.limit_in_bytes": str(64 * MIB), "memory/memory.soft_limit_in_bytes": str(32 * MIB)},
            {"memory.max": str(64 * MIB), "memory.low": str(32 * MIB)},
        )

    def test_swap_is_what_is_more_than_memory(self):
        self.check(
            {"memory": {"limit": 64 * MIB, "swap": 96 * MIB}},
            {"memory/memory.memsw.limit_in_bytes": str(96 * MIB)},
            {"memory.swap.max": str(32 * MIB)},
        )

    def test_pids(self):
        self.check({"pids": {"limit": 77}}, {"pids/pids.max": "77"}, {"pids.max": "77"})
        self.check({"pids": {"limit": -1}}, {"pids/pids.max": "max"}, {"pids.max": "max"})

    def test_cpu(self):
        self.check(
            {"cpu": {"quota": 50000, "period": 100000, "shares": 512}},
            {"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000", "cpu/cpu.shares": "512"},
            {"cpu.max": "50000 100000"} | ({"cpu.weight": "59"} if harness.KIND == "bulkhead" else {}),
        )

    def test_shares_of_1024_are_the_default_weight(self):
        if not harness.unified() or harness.KIND != "bulkhead":
            self.skipTest("needs bulkhead and cgroup v2")
        for shares, weight in ((2, "1"), (1024, "100"), (262144, "10000")):
            self.check({"cpu": {"shares": shares}}, {}, {"cpu.weight": weight})

    def test_cpuset(self):
        self.check(
            {"cpu": {"cpus": "0", "mems": "0"}},
            {"cpuset/cpuset.cpus": "0", "cpuset/cpuset.mems": "0"},
            {"cpuset.cpus": "0", "cpuset.mems": "0"},
        )

    def test_block_io(self):
        self.check({"blockIO": {"weight": 500}}, {"blkio/blkio.bfq.weight": "500"}, {"io.bfq.weight": "default 500"})

    def test_unified(self):
        bundle_files = {"pids.max": "33"}
        if harness.unified():
            self.check({"unified": {"pids.max": "33", "memory.high": str(48 * MIB)}}, {},
                       bundle_files | {"memory.high": str(48 * MIB)})
        elif harness.KIND != "crun":
            bundle = self.bundle("busybox", args=["true"])
            bundle.linux["resources"]["unified"] = bundle_files
            self.assert_one_error(self.run_bundle(bundle), 1, "unified")

    def test_an_impossible_value_names_the_file(self):
        bundle = self.bundle("busybox", args=["true"])
        bundle.linux["resources"]["cpu"] = {"cpus": "4000"}
        self.assert_one_error(self.run_bundle(bundle), 1, *(["cpuset.cpus"] if harness.KIND != "crun" else []))

    def test_a_swap_limit_below_the_memory_limit(self):
        bundle = self.bundle("busybox", args=["true"])
        bundle.linux["resources"]["memory"] = {"limit": 64 * MIB, "swap": 32 * MIB}
        self.assert_one_error(self.run_bundle(bundle), 1)

    def test_the_limit_holds(self):
        bundle = self.bundle("busybox", args=["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; wait"])
        bundle.linux["resources"]["pids"] = {"limit": 4}
        container, pid = self.start(bundle)
        self.assertEqual(self.wait_exit(pid, 15), 2, "the shell cannot fork a fifth process")
        self.assert_ok(self.runtime("delete", container))

    def test_too_much_memory_kills(self):
        bundle = self.bundle("busybox", args=["sh", "-c", "head -c 200m /dev/zero | tail -c 200m | wc -c; exit 0"])
        bundle.linux["resources"]["memory"] = {"limit": 24 * MIB, "swap": 24 * MIB}
        result = self.run_bundle(bundle)
        self.assertNotEqual(result.out.strip(), str(200 * MIB))


class PathTest(harness.Case):
    def test_init_is_in_it_when_create_returns(self):
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        container, pid = self.create(bundle)
        lines = [line.split(":", 2) for line in harness.census.read(f"/proc/{pid}/cgroup").splitlines()]
        for number, controllers, path in lines:
            if number == "0" and not harness.unified():
                continue
            if controllers.startswith("name="):  # without a controller nothing is limited there
                continue
            with self.subTest(hierarchy=controllers):
                self.assertEqual(path, bundle.linux["cgroupsPath"])
        self.kill_and_delete(container, pid)

    def test_it_is_removed_with_what_the_container_made(self):
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        container, pid = self.start(bundle)
        below = harness.cgroup_dir(bundle.linux["cgroupsPath"], "pids") / "made/by/it"
        below.mkdir(parents=True)
        self.kill_and_delete(container, pid)
        self.assertFalse(below.parent.parent.parent.exists())

    def test_a_deep_path(self):
        path = f"{harness.CGROUP_PARENT}/a/b/c"
        bundle = self.bundle("busybox", args=["true"])
        bundle.linux["cgroupsPath"] = path
        self.assert_ok(self.run_bundle(bundle))
        self.assertFalse(harness.cgroup_dir(path, "pids").exists())
        for top, _, _ in harness.census.cgroup_mounts():
            self.remove_empty(f"{top}{harness.CGROUP_PARENT}/a")

    def remove_empty(self, path):
        """Parents stay, as with every runtime: another container may be about to use them."""
        for directory, _, _ in os.walk(path, topdown=False):
            os.rmdir(directory)

    def test_dots_do_not_leave_the_hierarchy(self):
        bundle = self.bundle("busybox", args=["true"])
        bundle.linux["cgroupsPath"] = f"{harness.CGROUP_PARENT}/../../..{harness.CGROUP_PARENT}/dots"
        result = self.run_bundle(bundle)
        if result.code != 0:
            self.assert_one_error(result, 1)
        self.assertFalse(harness.cgroup_dir(f"{harness.CGROUP_PARENT}/dots", "pids").exists())

    def test_kill_all_without_a_pid_namespace_leaves_nobody(self):
        bundle = self.bundle("busybox", args=["sh", "-c", "setsid sleep 999 & exec sleep 998"])
        bundle.namespace("pid", absent=True)
        container, pid = self.start(bundle)
        procs = harness.cgroup_dir(bundle.linux["cgroupsPath"], "pids") / "cgroup.procs"
        self.eventually(lambda: len(procs.read_text().split()) == 2, "two processes")
        self.assert_ok(self.runtime("delete", "--force", container))
        self.assertEqual(self.wait_exit(pid), -signal.SIGKILL)


if __name__ == "__main__":
    harness.main()
