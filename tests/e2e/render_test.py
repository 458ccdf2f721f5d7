"""`policy render`: what it prints, run by other runtimes, confines as bulkhead does itself."""

import json
import os
import shutil
import subprocess
import unittest

import harness
import node

# Without a user namespace, whose id-mapped root no config.json can ask for; all else of the default policy.
POLICY = {
    "bulkhead": "policy/v1", "kind": "profile", "name": "rendered", "version": "1", "extends": "builtin:faas@1",
    "process": {"rootUser": "drop"},
}


class RenderTest(node.Case):
    def setUp(self):
        super().setUp()
        self.policy = self.work / "rendered.json"
        self.policy.write_text(json.dumps(POLICY))

    def render(self, bundle, *flags, policy=None, code=0):
        bundle.write()
        result = self.runtime("policy", "render", "--bundle", bundle.path, *flags, policy=policy or self.policy)
        self.assertEqual(result.code, code, str(result))
        return result

    def test_the_same_is_the_same_text_and_nothing_is_changed_twice(self):
        bundle = self.bundle("busybox", args=["true"])
        first = self.render(bundle)
        self.assertEqual(self.render(bundle).out, first.out)
        bundle.config = json.loads(first.out)
        again = self.render(bundle, policy="passthrough")
        self.assertEqual(again.err, "")
        self.assertEqual(json.loads(again.out), json.loads(first.out))

    def test_what_cannot_be_expressed_is_told(self):
        bundle = self.bundle("busybox", args=["true"], env=["DB_PASSWORD=hunter2-canary"])
        bundle.config["linux"]["frobnicate"] = {"a": 1}
        policy = self.work / "secrets.json"
        policy.write_text(json.dumps({**POLICY, "environment": {"secrets": "redirect"}}))
        result = self.render(bundle, policy=policy)
        document = json.loads(result.out)
        self.assertNotIn("frobnicate", document["linux"])
        self.assertNotIn("canary", result.out + result.err)
        for word in ("filesystem.nosuid", "/DB_PASSWORD", "/linux/frobnicate"):
            self.assertRegex(result.err, rf"(?m)^bulkhead: warning: cannot be expressed: .*{word}")
        self.assertEqual(self.render(bundle, "--strict", policy=policy, code=2).out, result.out)
        self.assertEqual(self.render(bundle, "--strict", policy="passthrough", code=2).code, 2)
        del bundle.config["linux"]["frobnicate"]
        self.assertEqual(self.render(bundle, "--strict", policy="passthrough").err, "")

    def test_the_ids_follow_the_container(self):
        bundle = self.bundle("busybox", args=["true"])
        ranges = {json.loads(self.render(bundle, "--id", name, policy="faas").out)["linux"]["uidMappings"][0]["hostID"] for name in ("a", "b")}
        self.assertEqual(len(ranges), 2)

    def test_what_is_wrong_is_one_error(self):
        bundle = self.bundle("busybox", args=["true"])
        self.assert_one_error(self.runtime("policy", "render", "x", "--bundle", bundle.path), 1, "takes no argument")
        self.assert_one_error(self.runtime("policy", "render", "--bundle", self.work / "none"), 1, "no such file")

    # By other runtimes

    SCRIPT = (
        "grep -E '^(Cap...|NoNewPrivs|Seccomp|Uid|Gid|Groups)' /proc/self/status; cat /proc/self/limits; ulimit -c; "
        "touch /x 2>&1; touch /tmp/x && echo tmp; for p in /proc/kcore /proc/keys /proc/timer_list; do head -c1 $p | wc -c; done; "
        "ls /sys/firmware | wc -l; echo 1 2>&1 > /proc/sys/kernel/panic || true; unshare -U true 2>&1; mount -t tmpfs x /tmp 2>&1; "
        "cut -d' ' -f2-4 /proc/self/mounts | grep -v -e '^/ ' -e cgroup -e '^/proc/' -e '^/sys/' | sort; "
        "cut -d' ' -f2 /proc/self/mounts | grep -v cgroup | sort; umask; id; readlink /proc/self/root; dmesg 2>&1 | head -1"
    )

    def foreign(self, runtime, bundle):
        """What the script prints in a container of another runtime."""
        name = self.new_id()
        root = self.work / f"{runtime}-root"
        command = [shutil.which(runtime), "--root", str(root), "run", "--bundle", str(bundle.path), name]
        if runtime == "crun" and os.path.ismount("/sys/fs/cgroup/unified"):
            # It refuses hybrid hierarchies.
            command = ["unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified && exec "$@"', "sh", *command]
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.TIMEOUT, check=False)
        subprocess.run([runtime, "--root", str(root), "delete", "--force", name], capture_output=True, check=False)
        shutil.rmtree(root, ignore_errors=True)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout

    def check(self, runtime):
        if not shutil.which(runtime):
            raise unittest.SkipTest(f"no {runtime} here")
        bundle = self.bundle("busybox", args=["sh", "-c", self.SCRIPT])
        bundle.config["process"]["user"] = {"uid": 1000, "gid": 1000}
        own = self.assert_ok(self.run_bundle(bundle, policy=self.policy)).out
        self.assertIn("Seccomp:\t2", own)
        self.assertIn("NoNewPrivs:\t1", own)
        plain = self.foreign(runtime, bundle)
        bundle.config = json.loads(self.render(bundle).out)
        bundle.write()
        rendered = self.foreign(runtime, bundle)
        self.assertNotEqual(plain, own)
        self.assertEqual(rendered, own)

    def test_runc_confines_alike(self):
        self.check("runc")

    def test_crun_confines_alike(self):
        self.check("crun")


if __name__ == "__main__":
    harness.main()
