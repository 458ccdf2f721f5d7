"""The policies of a node: floors, vaccines, bindings, exceptions and modes, seen from inside."""

import datetime
import itertools
import json
import os
import pathlib
import time

import harness
import node


def day(distance):
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=distance)).isoformat()


class IdRangeTest(node.Case):
    def range_of(self, pid):
        inside, outside, count = pathlib.Path(f"/proc/{pid}/uid_map").read_text().split()
        self.assertEqual((inside, count), ("0", "65536"))
        return int(outside)

    def test_containers_that_run_share_no_ids(self):
        # Two ids that prefer the same range.
        seen = {}
        for number in itertools.count():
            name = f"{harness.TAG}-ids-{number}"
            value = 2166136261
            for byte in name.encode():
                value = ((value ^ byte) * 16777619) % 2**32
            if value % 0xFFF in seen:
                break
            seen[value % 0xFFF] = name
        pair = (seen[value % 0xFFF], name)
        self.ids += pair
        ranges = []
        for container in pair:
            bundle = self.bundle("busybox", args=["/bin/sleep", "1000"])
            _, pid = self.create(bundle, container=container, policy="faas")
            if os.stat(f"/proc/{pid}/ns/user").st_ino == os.stat("/proc/self/ns/user").st_ino:
                self.skipTest("this root cannot be idmapped")
            ranges.append((pid, self.range_of(pid)))
        self.assertEqual(ranges[0][1], 0x70000000 + value % 0xFFF * 0x10000)
        self.assertNotEqual(ranges[0][1], ranges[1][1])
        for container, (pid, _) in zip(pair, ranges):
            self.kill_and_delete(container, pid)
        _, pid = self.create(self.bundle("busybox", args=["/bin/true"]), container=pair[1], policy="faas")
        self.assertEqual(self.range_of(pid), ranges[0][1], "it is free again")
        file = pathlib.Path("/run/bulkhead-ids", str(value % 0xFFF))
        self.assertEqual(file.read_text(), f"{self.state_root}/{pair[1]}\n")
        self.kill_and_delete(pair[1], pid)
        self.assertFalse(file.exists())
        self.assert_ok(self.run_bundle(self.bundle("busybox", args=["/bin/true"]), container=pair[0], policy="faas"))
        self.assertFalse(file.exists(), "run gives it back too")


class HostNamespaceTest(node.Case):
    def joining(self, kind, name):
        # Without a name: it would become the host's.
        return self.bundle("probe", hostname="").namespace(kind, path=f"/proc/{os.getpid()}/ns/{name}")

    def test_no_path_leads_to_it(self):
        kinds = {"network": "net", "uts": "uts", "ipc": "ipc", "cgroup": "cgroup", "pid": "pid"}
        for kind, name in kinds.items():
            with self.subTest(kind=kind):
                bundle = self.joining(kind, name)
                host = os.readlink(f"/proc/self/ns/{name}")
                self.assertEqual(self.probe(bundle, only="mounts")["namespaces"][name], host)
                self.add("own", "floor", namespaces={"own": [kind]})
                bundle = self.joining(kind, name)
                bundle.process["args"] = [bundle.process["args"][0], "--only", "mounts"]
                seen = json.loads(self.assert_ok(self.run_here(bundle, policy="passthrough")).out)
                self.assertNotEqual(seen["namespaces"][name], host)
                told = json.loads(self.assert_ok(self.here("explain", "--bundle", bundle.path, "--format", "json", policy="passthrough")).out)
                self.assertIn("new instead of the host's", told["decisions"][0]["effective"])


