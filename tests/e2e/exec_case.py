"""What the tests of exec share."""

import json
import os
import shutil

import harness
import node

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Case(node.Case):
    """Containers whose root has busybox and the probe, and whose own program waits."""

    def waiting(self, args=("sleep", "1000"), **changes):
        bundle = self.bundle("busybox", args=list(args), **changes).own_root()
        shutil.copy(harness.make_root("probe") / "rootfs" / self.probe_path().lstrip("/"), bundle.root / "probe")
        os.chmod(bundle.root / "probe", 0o755)
        return bundle

    def probe_path(self):
        return json.loads((harness.make_root("probe") / "config.json").read_text())["process"]["args"][0]

    def start_waiting(self, policy="passthrough", bundle=None, **changes):
        bundle = bundle or self.waiting(**changes)
        container, pid = self.start(bundle, policy=policy, flags=self.flags)
        self.eventually(lambda: "sleep" in open(f"/proc/{pid}/cmdline", encoding="ascii").read(), "the program runs")
        return container, pid

    def exec(self, container, *args, options=(), **more):
        return self.runtime("exec", *options, container, *args, flags=self.flags, **more)

    def out(self, container, *args, **more):
        return self.assert_ok(self.exec(container, *args, **more)).out.strip()

    def document(self, process, name="process.json"):
        path = self.work / name
        path.write_text(json.dumps({"cwd": "/", "user": {"uid": 0, "gid": 0}, "env": [PATH], **process}))
        return path

    def profile(self, name, **rules):
        path = self.work / f"{name}.json"
        path.write_text(json.dumps({"bulkhead": "policy/v1", "kind": "profile", "name": name, "version": "1", **rules}))
        path.chmod(0o644)
        return path
