"""The log of decisions: a line for each container that is made or refused, and no more than it may have."""

import json
import os
import pathlib

import harness
import node


class DecisionLogTest(node.Case):
    def test_each_container_is_told_of_and_no_value_is(self):
        log = self.work / "decisions.log"
        self.add("log", "floor", decisionLog={"sink": f"file:{log}"})
        self.add("no-root", "profile", extends="builtin:faas@1", process={"rootUser": "refuse"}, environment={"secrets": "redirect"})
        bundle = self.bundle("busybox", args=["true"], env=["DB_PASSWORD=hunter2-canary"])
        self.assert_ok(self.run_here(bundle, container=self.new_id(), policy="faas"))
        refused = self.new_id()
        self.assert_one_error(self.run_here(bundle, container=refused, policy="no-root"), 1, "refuses")
        self.assertEqual(os.stat(log).st_mode & 0o7777, 0o600)
        self.assertNotIn("canary", log.read_text())
        made, other = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual((made["event"], made["policy"], made["layers"]), ("create", "faas@1", ["log@1"]))
        self.assertRegex(made["policyId"], "^sha256:[0-9a-f]{64}$")
        self.assertIn("seccomp", [d["control"] for d in made["decisions"]])
        self.assertEqual((other["event"], other["id"]), ("refused", refused))

    def test_policies_and_annotations_in_disorder_are_told_of(self):
        log = self.work / "decisions.log"
        self.add("log", "floor", decisionLog={"sink": f"file:{log}"})
        facts = {"io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri-o.Namespace": "admin"}
        bundle = self.bundle("busybox", args=["true"], annotations=facts)
        self.assert_one_error(self.run_here(bundle, container=self.new_id(), policy="faas"), 1, "shop", "admin")
        for name in ("a-broken", "z-broken"):  # before and after the floor that has the log
            file = self.node / "policy.d" / f"{name}.json"
            file.write_text("{")
            self.assert_one_error(self.run_here(self.bundle("busybox", args=["true"]), container=self.new_id(), policy="faas"), 1, name)
            file.unlink()
        told = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([line["event"] for line in told], ["refused"] * 3)
        for line, word in zip(told, ("admin", "a-broken.json", "z-broken.json")):
            self.assertIn(word, line["error"])

    def without_turns(self):
        """The file of the count, which is not there; the host's own is put back at the end."""
        turns = pathlib.Path("/run/bulkhead-log/turns")
        before = turns.read_bytes() if turns.exists() else None
        turns.unlink(missing_ok=True)
        self.addCleanup(lambda: turns.unlink(missing_ok=True) if before is None else turns.write_bytes(before))
        return turns

    def test_a_flood_does_not_fill_it(self):
        log = self.work / "decisions.log"
        self.add("log", "floor", decisionLog={"sink": f"file:{log}", "perMinute": 2})
        turns = self.without_turns()
        bundle = self.bundle("busybox", args=["true"])
        for _ in range(5):  # in a minute, or in two: then four lines, the last but one of which tells of drops
            self.assert_ok(self.run_here(bundle, container=self.new_id(), policy="passthrough"))
        told = [json.loads(line) for line in log.read_text().splitlines()]
        made = sum(line["event"] == "create" for line in told)
        dropped = sum(line["lines"] for line in told if line["event"] == "dropped") + int(turns.read_text().split()[2])
        self.assertEqual(made + dropped, 5)
        self.assertIn(made, (2, 3, 4))
        minute, lines, _ = map(int, turns.read_text().split())
        turns.write_text(f"{minute + 1000} {lines} 7")  # another minute than now: just after a boot there is none before
        self.assert_ok(self.run_here(bundle, container=self.new_id(), policy="passthrough"))
        last = [json.loads(line) for line in log.read_text().splitlines()][-2:]
        self.assertEqual(([line["event"] for line in last], last[0]["lines"]), (["dropped", "create"], 7))

    def test_what_is_required_must_be_possible(self):
        bundle = self.bundle("busybox", args=["true"])
        self.add("log", "floor", decisionLog={"sink": "file:/dev/full"})
        self.assert_ok(self.run_here(bundle, policy="passthrough"))
        self.add("log", "floor", decisionLog={"sink": f"file:{self.work}/no/such/log", "required": True})
        self.assert_one_error(self.run_here(bundle, policy="passthrough"), 1, "decision log", "it is required by")


if __name__ == "__main__":
    harness.main()
