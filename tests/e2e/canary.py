"""The canary tree that attacks aim at: outside of the container, and to be found exactly as it was."""

import hashlib
import os
import stat

import harness

STRICT = harness.KIND == "bulkhead"


def manifest(top):
    """Everything a canary tree is: names, kinds, modes, owners, times, bytes."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in [".", *names, *files]:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            content = b""
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    content = file.read()
            elif stat.S_ISLNK(info.st_mode):
                content = os.readlink(path).encode()
            found[path] = (info.st_mode, info.st_ino, info.st_uid, info.st_gid, info.st_nlink, info.st_mtime_ns,
                           info.st_ctime_ns, hashlib.sha256(content).hexdigest())
    return found


class AttackCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.canary = self.work / "canary"
        for name in ("dev/pts", "dev/shm", "etc", "proc", "sub/deep"):
            (self.canary / name).mkdir(parents=True)
        for name in ("file", "dev/ptmx", "dev/null", "dev/console", "etc/passwd", "sub/file"):
            (self.canary / name).write_text(f"canary {name}\n")
        self.manifest = manifest(self.canary)
        self.addCleanup(self.check_canary)

    def check_canary(self, result=""):
        now = manifest(self.canary)
        changed = sorted(path for path in now.keys() | self.manifest.keys() if now.get(path) != self.manifest.get(path))
        self.manifest = now  # the next attack is to be judged by itself
        self.assertEqual(changed, [], f"the canary was touched: {result}")

    def links(self):
        """Ways by which a link in an image may point to the canary."""
        canary = str(self.canary)
        return {
            "absolute": canary,
            "up and up": "../" * 30 + canary.lstrip("/"),
            "through the old root": f"/oldroot{canary}",
            "through init's root": f"/proc/1/root{canary}",
            "through a process's root": f"/proc/self/root{canary}",
            "through a descriptor": "/proc/self/fd/3/canary",
            "dangling": f"{canary}/nothing",
        }

    def attack(self, bundle, must_fail=False, words=(), policies=("passthrough", "faas")):
        """Runs the bundle under each policy: it fails with one clean error, or it works; the canary decides."""
        results = []
        for policy in policies if harness.HAS_POLICIES else policies[:1]:
            result = self.run_bundle(bundle, policy=policy)
            if result.code != 0 and STRICT:
                self.assert_one_error(result, 1, *words)
            if must_fail:
                self.assertNotEqual(result.code, 0, str(result))
            self.check_canary(result)
            results.append(result)
        return results

    def image(self, args=("true",)):
        return self.bundle("busybox", args=list(args)).own_root()
