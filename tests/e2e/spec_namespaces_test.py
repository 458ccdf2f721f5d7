"""Namespaces of config.json: new, joined by path, user with id maps, time with offsets, names, sysctls."""

import os
import subprocess

import hostns
import harness

KINDS = {"pid": "pid", "ipc": "ipc", "uts": "uts", "mount": "mnt", "network": "net", "cgroup": "cgroup"}
MAP = [{"containerID": 0, "hostID": 100000, "size": 65536}]


class NewTest(harness.Case):
    def namespaces(self, bundle):
        return self.probe(bundle, only="mounts,process")["namespaces"]

    def test_each_kind_new(self):
        for kind, name in KINDS.items():
            with self.subTest(namespace=kind):
                bundle = self.bundle().namespace(kind)
                self.assertNotEqual(self.namespaces(bundle)[name], os.readlink(f"/proc/self/ns/{name}"))

    def test_each_kind_absent_is_the_hosts(self):
        for kind, name in KINDS.items():
            if kind == "mount":
                continue
            with self.subTest(namespace=kind):
                bundle = self.bundle().namespace(kind, absent=True)
                if kind == "uts":
                    del bundle.config["hostname"]
                if kind in ("network", "ipc"):
                    bundle.config["mounts"] = [m for m in bundle.config["mounts"] if m["type"] not in ("sysfs", "mqueue")]
                    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
                self.assertEqual(self.namespaces(bundle)[name], os.readlink(f"/proc/self/ns/{name}"))

    def test_pid_one(self):
        self.assertEqual(self.probe(only="process")["pid"], 1)
        self.assertNotEqual(self.probe(self.bundle().namespace("pid", absent=True), only="process")["pid"], 1)

    def test_host_and_domain_name(self):
        bundle = self.bundle()
        bundle.config.update(hostname="a-host")
        if harness.KIND == "bulkhead":
            bundle.config.update(domainname="a-domain")
        document = self.probe(bundle, only="process")
        self.assertEqual(document["hostname"], "a-host")
        if harness.KIND == "bulkhead":
            self.assertEqual(document["domainname"], "a-domain")

    def test_a_host_name_without_its_namespace_is_refused(self):
        bundle = self.bundle().namespace("uts", absent=True)
        if harness.KIND == "crun":
            self.skipTest("crun as installed takes it")
        self.assert_one_error(self.run_bundle(bundle), 1, "hostname")

    def test_a_namespace_twice_is_refused(self):
        bundle = self.bundle()
        bundle.linux["namespaces"].append({"type": "pid"})
        if harness.KIND == "crun":
            self.skipTest("crun as installed takes it")
        self.assert_one_error(self.run_bundle(bundle), 1)

    def test_sysctls(self):
        bundle = self.bundle("busybox", args=[
            "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start", "/proc/sys/kernel/shm_rmid_forced",
            "/proc/sys/fs/mqueue/msg_max",
        ])
        bundle.linux["sysctl"] = {
            "net.ipv4.ip_unprivileged_port_start": "79", "kernel.shm_rmid_forced": "1", "fs.mqueue.msg_max": "11"
        }
        self.assertEqual(self.assert_ok(self.run_bundle(bundle)).out.split(), ["79", "1", "11"])

    def test_loopback(self):
        container, pid = self.start(self.bundle("busybox", args=["sleep", "1000"]))
        self.assertTrue(hostns.loopback_is_up(pid))
        self.kill_and_delete(container, pid)


