"""What the tests of a node's policies share."""

import json
import os

import harness


class Case(harness.Case):
    """A test with a node's directory of policies, self.node, of its own."""

    def setUp(self):
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        super().setUp()
        self.node = self.work / "node"
        (self.node / "policy.d").mkdir(parents=True)
        for path in (self.node, self.node / "policy.d"):
            os.chmod(path, 0o755)
        self.flags = ("--policy-dir", str(self.node))

    def add(self, name, kind, **members):
        path = self.node / "policy.d" / f"{name}.json"
        path.write_text(json.dumps({"bulkhead": "policy/v1", "kind": kind, "name": name, "version": "1", **members}))
        return path

    def here(self, *args, **options):
        return self.runtime(*args, flags=self.flags, **options)

    def run_here(self, bundle, policy=None, **options):
        return self.run_bundle(bundle, policy=policy, flags=self.flags, **options)

    def seen(self, only, policy=None, **changes):
        bundle = self.bundle("probe", **changes)
        bundle.process["args"] = [bundle.process["args"][0], "--only", only]
        return json.loads(self.assert_ok(self.run_here(bundle, policy=policy)).out)