class WallClockTest(node.Case):
    WAIT = ["/bin/sleep", "1000"]

    def setUp(self):
        super().setUp()
        self.add("limit", "floor", resources={"wallClock": 1})

    def test_its_time_ends_what_was_started(self):
        for detached in (False, True):
            with self.subTest(detached=detached):
                bundle = self.bundle("busybox", args=["/bin/sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"])
                if detached:
                    container, pid = self.create(bundle, flags=("--policy-dir", str(self.node)))
                    self.assert_ok(self.runtime("start", container))
                    self.assertEqual(self.wait_exit(pid), 7)
                    self.assert_ok(self.runtime("delete", container))
                else:
                    result = self.run_here(bundle)
                    self.assertEqual(result.code, 7, result)

    def test_who_ignores_the_word_is_killed(self):
        bundle = self.bundle("busybox", args=["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"])
        result = self.run_here(bundle, timeout=60)
        self.assertEqual(result.code, 128 + 9, result)

    def test_who_ends_before_is_not_waited_for(self):
        self.add("limit", "floor", resources={"wallClock": "1h"})
        bundle = self.bundle("busybox", args=["/bin/true"])
        self.assert_ok(self.run_here(bundle))
        self.eventually(lambda: self.reap() or not self.watchers(), "the watching process is gone")

    def test_a_created_container_has_all_its_time(self):
        container, pid = self.create(self.bundle("busybox", args=self.WAIT), flags=("--policy-dir", str(self.node)))
        time.sleep(1.5)
        self.assertEqual(self.status(container), "created")
        self.kill_and_delete(container, pid)

    @staticmethod
    def watchers():
        return [line for line in harness.census.processes() if "bulkhead:limit" in line]

    def test_the_log_of_decisions_has_a_line(self):
        log = self.work / "decisions"
        self.add("log", "floor", decisionLog={"sink": f"file:{log}"})
        self.run_here(self.bundle("busybox", args=["/bin/sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"]))
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([line["event"] for line in lines], ["create", "ended"])
        self.assertEqual((lines[1]["id"], lines[1]["control"], lines[1]["effective"]), (lines[0]["id"], "resources.wallClock", "1s"))

    def test_it_is_told(self):
        bundle = self.bundle("busybox")
        bundle.write()
        told = json.loads(self.assert_ok(self.here("explain", "--bundle", bundle.path, "--format", "json")).out)
        self.assertEqual(told["plan"]["wallClock"], "1s")
        self.assertIn("resources.wallClock", [decision["control"] for decision in told["decisions"]])


class VaccineTest(node.Case):
    def test_one_file_shuts_one_hole_until_it_is_removed(self):
        before = self.seen("syscalls", "passthrough")["sockets"]
        self.assertNotIn("EXDEV", before.values())
        file = self.add("cve", "deny", seccomp={"args": {"socket": "a0 != AF_ALG && a0 != AF_VSOCK"}, "onDeny": {"socket": "EXDEV"}})
        after = self.seen("syscalls", "passthrough")["sockets"]
        shut = {"alg", "alg_dirty", "vsock", "vsock_dirty"}
        self.assertEqual({name: after[name] for name in shut}, dict.fromkeys(shut, "EXDEV"))
        self.assertEqual({n: a for n, a in after.items() if n not in shut}, {n: a for n, a in before.items() if n not in shut})
        self.assertIn("deny", self.assert_ok(self.here("policy", "list")).out)
        self.assertIn("by " + str(file), self.assert_ok(self.here("policy", "why", "syscall:socket(38,1,0)", "--policy", "passthrough")).out)
        file.unlink()
        self.assertEqual(self.seen("syscalls", "passthrough")["sockets"], before)

    def test_it_ends_with_the_kernel_that_needs_it_no_more(self):
        for version, answer in (("999.0", "EXDEV"), ("4.0", "ok")):
            file = self.add("cve", "deny", until={"kernel": version}, seccomp={"args": {"socket": "a0 != AF_NETLINK"}, "onDeny": {"socket": "EXDEV"}})
            self.assertEqual(self.seen("syscalls", "passthrough")["sockets"]["netlink_route"], answer)
            lint = self.assert_ok(self.runtime("policy", "lint", str(file))).out
            self.assertEqual("has no effect" in lint, answer == "ok", lint)

    def test_with_a_functions_own_filter_the_stricter_answer_holds(self):
        self.add("cve", "deny", seccomp={"deny": ["unlinkat", "unlink"], "onDeny": {"unlinkat": "EXDEV", "unlink": "EXDEV"}})
        bundle = self.bundle("busybox", args=["sh", "-c", "echo x >/tmp/f; rm /tmp/f; mount -t tmpfs x /tmp"])
        result = self.run_here(bundle)
        self.assertIn("can't remove '/tmp/f': Invalid cross-device link", result.err)
        self.assertIn("Operation not permitted", result.err.replace("permission denied", "Operation not permitted"))


