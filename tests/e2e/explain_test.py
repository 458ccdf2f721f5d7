"""`explain --id`: what was decided about a container is told as it was when it was created."""

import json

import harness
import node


class ExplainIdTest(node.Case):
    def explain(self, *args, **options):
        return self.assert_ok(self.runtime("explain", *args, flags=self.flags, **options))

    def test_it_is_what_was_decided_then(self):
        bundle = self.bundle("busybox", args=["sleep", "1000"], env=["DB_PASSWORD=hunter2-canary"])
        for policy in (None, "compat"):
            before = json.loads(self.explain("--bundle", bundle.path, "--format", "json", policy=policy).out)
            container, pid = self.create(bundle, policy=policy, flags=self.flags)
            stored = (self.state_root / container / "decided.json").read_text()
            self.assertNotIn("canary", stored)
            told = self.explain("--id", container, "--format", "json").out
            told = json.loads(told)
            strip = lambda all: [{k: d[k] for k in ("control", "where", "requested", "why", "source")} for d in all["decisions"]]
            self.assertEqual(strip(told), strip(before))
            self.assertEqual((told["policy"], told["selectedBy"], told["layers"]), (before["policy"], before["selectedBy"], before["layers"]))
            self.assertRegex(told["policyId"], "^sha256:[0-9a-f]{64}$")
            self.assertEqual(told["today"], "the same")
            text = self.explain("--id", container).out
            self.assertEqual(self.assert_ok(self.runtime("policy", "explain", "--id", container, flags=self.flags)).out, text)
            self.assertIn(f"container {container} ", text)
            self.assertIn(f"decisions ({len(told['decisions'])})", text)
            self.assertNotIn("policies of today", text)
            self.kill_and_delete(container, pid)

    def test_policies_that_changed_since_are_told_in_a_line(self):
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        container, pid = self.create(bundle, policy=None, flags=self.flags)
        before = self.explain("--id", container).out
        floor = {"bulkhead": "policy/v1", "kind": "floor", "name": "late", "version": "1", "process": {"umask": "0077"}}
        (self.node / "policy.d/late.json").write_text(json.dumps(floor))
        after = self.explain("--id", container).out
        lines = [line for line in after.splitlines() if line.startswith("policies of today: they differ: ")]
        self.assertEqual(len(lines), 1, after)
        self.assertEqual([line for line in after.splitlines() if line not in lines], before.splitlines())
        self.assertIn("they differ", json.loads(self.explain("--id", container, "-f", "json").out)["today"])
        (bundle.path / "config.json").unlink()
        self.assertIn("policies of today: not known: ", self.explain("--id", container).out)
        self.kill_and_delete(container, pid)

    def test_what_is_wrong_is_one_error(self):
        unknown = self.runtime("state", "nobody").err
        self.assertEqual(self.runtime("explain", "--id", "nobody").err, unknown)
        self.assert_one_error(self.runtime("explain", "--id", "x", "--bundle", "/"), 1, "exclude each other")
        bundle = self.bundle("busybox", args=["sleep", "1000"])
        container, pid = self.create(bundle, policy=None)
        (self.state_root / container / "decided.json").unlink()
        self.assert_one_error(self.runtime("explain", "--id", container), 1, "no decisions were kept")
        self.kill_and_delete(container, pid)


class AliasTest(harness.Case):
    def test_policy_explain_is_explain(self):
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        bundle = self.bundle("busybox", args=["true"])
        for form in ("text", "json"):
            args = ("explain", "--bundle", bundle.path, "--format", form)
            self.assertEqual(self.assert_ok(self.runtime("policy", *args)).out, self.assert_ok(self.runtime(*args)).out)


if __name__ == "__main__":
    harness.main()
