"""The rules about memory that runs out: oomKiller, oomGroup and memoryHigh, in the container's cgroup; v1, hybrid and v2."""

import json

import harness
import node

MIB = 1 << 20
SMALL = {"limit": 24 * MIB, "swap": 24 * MIB}


class Case(node.Case):
    def files(self, *names, policy=None, **resources):
        """What is in these files of a container's cgroup; None: there is no such file."""
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        bundle.linux["resources"].update(resources)
        container, pid = self.start(bundle, flags=self.flags, policy=policy)
        directory = harness.cgroup_dir(bundle.linux["cgroupsPath"], "memory")
        told = {name: (directory / name).read_text().strip() if (directory / name).exists() else None for name in names}
        self.kill_and_delete(container, pid)
        return told

    def decided(self, control, **resources):
        bundle = self.bundle("busybox", args=["true"])
        bundle.linux["resources"].update(resources)
        told = self.assert_ok(self.here("explain", "--format", "json", "--bundle", bundle.write().path)).out
        return {row["control"]: row for row in json.loads(told)["decisions"]}.get(control)

    def fills_memory(self):
        """A shell that says "goes on" after its child has used more memory than there is."""
        bundle = self.bundle("busybox", args=["sh", "-c", "tail -c 200m /dev/zero >/dev/null; echo goes on"])
        bundle.linux["resources"]["memory"] = dict(SMALL)
        return bundle


class OomGroupTest(Case):
    def test_all_of_it_ends(self):
        result = self.run_here(self.fills_memory())
        if harness.unified():
            self.assertEqual((result.code, result.out), (128 + 9, ""), str(result))
        else:
            self.assertEqual((result.code, result.out), (0, "goes on\n"), str(result))
        result = self.run_bundle(self.fills_memory(), policy="passthrough")
        self.assertEqual((result.code, result.out), (0, "goes on\n"), str(result))

    def test_it_is_set_where_there_is_such_a_file(self):
        self.assertEqual(self.files("memory.oom.group"), {"memory.oom.group": "1" if harness.unified() else None})
        if harness.unified():
            self.assertEqual(self.files("memory.oom.group", unified={"memory.oom.group": "0"}), {"memory.oom.group": "1"})

    def test_where_there_is_none_it_is_told_without_a_warning(self):
        told = self.decided("resources.oomGroup")
        self.assertEqual(told["degraded"], not harness.unified())
        result = self.assert_ok(self.run_here(self.bundle("busybox", args=["true"])))
        self.assertNotIn("oomGroup", result.err)
        self.add("required", "floor", modes={"resources.oomGroup": {"required": True}}, resources={"oomGroup": True})
        result = self.run_here(self.bundle("busybox", args=["true"]))
        self.assertEqual(result.code, 0 if harness.unified() else 1, str(result))


class MemoryHighTest(Case):
    def test_a_standard_and_a_ceiling(self):
        self.add("high", "floor", resources={"memoryHigh": {"default": "40M", "max": "60M"}})
        told = self.decided("resources.memoryHigh")
        self.assertEqual(told["degraded"], not harness.unified())
        if not harness.unified():
            self.assertEqual(self.files("memory.high"), {"memory.high": None})
            return
        self.assertEqual(self.files("memory.high"), {"memory.high": str(40 * MIB)})
        for asked, given in (("50M", 50), ("1G", 60), ("max", 40)):
            with self.subTest(asked=asked):
                self.assertEqual(self.files("memory.high", unified={"memory.high": asked}), {"memory.high": str(given * MIB)})


class OomKillerTest(Case):
    def test_nobody_turns_it_off(self):
        off = {"limit": 64 * MIB, "disableOOMKiller": True}
        self.assertEqual(self.decided("resources.oomKiller", memory=off)["effective"], "false")
        if harness.unified():
            return  # it cannot be turned off there
        self.assertIn("oom_kill_disable 0", self.files("memory.oom_control", memory=off)["memory.oom_control"])
        self.assertIn("oom_kill_disable 1", self.files("memory.oom_control", policy="passthrough", memory=off)["memory.oom_control"])


if __name__ == "__main__":
    harness.main()