class FloorTest(node.Case):
    def test_no_profile_exceeds_it(self):
        self.add("floor", "floor", process={"noNewPrivileges": True, "capabilities": ["CHOWN"]}, resources={"pids": {"max": 33}})
        identity = self.seen("identity", "passthrough")
        self.assertEqual(identity["no_new_privs"], 1)
        self.assertEqual(int(identity["capabilities"]["bounding"], 16), 1)

    def test_an_exception_gives_what_it_says_and_no_more(self):
        net_raw, chown = 1 << 13, 1
        allow = {"process": {"capabilities": ["NET_RAW", "CHOWN"]}}

        def bounding(expires):
            self.add("e", "exceptions", exceptions=[{"id": "EX-1", "when": {"image": "legacy:*"}, "allow": allow, "reason": "r", "owner": "o", "expires": expires}])
            seen = self.seen("identity", "faas", annotations={"io.kubernetes.cri.image-name": "legacy:1"})
            return int(seen["capabilities"]["bounding"], 16)

        self.assertEqual(bounding(day(1)), net_raw | chown)
        self.assertEqual(bounding(day(-1)), 0)
        self.add("floor", "floor", process={"capabilities": ["CHOWN"]}, maxExceptionDays=30)
        self.assertEqual(bounding(day(1)), chown)
        self.assertEqual(bounding(day(60)), 0)

    def test_what_is_required_is_met_in_full_or_nothing_starts(self):
        log = self.work / "decisions.log"
        bundle = self.bundle("busybox", args=["true"])
        bundle.process["user"] = {"uid": 0, "gid": 70000}  # more ids than a container's range has: not mapped away
        self.add("log", "floor", decisionLog={"sink": f"file:{log}"})
        self.assertIn("degraded: process.rootUser", self.assert_ok(self.run_here(bundle, policy="faas")).err)
        required = self.add("strict", "floor", modes={"process.rootUser": {"required": True}})
        place = f"it is required by {required}:/modes/process.rootUser/required"
        self.assert_one_error(self.run_here(bundle, policy="faas"), 1, "process.rootUser cannot be met in full here", "faas.json:/process/rootUser", place)
        explained = self.here("explain", "--bundle", str(bundle.path), "--policy", "faas")
        self.assert_one_error(explained, 1, "process.rootUser cannot be met in full here", place)
        self.assertEqual(self.here("create", "--bundle", str(bundle.path), self.new_id(), policy="faas").code, 1)
        made, refused, again = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertIn("process.rootUser", [d["control"] for d in made["decisions"] if d.get("degraded")])
        self.assertEqual([refused["event"], again["event"]], ["refused", "refused"])
        self.assertIn(place, refused["error"])
        bundle.process["user"] = {"uid": 0, "gid": 0}
        self.assert_ok(self.run_here(bundle, policy="faas"))
        explained = self.assert_ok(self.here("explain", "--bundle", str(bundle.path), "--policy", "faas")).out
        self.assertIn(f"required process.rootUser by {required}", explained)
        self.assertIn(f"required by {required}", self.assert_ok(self.here("policy", "why", "process.rootUser", "--policy", "faas")).out)

    def test_audit_changes_nothing_and_says_what_it_would(self):
        self.add("floor", "floor", mode="audit", process={"noNewPrivileges": True, "rootUser": "refuse"})
        bundle = self.bundle("probe")
        self.assertEqual(self.seen("identity", "passthrough")["no_new_privs"], 0)
        bundle.write()
        told = self.assert_ok(self.here("explain", "--bundle", str(bundle.path), "--policy", "passthrough", "-f", "json")).out
        audited = [d for d in json.loads(told)["decisions"] if d["audited"]]
        self.assertEqual([d["control"] for d in audited], ["policy"], "the refusal that it would be")


class BindsTest(node.Case):
    def test_what_a_path_leads_to_counts(self):
        secret = self.work / "engine"
        secret.mkdir()
        (secret / "sock").write_text("x")
        for name, target in (("link", secret), ("link-to-file", secret / "sock"), ("around", secret / "..")):
            (self.work / name).symlink_to(target)
        os.link(secret / "sock", self.work / "other-name")
        os.makedirs(self.work / "free")
        self.add("floor", "floor", filesystem={"denyBinds": [str(secret)]})
        self.add("file", "deny", filesystem={"denyBinds": [str(secret / "sock")]})
        for name, refused in (("engine", True), ("link", True), ("link-to-file", True), ("around", True), ("other-name", True), ("free", False)):
            with self.subTest(name=name):
                bundle = self.bundle("busybox", args=["true"])
                bundle.config["mounts"].append({"destination": "/tmp/x", "type": "bind", "source": str(self.work / name), "options": ["bind", "ro"]})
                result = self.run_here(bundle, policy="passthrough")
                if refused:
                    self.assert_one_error(result, 1, "refuses", name, "is not for containers")
                else:
                    self.assert_ok(result)


    def test_only_some_directories(self):
        for name in ("free", "other"):
            (self.work / name / "sub").mkdir(parents=True)
        (self.work / "free" / "out").symlink_to(self.work / "other")
        (self.work / "in").symlink_to(self.work / "free" / "sub")
        self.add("floor", "floor", filesystem={"allowBinds": [str(self.work / "free"), "/var/empty"]})
        # By the words of config.json, or by what they lead to.
        cases = (("free", ""), ("free/sub", ""), ("free/../free", ""), ("other", "only what is in"), ("free/../other", "only what is in"),
                 ("free/out", "leads to"), ("in", "only what is in"), (".", "only what is in"))
        for name, words in cases:
            with self.subTest(name=name):
                bundle = self.bundle("busybox", args=["true"])
                bundle.config["mounts"].append({"destination": "/tmp/x", "type": "bind", "source": f"{self.work}/{name}", "options": ["bind", "ro"]})
                result = self.run_here(bundle, policy="passthrough")
                if words:
                    self.assert_one_error(result, 1, "refuses", words)
                else:
                    self.assert_ok(result)