class JoinTest(harness.Case):
    def holder(self, *flags):
        """A process in new namespaces, which a container is to join."""
        process = subprocess.Popen(["unshare", *flags, "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE)
        process.stdout.read(1)
        process.stdout.close()
        self.running.append(process)
        return process.pid

    def end(self, pid):
        process = next(process for process in self.running if process.pid == pid)
        process.kill()
        process.wait()
        self.running.remove(process)

    def test_by_path(self):
        for kind, flag in (("network", "--net"), ("ipc", "--ipc"), ("uts", "--uts"), ("cgroup", "--cgroup")):
            with self.subTest(namespace=kind):
                pid = self.holder(flag)
                path = f"/proc/{pid}/ns/{KINDS[kind]}"
                bundle = self.bundle().namespace(kind, path=path)
                if kind == "uts":
                    del bundle.config["hostname"]
                self.assertEqual(self.probe(bundle, only="mounts")["namespaces"][KINDS[kind]], os.readlink(path))
                self.end(pid)

    def test_pid_by_path(self):
        pid = self.holder("--pid", "--fork", "--kill-child")
        inner = int(harness.census.read(f"/proc/{pid}/task/{pid}/children").split()[0])
        path = f"/proc/{inner}/ns/pid"
        document = self.probe(self.bundle().namespace("pid", path=path), only="mounts,process")
        self.assertEqual(document["namespaces"]["pid"], os.readlink(path))
        self.assertNotEqual(document["pid"], 1)
        self.end(pid)

    def test_a_bound_network_namespace(self):
        """As CNI and CRI-O keep them: a file that the namespace is bound to."""
        pid = self.holder("--net")
        pinned = self.work / "pinned"
        pinned.touch()
        hostns.mount(f"/proc/{pid}/ns/net", str(pinned), None, hostns.MS_BIND)
        wanted = os.readlink(f"/proc/{pid}/ns/net")
        self.end(pid)
        document = self.probe(self.bundle().namespace("network", path=str(pinned)), only="mounts")
        self.assertEqual(document["namespaces"]["net"], wanted)
        hostns.umount(str(pinned))

    def test_a_path_that_is_no_namespace(self):
        for path in ("/etc/passwd", "/nonexistent", "/proc/self/ns/uts"):
            with self.subTest(path=path):
                bundle = self.bundle().namespace("network", path=path)
                if harness.KIND == "bulkhead" or path == "/nonexistent":
                    self.assert_one_error(self.run_bundle(bundle), 1, *([path] if harness.KIND != "crun" else []))


class UserTest(harness.Case):
    def mapped(self, bundle):
        bundle.namespace("user")
        bundle.linux.update(uidMappings=MAP, gidMappings=MAP)
        return bundle

    def test_id_maps(self):
        bundle = self.mapped(self.bundle().own_root())
        for top, names, files in os.walk(bundle.root):
            for name in [".", *names, *files]:
                os.lchown(os.path.join(top, name), 100000, 100000)
        document = self.probe(bundle, only="identity,limits,process")
        self.assertEqual(document["uid_map"].split(), ["0", "100000", "65536"])
        self.assertEqual(document["gid_map"].split(), ["0", "100000", "65536"])
        self.assertEqual((document["uid"], document["gid"]), ([0] * 4, [0] * 4))
        self.assertEqual((document["root"]["uid"], document["root"]["gid"]), (0, 0))

    def test_init_is_the_mapped_id_outside(self):
        bundle = self.mapped(self.bundle("busybox", args=["sleep", "1000"]))
        container, pid = self.start(bundle)
        status = harness.census.read(f"/proc/{pid}/status").splitlines()
        ids = [line.split()[1:] for line in status if line[:3] in ("Uid", "Gid")]
        self.assertEqual(ids, [["100000"] * 4] * 2)
        self.kill_and_delete(container, pid)

    def test_devices_work_in_it(self):
        document = self.probe(self.mapped(self.bundle()), only="devices")
        for name in ("null", "zero", "full", "random", "urandom"):
            with self.subTest(device=name):
                entry = document["devices"][f"/dev/{name}"]
                self.assertEqual((entry["type"], entry["read"], entry["write"]), ("c", "ok", "ok"))

    def test_several_ranges(self):
        ranges = [{"containerID": 0, "hostID": 200000, "size": 10}, {"containerID": 10, "hostID": 300000, "size": 100}]
        bundle = self.mapped(self.bundle())
        bundle.linux.update(uidMappings=ranges, gidMappings=ranges)
        bundle.process["user"] = {"uid": 12, "gid": 13}
        bundle.process["capabilities"] = {}
        document = self.probe(bundle, only="identity,limits")
        self.assertEqual(document["uid_map"].split(), ["0", "200000", "10", "10", "300000", "100"])
        self.assertEqual((document["uid"], document["gid"]), ([12] * 4, [13] * 4))

    def test_an_id_without_a_mapping_is_refused(self):
        bundle = self.mapped(self.bundle())
        bundle.process["user"] = {"uid": 70000, "gid": 0}
        self.assert_one_error(self.run_bundle(bundle), 1)

    def test_bad_maps(self):
        cases = {
            "none": [],
            "empty range": [{"containerID": 0, "hostID": 100000, "size": 0}],
            "beyond the last id": [{"containerID": 0, "hostID": 4294967290, "size": 100}],
            "overlap": [{"containerID": 0, "hostID": 1000, "size": 10}, {"containerID": 5, "hostID": 5000, "size": 10}],
        }
        for name, ranges in cases.items():
            with self.subTest(case=name):
                bundle = self.mapped(self.bundle())
                bundle.linux.update(uidMappings=ranges, gidMappings=ranges)
                if harness.KIND == "bulkhead":
                    self.assert_one_error(self.run_bundle(bundle), 1)


class TimeTest(harness.Case):
    def test_offsets(self):
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed has no time namespace")
        bundle = self.bundle().namespace("time")
        bundle.linux["timeOffsets"] = {"monotonic": {"secs": 100000}, "boottime": {"secs": 200000, "nanosecs": 5}}
        plain = self.probe(only="process")
        document = self.probe(bundle, only="process,limits,mounts")
        self.assertNotEqual(document["namespaces"]["time"], os.readlink("/proc/self/ns/time"))
        self.assertEqual(document["timens_offsets"].split(), ["monotonic", "100000", "0", "boottime", "200000", "5"])
        self.assertLess(abs(document["monotonic"] - plain["monotonic"] - 100000), 100)
        self.assertLess(abs(document["boottime"] - plain["boottime"] - 200000), 100)

    def test_offsets_without_the_namespace_are_refused(self):
        if harness.KIND != "bulkhead":
            self.skipTest(f"{harness.KIND} as installed ignores it")
        bundle = self.bundle()
        bundle.linux["timeOffsets"] = {"monotonic": {"secs": 1}}
        self.assert_one_error(self.run_bundle(bundle), 1, "timeOffsets")


if __name__ == "__main__":
    harness.main()
