"""Every built-in profile with a function in each language: which pairs work, and how those that do not work fail.

BULKHEAD_MATRIX=own   only each language's own profile, and C in the sandbox, for machines that are slow
"""

import json
import os
import subprocess

import harness
import hostns

OWN = os.environ.get("BULKHEAD_MATRIX") == "own"
PATHS = {  # beside "/"
    "/tmp-write": "file says kept\n",
    "/subprocess": "child says 42, status 0\n",
    "/threads": "threads say 4004000\n",
    "/dns": "dns says ok\n",
}
# Language -> the profile made for it.
LANGUAGES = {"c": "faas-go", "go": "faas-go", "python": "faas-python", "node": "faas-node", "java": "faas-java"}
# Profile -> ids that it wants; the others get what containerd asks for by itself, which is root.
USERS = {"faas-restricted": {"uid": 1000, "gid": 1000}}
# Profiles that run nothing from /tmp.
TMP_IS_DATA = {"faas-go", "faas-restricted"}
# Profiles that deny memory that was written to and then executed, and how what makes code at run time ends there.
NO_MADE_CODE = {"faas-go", "faas-python"} if harness.KERNEL >= (6, 3) else set()
MAKES_CODE = {"node": "Check failed: .*errno", "java": "Failed to mark memory page as executable"}
# What ends a server in the sandbox, where neither threads nor sockets are to be had.
IN_SANDBOX = {
    "c": "(?m)^listen: Function not implemented$",
    "go": "failed to create new OS thread",
    "python": "Fatal Python error|Python path configuration",
    "node": "Assertion",
    "java": "pthread_create failed",
}


def built_in_profiles():
    answer = subprocess.run(
        [harness.RUNTIME, "policy", "list", "-f", "json"], capture_output=True, text=True, check=True
    )
    return sorted(
        entry["name"] for entry in json.loads(answer.stdout) if (entry["kind"], entry["place"]) == ("profile", "built-in")
    )


class MatrixTest(harness.Case):
    cells = {}

    @classmethod
    def setUpClass(cls):
        cls.profiles = [name for name in built_in_profiles() if name != "sandbox"] if harness.HAS_POLICIES else []

    @classmethod
    def tearDownClass(cls):
        profiles = sorted({profile for _, profile in cls.cells})
        rows = {"": {name: name for name in profiles}}
        for (what, profile), cell in cls.cells.items():
            rows.setdefault(what, {})[profile] = cell
        print()
        for what, row in rows.items():
            print(" ".join([what.ljust(12), *(row.get(name, "-").ljust(len(name)) for name in profiles)]).rstrip())

    def setUp(self):
        if not harness.HAS_POLICIES:
            self.skipTest(f"{harness.KIND} has no policies")
        super().setUp()

    def bundle_for(self, kind, profile, **changes):
        bundle = self.bundle(kind, **changes)
        bundle.process["user"] = dict(USERS.get(profile, bundle.process["user"]))
        return bundle

    def stop(self, container, pid):
        self.assert_ok(self.runtime("kill", container, "SIGTERM"))
        self.assertEqual(self.wait_exit(pid), 0, "the function ends itself with status 0 on SIGTERM")
        self.assert_ok(self.runtime("delete", container))

    def check_pair(self, language, profile):
        expected = {"/": (200, f"hello from {language}\n"), **{path: (200, body) for path, body in PATHS.items()}}
        container, pid = self.start(self.bundle_for(f"{language}-http", profile), policy=profile)
        self.assertEqual({path: hostns.http_get(pid, path) for path in expected}, expected)
        self.stop(container, pid)

    def check_refused(self, language, profile):
        result = self.run_bundle(self.bundle_for(f"{language}-http", profile), policy=profile)
        self.assertNotEqual(result.code, 0, str(result))
        self.assertRegex(result.out + result.err, MAKES_CODE[language])
        self.assertNotIn("listening on", result.err)

    def check_language(self, language):
        profiles = [name for name in self.profiles if not OWN or name == LANGUAGES[language]]
        self.assertIn(LANGUAGES[language], profiles)
        for profile in profiles:
            self.cells[language, profile] = "FAILED"
            with self.subTest(profile=profile):
                if profile in NO_MADE_CODE and language in MAKES_CODE:
                    self.check_refused(language, profile)
                    self.cells[language, profile] = "refused"
                    continue
                self.check_pair(language, profile)
                self.cells[language, profile] = "ok"

    def test_c(self):
        self.check_language("c")

    def test_go(self):
        self.check_language("go")

    def test_python(self):
        self.check_language("python")

    def test_node(self):
        self.check_language("node")

    def test_java(self):
        self.check_language("java")

    def test_programs_in_tmp(self):
        script = "cp /bin/busybox /tmp/true && /tmp/true; status=$?; rm /tmp/true; exit $status"
        for profile in self.profiles:
            with self.subTest(profile=profile):
                bundle = self.bundle_for("busybox", profile, args=["/bin/sh", "-c", script])
                result = self.run_bundle(bundle, policy=profile)
                refused = profile in TMP_IS_DATA
                self.assertEqual(result.code, 126 if refused else 0, str(result))
                self.assertEqual("/tmp/true: Permission denied" in result.err, refused, str(result))
                self.cells["file in /tmp", profile] = "refused" if refused else "runs"

    def test_a_pause_container_in_the_sandbox(self):
        container, pid = self.start(self.bundle("c-http", args=["/handler", "--pause"]), policy="sandbox")
        self.assertEqual(self.status(container), "running")
        self.stop(container, pid)
        self.cells["pause", "sandbox"] = "ok"

    def test_the_sandbox_serves_nothing(self):
        for language in ["c"] if OWN else IN_SANDBOX:
            with self.subTest(language=language):
                result = self.run_bundle(self.bundle(f"{language}-http"), policy="sandbox")
                self.assertNotEqual(result.code, 0, str(result))
                self.assertRegex(result.out + result.err, IN_SANDBOX[language])
                self.assertNotIn("listening on", result.err)
                self.cells[language, "sandbox"] = "refused"

    def test_every_profile_is_tried(self):
        self.assertEqual(set(LANGUAGES.values()) - set(self.profiles), set())
        self.assertIn("sandbox", built_in_profiles())


if __name__ == "__main__":
    harness.main()