class JoinedNamespaceTest(node.Case):
    def test_only_from_some_places(self):
        _, pid = self.create(self.bundle("busybox", args=["sleep", "60"]))
        links = self.work / "links"
        links.mkdir()
        (links / "ipc").symlink_to(f"/proc/{pid}/ns/ipc")
        (links / "loop").symlink_to("loop")
        self.add("here", "floor", namespaces={"joinBelow": [f"/proc/{pid}/ns"]})
        self.add("there", "floor", namespaces={"joinBelow": ["/proc", "/run/netns"]})
        cases = {f"/proc/{pid}/ns/ipc": None, str(links / "ipc"): None, f"{links}/../links/./ipc": None,
                 f"/proc/{os.getpid()}/ns/ipc": "have", f"/proc/{pid}/root/proc/1/ns/ipc": "leads nowhere", str(links / "loop"): "leads nowhere",
                 f"/proc/{pid}/ns/nonesuch": "leads nowhere"}
        for path, refused in cases.items():
            with self.subTest(path=path):
                bundle = self.bundle("busybox", args=["readlink", "/proc/self/ns/ipc"])
                bundle.namespace("ipc", path=path)
                result = self.run_here(bundle, policy="passthrough")
                if refused is None:
                    self.assertEqual(self.assert_ok(result).out.strip(), os.readlink(f"/proc/{pid}/ns/ipc"))
                else:
                    self.assert_one_error(result, 1, "refuses", "/linux/namespaces/", path, refused)


class CgroupPlaceTest(node.Case):
    def test_only_below_some_cgroups(self):
        self.add("here", "floor", resources={"cgroupBelow": [harness.CGROUP_PARENT, "/another"]})
        self.add("there", "floor", resources={"cgroupBelow": [f"{harness.CGROUP_PARENT}/fits", "/third"]})
        for name, fits in (("fits", True), ("x", False), ("fitsx", False)):
            with self.subTest(name=name):
                bundle = self.bundle("busybox", args=["true"])
                bundle.config["linux"]["cgroupsPath"] = f"{harness.CGROUP_PARENT}/{name}"
                result = self.run_here(bundle, policy="passthrough")
                if fits:
                    self.assert_ok(result)
                else:
                    self.assert_one_error(result, 1, "refuses", "/linux/cgroupsPath", f"{harness.CGROUP_PARENT}/{name}", f"in {harness.CGROUP_PARENT}/fits, have")


class SelectionTest(node.Case):
    def test_by_what_the_container_runs(self):
        self.add("b", "bindings", select=[
            {"when": {"entrypoint": "shell"}, "profile": "builtin:passthrough@1"},
            {"when": {"entrypoint": ["static", "go"]}, "profile": "builtin:faas-go@1"},
            {"when": {}, "profile": "nonesuch@1"}])
        for kind, args, profile in (("busybox", ["sh", "-c", "true"], "passthrough@1"), ("probe", None, "faas-go@1")):
            bundle = self.bundle(kind, args=args)
            bundle.write()
            told = json.loads(self.assert_ok(self.here("explain", "-b", str(bundle.path), "-f", "json")).out)
            self.assertEqual((told["policy"], told["selectedBy"].split(":")[-1]), (profile, f"/select/{0 if kind == 'busybox' else 1}"))

    def test_an_annotation_only_narrows(self):
        self.add("tight", "profile", extends="builtin:faas@1", selectable=True, resources={"pids": {"default": 17, "max": 17}})
        for asked, code, words in (("tight@1", 0, ""), ("builtin:compat@1", 1, "is not one to be picked"), ("nonesuch", 1, "does not exist")):
            bundle = self.bundle("busybox", args=["true"], annotations={"io.bulkhead/profile": asked})
            result = self.run_here(bundle)
            if code == 0:
                self.assert_ok(result)
            else:
                self.assert_one_error(result, code, "io.bulkhead/profile", words)

    def test_what_cannot_be_trusted_starts_nothing(self):
        bundle = self.bundle("busybox", args=["true"])
        file = self.add("floor", "floor", process={"noNewPrivileges": True})
        os.chmod(file, 0o664)
        self.assert_one_error(self.run_here(bundle, policy="passthrough"), 1, "can be written by others", "chmod go-w")
        os.chmod(file, 0o644)
        os.chmod(self.node / "policy.d", 0o777)
        self.assert_one_error(self.run_here(bundle, policy="passthrough"), 1, "policy.d", "can be written by others")
        os.chmod(self.node / "policy.d", 0o755)
        file.write_text("{")
        self.assert_one_error(self.run_here(bundle, policy="passthrough"), 1, "floor.json")
        file.unlink()
        self.assert_ok(self.run_here(bundle, policy="passthrough"))


if __name__ == "__main__":
    harness.main()
